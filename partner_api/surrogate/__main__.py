"""The program that the Player starts for each plug-in."""

import faulthandler
import sys

from partner_api.surrogate.process import main

if __name__ == "__main__":
    faulthandler.enable()
    main(sys.argv[1:])
