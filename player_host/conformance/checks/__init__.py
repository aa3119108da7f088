"""The checks, by subject. Importing this package fills `clauses.CLAUSES`."""

from player_host.conformance.checks import answers, lifecycle, prices, results, timing

__all__ = ["answers", "lifecycle", "prices", "results", "timing"]
