from __future__ import annotations

import json

import numpy as np

from timevis.data.quality.quality_report import QualityReport


def test_numbers_that_are_not_finite_become_null_in_the_report() -> None:
    report = QualityReport("t", outliers={"a": {"places": [{"upper": np.float32(np.inf), "value": np.float64(1)}]}})
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["outliers"]["a"]["places"] == [
        {"upper": None, "value": 1.0}
    ]
