"""A partner's conformance as a class of tests, for whoever would rather inherit than pass options.

    from player_host.testing.conformance import ConformanceSuite, Offer


    class TestContoso(ConformanceSuite):
        partner = "contoso_tunes:Contoso"
        settings = {"store_url": "http://127.0.0.1:8080"}
        offer = Offer(tracks=(70, 72), refused=(71,))
        expected = {"T1-DL-29": "our texts come with the next release"}

There is a test for each requirement with a check: `test_conformance[T1-DL-07]`, with the markers
`conformance` and `must`, `should` or `open`. The scenarios run when the first of them does, once
for all processes of the test run. `docs/testing-conformance.md` says more.

PYTEST_DONT_REWRITE: no assertion stands here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import anyio
import pytest

from player_host.cli.conformance_run import cast_for
from player_host.conformance.conducting import (
    SCENARIOS,
    cores,
    offer_of,
    shared_run,
    told_of,
)
from player_host.conformance.offers import Offer, read_offers
from player_host.conformance.pytest_plugin import (
    end_test,
    failing_plainly,
    marks_of,
    register_markers,
)
from player_host.conformance.replaying import Replay, replay_schedule
from player_host.conformance.requirements import requirement
from player_host.conformance.running import Order
from player_host.conformance.runs import Run
from player_host.conformance.schedule import schedule_from_text
from player_host.conformance.selection import checked_requirements
from player_host.errors import UsageError
from player_host.plugins.discovery import settings_for
from player_host.settings import find_home, load_partner_settings
from player_host.testing.home import PlayerHome

__all__ = ["ConformanceSuite", "Offer", "read_offers", "replay"]


class ConformanceSuite:
    """Tests of one partner; inherit from it, and give the class a name that pytest collects.

    Attributes:
        partner: the name of an installed plug-in, or its class as `module:attribute`.
        settings: `[NAME.settings]` of `partners.toml`; where they are known when tests run only,
            override the fixture `conformance_settings`.
        host: `[NAME.host]`. Where it names no network, URLs may lead to this machine alone.
        offer: what the partner is asked for; its own catalogue says so where there is none.
        profile: `quick`, `full` or `exhaustive`.
        seed: of everything that is drawn.
        scenarios: only those of these names; all of the profile where there is none.
        expected: requirements that are known to fail, with reasons: their tests are expected
            failures, and fail as soon as they would pass.
    """

    partner: ClassVar[str] = ""
    settings: ClassVar[Mapping[str, Any]] = {}
    host: ClassVar[Mapping[str, Any]] = {}
    offer: ClassVar[Offer] = Offer(())
    profile: ClassVar[str] = "quick"
    seed: ClassVar[int] = 0
    scenarios: ClassVar[tuple[str, ...]] = ()
    expected: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture(scope="class")
    @classmethod
    def conformance_settings(cls) -> Mapping[str, Any]:
        """Return the settings with which the plug-in is made."""
        return cls.settings

    @pytest.fixture(scope="class")
    @classmethod
    def conformance_run(
        cls,
        request: pytest.FixtureRequest,
        conformance_settings: Mapping[str, Any],
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Run:
        """Return what was found about the requirements whose tests are to be run."""
        home = PlayerHome.make(tmp_path_factory.mktemp("conformance-home"))
        home.configure(cls.partner, settings=conformance_settings, host=cls.host)
        with failing_plainly():
            order = cls._order(home, _selected(request))
            return shared_run(_folder(request.config, tmp_path_factory), request.node.nodeid, order)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make a test of each check; called by pytest when it collects the class."""
        if "check" not in metafunc.fixturenames:
            return
        register_markers(metafunc.config)
        with failing_plainly():
            self._examine()
        names = (*checked_requirements(), SCENARIOS)
        tests = [pytest.param(name, id=name, marks=marks_of(name)) for name in names]
        metafunc.parametrize("check", tests)

    def test_conformance(self, check: str, conformance_run: Run) -> None:
        """A requirement is kept; or, for `scenarios`, each of them says something."""
        end_test(told_of(check, conformance_run, self.expected))

    @classmethod
    def _order(cls, home: PlayerHome, selected: frozenset[str]) -> Order:
        partner = settings_for(cls.partner, load_partner_settings(home.home.partners_toml))
        return Order(
            partner=partner,
            table=partner.plugin,
            offer=cls.offer,
            folder=Path(),
            selected=selected,
            profile=cls.profile,
            scenarios=tuple(cls.scenarios),
            seed=cls.seed,
            jobs=cores(),
            expected=cls.expected,
        )

    def _examine(self) -> None:
        """Look for what would only show when tests run, or never.

        Raises:
            UsageError: the class names no partner, or expects what is no requirement.
        """
        if not self.partner:
            raise UsageError("no partner is named", where=type(self).__name__)
        for name in self.expected:
            requirement(name)


def _selected(request: pytest.FixtureRequest) -> frozenset[str]:
    """Return the requirements whose tests of this class are to be run."""
    items = (item for item in request.session.items if isinstance(item, pytest.Function))
    own = (item for item in items if item.cls is request.cls and "check" in item.fixturenames)
    return frozenset(str(item.callspec.params["check"]) for item in own) - {SCENARIOS}


def _folder(config: pytest.Config, factory: pytest.TempPathFactory) -> Path:
    """Return the folder of this test run, in which a worker of pytest-xdist has its own."""
    own = factory.getbasetemp()
    return (own.parent if hasattr(config, "workerinput") else own) / "conformance-runs"


def replay(
    partner: str,
    requirement_id: str,
    text: str,
    *,
    home: Path | None = None,
    fixture: Path | None = None,
    sample_store: bool = False,
) -> Replay:
    """Play a schedule to a partner and judge one clause: what the test of a counterexample does.

    Args:
        partner: its name.
        requirement_id: the clause.
        text: the schedule, as a counterexample has it.
        home: the folder with partners.toml; $PLAYER_HOST_HOME or the platform's without it.
        fixture: another file than conformance.toml, in the working folder or in the home folder.
        sample_store: start the store Proseware meanwhile and use its settings.

    Raises:
        PlayerHostError: the partner cannot be started, or the text is no schedule.
    """
    schedule = schedule_from_text(text, where="the schedule")
    folder = find_home(home)
    offer = offer_of(partner, fixture, (Path(), folder.path))
    settings = settings_for(partner, load_partner_settings(folder.partners_toml))
    with cast_for(settings, offer, sample_store=sample_store) as cast:
        return anyio.run(replay_schedule, cast, requirement_id, schedule)
