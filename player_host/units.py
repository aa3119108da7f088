"""Units in types."""

from typing import NewType

Seconds = NewType("Seconds", float)
ByteCount = NewType("ByteCount", int)
