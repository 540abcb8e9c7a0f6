"""Pretrain nano or nano-patch on synthetic series: `timevis_research.nano.train`."""

from timevis_research.nano.train import main

if __name__ == "__main__":
    main()
