"""A text that must not show: a password, a token."""

from typing import Final, NoReturn, SupportsIndex, final

_MASK: Final = "**********"


@final
class Secret:
    """Wraps a text so that neither repr, str, formatting nor attrs shows it.

    Plug-in authors give this type to the secret fields of their settings. Two secrets are
    equal if their texts are; a secret never equals a text.

    Args:
        text: what is to be kept.

    Raises:
        TypeError: if text is no str; the message does not contain it.
    """

    __slots__ = ("_text",)
    _text: str

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"a secret is a str, not {type(text).__name__}")
        object.__setattr__(self, "_text", text)

    def reveal(self) -> str:
        """Give the text itself, for the one place that needs it."""
        return self._text

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a secret cannot be changed")

    def __repr__(self) -> str:
        return f"Secret({_MASK!r})"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, format_spec: str) -> str:
        return format(_MASK, format_spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a secret is not pickled: its text would lie open in the bytes")
