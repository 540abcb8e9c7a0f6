"""Score models on a list of data sets, and print the tables of the documentation: `timevis_research.suites.suite`."""

import sys

from timevis.utils.stdout import run_script
from timevis_research.suites.suite import main

if __name__ == "__main__":
    sys.exit(run_script(main))
