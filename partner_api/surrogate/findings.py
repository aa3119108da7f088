"""What an examination of a plug-in finds; travels in the message `loaded`."""

from enum import StrEnum

from attrs import frozen


class Severity(StrEnum):
    """Whether a finding keeps the plug-in from working as documented."""

    ERROR = "error"
    WARNING = "warning"


@frozen
class Finding:
    """One thing that is wrong with a plug-in.

    Attributes:
        severity: an error breaks the contract; a warning deserves a look.
        subject: a method, `service_info`, or a setting as `Settings.store_url`.
        problem: one line: what is wrong.
        advice: one line: what to do.
        documented: the documented signature, where the finding is about one.
        found: what the class has instead.
        requirement: the id of the requirement that is not met.
    """

    severity: Severity
    subject: str
    problem: str
    advice: str = ""
    documented: str = ""
    found: str = ""
    requirement: str = ""
