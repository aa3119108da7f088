"""The judge: from a conversation to a verdict for each requirement, roots before what follows.

Pure: a transcript of last year is judged with the rules of today, and gives the same verdicts
each time.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from attrs import evolve, frozen

import player_host.conformance.checks  # noqa: F401 - fills the table of clauses
from player_host.conformance.clauses import CLAUSES, Clause
from player_host.conformance.conversation import Conversation
from player_host.conformance.reader import read_conversation
from player_host.conformance.requirements import Level, Provenance, requirement
from player_host.conformance.verdicts import SEVEREST_FIRST, Finding, Outcome, Verdict
from player_host.transcript import Transcript

MOST_FINDINGS: Final = 50
"""So many findings of a requirement are shown; the others are counted."""

KEPT_FINDINGS: Final = 10_000
"""So many are kept until it is known what follows from what."""


@frozen
class Result:
    """What is said about one requirement.

    Attributes:
        requirement: its id.
        verdict: what is said.
        chances: at how many places it could be judged.
        findings: what is against it, the first ones.
        total: how many findings there were against it.
        follows_from: the requirement whose breach brought this one about; "" for a root.
    """

    requirement: str
    verdict: Verdict
    chances: int = 0
    findings: tuple[Finding, ...] = ()
    total: int = 0
    follows_from: str = ""

    @property
    def is_broken(self) -> bool:
        """Whether the clause was broken, whatever the weight of that."""
        return self.verdict in {Verdict.FAIL, Verdict.WARN}

    @property
    def is_root(self) -> bool:
        """Whether it was broken, and that follows from no other breach."""
        return self.is_broken and not self.follows_from


Results = Mapping[str, Result]
"""One result for each requirement that has a check."""


def judge(transcript: Transcript) -> Results:
    """Return what a transcript says about every requirement that can be checked."""
    return judge_conversation(read_conversation(transcript))


def judge_conversation(talk: Conversation) -> Results:
    """Return what a conversation says about every requirement that can be checked."""
    results = {one.requirement: _judged(one, talk) for one in CLAUSES.values()}
    rooted = {name: _rooted(result, results) for name, result in results.items()}
    return _turned(rooted, _roots((rooted,)))


def together(several: Iterable[Results]) -> Results:
    """Return what several conversations say together: the severest verdict counts."""
    conversations = tuple(several)
    roots = _roots(conversations)
    joined: dict[str, Result] = {}
    for results in conversations:
        for name, result in _turned(results, roots).items():
            joined[name] = _joined(joined[name], result) if name in joined else result
    return joined


def _judged(one: Clause, talk: Conversation) -> Result:
    capabilities = talk.facts.get("capabilities")
    if one.capability and isinstance(capabilities, int) and not capabilities & one.capability:
        return Result(one.requirement, Verdict.UNIMPLEMENTED)
    chances, against = 0, []
    for finding in one.check(talk):
        chances += 1
        if finding.outcome is not Outcome.KEPT:
            against.append(finding)
    against.sort(key=lambda finding: (_GRAVITY[finding.outcome], finding.line))
    verdict = _verdict(one.requirement, chances, against)
    return Result(one.requirement, verdict, chances, tuple(against[:KEPT_FINDINGS]), len(against))


def _verdict(name: str, chances: int, against: list[Finding]) -> Verdict:
    if not chances:
        return Verdict.VACUOUS
    if not against:
        return Verdict.PASS
    worst = against[0].outcome
    if worst is Outcome.BROKEN:
        row = requirement(name)
        is_law = row.level is Level.MUST and row.provenance is Provenance.STATED
        return Verdict.FAIL if is_law else Verdict.WARN
    if worst is Outcome.TOO_SLOW:
        return Verdict.WARN
    if worst is Outcome.OPEN:
        return Verdict.INCONCLUSIVE
    return Verdict.INFO if len(against) == chances else Verdict.PASS


def _rooted(result: Result, results: Mapping[str, Result]) -> Result:
    """Say of what a breach is a consequence, where all of its findings are."""
    against = _breaches(result)
    if not against or result.total > len(result.findings):
        return result
    for root, shared in FOLLOWS.get(result.requirement, ()):
        if _all_share(shared, against, _breaches(results[root])):
            return evolve(result, follows_from=root)
    return result


def _all_share(shared: "_Shared", against: list[Finding], causes: list[Finding]) -> bool:
    """Whether each finding has its cause."""
    return set(map(shared, against)) <= set(map(shared, causes))


def _roots(conversations: Iterable[Results]) -> frozenset[str]:
    """Return the requirements whose breach follows from no other, in one of them at least."""
    return frozenset(
        name
        for results in conversations
        for name, result in results.items()
        if _breaches(result) and not result.follows_from
    )


def _turned(results: Results, roots: frozenset[str]) -> Results:
    """Turn round what follows from what, where other breaches tell that it is so."""
    turned = dict(results)
    for name, (root, shared) in TURNS.items():
        against, causes = _breaches(results.get(name)), _breaches(results.get(root))
        if root not in roots or not against:
            continue
        if _all_share(shared, against, causes):
            turned[name] = evolve(results[name], follows_from=root)
            if results[root].follows_from == name:
                turned[root] = evolve(results[root], follows_from="")
    return turned


def _breaches(result: Result | None) -> list[Finding]:
    findings = () if result is None else result.findings
    return [one for one in findings if one.outcome is Outcome.BROKEN]


def _joined(first: Result, second: Result) -> Result:
    ranks = SEVEREST_FIRST.index(first.verdict), SEVEREST_FIRST.index(second.verdict)
    worse = first if ranks[0] <= ranks[1] else second
    follows = worse.follows_from
    if ranks[0] == ranks[1] and first.follows_from != second.follows_from:
        follows = ""
    return evolve(
        worse,
        chances=first.chances + second.chances,
        total=first.total + second.total,
        follows_from=follows,
    )


_Shared = Callable[[Finding], object]
"""What a finding has in common with the one that brought it about."""


def _track(one: Finding) -> object:
    return one.track_id


def _download(one: Finding) -> object:
    return one.cookie


def _line(one: Finding) -> object:
    return one.line


def _life(one: Finding) -> object:
    return one.life


FOLLOWS: Final[Mapping[str, tuple[tuple[str, _Shared], ...]]] = {
    "T1-DL-07": (
        ("T1-DL-55", _line),
        ("T1-DL-08", _track),
        ("T1-DL-09", _track),
        ("T1-DL-10", _download),
        ("T1-CON-08", _life),
        ("T1-LIFE-07", _life),
    ),
    "T1-DL-08": (
        ("T1-DL-09", _track),
        ("T1-DL-10", _download),
        ("T1-CON-08", _life),
        ("T1-LIFE-07", _life),
    ),
    "T1-DL-39": (("T1-DL-07", _track),),
    "T1-DL-10": (("T1-DL-09", _line),),
    "T1-LIFE-07": (("T1-CON-08", _life), ("T1-THR-03", _life)),
    "T1-THR-07": (("T1-DL-06", _line),),
    "T1-DL-54": (("T1-DL-17", _track),),
}
"""What follows from what: a clause, and the clauses whose breach brings it about."""

TURNS: Final[Mapping[str, tuple[str, _Shared]]] = {
    "T1-DL-08": ("T1-DL-07", _track),
    "T1-DL-55": ("T1-DL-07", _track),
}
"""What follows the other way round for a partner that breaks the second clause by itself as well.

One that is silent about refused tracks alone breaks T1-DL-08; one that loses tracks of any kind
breaks T1-DL-07, also where the lost one happens to be refused. One that repeats what the Player
refused breaks T1-DL-55; one that repeats any answer breaks T1-DL-07, also where it was refused.
"""

_GRAVITY: Final = {
    Outcome.BROKEN: 0,
    Outcome.TOO_SLOW: 1,
    Outcome.OPEN: 2,
    Outcome.ABSENT: 3,
    Outcome.KEPT: 4,
}
