"""How many faults the judge notices: `python benchmarks/judge_mutants.py [--seed N] [--json]`.

Two measurements, both in memory:

* conversations: every transcript that one edit makes of the recorded ones, which are sound. An
  edit is noticed, or a rule says that the conversation is as sound as before, or it is a gap.
* tables: every edit of one cell of `TRACK_TABLE` and `TRANSACTION_TABLE`. It is noticed if the
  judge says anything else of the recorded conversations or of some thousand broken ones.

The rules are written from the requirements. A conversation that is held against somebody although
a rule says that it is sound is a false alarm. The seed draws cookies, tracks, codes and texts that
stand in no recording. Exit status 1: a false alarm, or a survivor that nothing explains.

`--record` plays the recorded conversations anew.
"""

import argparse
import itertools
import json
import random
import sys
import tempfile
import textwrap
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, cast
from unittest.mock import patch

import anyio
from attrs import Factory, define, evolve, field, frozen

from partner_api import transaction
from partner_api.calls import (
    Call,
    CallbackCall,
    CatalogURLReturned,
    CompareContainerListPrices,
    ComparisonReturned,
    Download,
    DownloadTrack,
    DownloadTrackComplete,
    Faulted,
    GetCatalogURL,
    GetContentPartnerInfo,
    GetItemInfo,
    InfoReturned,
    MalformedAnswer,
    PartnerCall,
    Predeliver,
    Return,
    SetCallback,
)
from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import AccountType, ItemInfo, PartnerInfo, TransactionType
from partner_api.hresult import (
    E_FAIL,
    E_INVALIDARG,
    E_NOTIMPL,
    E_UNEXPECTED,
    HRESULT,
    RPC_E_SERVER_DIED,
    S_FALSE,
    S_OK,
)
from partner_api.licensing import License, Right
from partner_api.transaction import (
    ANSWERS,
    TRACK_TABLE,
    TRANSACTION_TABLE,
    Action,
    Reply,
    TrackEvent,
    TrackState,
    TransactionState,
)
from partner_api.variant import Variant, VarType
from player_host.clock import SystemClock
from player_host.conformance import schedule as events
from player_host.conformance.conversation import KILLED_ON_PURPOSE
from player_host.conformance.judge import judge_conversation
from player_host.conformance.reader import read_conversation
from player_host.conformance.scenarios import scenarios
from player_host.conformance.schedule import Pause, Schedule
from player_host.conformance.stage import Setting, play
from player_host.conformance.zoo import OFFER, PATIENCE
from player_host.settings import HostSettings, PartnerSettings
from player_host.transcript import Called, Entry, Lost, Returned, Transcript, read_transcript

RECORDED: Final = Path(__file__).parents[1] / "tests" / "player_host" / "conformance" / "recorded"
SCENARIOS: Final = ("album", "mixed", "two at once", "restart", "completions", "questions")

# --- recordings ----------------------------------------------------------------------------------


@frozen
class Pair:
    """A call and its end."""

    called: Called
    returned: Returned

    @property
    def call(self) -> Any:
        """The call."""
        return self.called.call

    @property
    def end(self) -> Return:
        """How it ended."""
        return self.returned.returned


@frozen
class Recording:
    """A sound conversation, of which mutants are made."""

    name: str
    transcript: Transcript

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Every call with its end, in the order of the calls."""
        entries = self.transcript.entries
        ends = {entry.of: entry for entry in entries if isinstance(entry, Returned)}
        calls = (entry for entry in entries if isinstance(entry, Called))
        return tuple(Pair(called, ends[called.number]) for called in calls)

    def of(self, kind: type[Call]) -> list[Pair]:
        """Return the calls of one kind."""
        return [pair for pair in self.pairs if isinstance(pair.call, kind)]

    def before(self, number: int, kind: type[Call]) -> list[Pair]:
        """Return the calls of one kind before an entry."""
        return [pair for pair in self.of(kind) if pair.called.number < number]


def recordings() -> list[Recording]:
    files = sorted(RECORDED.glob("*.jsonl"))
    return [Recording(file.stem, read_transcript(file)) for file in files]


async def record() -> None:
    """Play the scenarios to a plug-in that does nothing wrong, and keep the transcripts.

    Before each `SetCallback(None)` the Player is silent for as long as a partner has for its
    answers, so that one that was left out can be missed.
    """
    RECORDED.mkdir(exist_ok=True)
    for scenario in scenarios(OFFER):
        if scenario.name not in SCENARIOS:
            continue
        file = RECORDED / f"{scenario.name.replace(' ', '-')}.jsonl"
        file.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            await play(patient(scenario.schedule), stage(Path(folder)), file)


def patient(schedule: Schedule) -> Schedule:
    silence = Pause(PATIENCE + 0.1)
    spaced = [
        (silence, event) if isinstance(event, events.Detach) else (event,)
        for event in schedule.events
    ]
    return evolve(schedule, events=tuple(itertools.chain.from_iterable(spaced)))


def stage(folder: Path) -> Setting:
    name = "sample_partners.zoo.base:Exhibit"
    partner = PartnerSettings(name, folder / "partners.toml", HostSettings())
    return Setting(partner, {}, folder, SystemClock(), PATIENCE)


# --- what the judge says -------------------------------------------------------------------------


@frozen
class Said:
    """What the judge says of a conversation.

    Attributes:
        against: how many findings there are against each requirement.
        breaches: what the Player did against the table: entry and clause.
        verdicts: everything else that is said, as far as people see it.
    """

    against: Mapping[str, int]
    breaches: tuple[tuple[int, str], ...]
    verdicts: tuple[tuple[str, str, str, int], ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is said against anybody."""
        return not self.against and not self.breaches


def said_of(made: Transcript) -> Said:
    talk = read_conversation(made)
    results = judge_conversation(talk).values()
    return Said(
        {result.requirement: result.total for result in results if result.total},
        tuple((breach.line, breach.violation.clause) for breach in talk.player_breaches),
        tuple((r.requirement, str(r.verdict), r.follows_from, r.total) for r in results),
    )


# --- mutants of conversations --------------------------------------------------------------------


