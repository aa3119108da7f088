"""What the reference pages say, as it is read from `partner_api`.

Docstrings are taken apart by docstring_parser, signatures by `inspect`. What a docstring leaves
out is an error here, so that no page can leave it out.
"""

import inspect
import re
from collections.abc import Iterable
from enum import Enum
from types import FunctionType, ModuleType
from typing import Any, Final

import docstring_parser
from attrs import frozen
from docstring_parser import Docstring, DocstringStyle

from partner_api import calls
from partner_api.calls import Call, Return

INTERFACE_OF_RECORDS: Final = {
    "ContentPartner": "Partner",
    "ContentPartnerCallback": "Callback",
    "LicenseStore": "LicenseStore",
}
"""The interfaces whose calls are recorded, and what the records call them."""

_DOTTED: Final = re.compile(r"\b(?:[a-z_]\w*\.)+(?=[A-Za-z])")
_CLASS_VARIABLE: Final = re.compile(r"ClassVar\[(.*)\]")
_RULE: Final = re.compile(
    r"^\* \*\*(?P<label>.+?)\.\*\* (?P<text>.+?)(?=^\* |\Z)", re.MULTILINE | re.DOTALL
)
_LONGEST_LINE: Final = 96


class Undescribed(Exception):
    """A docstring lacks what the reference has to say."""


@frozen
class Described:
    """A parameter, an attribute or an exception, with its description."""

    name: str
    type: str
    text: str


@frozen
class Entry:
    """One class, method or property.

    Attributes:
        name: as it is written in Python.
        signature: Python code, without a body.
        summary: the first line of the docstring.
        text: what follows it.
        parameters: what it takes, without `self`.
        attributes: what a class has.
        result: the type of the result; empty for a class.
        returns: what the docstring says about the result.
        raises: the exceptions, each with the reason for it.
    """

    name: str
    signature: str
    summary: str
    text: str
    parameters: tuple[Described, ...] = ()
    attributes: tuple[Described, ...] = ()
    result: str = ""
    returns: str = ""
    raises: tuple[Described, ...] = ()


@frozen
class Records:
    """How a method's calls are written down, and how their success is."""

    call: type[Call]
    success: type[Return]


def read_class(kind: type[Any]) -> Entry:
    """Read a class: what its constructor takes, and what it has.

    Raises:
        Undescribed: the first line, a parameter or an attribute has no description.
    """
    parsed = _parsed(kind)
    types = {n: type_text(t) for n, t in inspect.get_annotations(kind, eval_str=True).items()}
    takes = _constructor(kind, types) if parsed.params else ()
    types = {one.name: type_text(one.annotation) for one in takes} | types
    entry = Entry(
        name=kind.__name__,
        signature=_laid_out(f"class {kind.__name__}", takes) if takes else _bare(kind),
        summary=parsed.short_description or "",
        text=parsed.long_description or "",
        parameters=_described(parsed, "param", types),
        attributes=_described(parsed, "attribute", types),
        raises=_raises(parsed),
    )
    described = {part.name for part in (*entry.parameters, *entry.attributes) if part.text}
    _check(entry, kind.__name__, [one.name for one in takes if one.name not in described])
    return entry


def read_method(kind: type[Any], name: str) -> Entry:
    """Read a method that has a page of its own.

    Raises:
        Undescribed: the first line, a parameter or the result has no description.
    """
    entry = read_member(kind, name)
    gaps = [part.name for part in entry.parameters if not part.text]
    _check(entry, f"{kind.__name__}.{name}", gaps if entry.returns else [*gaps, "the result"])
    return entry


def read_member(kind: type[Any], name: str) -> Entry:
    """Read a method or a property."""
    found = inspect.getattr_static(kind, name)
    is_property = isinstance(found, property)
    function = found.fget if is_property else getattr(found, "__func__", found)
    signature = inspect.signature(function, eval_str=True)
    takes = tuple(signature.parameters.values())
    result = type_text(signature.return_annotation)
    head = "@classmethod\ndef" if isinstance(found, classmethod) else "def"
    parsed = _parsed(function)
    texts = {part.arg_name: part.description or "" for part in parsed.params}
    return Entry(
        name=name,
        signature=f"{name}: {result}"
        if is_property
        else _laid_out(f"{head} {name}", takes, result),
        summary=parsed.short_description or "",
        text=parsed.long_description or "",
        parameters=tuple(
            Described(one.name, type_text(one.annotation), texts.get(one.name, ""))
            for one in takes[1:]
        ),
        result=result,
        returns=(parsed.returns.description or "") if parsed.returns else "",
        raises=_raises(parsed),
    )


