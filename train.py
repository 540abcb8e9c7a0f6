"""Train a forecaster, score it once, and write a run folder: `python train.py model=qwen data=traffic`.

The same as `timevis train`; `python train.py --help` lists every choice and key.
"""

import sys

from timevis.cli.train import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