@frozen
class Mutant:
    """A conversation that one edit made of a recorded one.

    Attributes:
        base: the recording.
        edit: what was done: "left out", "repeated", "swapped", "unended", "slowed", "altered";
            "unchained" where all calls lost the numbers of the ledger.
        pair: the call that was edited.
        entries: the conversation.
        other: the call with which it was swapped.
        field: what was altered, as "call.cookie" or "return.hr".
        how: into what, for people.
    """

    base: Recording
    edit: str
    pair: Pair
    entries: tuple[Entry, ...] = field(repr=False)
    other: Pair | None = None
    field: str = ""
    how: str = ""

    @property
    def call(self) -> Any:
        """The call, as it was recorded."""
        return self.pair.call

    @property
    def number(self) -> int:
        """The entry of the call."""
        return self.pair.called.number

    @property
    def altered(self) -> Any:
        """The call or the return that was altered, as it is now."""
        is_end = self.field.startswith("return")
        number = self.pair.returned.number if is_end else self.number
        entry: Any = self.entries[number - 1]
        return entry.returned if is_end else entry.call

    @property
    def transcript(self) -> Transcript:
        """The conversation, as the judge reads it."""
        return evolve(self.base.transcript, entries=self.entries)

    def __str__(self) -> str:
        with_other = f" with {type(self.other.call).__name__}" if self.other else ""
        what = f" {self.field} {self.how}".rstrip()
        return (
            f"{self.base.name}, entry {self.number}: {type(self.call).__name__}"
            f" {self.edit}{with_other}{what}"
        )


def renumbered(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    numbers: dict[int, int] = {}
    made: list[Entry] = []
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, Returned):
            made.append(evolve(entry, number=number, of=numbers[entry.of]))
            continue
        numbers[entry.number] = number
        made.append(evolve(entry, number=number))
    return tuple(made)


def mutants(base: Recording, drawn: "Drawn") -> Iterator[Mutant]:
    """Yield every mutant of a recording."""
    yield from left_out(base)
    yield from repeated(base)
    yield from swapped(base)
    yield from unended(base)
    yield from slowed(base)
    yield from altered(base, drawn)


def left_out(base: Recording) -> Iterator[Mutant]:
    for pair in base.pairs:
        gone = {pair.called.number, pair.returned.number}
        rest = (entry for entry in base.transcript.entries if entry.number not in gone)
        yield Mutant(base, "left out", pair, renumbered(rest))


def repeated(base: Recording) -> Iterator[Mutant]:
    for pair in base.pairs:
        again = len(base.transcript.entries) + 1
        made: list[Entry] = []
        for entry in base.transcript.entries:
            made.append(entry)
            if entry is pair.returned:
                made.append(evolve(pair.called, number=again, at=entry.at))
                made.append(evolve(pair.returned, of=again))
        yield Mutant(base, "repeated", pair, renumbered(made))


def swapped(base: Recording) -> Iterator[Mutant]:
    """Let two neighbouring calls, with their returns, stand in each other's places."""
    for one, other in itertools.pairwise(base.pairs):
        if (one.call, one.end) == (other.call, other.end):
            continue
        places: dict[int, Entry] = {
            one.called.number: other.called,
            other.called.number: one.called,
            one.returned.number: other.returned,
            other.returned.number: one.returned,
        }
        made = (
            evolve(places.get(entry.number, entry), at=entry.at)
            for entry in base.transcript.entries
        )
        yield Mutant(base, "swapped", one, renumbered(made), other=other)


def unended(base: Recording) -> Iterator[Mutant]:
    """Let a call of the Player never return."""
    for pair in base.pairs:
        if isinstance(pair.call, CallbackCall):
            continue
        rest = (entry for entry in base.transcript.entries if entry is not pair.returned)
        yield Mutant(base, "unended", pair, renumbered(rest))


def slowed(base: Recording) -> Iterator[Mutant]:
    for pair in base.pairs:
        for seconds in (0.3, 6.0):
            made = tuple(
                evolve(entry, at=entry.at + seconds)
                if entry.number >= pair.returned.number
                else entry
                for entry in base.transcript.entries
            )
            yield Mutant(base, "slowed", pair, made, how=f"by {seconds} s")


def altered(base: Recording, drawn: "Drawn") -> Iterator[Mutant]:
    for pair in base.pairs:
        for name, how, call in drawn.calls(pair.call, base):
            yield _altered(base, pair, f"call.{name}", how, evolve(pair.called, call=call))
        for name, how, end in drawn.returns(pair.call, pair.end):
            yield _altered(base, pair, f"return.{name}", how, evolve(pair.returned, returned=end))
    if any(pair.called.chain is not None for pair in base.pairs):
        unchained = (
            evolve(entry, chain=None) if isinstance(entry, Called) else entry
            for entry in base.transcript.entries
        )
        yield Mutant(base, "unchained", base.pairs[0], tuple(unchained))


def _altered(base: Recording, pair: Pair, name: str, how: str, entry: Entry) -> Mutant:
    made = (entry if old.number == entry.number else old for old in base.transcript.entries)
    return Mutant(base, "altered", pair, tuple(made), field=name, how=how)


def _named(*names: str) -> dict[str, Any]:
    return {str(name): str(name) for name in names}


Alteration = tuple[str, str, Any]
"""A field, what it is altered into, and the whole record."""


