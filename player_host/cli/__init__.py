"""The command line `player-host`: one module per verb, and the one place of exit statuses."""

from player_host.cli.application import main

__all__ = ["main"]
