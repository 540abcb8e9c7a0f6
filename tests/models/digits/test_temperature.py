"""Temperatures of the digit probabilities."""

from __future__ import annotations

import torch

from timevis.models.digits.decoding import CANDIDATES, fit_temperature


def test_the_temperatures_are_fitted_on_the_validation_set(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.calibration_windows=32")
    forecaster.calibrate(data)
    assert not torch.equal(forecaster.temperature, torch.ones(3))
    assert set(forecaster.temperature.tolist()) <= set(torch.tensor(CANDIDATES).tolist())
    fitted = log_loss(forecaster, data, forecaster.temperature)
    for candidate in CANDIDATES[::8]:
        assert bool((fitted <= log_loss(forecaster, data, torch.full((3,), candidate)) + 1e-3).all())


def test_a_temperature_at_the_edge_of_the_search_range_is_warned_of_for_the_first_digit_only(caplog) -> None:
    """The log probability of the true digit is 1 higher, so the best temperature depends on how often it is true."""
    generator = torch.Generator().manual_seed(0)
    predicted = torch.randint(10, (400, 2), generator=generator)
    logits = torch.nn.functional.one_hot(predicted, 10).float()
    often_right = torch.where(torch.rand(400, generator=generator) < 0.3, predicted[:, 0], 9 - predicted[:, 0])
    always_right, never_right = predicted[:, 0], 9 - predicted[:, 0]
    assert (
        CANDIDATES[0]
        < fit_temperature(logits, torch.stack([often_right, 9 - predicted[:, 1]], 1))[0]
        < CANDIDATES[-1]
    )
    assert "undertrained" not in caplog.text
    for digits, edge in ((always_right, CANDIDATES[0]), (never_right, CANDIDATES[-1])):
        caplog.clear()
        temperature = fit_temperature(logits, torch.stack([digits, predicted[:, 1]], 1))
        assert temperature[0] == torch.tensor(edge)
        assert "undertrained" in caplog.text


@torch.no_grad()
def log_loss(forecaster, data, temperature: torch.Tensor) -> torch.Tensor:
    """Log loss of each decimal place [width], on the windows that the temperatures are fitted on."""
    total = torch.zeros(3)
    for batch in forecaster.calibration_batches(data):
        logits, digits, observed = forecaster.teacher_forced_logits(batch, forecaster.context_length)
        log_probability = (logits / temperature[:, None]).log_softmax(-1)
        target = digits[:, forecaster.context_length :]
        target_log_probability = log_probability.gather(-1, target.unsqueeze(-1)).squeeze(-1)
        total -= (target_log_probability * observed[:, forecaster.context_length :, None]).sum((0, 1))
    return total
