"""Examples of requests, which the documentation shows."""

from __future__ import annotations

from typing import Any

DATASET = "3f2a9c0d5b6e47a8b1c2d3e4f5a60718"
MODELS = ("9b1c2d3e4f5a607183f2a9c0d5b6e47a", "0718a9c0d5b6e47a8b1c2d3e4f5a3f2a")

TRAIN: dict[str, Any] = {
    "dataset": DATASET,
    "model": "lstm",
    "horizon": 24,
    "max_epochs": 10,
    "options": {"hidden_size": 64},
}
GROUP: dict[str, Any] = {"trainings": [TRAIN | {"seed": seed} for seed in range(2)]}
PREDICT: dict[str, Any] = {
    "items": [{"model": MODELS[0]}, {"model": MODELS[1], "dataset": DATASET, "name": "Plant B"}],
    "kind": "future",
    "horizon": 12,
}
PREDICT_FORMS: dict[str, Any] = {
    "items": {"summary": "Several forecasts, each with data of its own", "value": PREDICT},
    "values": {
        "summary": "Rows in the request",
        "value": {
            "models": [MODELS[0]],
            "values": [
                {"time": "2026-03-01 00:00", "load": 51.2},
                {"time": "2026-03-01 01:00", "load": 48.7},
                {"time": "2026-03-01 02:00", "load": None},
            ],
        },
    },
    "method": {
        "summary": "A dataset for which nothing was trained",
        "value": {"method": "seasonal_naive", "dataset": DATASET, "horizon": 24},
    },
    "events": {
        "summary": "What if the road is closed tomorrow",
        "value": {
            "method": "nano-patch",
            "dataset": DATASET,
            "events": [{"from": "2026-03-02 07:00", "to": "2026-03-02 15:00", "text": "the road is closed"}],
        },
    },
}
COMPARE: dict[str, Any] = {"models": list(MODELS), "reference": MODELS[0]}
CANCEL: dict[str, Any] = {"kind": "train", "state": "queued"}
SAMPLE: dict[str, Any] = {"domain": "traffic", "source": "synthetic", "rows": 4320, "seed": 0}
DATASET_CHANGE: dict[str, Any] = {"unit": "MW", "target": ["load"], "covariates": {"temperature": "observed"}}
MODEL_CHANGE: dict[str, Any] = {"name": "LSTM of the winter", "notes": "Without holidays.", "tags": ["winter"]}
MONITOR: dict[str, Any] = {
    "dataset": DATASET,
    "model": MODELS[0],
    "schedule": {"cron": "0 6 * * *", "timezone": "Europe/Berlin"},
    "bounds": {"worse_days": 3, "no_rows_hours": 36},
    "retraining": {"on_drift": True, "promote": "test"},
    "receivers": [
        {"kind": "webhook", "address": "https://chat.example/hook"},
        {"kind": "mail", "address": "forecasts@plant.example", "alerts": ["drift", "no_rows"]},
    ],
}
MONITOR_CHANGE: dict[str, Any] = {"bounds": {"window": 56, "coverage_low": 0.75}, "enabled": True}
CYCLE: dict[str, Any] = {"forecast": True, "train": False}
CHAMPION: dict[str, Any] = {"model": MODELS[1]}
ANNOTATION: dict[str, Any] = {"start": "2026-03-14T08:00", "end": "2026-03-14T11:30", "text": "Meter replaced."}
ANNOTATION_CHANGE: dict[str, Any] = {"end": None, "text": "Meter replaced by one of another kind."}
SIGN_IN: dict[str, Any] = {"name": "anna", "password": "three quiet words"}
PASSWORD_CHANGE: dict[str, Any] = {"old": "three quiet words", "new": "four other quiet words"}
USER: dict[str, Any] = {"name": "anna", "role": "editor", "password": "three quiet words"}
USER_CHANGE: dict[str, Any] = {"role": "viewer"}
TOKEN: dict[str, Any] = {"name": "anna-laptop"}
SHARE: dict[str, Any] = {"kind": "model", "object": MODELS[0], "days": 30}
