"""The Trainer that a config describes."""

import pytest

from timevis.config.sections import TrainerOptions
from timevis.errors import ConfigError
from timevis.training.trainer import make_single_trainer


@pytest.mark.parametrize("option", ["+trainer.plugins=[{_target_: os.system, command: ls}]", "+trainer.overfit_batches=-3"])
def test_options_that_lightning_refuses_are_a_config_error(compose_config, option):
    options = TrainerOptions.from_config(compose_config(option).trainer)
    with pytest.raises(ConfigError, match="the section trainer is refused by Lightning"):
        make_single_trainer(options)
