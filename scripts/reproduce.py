"""Run the commands of published rows again, and compare the scores: `timevis_research.suites.reproduce`."""

import sys

from timevis.utils.stdout import run_script
from timevis_research.suites.reproduce import main

if __name__ == "__main__":
    sys.exit(run_script(main))
