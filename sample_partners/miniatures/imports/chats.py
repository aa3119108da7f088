"""Prints while it is imported, and is sound all the same."""

from sample_partners.miniatures.miniature import Miniature

print('{"failed": {"stage": "load", "problems": ["not I"]}}')  # noqa: T201


class Shop(Miniature):
    """Does nothing wrong after that."""
