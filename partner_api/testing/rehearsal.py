"""A plug-in on the stage: made, attached, asked, released, and told what it did wrong."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from logging import getLogger
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from partner_api.calls import Call, PartnerCall, Return
from partner_api.content import ContentContainer, ContentContainerList
from partner_api.licensing import License
from partner_api.partner import ContentPartner, PartnerContext
from partner_api.proxy import LicenseStoreProxy
from partner_api.testing.containers import for_download
from partner_api.testing.downloads import PATIENCE_S, RehearsedDownload
from partner_api.testing.recording import RecordingCallback
from partner_api.transaction import Violation

MAX_TOLD: Final = 20

PartnerT = TypeVar("PartnerT", bound=ContentPartner[Any])
C = TypeVar("C", bound=Call)


class Rehearsal(Generic[PartnerT]):
    """One session of a plug-in, without a host; made by `rehearse`.

    Attributes:
        partner: the plug-in's object; its methods may also be called directly.
        callback: what it got with `SetCallback`.
    """

    def __init__(self, partner: PartnerT, callback: RecordingCallback) -> None:
        self.partner = partner
        self.callback = callback

    @property
    def licenses(self) -> dict[int, License]:
        """The licences that were delivered, by content ID."""
        return self.callback.licenses.licenses

    @property
    def calls(self) -> list[Call]:
        """Every call so far, in either direction, as its record of `partner_api.calls`."""
        return self.callback.calls

    @property
    def violations(self) -> list[Violation]:
        """Every clause that the plug-in broke so far."""
        return self.callback.violations

    def download(
        self, *wanted: ContentContainer | ContentContainerList, cookie: int | None = None
    ) -> RehearsedDownload:
        """Call `Download`, as the Player does for a user who asks for these.

        Args:
            wanted: containers, as `album`, `purchased_list` and `loose_tracks` return them, or
                one whole list.
            cookie: as in `RecordingCallback.begin`.

        Raises:
            AssertionError: `Download` returned something that is no HRESULT.
        """
        return self.callback.begin(self.partner, _one_list(wanted), cookie=cookie)

    def call(self, call: PartnerCall) -> Return:
        """Make any other call of the Player; `RecordingCallback.make` says more."""
        return self.callback.make(self.partner, call)

    def wait_for(self, kind: type[C], *, count: int = 1, deadline_s: float = PATIENCE_S) -> list[C]:
        """Wait for calls of the plug-in; `RecordingCallback.wait_for` says more."""
        return self.callback.wait_for(kind, count=count, deadline_s=deadline_s)


@contextmanager
def rehearse(
    partner_class: type[PartnerT],
    *,
    settings: Any = None,
    data_dir: Path | None = None,
    callback: RecordingCallback | None = None,
    forgiving: bool = False,
) -> Iterator[Rehearsal[PartnerT]]:
    """Make a plug-in and attach a callback; release it at the end of the block.

    Every call into the plug-in is made on the thread of the test: an exception surfaces with its
    traceback, and a breakpoint works.

    Args:
        partner_class: the plug-in.
        settings: a table, checked as the host checks `[NAME.settings]` once the environment is
            read; or an instance of `partner_class.Settings`. By default an empty table.
        data_dir: the folder of the plug-in; by default one that goes with the block.
        callback: by default one of its own.
        forgiving: let a block end in peace although the plug-in broke the protocol; the test
            then looks at `violations` itself.

    Raises:
        AssertionError: the plug-in refused the callback, returned something of a wrong type or,
            unless `forgiving`, broke a clause in the block.
        SettingsProblems: the table does not fit the plug-in's class `Settings`.
    """
    callback = RecordingCallback() if callback is None else callback
    with _folder(data_dir) as folder:
        context = PartnerContext(
            settings=_settings_of(partner_class, settings),
            licenses=LicenseStoreProxy(callback),
            data_dir=folder,
            log=getLogger(f"partner.{partner_class.__name__}"),
        )
        partner = partner_class(context)
        callback.attach(partner)
        with _released_at_the_end(partner, callback, forgiving=forgiving):
            yield Rehearsal(partner, callback)
    broken = callback.violations
    if broken and not forgiving:
        raise AssertionError(_told(broken))


@contextmanager
def _released_at_the_end(
    partner: ContentPartner[Any], callback: RecordingCallback, *, forgiving: bool
) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        # What the test failed on is what its author has to see; the rest goes with it.
        with suppress(Exception):
            callback.release(partner)
        broken = callback.violations
        if broken and not forgiving:
            error.add_note(_told(broken))
        raise
    callback.release(partner)


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    if chosen is not None:
        yield chosen
        return
    with tempfile.TemporaryDirectory(prefix="rehearsal-", ignore_cleanup_errors=True) as made:
        yield Path(made)


def _settings_of(partner_class: type[ContentPartner[Any]], settings: Any) -> Any:
    if settings is not None and not isinstance(settings, Mapping):
        return settings
    # It loads cattrs, which is needed here alone.
    from partner_api.surrogate.process import make_settings  # noqa: PLC0415

    return make_settings(partner_class, {} if settings is None else dict(settings))


def _one_list(wanted: tuple[ContentContainer | ContentContainerList, ...]) -> ContentContainerList:
    if len(wanted) == 1 and isinstance(wanted[0], ContentContainerList):
        return wanted[0]
    containers = [one for one in wanted if isinstance(one, ContentContainer)]
    if len(containers) != len(wanted):
        raise TypeError("give containers, or one whole list")
    return for_download(*containers)


def _told(broken: list[Violation]) -> str:
    lines = "\n".join(f"  {_words(one)}" for one in broken[:MAX_TOLD])
    more = f"\n  and {len(broken) - MAX_TOLD} times more" if len(broken) > MAX_TOLD else ""
    return f"the plug-in broke the protocol:\n{lines}{more}"


def _words(violation: Violation) -> str:
    return f"{violation.clause}: {violation.what}" if violation.clause else violation.what
