"""Train a forecaster, score it once, and leave a run folder: `python train.py model=qwen data=traffic`."""

import hydra
from omegaconf import DictConfig

from timevis.cli.train import main


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
def train(cfg: DictConfig) -> float:
    """Return the validation error of the best checkpoint, which sweeps minimise."""
    from timevis.cli.job import run_job

    return run_job(cfg)


if __name__ == "__main__":
    main(train)