class Drawn:
    """Values that stand in no recording, and what they make of calls and returns.

    Args:
        seed: of the draw.
    """

    def __init__(self, seed: int) -> None:
        draw = random.Random(seed)
        self.cookie = draw.randrange(0x2000, 2**32)
        self.track = draw.randrange(100_000, 2**32 - 1)
        self.failure = HRESULT(0x8004_0300 + draw.randrange(0x1000))
        self.success = HRESULT(0x0004_0300 + draw.randrange(0x1000))
        self.text = f"text {draw.randrange(10**6)}"
        self.url = f"http://store.example/{draw.randrange(10**6)}.mp3"

    def calls(self, call: Any, base: Recording) -> Iterator[Alteration]:
        """Yield what one field can make of a call."""
        for name, values in self._values(call, base).items():
            for how, value in values.items():
                if value != getattr(call, name):
                    yield name, how, evolve(call, **{name: value})

    def _values(self, call: Any, base: Recording) -> dict[str, dict[str, Any]]:
        values: dict[str, dict[str, Any]] = {}
        match call:
            case SetCallback():
                values = {"attached": {"inverted": not call.attached}}
            case Download():
                values = {"cookie": self._cookies(base), "container_list": self._lists(call)}
            case DownloadTrack():
                values = self._of_answer(call, base)
            case DownloadTrackComplete():
                codes = {"inverted": E_FAIL if call.hr.succeeded else S_OK}
                values = {"hr": codes, "track_id": self._tracks(base), "params": self._texts()}
            case Predeliver():
                values = {"license": self._licenses(call.license, base)}
            case GetContentPartnerInfo():
                values = {"info_name": _named(*PartnerInfo, self.text)}
            case GetItemInfo():
                names = _named(*ItemInfo, self.text)
                values = {"info_name": names, "context": self._variants()}
            case GetCatalogURL():
                values = {"catalog_version": {"another": call.catalog_version + 3}}
            case CompareContainerListPrices():
                base_list, other = {"the base list": call.list_base}, call.list_compare
                values = {"list_base": {"the other list": other}, "list_compare": base_list}
        return values

    def _of_answer(self, call: DownloadTrack, base: Recording) -> dict[str, dict[str, Any]]:
        inverted = self.failure if call.hr.succeeded else S_OK
        alike = self.success if call.hr.succeeded else self.failure
        return {
            "cookie": self._cookies(base),
            "url": {"none": None, "half a URL": "/file.mp3", "another": self.url},
            "track_id": self._tracks(base),
            "params": self._texts(),
            "hr": {"inverted": inverted, "another of its kind": alike},
        }

    def _cookies(self, base: Recording) -> dict[str, Any]:
        known = {f"cookie {pair.call.cookie}": pair.call.cookie for pair in base.of(Download)}
        return {"a foreign one": self.cookie} | known

    def _tracks(self, base: Recording) -> dict[str, Any]:
        known = {pair.call.track_id for pair in base.of(DownloadTrack)}
        return {"a foreign one": self.track} | {f"track {n}": n for n in sorted(known)}

    def _texts(self) -> dict[str, Any]:
        return {"none": None, "another": self.text}

    def _lists(self, call: Download) -> dict[str, Any]:
        items = call.container_list
        assert items is not None
        (container,) = items
        tracks = tuple(container)
        reversed_ = evolve(container, items=tracks[::-1])
        shorter = evolve(container, items=tracks[:-1])
        longer = evolve(container, items=(*tracks, ContentItem(self.track)))
        return {
            "none": None,
            "a list to be bought": evolve(items, transaction_type=TransactionType.BUY),
            "reversed": evolve(items, containers=(reversed_,)),
            "without its last track": evolve(items, containers=(shorter,)),
            "with a foreign track": evolve(items, containers=(longer,)),
        }

    def _licenses(self, license_: License, base: Recording) -> dict[str, Any]:
        known = {f"of {how}": n for how, n in self._tracks(base).items()}
        others = {how: evolve(license_, content_id=n) for how, n in known.items()}
        return others | {
            "without the right to play": evolve(license_, rights={Right.BURN}),
            "long expired": evolve(license_, expires=datetime(2001, 1, 1, tzinfo=UTC)),
        }

    def _variants(self) -> dict[str, Any]:
        values = (
            Variant.empty(),
            Variant.i4(-5),
            Variant.ui4(7),
            Variant.bstr(self.text),
            Variant.bstr(""),
            Variant.boolean(True),
            Variant.boolean(False),
            Variant.error(self.failure),
            Variant.date(43_831.0),
        )
        return {f"VT_{one.type.name} {one.value!r}": one for one in values}

    def returns(self, call: Any, end: Any) -> Iterator[Alteration]:
        """Yield what one change can make of the end of a call."""
        yield "hr", "inverted", self._inverted(call, end)
        if end.hr.succeeded:
            yield "hr", "another of its kind", evolve(end, hr=S_FALSE)
        else:
            yield "hr", "another of its kind", evolve(end, hr=self.failure)
        if isinstance(call, PartnerCall):
            yield "hr", "E_NOTIMPL", Return(E_NOTIMPL)
            yield "hr", "a fault", Faulted(E_UNEXPECTED, "it raised KeyError")
        for name, values in self._values_of(end).items():
            for how, value in values.items():
                if value != getattr(end, name):
                    yield name, how, evolve(end, **{name: value})

    def _inverted(self, call: Any, end: Any) -> Return:
        if end.hr.succeeded:
            return Return(self.failure)
        if isinstance(call, CompareContainerListPrices):
            return ComparisonReturned(S_OK, 1)
        return InfoReturned(S_OK, Variant.bstr(self.text))

    def _values_of(self, end: Any) -> dict[str, dict[str, Any]]:
        match end:
            case InfoReturned():
                return {"data": self._variants()}
            case CatalogURLReturned():
                return {
                    "new_version": {"another": end.new_version + 7},
                    "url": {"a URL": self.url},
                    "expiration": self._variants(),
                }
            case ComparisonReturned():
                return {"result": {str(n): n for n in (-7, -1, 0, 1, 7)}}
        return {}


# --- rules: which edits leave a conversation sound -----------------------------------------------


@frozen
class Rule:
    """Why an edit is not noticed.

    Attributes:
        rows: the requirements that say so; of a gap, those that are broken.
        why: for people.
        fits: whether a mutant is such a one.
    """

    rows: str
    why: str
    fits: Callable[[Any], bool]


_QUESTIONS: Final = (
    GetContentPartnerInfo,
    GetItemInfo,
    GetCatalogURL,
    CompareContainerListPrices,
)
_KIND_OF_CONTEXT: Final[Mapping[str, VarType]] = {
    **dict.fromkeys((name for name in ItemInfo if name.endswith(("Art", "Icon"))), VarType.UI4),
    **dict.fromkeys((name for name in ItemInfo if name.startswith("CPError")), VarType.ERROR),
    **dict.fromkeys(("LoginFailureURL",), VarType.UI4),
    **dict.fromkeys(("Popup", "PopupCaption", "AuthenticationSuccessURL"), VarType.I4),
    **dict.fromkeys(
        ("ALTLoginURL", "ALTLoginCaption", "CreateAccount", "ForgotPassword"), VarType.EMPTY
    ),
    "HTMLViewURL": VarType.BSTR,
}
"""The context of each item info (T1-ITEM-01 to -06)."""

