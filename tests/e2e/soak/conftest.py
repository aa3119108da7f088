"""The figures of the soak, told at the end of the run."""

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell what the Player held before and after, and how its plug-ins ended."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.getreports(kind)]
    lines = [
        value
        for report in reports
        if report.when == "call"
        for name, value in report.user_properties
        if name == "soak"
    ]
    if not lines:
        return
    terminalreporter.section("the soak")
    for line in lines:
        terminalreporter.line(line)
