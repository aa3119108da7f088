"""`player-host transcript`: shows a session's conversation."""

from pathlib import Path
from typing import Any

from cyclopts import App

from partner_api.encoding import call_to_data, return_to_data
from player_host.cli.conversation import conversation
from player_host.cli.desk import Desk, Given
from player_host.cli.outcome import ExitStatus
from player_host.cli.screens import show_conversation
from player_host.cli.wording import count_text, moment_text, shown
from player_host.conformance.reports.calls import caller
from player_host.errors import UsageError
from player_host.transcript import Called, Entry, Lost, Transcript, read_transcript

application = App(name="transcript", help="Show the conversation of a session.")


@application.command
def show(file: Path | None = None, /, *, desk: Given) -> ExitStatus:
    """Show a transcript: every call, who made it, how it ended.

    Without a file it is that of the last session.

    A call that ended at once is one line; the end of any other has a line of
    its own. Blobs and the queries of URLs are not in a transcript.

    --json: `header`, `complete`, and `entries`: `n`, `t` (seconds), and for a
    call `by`, `call`, `args`, `chain`; for its end `of`, `hr`, `code`,
    `values`.

    Args:
        file: a transcript, or the name of one in the home folder's transcripts;
            without it, the last
        desk: where the result is shown
    """
    transcript = read_transcript(_last(desk) if file is None else _path(desk, file))
    if desk.as_json:
        desk.show_json(_to_json(transcript))
    else:
        _show(desk, transcript)
    return ExitStatus.DONE


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """Return the documented keys of an entry."""
    if isinstance(entry, Called):
        return {
            "n": entry.number,
            "t": entry.at,
            "by": caller(entry.call),
            "call": entry.call.method,
            "args": call_to_data(entry.call),
            "chain": entry.chain,
        }
    if isinstance(entry, Lost):
        return {"n": entry.number, "t": entry.at, "lost": entry.reason}
    return {
        "n": entry.number,
        "t": entry.at,
        "of": entry.of,
        "hr": entry.returned.hr.name,
        "code": f"0x{int(entry.returned.hr):08X}",
        "values": return_to_data(entry.returned),
    }


def _to_json(transcript: Transcript) -> dict[str, Any]:
    entries = [entry_to_json(entry) for entry in transcript.entries]
    return {"header": transcript.header, "complete": transcript.complete, "entries": entries}


def _show(desk: Desk, transcript: Transcript) -> None:
    header = transcript.header
    partner, session = shown(str(header.get("partner"))), header.get("session")
    desk.show(f"session {session} with {partner}, begun {_begun(header)}")
    show_conversation(desk, conversation(transcript.entries))
    whole = "complete" if transcript.complete else "incomplete: it has no sound end"
    desk.show(f"{count_text(len(transcript.entries), 'line')}, {whole}")


def _begun(header: dict[str, Any]) -> str:
    try:
        return moment_text(str(header.get("started_at")))
    except ValueError:
        return "at an unknown time"


def _last(desk: Desk) -> Path:
    """Return the transcript of the last session; their names begin with its number."""
    found = max(desk.home.transcripts.glob("*.jsonl"), default=None)
    if found is None:
        raise UsageError(
            "there is no transcript yet",
            where=str(desk.home.transcripts),
            remedy="Each `player-host download` writes one",
        )
    return found


def _path(desk: Desk, file: Path) -> Path:
    kept = desk.home.transcripts / file
    for path in (file, kept):
        if path.is_file():
            return path
    raise UsageError(
        "there is no such transcript",
        where=str(file),
        remedy=f"Transcripts lie in {desk.home.transcripts}",
    )