_KIND_OF_FACT: Final[Mapping[str, VarType]] = {
    "LoginState": VarType.BOOL,
    "MediaPlayerAccountType": VarType.UI4,
    "AccountType": VarType.BSTR,
    "HasCachedCredentials": VarType.BOOL,
    "LicenseRefreshAdvanceWarning": VarType.UI4,
    "PurchasedTrackRequiresReDownload": VarType.BOOL,
    "MaximumNumberOfTracksPerPurchase": VarType.UI4,
    "AccountBalance": VarType.BSTR,
    "UserName": VarType.BSTR,
}
"""The type of each fact (T1-INFO-01 to -09)."""


def is_question(mutant: Mutant) -> bool:
    return isinstance(mutant.call, _QUESTIONS)


def edits(mutant: Mutant, kind: type[Call], *names: str) -> bool:
    """Say whether one of these fields of such a call was altered."""
    return isinstance(mutant.call, kind) and mutant.field in names


def swaps(mutant: Mutant, one: Any, other: Any) -> bool:
    """Say whether such a call changed places with such another, in whichever order."""
    if mutant.other is None:
        return False
    first, second = mutant.call, mutant.other.call
    return (isinstance(first, one) and isinstance(second, other)) or (
        isinstance(first, other) and isinstance(second, one)
    )


def track_of(pair: Pair) -> tuple[int | None, int]:
    """Return what an answer or a completion is about: transaction and track."""
    return pair.called.chain, pair.call.track_id


def is_about_another_track(mutant: Mutant) -> bool:
    assert mutant.other is not None
    return track_of(mutant.pair) != track_of(mutant.other)


def has_its_licence(mutant: Mutant) -> bool:
    """Say whether the track of a `Predeliver` had a licence before."""
    earlier = mutant.base.before(mutant.number, Predeliver)
    track = mutant.call.license.content_id
    return any(pair.call.license.content_id == track for pair in earlier)


def comes_early_or_again(mutant: Mutant) -> bool:
    """Say whether a licence still comes before the answer that needs it."""
    assert mutant.other is not None
    if not isinstance(mutant.call, Predeliver):
        return True
    other = mutant.other.call
    is_needed = isinstance(other, DownloadTrack) and other.hr.succeeded
    is_other = is_needed and other.track_id != mutant.call.license.content_id
    return not is_needed or is_other or has_its_licence(mutant)


def attaches(mutant: Mutant) -> bool:
    return isinstance(mutant.call, SetCallback) and mutant.call.attached


def detaches(mutant: Mutant) -> bool:
    return isinstance(mutant.call, SetCallback) and not mutant.call.attached


def is_last(mutant: Mutant) -> bool:
    return mutant.pair is mutant.base.pairs[-1]


def still_fails(mutant: Mutant) -> bool:
    """Say whether a question had a failure code, and has one."""
    end = mutant.altered if mutant.field.startswith("return") else mutant.pair.end
    return mutant.pair.end.hr.failed and end.hr.failed and not isinstance(end, Faulted)


def fails_now(mutant: Mutant) -> bool:
    is_end = mutant.field == "return.hr" and not isinstance(mutant.altered, Faulted)
    return is_end and mutant.altered.hr.failed


def may_be_a_failure(mutant: Mutant) -> bool:
    """Say whether a method may fail without more: what may be unknown, or is not supported."""
    if isinstance(mutant.call, DownloadTrackComplete) or detaches(mutant):
        return bool(mutant.altered.hr != E_NOTIMPL)
    return isinstance(mutant.call, GetCatalogURL | CompareContainerListPrices)


def fits_its_fact(mutant: Mutant) -> bool:
    """Say whether a fact has the type of its name; somebody is signed in."""
    is_end = mutant.field == "return.data"
    name = (mutant.call if is_end else mutant.altered).info_name
    end = mutant.altered if is_end else mutant.pair.end
    if name not in _KIND_OF_FACT or not isinstance(end, InfoReturned):
        return False
    if name == "LoginState":
        return end.data == Variant.boolean(True)
    if name == "MediaPlayerAccountType":
        return end.data in {Variant.ui4(kind) for kind in AccountType}
    return end.data.type is _KIND_OF_FACT[name]


def has_its_context(call: GetItemInfo) -> bool:
    """Say whether an item info is asked for with a context of its type."""
    return _KIND_OF_CONTEXT.get(call.info_name) is call.context.type


def is_wanted_as_a_url(name: str) -> bool:
    return name.endswith(("Art", "Icon")) or name in {"CreateAccount", "ForgotPassword"}


def is_permitted_text(mutant: Mutant) -> bool:
    """Say whether the answer to an item info is another text that may stand there."""
    data = mutant.altered.data
    if data.type is not VarType.BSTR or is_wanted_as_a_url(mutant.call.info_name):
        return False
    return bool(data.value)


def becomes(mutant: Mutant, how: str) -> bool:
    return mutant.how == how


def keeps_its_sign(mutant: Mutant) -> bool:
    end: Any = mutant.pair.end
    before, now = end.result, mutant.altered.result
    return (before > 0, before < 0) == (now > 0, now < 0)


def is_free_failure(mutant: Mutant) -> bool:
    """Say whether a question fails as before, and is not one that has to be answered."""
    if not still_fails(mutant):
        return False
    call = mutant.altered if mutant.field.startswith("call") else mutant.call
    if isinstance(call, GetContentPartnerInfo):
        return call.info_name not in _KIND_OF_FACT
    if not isinstance(call, GetItemInfo) or not has_its_context(call):
        return True
    return not is_wanted_as_a_url(call.info_name)


