"""`python -m timevis` is the command `timevis`."""

import sys

from timevis.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
