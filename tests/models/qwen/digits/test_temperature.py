"""The temperatures of the digits."""

from __future__ import annotations

import torch

from timevis.models.qwen.digits.temperature import CANDIDATES


def test_the_temperature_is_fitted_on_validation(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.calibration_windows=32")
    forecaster.calibrate(data)
    assert not torch.equal(forecaster.temperature, torch.ones(3))
    assert set(forecaster.temperature.tolist()) <= set(torch.tensor(CANDIDATES).tolist())
    fitted, plain = _log_loss(forecaster, data, forecaster.temperature), _log_loss(forecaster, data, torch.ones(3))
    assert bool((fitted < plain).all())


def test_a_first_digit_that_is_hardly_fitted_is_said(make_forecaster, monkeypatch, caplog) -> None:
    forecaster, data = make_forecaster("model.calibration_windows=32")
    for first, last in ((CANDIDATES[5], CANDIDATES[-1]), (CANDIDATES[-1], 1.0)):
        assert "barely fit" not in caplog.text
        found = torch.tensor([first, 1.0, last])
        monkeypatch.setattr("timevis.models.qwen.digits.forecaster.fit_temperature", lambda *_, found=found: found)
        forecaster.calibrate(data)
    assert "barely fit" in caplog.text


@torch.no_grad()
def _log_loss(forecaster, data, temperature: torch.Tensor) -> torch.Tensor:
    """Of each place [width], over the windows that the temperature is fitted on."""
    total = torch.zeros(3)
    for batch in forecaster._calibration_batches(data):
        logits, digits, seen = forecaster._logits(batch, forecaster.context_length)
        chance = (logits / temperature[:, None]).log_softmax(-1)
        written = digits[:, forecaster.context_length :]
        right = chance.gather(-1, written.unsqueeze(-1)).squeeze(-1)
        total -= (right * seen[:, forecaster.context_length :, None]).sum((0, 1))
    return total