SOUND: Final = (
    Rule(
        "no row",
        "a question is owed by nobody: it may be left out, asked again, or asked at another time",
        lambda m: (
            (is_question(m) and m.edit in {"left out", "repeated"})
            or swaps(m, _QUESTIONS, (*_QUESTIONS, DownloadTrackComplete))
        ),
    ),
    Rule(
        "T1-DL-17",
        "a licence may come earlier, and more than once",
        lambda m: (
            (
                swaps(m, Predeliver, (DownloadTrack, Download, Predeliver))
                and comes_early_or_again(m)
            )
            or (isinstance(m.call, Predeliver) and m.edit == "repeated")
        ),
    ),
    Rule(
        "T1-DL-17",
        "a licence that was delivered before is there: another one may be missing or fail",
        lambda m: (
            isinstance(m.call, Predeliver)
            and has_its_licence(m)
            and (m.edit == "left out" or becomes(m, "inverted") or m.how.startswith("of "))
        ),
    ),
    Rule(
        "T1-DL-40",
        "answers for different tracks come in any order",
        lambda m: swaps(m, DownloadTrack, DownloadTrack) and is_about_another_track(m),
    ),
    Rule(
        "T1-DL-41",
        "completions come in any order, also between answers for other tracks",
        lambda m: (
            swaps(m, DownloadTrackComplete, (DownloadTrack, DownloadTrackComplete))
            and is_about_another_track(m)
        ),
    ),
    Rule(
        "T1-DL-30",
        "downloads are independent of each other",
        lambda m: swaps(m, Download, (Download, DownloadTrackComplete)),
    ),
    Rule(
        "T1-DL-40",
        "the order of the list is the Player's",
        lambda m: edits(m, Download, "call.container_list") and becomes(m, "reversed"),
    ),
    Rule(
        "T1-DL-53",
        "a completion may be owed until the next start",
        lambda m: isinstance(m.call, DownloadTrackComplete) and m.edit == "left out",
    ),
    Rule(
        "T1-DL-20",
        "how a transfer ended is in no transcript",
        lambda m: edits(m, DownloadTrackComplete, "call.hr"),
    ),
    Rule(
        "T1-DL-11, -12",
        "a file may be at any URL, and a refusal may have one",
        lambda m: (
            edits(m, DownloadTrack, "call.url") and (m.call.hr.failed or becomes(m, "another"))
        ),
    ),
    Rule(
        "T1-DL-13",
        "the params of a refusal are any text, and nobody sees them again",
        lambda m: edits(m, DownloadTrack, "call.params") and m.call.hr.failed,
    ),
    Rule(
        "T1-HR-01",
        "of a code only its sign counts",
        lambda m: (
            becomes(m, "another of its kind")
            and (edits(m, DownloadTrack, "call.hr") or edits(m, CallbackCall, "return.hr"))
        ),
    ),
    Rule(
        "T1-DL-55",
        "the Player may refuse an answer; here it was a refusal anyway",
        lambda m: (
            edits(m, DownloadTrack, "return.hr") and m.call.hr.failed and becomes(m, "inverted")
        ),
    ),
    Rule(
        "T1-HR-05",
        "a failure code is allowed, and which one is open",
        lambda m: (
            (fails_now(m) and may_be_a_failure(m))
            or (is_question(m) and m.field.startswith(("call", "return.hr")) and is_free_failure(m))
        ),
    ),
    Rule(
        "T1-INFO-01 to -09",
        "a fact of the right type has any value",
        lambda m: (
            edits(m, GetContentPartnerInfo, "call.info_name", "return.data") and fits_its_fact(m)
        ),
    ),
    Rule(
        "T1-ITEM-07",
        "a text says what the store likes",
        lambda m: edits(m, GetItemInfo, "return.data") and is_permitted_text(m),
    ),
    Rule(
        "T1-ITEM-01 to -06",
        "another item of the same kind may have the same answer",
        lambda m: (
            edits(m, GetItemInfo, "call.info_name", "call.context")
            and m.pair.end.hr.succeeded
            and has_its_context(m.altered)
        ),
    ),
    Rule(
        "T1-CAT-23",
        "a catalogue may expire at any time",
        lambda m: (
            edits(m, GetCatalogURL, "return.expiration")
            and m.altered.expiration.type is VarType.DATE
        ),
    ),
    Rule(
        "T1-PRC-07",
        "of a comparison only its sign counts",
        lambda m: edits(m, CompareContainerListPrices, "return.result") and keeps_its_sign(m),
    ),
    Rule(
        "T1-LIFE-12",
        "the callback may be set again, and taken away again",
        lambda m: (
            isinstance(m.call, SetCallback)
            and (
                m.edit == "repeated"
                or (
                    detaches(m)
                    and not is_last(m)
                    and (m.edit == "left out" or m.field == "call.attached")
                )
            )
        ),
    ),
    Rule(
        "no row",
        "how fast the Player answers, it decides itself",
        lambda m: m.edit == "slowed" and isinstance(m.call, CallbackCall),
    ),
    Rule(
        "no row",
        "the numbers of the ledger are no part of the conversation",
        lambda m: m.edit == "unchained",
    ),
)
"""Where one of these fits, the conversation is as sound as before."""

GAPS: Final = (
    Rule(
        "T1-INFO-01",
        "LoginState is false though somebody is signed in",
        lambda m: (
            edits(m, GetContentPartnerInfo, "return.data", "call.info_name")
            and "LoginState" in {m.call.info_name, getattr(m.altered, "info_name", "")}
        ),
    ),
)
"""What the judge does not notice, and could."""


# --- broken conversations ------------------------------------------------------------------------


