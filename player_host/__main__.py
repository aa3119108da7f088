"""`python -m player_host` is `player-host`."""

import sys

from player_host.cli import main

if __name__ == "__main__":
    sys.exit(main())
