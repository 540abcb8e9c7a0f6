"""The result of a comparison of models, as JSON types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from timevis.evaluation.comparison import compare
from timevis.evaluation.pairwise import NAIVE_KEY, differing_settings, pairwise_differences, training_curve
from timevis.runs.record import RunRecord
from timevis.utils.files import to_json_types


def comparison_result(
    records: Mapping[str, RunRecord], described: Mapping[str, tuple[str, str]], reference: str | None
) -> dict[str, Any]:
    """Compare runs; see `timevis.service.schemas.forecasts.ComparisonResult`.

    Parameters
    ----------
    records : mapping
        Identifier of each model to its run.
    described : mapping
        Identifier to name and kind.
    reference : str, optional
        An identifier; seasonal naive when None.
    """
    whole = compare(list(records.values()), None if reference is None else records[reference])
    pairs = pairwise_differences(records, reference).rename(columns={"p": "p_value"})
    first = next(iter(records.values())).results
    models = [
        {
            **{"model": key, "name": described[key][0], "kind": described[key][1]},
            **{"metrics": record.results["metrics"], "cost": record.results["cost"]},
        }
        for key, record in records.items()
    ]
    naive = {"model": NAIVE_KEY, "name": "seasonal naive", "kind": NAIVE_KEY, "metrics": first["seasonal_naive"]}
    result = {
        **{"data": whole.data, "window_set": whole.window_set, "notes": whole.notes},
        "reference": reference or NAIVE_KEY,
        "models": [*models, naive | {"cost": {}}],
        "pairs": pairs.to_dict("records"),
        "by_horizon": {
            **{key: record.results["by_horizon"]["wql"] for key, record in records.items()},
            NAIVE_KEY: first["seasonal_naive_by_horizon"]["wql"],
        },
        "curves": {key: training_curve(record) for key, record in records.items()},
        "config_differences": differing_settings(records),
    }
    found: dict[str, Any] = to_json_types(result)
    return found