class Told:
    """Writes a conversation, step by step: one download of one track, and whatever happens."""

    COOKIE: Final = 5
    TRACK: Final = 1

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._now = 0.0
        self._download = 0
        self._completion = 0

    @property
    def transcript(self) -> Transcript:
        """The conversation so far, with a long silence at its end."""
        facts = {"silence_deadline": 1.0, "fresh_licenses": True}
        end = Lost(len(self._entries) + 1, self._now + 2.0, f"{KILLED_ON_PURPOSE}, at last")
        return Transcript({"facts": facts}, (*self._entries, end), complete=True)

    def begin(self, call: Call) -> int:
        """Write a call; return its number."""
        self._now += 0.001
        self._entries.append(Called(len(self._entries) + 1, self._now, call, None))
        return len(self._entries)

    def end(self, number: int, returned: Return) -> None:
        """Write the end of a call."""
        self._entries.append(Returned(len(self._entries) + 1, self._now, number, returned))

    def call(self, call: Call, returned: Return | None = None) -> None:
        """Write a call that ends at once."""
        self.end(self.begin(call), returned or Return(S_OK))

    def lose(self, reason: str) -> None:
        """Let the instance be lost, and start another one."""
        self._entries.append(Lost(len(self._entries) + 1, self._now, reason))
        self.call(SetCallback(attached=True))

    def download(self, listed: int) -> None:
        """Begin a download in which the track is listed so often."""
        items = tuple(ContentItem(self.TRACK) for _ in range(listed))
        containers = (ContentContainer.loose(items),)
        made = ContentContainerList(TransactionType.DOWNLOAD, containers)
        self._download = self.begin(Download(made, self.COOKIE))

    def download_returns(self, hr: HRESULT) -> None:
        """End the download; a second end counts for nothing."""
        self.end(self._download, Return(hr))

    def answer(self, hr: HRESULT = S_OK, url: str | None = "http://store.example/1.mp3") -> None:
        """Answer the track."""
        self.call(DownloadTrack(self.COOKIE, url, self.TRACK, "p", hr))

    def deliver(self) -> None:
        """Deliver its licence."""
        self.call(Predeliver(License(self.TRACK, None, {Right.PLAY})))

    def complete(self) -> None:
        """Begin a completion, which stays open."""
        self._completion = self.begin(DownloadTrackComplete(S_OK, self.TRACK, "p"))

    def completion_returns(self, returned: Return) -> None:
        """End the completion that was begun last; nothing, where there is none."""
        if self._completion:
            self.end(self._completion, returned)


def _granted(told: Told) -> None:
    told.deliver()
    told.answer()


def _granted_without_url(told: Told) -> None:
    told.deliver()
    told.answer(url=None)


def _malformed(told: Told) -> None:
    call = MalformedAnswer(Told.COOKIE, Told.TRACK, "params: 2 MiB")
    told.call(call, Return(E_INVALIDARG))


def _completed(told: Told) -> None:
    told.complete()
    told.completion_returns(Return(S_OK))


def _lost_in_completion(told: Told) -> None:
    told.complete()
    told.completion_returns(Faulted(RPC_E_SERVER_DIED, "its process was killed"))
    told.lose(KILLED_ON_PURPOSE)


STEPS: Final[Mapping[str, Callable[[Told], None]]] = {
    "granted": _granted,
    "granted without a licence": Told.answer,
    "granted without a URL": _granted_without_url,
    "refused": lambda told: told.answer(E_FAIL, None),
    "malformed": _malformed,
    "completed": _completed,
    "lost in the completion": _lost_in_completion,
    "replaced": lambda told: told.lose(KILLED_ON_PURPOSE),
    "died": lambda told: told.lose("its process ended with exit status 1"),
    "released": lambda told: told.call(SetCallback(attached=False)),
    "Download succeeds": lambda told: told.download_returns(S_OK),
    "Download fails": lambda told: told.download_returns(E_FAIL),
    "completion called": Told.complete,
    "completion ended": lambda told: told.completion_returns(Return(S_OK)),
}
WAYS: Final = (
    (),
    ("Download succeeds",),
    ("Download fails",),
    ("granted",),
    ("granted", "Download succeeds"),
    ("granted", "Download fails"),
    ("granted", "completion called"),
    ("granted", "completed"),
    ("granted without a URL",),
    ("granted without a licence",),
    ("refused",),
    ("replaced",),
    ("granted", *["lost in the completion"] * 3),
    ("Download fails", "completed"),
    ("Download fails", "lost in the completion"),
)
"""The shortest ways to every state of a track that a transcript can show."""


def broken_conversations() -> list[Recording]:
    """Return conversations about one track: after each of `WAYS` each two steps there are.

    The first of the two goes through a cell of the table, the second shows where it led. Few of
    these conversations are sound.
    """
    steps = [(), *((one,) for one in STEPS), *itertools.product(STEPS, repeat=2)]
    paths = dict.fromkeys(way + more for way in WAYS for more in steps)
    return [_told(path, listed) for path in paths for listed in (1, 2)]


def _told(path: tuple[str, ...], listed: int) -> Recording:
    told = Told()
    told.call(SetCallback(attached=True))
    told.download(listed)
    for step in path:
        STEPS[step](told)
    return Recording(", ".join(path), told.transcript)


# --- mutants of the tables -----------------------------------------------------------------------

Cell = tuple[Any, Any]
TABLES: Final[Mapping[str, Mapping[Cell, Any]]] = {
    "TRACK_TABLE": TRACK_TABLE,
    "TRANSACTION_TABLE": TRANSACTION_TABLE,
}


@frozen
class CellEdit:
    """One edit of one cell.

    Attributes:
        table: its name.
        cell: state and event.
        field: what of the step was altered: "next", "reply", "action", "clause".
        before: the step that stands there.
        step: the step that is put there.
        is_read: whether the judge reads the cell for any conversation.
    """

    table: str
    cell: Cell
    field: str
    before: Any
    step: Any
    is_read: bool

    @property
    def state(self) -> Any:
        """The state to which the cell belongs."""
        return self.cell[0]

    @property
    def event(self) -> Any:
        """The event to which the cell belongs."""
        return self.cell[1]

    def __str__(self) -> str:
        state, event = self.cell
        value = getattr(self.step, self.field)
        name = getattr(value, "name", value or "none")
        return f"{self.table}[{state.name}, {event.name}].{self.field} = {name}"


class _Watched(dict[Cell, Any]):
    """A table that notes which cells were read."""

    def __init__(self, table: Mapping[Cell, Any]) -> None:
        super().__init__(table)
        self.read: set[Cell] = set()

    def __getitem__(self, cell: Cell) -> Any:
        self.read.add(cell)
        return super().__getitem__(cell)


def cell_edits(read: Container[tuple[str, Cell]]) -> Iterator[CellEdit]:
    """Yield every edit of one field of one cell.

    Args:
        read: the cells that the judge reads.
    """
    for table, cells in TABLES.items():
        for cell, step in cells.items():
            is_read = (table, cell) in read
            for name, values in _values_of_cell(table).items():
                for value in values:
                    if value != getattr(step, name):
                        altered = evolve(step, **{name: value})
                        yield CellEdit(table, cell, name, step, altered, is_read)


