"""Licences: what partners delivered, and whether it fits content and file."""

from partner_api.verdicts import judge_grant
from player_host.licensing.judgement import judge_file
from player_host.licensing.protection import Protection, ProtectionKind, read_protection
from player_host.licensing.store import Licenses

__all__ = [
    "Licenses",
    "Protection",
    "ProtectionKind",
    "judge_file",
    "judge_grant",
    "read_protection",
]