def members_of(kind: type[Any]) -> list[str]:
    """Return the public methods and properties that a class defines, in their order."""
    kinds = (FunctionType, classmethod, property)
    return [
        name
        for name, found in vars(kind).items()
        if not name.startswith("_") and isinstance(found, kinds)
    ]


def rules_of(module: ModuleType) -> dict[str, str]:
    """Return what a module's docstring says of every method, by its label, such as `Thread`."""
    text = inspect.getdoc(module) or ""
    return {rule["label"]: rule["text"].strip() for rule in _RULE.finditer(text)}


def texts_below(documented: ModuleType | type[Any]) -> dict[str, str]:
    """Return the docstrings that stand below constants of a module or members of a class."""
    parsed = docstring_parser.parse_from_object(documented, style=DocstringStyle.GOOGLE)
    return {part.arg_name: (part.description or "").strip() for part in parsed.params}


def records_of(interface: str, method: str) -> Records | None:
    """Return the records of a method's calls; None for a method whose calls are not recorded."""
    side = INTERFACE_OF_RECORDS.get(interface)
    names = (method, f"{side}{method}")
    found = (r for r in calls.CALLS.values() if r.interface == side and r.__name__ in names)
    call = next(found, None)
    return None if call is None else Records(call, calls.RETURN_OF.get(call, Return))


def record_text(record: type[Any]) -> str:
    """Return a record with its fields, as it is constructed."""
    return _laid_out(record.__name__, _constructor(record, {}))


def type_text(annotation: Any) -> str:
    """Return a type as an author writes it: without modules."""
    if annotation is inspect.Parameter.empty:
        return ""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return _CLASS_VARIABLE.sub(r"\1", _DOTTED.sub("", text).replace("~", ""))


def _parsed(documented: Any) -> Docstring:
    return docstring_parser.parse(inspect.getdoc(documented) or "", style=DocstringStyle.GOOGLE)


def _check(entry: Entry, owner: str, gaps: list[str]) -> None:
    missing = gaps if entry.summary else ["the first line", *gaps]
    if missing:
        raise Undescribed(f"{owner}: the docstring does not describe {', '.join(missing)}")


def _described(parsed: Docstring, key: str, types: dict[str, str]) -> tuple[Described, ...]:
    return tuple(
        Described(part.arg_name, types.get(part.arg_name, ""), part.description or "")
        for part in parsed.params
        if part.args[0] == key
    )


def _raises(parsed: Docstring) -> tuple[Described, ...]:
    return tuple(Described(one.type_name or "", "", one.description or "") for one in parsed.raises)


def _constructor(kind: type[Any], types: dict[str, str]) -> tuple[inspect.Parameter, ...]:
    """Return what a constructor takes: of a field its type, not what its converter takes."""
    parameters = inspect.signature(kind).parameters.values()
    return tuple(p.replace(annotation=types.get(p.name, p.annotation)) for p in parameters)


def _bare(kind: type[Any]) -> str:
    base = f"({kind.__bases__[0].__name__})" if issubclass(kind, Exception) else ""
    return f"class {kind.__name__}{base}"


def _laid_out(head: str, takes: Iterable[inspect.Parameter], result: str = "") -> str:
    """Return a signature in one line, or with a line for each parameter."""
    written = []
    for one in takes:
        if one.kind is one.KEYWORD_ONLY and "*" not in written:
            written.append("*")
        written.append(_written(one))
    tail = f" -> {result}" if result else ""
    line = f"{head}({', '.join(written)}){tail}"
    if len(line) <= _LONGEST_LINE:
        return line
    return "\n".join([f"{head}(", *(f"    {one}," for one in written), f"){tail}"])


def _written(parameter: inspect.Parameter) -> str:
    kind = type_text(parameter.annotation)
    text = f"{parameter.name}: {kind}" if kind else parameter.name
    default = parameter.default
    if default is parameter.empty:
        return text
    shown = (
        f"{type(default).__name__}.{default.name}" if isinstance(default, Enum) else f"{default!r}"
    )
    return f"{text} = {shown}"