def _values_of_cell(table: str) -> dict[str, Iterable[Any]]:
    clauses = ("", "T1-DL-07", "T1-DL-42")
    if table == "TRANSACTION_TABLE":
        return {"next": TransactionState, "clause": clauses}
    return {"next": TrackState, "reply": Reply, "action": Action, "clause": clauses}


def cells_read(base: Recording) -> tuple[Said, frozenset[tuple[str, Cell]]]:
    """Return what is said of a conversation, and which cells were read for it."""
    watched = {name: _Watched(table) for name, table in TABLES.items()}
    with patch.multiple(transaction, **cast("dict[str, Any]", watched)):
        said = said_of(base.transcript)
    return said, frozenset((name, cell) for name, table in watched.items() for cell in table.read)


def effect_of(edit: CellEdit, readers: Iterable[tuple[Recording, Said]]) -> str:
    """Return what this cell does to the judge: "noticed", "stopped" or nothing: "".

    Args:
        edit: of a cell.
        readers: the conversations for which the judge reads it, and what is said of them.
    """
    changed = {**TABLES[edit.table], edit.cell: edit.step}
    with patch.object(transaction, edit.table, changed):
        for base, said in readers:
            try:
                if said_of(base.transcript) != said:
                    return "noticed"
            except KeyError:
                return "stopped"
    return ""


_NOT_IN_A_TRANSCRIPT: Final = frozenset(
    {TrackEvent.DEADLINE_PASSED, TrackEvent.CANCELLED, TrackEvent.COMPLETION_NOT_MADE}
)
_FOR_ALL_TRACKS: Final = frozenset({TrackEvent.DOWNLOAD_FAILED, TrackEvent.PARTNER_REPLACED})
_COMPLETIONS: Final = frozenset(
    {TrackEvent.COMPLETION_CALLED, TrackEvent.COMPLETION_RETURNED, TrackEvent.COMPLETION_LOST}
)
_READ_OF_AN_ANSWER: Final = frozenset({"T1-DL-07", "T1-DL-09"})
_ALIKE: Final = (
    frozenset({TrackState.ACCEPTED, TrackState.FINISHED}),
    frozenset({TrackState.REFUSED, TrackState.UNLICENSED}),
    frozenset({TrackState.UNANSWERED, TrackState.ABANDONED}),
    frozenset(
        {
            TrackState.COMPLETING,
            TrackState.COMPLETED,
            TrackState.UNDELIVERABLE,
            TrackState.CANCELLED,
        }
    ),
)


def is_alike(edit: CellEdit) -> bool:
    """Say whether the next state is so like the right one that two more steps may not tell."""
    pair = {edit.before.next, edit.step.next}
    return edit.field == "next" and any(pair <= states for states in _ALIKE)


def reads_nothing_new(edit: CellEdit) -> bool:
    return not {edit.before.clause, edit.step.clause} & _READ_OF_AN_ANSWER


OUT_OF_SIGHT: Final = (
    Rule(
        "not read",
        "clock, user and ledger: no transcript shows a deadline, a cancellation, or a completion"
        " that was not made",
        lambda e: (
            not e.is_read
            and (
                e.event in _NOT_IN_A_TRANSCRIPT
                or e.state in {TrackState.EXPIRED, TrackState.CANCELLED}
            )
        ),
    ),
    Rule(
        "not read",
        "transfers: the judge lets one end where a first completion is called, nowhere else",
        lambda e: not e.is_read and e.event is TrackEvent.TRANSFER_ENDED,
    ),
    Rule(
        "not read",
        "what concerns every track is not asked of settled ones",
        lambda e: not e.is_read and e.event in _FOR_ALL_TRACKS and e.state.settled,
    ),
    Rule(
        "not read",
        "the third completion that is lost is the last, and so is any after it",
        lambda e: (
            not e.is_read
            and (
                e.event is TrackEvent.LAST_COMPLETION_LOST
                or (e.state, e.event) == (TrackState.UNDELIVERABLE, TrackEvent.COMPLETION_LOST)
            )
        ),
    ),
    Rule(
        "not read",
        "a completion is called for a track that was transferred, and ends where it was called",
        lambda e: (
            not e.is_read
            and e.state in {TrackState.ACCEPTED, TrackState.FINISHED}
            and e.event in _COMPLETIONS
        ),
    ),
    Rule(
        "not read",
        "an unlicensed answer for a track whose licence was delivered: licences stay",
        lambda e: not e.is_read and e.event is TrackEvent.UNLICENSED,
    ),
    Rule(
        "not read",
        "a `Download` is called once under a cookie and ends once; the reader sees to it"
        " (T1-DL-45)",
        lambda e: not e.is_read and e.table == "TRANSACTION_TABLE",
    ),
    Rule(
        "no effect",
        "what the host does next: the judge transfers nothing",
        lambda e: e.is_read and e.field == "action",
    ),
    Rule(
        "no effect",
        "the reply to an event that is no call of the plug-in",
        lambda e: e.is_read and e.field == "reply" and e.event not in ANSWERS,
    ),
    Rule(
        "no effect",
        "a repeat: occurrences decide, and no more of the cell is read, by the host neither",
        lambda e: (
            e.is_read
            and e.table == "TRACK_TABLE"
            and e.before.reply is Reply.IF_PERMITTED
            and e.field in {"next", "clause"}
        ),
    ),
    Rule(
        "no effect",
        "clauses of an answer that its check finds in the call itself (T1-DL-11, -17, -35), and"
        " the Player's on what is the partner's",
        lambda e: e.is_read and e.field == "clause" and e.event in ANSWERS and reads_nothing_new(e),
    ),
    Rule(
        "no effect",
        "a breach of the Player is noted where a completion is called, not where one ends, nor"
        " where a track is released",
        lambda e: (
            e.is_read
            and e.field == "clause"
            and e.table == "TRACK_TABLE"
            and e.event not in ANSWERS
            and e.event is not TrackEvent.COMPLETION_CALLED
        ),
    ),
    Rule(
        "no effect",
        "next states after which two more steps are judged alike: accepted and transferred,"
        " refused and unlicensed, unanswered and abandoned, completed and undeliverable",
        lambda e: e.is_read and e.table == "TRACK_TABLE" and is_alike(e),
    ),
    Rule(
        "no effect",
        "where a transaction stands is asked by the host alone; the judge asks its tracks",
        lambda e: e.is_read and e.table == "TRANSACTION_TABLE",
    ),
)
"""Why an edit of a cell changes nothing of what the judge says."""

