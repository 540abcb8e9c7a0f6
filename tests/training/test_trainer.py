"""The Trainer that a config describes."""

import pytest

from timevis.config.sections import TrainerOptions
from timevis.errors import ConfigError
from timevis.training.trainer import make_single_trainer


def test_options_that_lightning_refuses_are_a_config_error(compose_config):
    cfg = compose_config("+trainer.plugins=[{_target_: os.system, command: ls}]")
    with pytest.raises(ConfigError, match="the section trainer is refused by Lightning: Found invalid type"):
        make_single_trainer(TrainerOptions.from_config(cfg.trainer))
