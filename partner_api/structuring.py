"""Settings: from a table of `partners.toml` to an attrs class, every wrong value named.

Used in the plug-in's process, for the plug-in's own class `Settings`, and by the host for its own
tables. A value never enters a message, for it may be a secret.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeVar, get_args, get_type_hints

import cattrs
from attrs import fields, has
from cattrs import Converter

from partner_api.secret import Secret

MAX_PROBLEMS: Final = 20
MAX_DEPTH: Final = 3
"""So deep secrets are looked for in classes inside the settings class."""

T = TypeVar("T")


class SettingsProblems(Exception):
    """A table does not fit its class.

    Attributes:
        problems: one line for each value that is wrong, missing or unknown, 20 at most.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def structure(kind: type[T], data: object) -> T:
    """Make a settings object of a table.

    Args:
        kind: an attrs class; its field types say what is expected.
        data: the table.

    Raises:
        SettingsProblems: values are wrong, missing or unknown, or the class cannot be made.
    """
    try:
        return _converter.structure(data, kind)
    except Exception as error:
        problems = cattrs.transform_error(error, path="", format_exception=_explain)
        raise SettingsProblems(tuple(map(_readable, problems[:MAX_PROBLEMS]))) from error


def secret_names(kind: Any) -> tuple[str, ...]:
    """Return the names of the fields of a settings class that are declared as `Secret`.

    One inside another attrs class is named as `login.password`. A class of which that cannot be
    said declares none.
    """
    try:
        return tuple(_secret_places(kind, MAX_DEPTH))
    except Exception:
        return ()


def _secret_places(kind: Any, depth: int) -> Iterator[str]:
    hints = get_type_hints(kind)
    for one in fields(kind):
        hint = hints.get(one.name)
        parts = (hint, *get_args(hint))
        if Secret in parts:
            yield one.name
        for inner in filter(has, filter(lambda part: isinstance(part, type), parts)):
            if depth:
                yield from (f"{one.name}.{place}" for place in _secret_places(inner, depth - 1))


def secret_fields(settings: Any) -> tuple[str, ...]:
    """Return the names of the fields of a settings object that hold a `Secret`."""
    if not has(type(settings)):
        return ()
    return tuple(
        one.name
        for one in fields(type(settings))
        if isinstance(getattr(settings, one.name, None), Secret)
    )


def _readable(problem: str) -> str:
    message, _, place = problem.rpartition(" @ ")
    key = place.lstrip(".")
    return f"{key}: {message}" if key else message


def _explain(error: BaseException, kind: type | None) -> str:
    if isinstance(error, KeyError):
        return "the key is missing" + (f"; expected {_expectation(kind)}" if kind else "")
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        known = ", ".join(f.name for f in fields(error.cl)) if has(error.cl) else ""
        extra = ", ".join(sorted(error.extra_fields))
        return f"unknown key {extra}; known are {known}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"expected {_expectation(kind)}"
    return str(error) or f"expected {_expectation(kind)}"


def _expectation(kind: object) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(repr(member.value) for member in kind)
    if isinstance(kind, type):
        return _WORDS.get(kind, kind.__name__)
    return str(kind)


_WORDS: Final[Mapping[type, str]] = {
    str: "text",
    Secret: "text",
    Path: "a path",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def _exactly(expected: type, *accepted: type) -> Any:
    def check(value: Any, asked: type) -> Any:
        if issubclass(asked, Enum):  # text enumerations are str too
            return asked(value)
        if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
            found = _WORDS.get(type(value), type(value).__name__)
            raise TypeError(f"expected {_WORDS[expected]}, found {found}")
        return expected(value)

    return check


def _make_converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook(str, _exactly(str, str))
    converter.register_structure_hook(Secret, _exactly(Secret, str))
    converter.register_structure_hook(Path, _exactly(Path, str))
    converter.register_structure_hook(int, _exactly(int, int))
    converter.register_structure_hook(float, _exactly(float, int, float))
    converter.register_structure_hook(bool, _exactly(bool, bool))
    return converter


_converter = _make_converter()
