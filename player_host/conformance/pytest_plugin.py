"""The kit in pytest: `--partner NAME` adds an item for each requirement with a check.

Name the module in the `conftest.py` at the root of the tests, or on the command line; it loads
nowhere by itself, since an entry point would load it into every test run of the environment::

    pytest_plugins = ["player_host.conformance.pytest_plugin"]

    pytest -p player_host.conformance.pytest_plugin --partner proseware -k T1-DL

An item is called `conformance::proseware::T1-DL-07`. The scenarios run when the first of a
partner's items does, once for all processes of the test run. Without `--partner` nothing is
collected; the kit is not even imported, which is why imports stand in functions here.

PYTEST_DONT_REWRITE: no assertion stands here, and `-W` may load the module before pytest does.
"""

import argparse
import tempfile
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from attrs import evolve

if TYPE_CHECKING:
    from player_host.conformance.conducting import Told
    from player_host.conformance.running import Order
    from player_host.conformance.runs import Run

ROOT: Final = "conformance"
"""The root of the items, and the marker that all of them have."""

MARKERS: Final = (
    f"{ROOT}: a check of a partner against the protocol",
    "must: what the protocol demands",
    "should: what the protocol advises",
    "may: what the protocol allows",
    "open: what the documents leave open and this project has settled",
)

_FOLDER: Final = "player_host_conformance_folder"
"""The key under which the workers of a test run are told where they share results."""


