"""What is wrong with a plug-in's class, as far as that can be seen without making an instance.

Runs in the plug-in's process, for `player-host partners check`. Every rule is a small generator
of findings. The class is foreign code: what can be looked at without running any of it is, and a
rule that meets an exception of the class says so and lets the other rules go on. How long all
this takes is for the caller to bound.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from inspect import Parameter, Signature
from itertools import islice, zip_longest
from types import FunctionType, SimpleNamespace
from typing import Any, Final, get_args, get_type_hints

import attrs
from attrs import frozen
from cattrs import StructureHandlerNotFoundError

from partner_api.enums import Capability
from partner_api.partner import ContentPartner
from partner_api.secret import Secret
from partner_api.service_info import CONTRACT_VERSION, ServiceInfo
from partner_api.structuring import SettingsProblems, structure
from partner_api.stub import describe
from partner_api.surrogate.findings import Finding, Severity
from partner_api.surrogate.loading import DOCUMENTED_METHODS

MAX_FINDINGS: Final = 100
MAX_LINE_CHARACTERS: Final = 400
MAX_NAMES: Final = 1_000
"""So many names of one class, and so many parts of one type, are looked at."""

REQUIRED: Final = ("Download", "DownloadTrackComplete", "GetContentPartnerInfo")
"""What a Type 1 partner must implement."""


Findings = Iterator[Finding]


def _finding(
    severity: Severity,
    subject: str,
    problem: str,
    advice: str = "",
    documented: str = "",
    found: str = "",
    *,
    requirement: str = "",
) -> Finding:
    """Return a finding of which every text is one printable line of bounded length."""
    texts = map(_one_line, (subject, problem, advice, documented, found, requirement))
    return Finding(severity, *texts)


def _one_line(text: str) -> str:
    head = text[:MAX_LINE_CHARACTERS]
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in head)
    is_whole = max(len(text), len(shown)) <= MAX_LINE_CHARACTERS
    return shown if is_whole else f"{shown[: MAX_LINE_CHARACTERS - 3]}..."


_error: Final = partial(_finding, Severity.ERROR)
_warning: Final = partial(_finding, Severity.WARNING)


def examine(partner_class: object) -> tuple[Finding, ...]:
    """Look for everything that is wrong with a plug-in's class.

    Called once for a plug-in, on the main thread of its process, after its import. Never raises,
    whatever the class does; it may run code of the class, which may take its time.

    Args:
        partner_class: what the entry point led to.

    Returns:
        The findings, 100 at most; none if the class is sound.
    """
    plugin = _view(partner_class)
    if plugin is None:
        what = f"{_shown_object(partner_class)} is no subclass of partner_api.ContentPartner"
        advice = "Derive the class from partner_api.ContentPartner, or mend the entry point"
        return (_error("class", what, advice, requirement="T1-LIFE-07"),)
    checks: tuple[tuple[str, _Check], ...] = (
        ("class", _check_names),
        *((name, partial(_check_method, name)) for name in DOCUMENTED_METHODS),
        ("__init__", _check_init),
        ("class", _check_pairs),
        ("service_info", _check_service_info),
        ("Settings", _check_settings),
    )
    found = [finding for subject, check in checks for finding in _run(subject, check, plugin)]
    return tuple(found[:MAX_FINDINGS])


def _run(subject: str, check: "_Check", plugin: "_Plugin") -> list[Finding]:
    findings: list[Finding] = []
    try:
        findings.extend(islice(check(plugin), MAX_FINDINGS))
    except BaseException as error:
        # Signals of the user reach the Player, which ends this process: these are the plug-in's.
        findings.append(_error(subject, f"it cannot be examined: {_shown_error(error)}"))
    return findings


# --- Looking at a class without running its code ------------------------------------------------

# The descriptors of `type` itself: a metaclass may have others of the same names.
_lineage_of: Final[Callable[[type], tuple[type, ...]]] = type.__dict__["__mro__"].__get__
_namespace_of: Final[Callable[[type], Mapping[Any, Any]]] = type.__dict__["__dict__"].__get__
_name_of: Final[Callable[[type], str]] = type.__dict__["__name__"].__get__

_ABSENT: Final = object()


@frozen
class _Plugin:
    """The class, and the classes that it is made of.

    Attributes:
        kind: the class itself.
        own: it and its bases in front of `ContentPartner`, in the order of their lookup.
        hidden: its bases behind `ContentPartner`, which hides their documented methods.
    """

    kind: type[Any]
    own: tuple[type, ...]
    hidden: tuple[type, ...]

    def attribute(self, name: str) -> object:
        """Return what the class has in place of an attribute of the base, or `_ABSENT`."""
        found = next((n[name] for n in map(_namespace_of, self.own) if name in n), _ABSENT)
        return _ABSENT if found is _namespace_of(ContentPartner).get(name) else found

    def implements(self, name: str) -> bool:
        """Return whether a documented method is overridden, well or not."""
        return self.attribute(name) is not _ABSENT


_Check = Callable[[_Plugin], Findings]


def _view(found: object) -> _Plugin | None:
    if not issubclass(type(found), type):
        return None
    kind: Any = found
    lineage = _lineage_of(kind)
    place = next((n for n, one in enumerate(lineage) if one is ContentPartner), 0)
    return _Plugin(kind, lineage[:place], lineage[place + 1 :]) if place else None


def _shown_error(error: BaseException) -> str:
    try:
        return describe(error)
    except BaseException:
        return "an exception without words"


def _shown_object(value: Any) -> str:
    if issubclass(type(value), type):
        return f"the class {_name_of(value)}"
    return f"an object of type {_name_of(type(value))}"


def _shown_type(kind: Any) -> str:
    return _name_of(kind) if issubclass(type(kind), type) else str(kind)


# --- Methods --------------------------------------------------------------------------------------


def _check_names(plugin: _Plugin) -> Findings:
    methods = _methods_in_camel_case(plugin)
    misspelt = _misspelt(methods)
    for name, meant in misspelt.items():
        report = _warning if plugin.implements(meant) else _error
        yield report(
            name,
            f"the Player calls no method of this name; is {meant} misspelt?",
            f"Call it {meant}; if it is something else, choose a name that differs more",
            _documented(meant),
            f"{name}{_shown_signature(methods[name])}",
            requirement="T1-LIFE-07",
        )
    for name in DOCUMENTED_METHODS:
        if not plugin.implements(name) and name not in misspelt.values():
            yield from _check_absence(name, plugin)


def _check_absence(name: str, plugin: _Plugin) -> Findings:
    hidden = next((one for one in plugin.hidden if name in _namespace_of(one)), None)
    if hidden is not None:
        base = _name_of(hidden)
        problem = f"that of {base} is never called, for ContentPartner comes before {base}"
        advice = f"Name {base} before ContentPartner among the bases"
        yield _error(name, problem, advice, requirement="T1-LIFE-07")
    elif name in REQUIRED:
        advice = "Every Type 1 partner implements this method"
        yield _error(name, "it is missing", advice, _documented(name), requirement="T1-LIFE-07")


def _methods_in_camel_case(plugin: _Plugin) -> dict[str, object]:
    """Return the methods that look like documented ones and are none."""
    return {
        name: value
        for one in reversed(plugin.own)
        for name, value in islice(_namespace_of(one).items(), MAX_NAMES)
        if type(name) is str and name[:1].isupper() and name not in DOCUMENTED_METHODS
        if any(type(value) is kind for kind in (FunctionType, staticmethod, classmethod))
    }


def _misspelt(names: Iterable[str]) -> dict[str, str]:
    """Return the names that are close to a documented one, each with that one."""
    plain = {_without_case(name): name for name in DOCUMENTED_METHODS}
    longest = 2 * max(map(len, plain))
    close = {
        name: get_close_matches(_without_case(name), plain, n=1, cutoff=0.85)
        for name in names
        if len(name) <= longest
    }
    return {name: plain[found[0]] for name, found in close.items() if found}


def _without_case(name: str) -> str:
    return name.replace("_", "").casefold()


def _check_method(name: str, plugin: _Plugin) -> Findings:
    wanted = list(_parameters_of(_namespace_of(ContentPartner)[name]).parameters)[1:]
    if plugin.implements(name):
        yield from _check_signature(name, plugin, wanted, _documented(name), "T1-LIFE-07")


def _check_init(plugin: _Plugin) -> Findings:
    if plugin.implements("__init__"):
        yield from _check_signature("__init__", plugin, None, "__init__(self, context)", "")


def _check_signature(
    name: str, plugin: _Plugin, wanted: Sequence[str] | None, documented: str, requirement: str
) -> Findings:
    """Check one method; `wanted` is None where there is one parameter, of whatever name."""
    attribute = plugin.attribute(name)
    what = _what_is_no_method(attribute)
    if what:
        advice = "Write an ordinary method: `def` in the class, with self"
        yield _error(name, f"it is {what}", advice, documented, requirement=requirement)
        return
    try:
        signature = _signature_of(attribute, plugin, name)
    except ValueError:
        yield _warning(name, "its parameters cannot be seen", "", documented)
        return
    if wanted is None:
        wanted = [p.name for p in _positional(signature)][1:2] or ["context"]
    problems = list(_differences(wanted, signature))
    if problems:
        report = _error if any(severity is Severity.ERROR for severity, _ in problems) else _warning
        words = "; ".join(problem for _, problem in problems)
        advice = "Write the parameters as documented"
        yield report(name, words, advice, documented, f"{name}{signature}", requirement=requirement)


def _what_is_no_method(attribute: object) -> str:
    """Return what stands in place of an ordinary method; "" for a method."""
    if type(attribute) is FunctionType:
        flags = attribute.__code__.co_flags
        return next((what for flag, what in _NO_PLAIN_CODE.items() if flags & flag), "")
    for kind, what in _NO_METHODS.items():
        if issubclass(type(attribute), kind):
            return what
    is_bound = any("__get__" in _namespace_of(one) for one in _lineage_of(type(attribute)))
    return "" if is_bound else f"{_shown_object(attribute)}, not a method"


_NO_METHODS: Final[Mapping[type, str]] = {
    staticmethod: "a static method, which has no self and so no callback",
    classmethod: "a class method, which has no instance and so no callback",
    property: "a property, not a method",
}
_NO_PLAIN_CODE: Final[Mapping[int, str]] = {
    inspect.CO_COROUTINE: "an async def, and nothing awaits it: plug-ins are plain code",
    inspect.CO_ASYNC_GENERATOR: "an async generator: calling it runs nothing",
    inspect.CO_GENERATOR: "a generator: because of its yield, calling it runs nothing",
}


# --- Signatures -----------------------------------------------------------------------------------

_MAX_WRAPPERS: Final = 20


class _Default:
    """Stands for every default in a signature that is shown; the repr of one is foreign code."""

    def __repr__(self) -> str:
        return "..."


_DEFAULT: Final = _Default()


def _signature_of(attribute: object, plugin: _Plugin, name: str) -> Signature:
    if type(attribute) is FunctionType:
        return _parameters_of(attribute)
    return _shorn(inspect.signature(getattr(plugin.kind, name)))


def _parameters_of(function: FunctionType) -> Signature:
    """Return what a function takes, self included, by its code.

    An attribute such as `__signature__` may lie; it is believed only where the `*args` of a
    decorator take whatever comes.
    """
    taken = _taken_by_code(function)
    for _ in range(_MAX_WRAPPERS):
        claimed = function.__dict__.get("__signature__")
        wrapped = function.__dict__.get("__wrapped__")
        if not _takes_any(taken):
            break
        if type(claimed) is Signature:
            return _shorn(claimed)
        if type(wrapped) is not FunctionType:
            break
        function, taken = wrapped, _taken_by_code(wrapped)
    return taken


def _taken_by_code(function: FunctionType) -> Signature:
    bare = FunctionType(function.__code__, {}, closure=function.__closure__)
    bare.__defaults__, bare.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return _shorn(inspect.signature(bare))


def _shorn(signature: Signature) -> Signature:
    """Return a signature without annotations and with every default shown as dots."""
    return Signature(
        [
            Parameter(p.name, p.kind, default=p.empty if p.default is p.empty else _DEFAULT)
            for p in signature.parameters.values()
        ]
    )


def _documented(name: str) -> str:
    return f"{name}{_parameters_of(_namespace_of(ContentPartner)[name])}"


def _shown_signature(method: Any) -> str:
    function = method if type(method) is FunctionType else method.__func__
    return str(_parameters_of(function)) if type(function) is FunctionType else ""


def _positional(signature: Signature) -> list[Parameter]:
    kinds = {Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD}
    return [p for p in signature.parameters.values() if p.kind in kinds]


def _takes_any(signature: Signature) -> bool:
    return any(p.kind is Parameter.VAR_POSITIONAL for p in signature.parameters.values())


def _differences(wanted: Sequence[str], signature: Signature) -> Iterator[tuple[Severity, str]]:
    """Yield how parameters differ from the documented ones, which are passed by position."""
    positional, takes_any = _positional(signature), _takes_any(signature)
    if (not positional and not takes_any) or (positional and positional[0].name in wanted):
        yield Severity.ERROR, "self is not its first parameter"
        return
    given = [p.name for p in positional[1:]]
    renamed = _renamed(wanted, given)
    for name, meant in renamed.items():
        severity = Severity.WARNING if name.strip("_") == meant else Severity.ERROR
        yield severity, f"{name} stands where {meant} is documented"
    known = [renamed.get(name, name) for name in given if name in {*wanted, *renamed}]
    if known != sorted(known, key=wanted.index):
        yield Severity.ERROR, "its parameters stand in the wrong order"
    by_name = [p for p in signature.parameters.values() if p.kind is Parameter.KEYWORD_ONLY]
    is_rest_taken = takes_any and known == list(wanted[: len(known)])
    for name in wanted:
        if name in {p.name for p in by_name}:
            yield Severity.ERROR, f"{name} is keyword-only, but passed by position"
        elif name not in known and not is_rest_taken:
            yield Severity.ERROR, f"{name} is missing"
    early, late = positional[1 : len(wanted) + 1], [*positional[len(wanted) + 1 :], *by_name]
    for parameter in [*early, *late]:
        if parameter.name not in {*wanted, *renamed}:
            yield _undocumented(parameter, is_harmless=parameter in late)


def _renamed(wanted: Sequence[str], given: Sequence[str]) -> dict[str, str]:
    """Return the names that stand for documented ones: close to one, or in its place."""
    missing = [name for name in wanted if name not in given]
    renamed = {}
    for name, in_place in zip_longest(given, wanted):
        if name is None or name in wanted:
            continue
        meant = next(iter(get_close_matches(name, missing, n=1)), in_place)
        if meant in missing:
            renamed[name] = meant
            missing.remove(meant)
    return renamed


def _undocumented(parameter: Parameter, *, is_harmless: bool) -> tuple[Severity, str]:
    if is_harmless and parameter.default is not parameter.empty:
        return Severity.WARNING, f"{parameter.name} is not documented; it only gets its default"
    return Severity.ERROR, f"{parameter.name} is not documented"


# --- What belongs together ------------------------------------------------------------------------

_TYPE_2_FLAGS: Final = {
    0x1: "allowPlay",
    0x2: "allowCDBurn",
    0x4: "allowPDATransfer",
    0x20: "prepareForSync",
}
# `Notify` needs no flag: it also tells what became of a catalogue (T1-CAT-12, T1-CAT-13). `Login`
# does not contradict ALT_LOGIN: the Player may need it for another action (T1-LOGIN-07).
_METHOD_NEEDS_FLAG: Final = (("UpdateDevice", Capability.DEVICE_AVAILABLE, "T1-DEV-01"),)
_FLAG_NEEDS_METHOD: Final = (
    (Capability.BACKGROUND_PROCESSING, "Notify", _warning, "it says when to stop", "T1-NOT-03"),
    (Capability.DEVICE_AVAILABLE, "UpdateDevice", _warning, "it offers the device", "T1-DEV-02"),
    (Capability.ALT_LOGIN, "GetItemInfo", _error, "it gives the login page", "T1-LOGIN-19"),
    (Capability.ALT_LOGIN, "SendMessage", _error, "the login page answers by it", "T1-LOGIN-23"),
    (Capability.ALT_LOGIN, "Logout", _warning, "nobody can sign out", "T1-LOGIN-24"),
)
_METHOD_NEEDS_METHOD: Final = (
    ("Buy", "CanBuySilent", _error, "where that fails, nothing is bought", "T1-BUY-24"),
    ("CanBuySilent", "Buy", _warning, "no purchase can follow", "T1-BUY-08"),
    ("GetCommands", "InvokeCommand", _warning, "picking a command does nothing", "T1-CTX-07"),
    ("InvokeCommand", "GetCommands", _warning, "only its commands are invoked", "T1-CTX-09"),
    ("Login", "Logout", _warning, "nobody can sign out", "T1-LOGIN-24"),
    ("Login", "GetItemInfo", _warning, "it gives the page after a failure", "T1-LOGIN-11"),
    ("Authenticate", "GetItemInfo", _warning, "it gives the page after success", "T1-AUTH-04"),
)


def _check_pairs(plugin: _Plugin) -> Findings:
    for method, needed, report, why, requirement in _METHOD_NEEDS_METHOD:
        if plugin.implements(method) and not plugin.implements(needed):
            problem = f"{needed} is not implemented beside it: {why}"
            yield report(method, problem, f"Implement {needed}", requirement=requirement)


def _check_capabilities(plugin: _Plugin, flags: int) -> Findings:
    for flag, method, report, why, requirement in _FLAG_NEEDS_METHOD:
        if flags & flag and not plugin.implements(method):
            problem = f"{flag.name} ({flag:#x}) is set, but {method} is not implemented: {why}"
            advice = f"Implement {method}, or leave the flag out"
            yield report("service_info.capabilities", problem, advice, requirement=requirement)
    for method, flag, requirement in _METHOD_NEEDS_FLAG:
        if plugin.implements(method) and not flags & flag:
            problem = f"it is never called without the capability {flag.name} ({flag:#x})"
            advice = f"Add Capability.{flag.name}, or leave the method out"
            yield _warning(method, problem, advice, requirement=requirement)


def _check_flags(subject: str, flags: int) -> Findings:
    if not 0 <= flags < 2**32:
        yield _error(subject, "it is no unsigned number of 32 bits", requirement="T1-REG-02")
    if not flags & Capability.CONTENT_PARTNER:
        problem = "CONTENT_PARTNER (0x40) is missing, so no Player loads the plug-in"
        yield _error(subject, problem, "Add Capability.CONTENT_PARTNER", requirement="T1-REG-03")
    of_type_2 = [f"{name} ({flag:#x})" for flag, name in _TYPE_2_FLAGS.items() if flags & flag]
    if of_type_2:
        problem = f"flags of Type 2 stores, which mean nothing here: {', '.join(of_type_2)}"
        yield _warning(subject, problem, "Leave them out", requirement="T1-REG-21")


# --- service_info ---------------------------------------------------------------------------------

_PLACEHOLDERS: Final = frozenset(
    {"changeme", "fixme", "key", "mystore", "placeholder", "storekey", "todo", "xxx", "yourstore"}
)
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|(com|lpt)[1-9])\s*(\..*)?", re.IGNORECASE)


def _check_service_info(plugin: _Plugin) -> Findings:
    info: Any = getattr(plugin.kind, "service_info", _ABSENT)
    if not issubclass(type(info), ServiceInfo):
        what = "it is missing" if info is _ABSENT else f"it is {_shown_object(info)}"
        advice = "Give the class an attribute service_info = ServiceInfo(...)"
        yield _error("service_info", what, advice, requirement="T1-REG-01")
        return
    try:
        attrs.validate(info)
    except (TypeError, ValueError) as error:
        advice = "Make it by ServiceInfo(...), which checks what it is given"
        yield _error("service_info", str(error.args[0]), advice, requirement="T1-REG-01")
        return
    if info.contract_version != CONTRACT_VERSION:
        yield _error(
            "service_info.contract_version",
            f"it is {info.contract_version}; this partner_api brings version {CONTRACT_VERSION}",
            "Install the partner_api that the plug-in was written against, or port the plug-in",
        )
    yield from _check_flags("service_info.capabilities", int(info.capabilities))
    yield from _check_capabilities(plugin, int(info.capabilities))
    yield from _check_key(info.key)


def _check_key(key: str) -> Findings:
    advice = "Give the agreed key of the store: it is the content distributor of its files"
    if re.search(r'[<>:"/\\|?*]|^\.|\.$', key) or _RESERVED.fullmatch(key):
        problem = f"{key!r} cannot be the name of a folder on every system"
        yield _warning("service_info.key", problem, advice, requirement="T1-REG-01")
    if re.sub(r"[\W_]", "", key).casefold() in _PLACEHOLDERS:
        problem = f"{key!r} looks like a placeholder"
        yield _warning("service_info.key", problem, advice, requirement="T1-REG-01")


# --- Settings -------------------------------------------------------------------------------------

_SECRET_NAME: Final = re.compile(
    r"(passw(or)?d|passphrase|pwd|token|secret|credential|(api|access|private)_?key)s?_*$",
    re.IGNORECASE,
)


def _check_settings(plugin: _Plugin) -> Findings:
    kind = getattr(plugin.kind, "Settings", None)
    if kind is None:
        return
    if issubclass(type(kind), type) and attrs.has(kind):
        yield from _check_fields("Settings", kind, set())
        return
    advice = "Write a class with @attrs.frozen; leave Settings out if there are none"
    yield _error("Settings", f"{_shown_object(kind)} is no attrs class", advice)


def _check_fields(place: str, kind: type[Any], seen: set[type]) -> Findings:
    seen.add(kind)
    try:
        attrs.resolve_types(kind)
    except Exception as error:
        yield from _check_annotations(place, kind, error)
        return
    for one in attrs.fields(kind):
        if one.init:
            yield from _check_field(f"{place}.{one.name}", one, seen)


def _check_annotations(place: str, kind: type[Any], reason: Exception) -> Findings:
    """Yield the fields whose annotations mean nothing; the class, where none stands out."""
    names = vars(inspect.getmodule(kind) or SimpleNamespace())
    failed: dict[str, Exception] = {}
    for one in attrs.fields(kind):
        try:
            get_type_hints(SimpleNamespace(__annotations__={one.name: one.type}), names)
        except Exception as error:
            failed[f"{place}.{one.name}"] = error
    for subject, why in (failed or {place: reason}).items():
        problem = f"its annotation cannot be resolved: {_shown_error(why)}"
        yield _error(subject, problem, "Import the type at the top of the module, unconditionally")


def _check_field(subject: str, one: "attrs.Attribute[Any]", seen: set[type]) -> Findings:
    if one.type is None:
        yield _warning(subject, "it has no type, so its value is not checked", "Annotate the field")
        return
    parts = _parts(one.type)
    if str in parts and Secret not in parts and _SECRET_NAME.search(one.name):
        problem = "by its name it is secret, but as a str it can reach logs and messages"
        yield _warning(subject, problem, "Give it the type partner_api.Secret")
    nested = [part for part in parts if issubclass(type(part), type) and attrs.has(part)]
    for kind in nested:
        if kind not in seen:
            yield from _check_fields(subject, kind, seen)
    if not nested and not _can_be_read(one.type):
        problem = f"no value of partners.toml can become its type, {_shown_type(one.type)}"
        advice = "Use text, numbers, Path, Secret, an Enum, or lists of these"
        yield _error(subject, problem, advice)


def _parts(kind: Any) -> list[Any]:
    """Return a type and what stands between its brackets, however deep."""
    parts: list[Any] = []
    waiting = [kind]
    while waiting and len(parts) < MAX_NAMES:
        parts.append(waiting.pop())
        waiting.extend(get_args(parts[-1]))
    return parts


def _can_be_read(kind: Any) -> bool:
    """Return whether any data can become this type."""
    try:
        structure(kind, object())
    except SettingsProblems as error:
        return not isinstance(error.__cause__, StructureHandlerNotFoundError)
    return True