TABLE_GAPS: Final = (
    Rule(
        "T1-DL-36, -37, -38",
        "the Player accepts an answer that it has to reject, or the other way round",
        lambda e: e.is_read and e.field == "reply" and e.event in ANSWERS,
    ),
)
"""What the judge does not notice, and could."""


# --- scores --------------------------------------------------------------------------------------


@define
class Score:
    """What became of all mutants of one kind.

    Attributes:
        mutants: how many there were.
        noticed: how many the judge noticed.
        stopped: at how many it stopped with an error of its own; noticed, but no merit.
        explained: how many it did not, by the rule that fits.
        gaps: how many it could have noticed, by the gap.
        false_alarms: what was noticed although a rule says that nothing is wrong.
        unexplained: what was not noticed, and has neither rule nor gap.
    """

    mutants: int = 0
    noticed: int = 0
    stopped: int = 0
    explained: Counter[Rule] = Factory(Counter)
    gaps: Counter[Rule] = Factory(Counter)
    false_alarms: list[str] = Factory(list)
    unexplained: list[str] = Factory(list)

    def count(self, mutant: Any, rules: Iterable[Rule], gaps: Iterable[Rule]) -> None:
        """Count a mutant that was not noticed."""
        self.mutants += 1
        rule = next((one for one in rules if one.fits(mutant)), None)
        gap = next((one for one in gaps if one.fits(mutant)), None)
        if rule is not None:
            self.explained[rule] += 1
        elif gap is not None:
            self.gaps[gap] += 1
        else:
            self.unexplained.append(str(mutant))

    @property
    def score(self) -> float | None:
        """How much was noticed of what can be; None where nothing can."""
        possible = self.mutants - self.stopped - self.explained.total()
        return round(self.noticed / possible, 4) if possible else None

    @property
    def is_explained(self) -> bool:
        """Whether every survivor has a rule or a gap, and no rule is contradicted."""
        return not self.false_alarms and not self.unexplained

    def data(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "mutants": self.mutants,
            "noticed": self.noticed,
            "stopped": self.stopped,
            "score": self.score,
            "explained": _listed(self.explained),
            "gaps": _listed(self.gaps),
            "false_alarms": self.false_alarms,
            "unexplained": self.unexplained,
        }


def _listed(counts: Counter[Rule]) -> list[dict[str, Any]]:
    return [{"rows": r.rows, "why": r.why, "mutants": n} for r, n in counts.most_common()]


def score_conversations(seed: int) -> dict[str, Score]:
    """Return the scores of the edits of conversations, by the kind of the edit."""
    drawn = Drawn(seed)
    scores: dict[str, Score] = {}
    for base in recordings():
        assert said_of(base.transcript).is_clean, base.name
        for mutant in mutants(base, drawn):
            score = scores.setdefault(mutant.edit, Score())
            if said_of(mutant.transcript).is_clean:
                score.count(mutant, SOUND, GAPS)
                continue
            score.mutants += 1
            score.noticed += 1
            if any(rule.fits(mutant) for rule in SOUND):
                score.false_alarms.append(str(mutant))
    return scores


def score_tables() -> dict[str, Score]:
    """Return the scores of the edits of the tables, by table and field."""
    readers: dict[tuple[str, Cell], list[tuple[Recording, Said]]] = {}
    for base in (*recordings(), *broken_conversations()):
        said, cells = cells_read(base)
        for cell in cells:
            readers.setdefault(cell, []).append((base, said))
    scores: dict[str, Score] = {}
    for edit in cell_edits(readers):
        score = scores.setdefault(f"{edit.table}, {edit.field}", Score())
        effect = effect_of(edit, readers.get((edit.table, edit.cell), ()))
        if not effect:
            score.count(edit, OUT_OF_SIGHT, TABLE_GAPS)
            continue
        score.mutants += 1
        score.noticed += effect == "noticed"
        score.stopped += effect == "stopped"
    return scores


def added(scores: Iterable[Score]) -> Score:
    """Return several scores as one."""
    total = Score()
    for one in scores:
        total.mutants += one.mutants
        total.noticed += one.noticed
        total.stopped += one.stopped
        total.explained += one.explained
        total.gaps += one.gaps
        total.false_alarms += one.false_alarms
        total.unexplained += one.unexplained
    return total


def told(title: str, scores: Mapping[str, Score]) -> Iterator[str]:
    """Yield the lines of a report."""
    total = added(scores.values())
    columns = ("mutants", "noticed", "stopped", "explained", "gaps", "score")
    yield f"{title:26}" + "".join(f"{name:>11}" for name in columns)
    for name, one in (*scores.items(), ("all", total)):
        score = "-" if one.score is None else f"{one.score:.1%}"
        counts = (one.mutants, one.noticed, one.stopped, one.explained.total(), one.gaps.total())
        yield f"{name:26}" + "".join(f"{cell:>11}" for cell in (*counts, score))
    for heading, rules in (("explained", total.explained), ("gaps", total.gaps)):
        yield f"{heading}:" if rules else f"{heading}: none"
        for rule, count in rules.most_common():
            yield from textwrap.wrap(
                f"{count:6}  {rule.why} ({rule.rows})", 98, subsequent_indent=" " * 8
            )
    for heading, names in (
        ("false alarms", total.false_alarms),
        ("unexplained", total.unexplained),
    ):
        yield f"{heading}: {len(names) or 'none'}"
        yield from (f"        {name}" for name in names)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.add_argument("--record", action="store_true", help="play the recordings anew")
    options = parser.parse_args()
    if options.record:
        anyio.run(record)
        return 0
    parts = {
        "edits of conversations": score_conversations(options.seed),
        "edits of the tables": score_tables(),
    }
    if options.json:
        data = {
            title: {name: one.data() for name, one in scores.items()}
            for title, scores in parts.items()
        }
        print(json.dumps({"seed": options.seed} | data, indent=1))
    else:
        print("\n\n".join("\n".join(told(title, scores)) for title, scores in parts.items()))
    return 0 if all(added(scores.values()).is_explained for scores in parts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