class ConformanceWarning(UserWarning):
    """Advice was not followed, or a duty was broken that is inferred or settled by this project."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options; called by pytest at its start."""
    group = parser.getgroup(ROOT, "conformance of a content partner")
    group.addoption(
        "--partner",
        action="append",
        default=[],
        dest="conformance_partners",
        metavar="NAME",
        help="check this partner, an installed one or module:class; may be repeated",
    )
    group.addoption(
        "--partner-home",
        metavar="DIR",
        help="the home folder with partners.toml; without it $PLAYER_HOST_HOME or the platform's",
    )
    group.addoption(
        "--conformance-fixture",
        metavar="FILE",
        help="what partners have on offer; without it conformance.toml at the root of the tests or"
        " in the home folder, or else the partner's own catalogue",
    )
    group.addoption(
        "--conformance-expected",
        metavar="FILE",
        help="requirements that are known to fail, with reasons",
    )
    group.addoption(
        "--conformance-profile",
        choices=("quick", "full", "exhaustive"),
        default="quick",
        help="how much is tried; quick without it",
    )
    group.addoption(
        "--conformance-seed",
        type=int,
        default=0,
        metavar="N",
        help="of everything that is drawn; 0 without it",
    )
    group.addoption(
        "--conformance-scenario",
        action="append",
        default=[],
        dest="conformance_scenarios",
        help=argparse.SUPPRESS,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known, and see to items for the partners that are named.

    Raises:
        pytest.UsageError: there is no such partner, or a file that was named is wrong.
    """
    register_markers(config)
    if config.getoption("conformance_partners"):
        config.pluginmanager.register(_Conformance(config), "player-host-conformance")


def register_markers(config: pytest.Config) -> None:
    """Make the markers of the kit's tests known, unless they are."""
    known = config.getini("markers")
    for line in MARKERS:
        if line not in known:
            config.addinivalue_line("markers", line)


@contextmanager
def failing_plainly() -> Iterator[None]:
    """Fail the test or collector that runs with the words of an error of the host alone."""
    from player_host.conformance.reports.wording import shown  # noqa: PLC0415
    from player_host.errors import PlayerHostError  # noqa: PLC0415

    try:
        yield
    except PlayerHostError as error:
        words = f"the kit could not run: {shown(str(error))}"
        raise pytest.fail.Exception(words, pytrace=False) from None


def end_test(told: "Told") -> None:
    """End the test that runs as it was told; return where it passed."""
    __tracebackhide__ = True
    match told.ending.value:
        case "failed":
            pytest.fail(told.words, pytrace=False)
        case "skipped":
            pytest.skip(told.words)
        case "expected":
            pytest.xfail(told.words)
            pytest.fail(told.words, pytrace=False)  # with --runxfail
        case "warned":
            _warn(told.words)


def marks_of(check: str) -> tuple[pytest.MarkDecorator, ...]:
    """Return the markers of the test of a check."""
    from player_host.conformance.requirements import requirements  # noqa: PLC0415

    row = requirements().get(check)
    names = (ROOT,) if row is None else (ROOT, row.level.value)
    return tuple(getattr(pytest.mark, name) for name in names)


class _Conformance:
    """What the plug-in does where a partner is named; registered with pytest."""

    def __init__(self, config: pytest.Config) -> None:
        self._orders = _orders(config)
        self._folder = _folder(config)
        self._wanted = _taken_out(config, self._orders)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist where results are shared."""
        node.workerinput[_FOLDER] = str(self._folder)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Add the partners to what the session has found."""
        report = yield
        if isinstance(collector, pytest.Session) and report.passed:
            report.result.extend(self._partners(collector))
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out what was not wanted, where items were named."""
        if self._wanted:
            rest = [i for i in items if isinstance(i, _Check) and not self._is_wanted(i.nodeid)]
            config.hook.pytest_deselected(items=rest)
            items[:] = [item for item in items if item not in rest]

    def _is_wanted(self, nodeid: str) -> bool:
        return any(nodeid == one or nodeid.startswith(f"{one}::") for one in self._wanted)

    def _partners(self, session: pytest.Session) -> "Iterator[_Partner]":
        for order in self._orders:
            name = order.partner.name
            yield _Partner.from_parent(
                session, name=name, nodeid=f"{ROOT}::{name}", order=order, folder=self._folder
            )


class _Partner(pytest.Collector):
    """The checks of one partner, and the run that they are about."""

    def __init__(self, order: "Order", folder: Path, **node: Any) -> None:
        super().__init__(**node)
        self.order = order
        self._folder = folder

    def collect(self) -> "Iterator[_Check]":
        for name in _checks(self.order):
            yield _Check.from_parent(self, name=name)

    @cached_property
    def run(self) -> "Run":
        """What was found about the requirements whose items are to be run."""
        from player_host.conformance.conducting import shared_run  # noqa: PLC0415

        names = {item.name for item in self.session.items if item.parent is self}
        order = evolve(self.order, selected=self.order.selected & names)
        with failing_plainly():
            return shared_run(self._folder, self.name, order)


class _Check(pytest.Item):
    """One check of one partner."""

    parent: _Partner

    def __init__(self, **node: Any) -> None:
        super().__init__(**node)
        for mark in marks_of(self.name):
            self.add_marker(mark)

    def setup(self) -> None:
        """See to the run: where there is none, that is an error and no failure."""
        _ = self.parent.run

    def runtest(self) -> None:
        from player_host.conformance.conducting import told_of  # noqa: PLC0415

        end_test(told_of(self.name, self.parent.run, self.parent.order.expected))

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where it stands: in no file."""
        return self.config.rootpath / ROOT, None, f"{self.parent.name} {self.name}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return how a failure is told: without pytest's way to this module."""
        excinfo.traceback = excinfo.traceback.cut(path=Path(__file__))
        return super().repr_failure(excinfo, style)


def _orders(config: pytest.Config) -> "tuple[Order, ...]":
    """Return what is to be run, one order for each partner; of its requirements, all.

    Raises:
        pytest.UsageError: there is no such partner, or a file that was named is wrong.
    """
    from player_host.errors import PlayerHostError  # noqa: PLC0415

    names = dict.fromkeys(config.getoption("conformance_partners"))
    try:
        return tuple(_order(config, name) for name in names)
    except PlayerHostError as error:
        raise pytest.UsageError(str(error)) from error


def _order(config: pytest.Config, name: str) -> "Order":
    from player_host.conformance import conducting  # noqa: PLC0415
    from player_host.conformance.expectations import read_expectations  # noqa: PLC0415
    from player_host.conformance.running import Order  # noqa: PLC0415
    from player_host.conformance.selection import checked_requirements  # noqa: PLC0415
    from player_host.plugins.discovery import settings_for  # noqa: PLC0415
    from player_host.settings import find_home, load_partner_settings  # noqa: PLC0415

    home = find_home(_path(config, "partner_home"))
    partner = settings_for(name, load_partner_settings(home.partners_toml))
    fixture = _path(config, "conformance_fixture")
    expected = _path(config, "conformance_expected")
    return Order(
        partner=partner,
        table=partner.plugin,
        offer=conducting.offer_of(name, fixture, (config.rootpath, home.path)),
        folder=Path(),
        selected=frozenset(checked_requirements()),
        profile=config.getoption("conformance_profile"),
        scenarios=tuple(config.getoption("conformance_scenarios")),
        seed=config.getoption("conformance_seed"),
        jobs=conducting.cores(),
        expected=read_expectations(expected, name) if expected else {},
    )


def _path(config: pytest.Config, option: str) -> Path | None:
    """Return the file that an option names: a text, for pytest-xdist passes nothing else on."""
    given = config.getoption(option)
    return None if given is None else Path(given)


def _folder(config: pytest.Config) -> Path:
    """Return the folder of this test run: made here, or by the process that started this one."""
    given = getattr(config, "workerinput", {}).get(_FOLDER)
    if given is not None:
        return Path(given)
    made = tempfile.TemporaryDirectory(prefix="conformance-")
    config.add_cleanup(made.cleanup)
    return Path(made.name)


def _taken_out(config: pytest.Config, orders: "tuple[Order, ...]") -> tuple[str, ...]:
    """Take the names of items out of the arguments, where pytest would look for files.

    Raises:
        pytest.UsageError: one is no name of an item.
    """
    wanted = tuple(arg for arg in config.args if arg.partition("::")[0] == ROOT)
    known = {ROOT, *(name for order in orders for name in _names(order))}
    for name in wanted:
        if name not in known:
            raise pytest.UsageError(f"there is no such check: {name}")
    config.args[:] = [arg for arg in config.args if arg not in wanted]
    return wanted


def _names(order: "Order") -> "Iterator[str]":
    """Yield the names of a partner and of its items."""
    partner = f"{ROOT}::{order.partner.name}"
    yield partner
    for check in _checks(order):
        yield f"{partner}::{check}"


def _checks(order: "Order") -> tuple[str, ...]:
    from player_host.conformance.conducting import SCENARIOS  # noqa: PLC0415

    return (*sorted(order.selected), SCENARIOS)


def _warn(words: str) -> None:
    """Warn, or fail in the same words where warnings are errors."""
    __tracebackhide__ = True
    try:
        # Explicitly, for a line of this module would be shown as the place.
        warnings.warn_explicit(ConformanceWarning(words), ConformanceWarning, ROOT, 1)
    except ConformanceWarning:
        pass
    else:
        return
    pytest.fail(words, pytrace=False)
