"""Raises while it is imported, with a message of several lines."""

raise RuntimeError("the store is closed\nand will not open\nuntil Monday")
