"""The result of a comparison of models, as JSON types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from timevis.evaluation.comparison import comparison_notes, difference_table, scores_of
from timevis.evaluation.labels import SEASONAL_NAIVE
from timevis.evaluation.over_seeds import NAIVE_KEY, differing_settings, input_notes, pairs_to_compare, training_curve
from timevis.runs.record import RunRecord
from timevis.utils.json_types import to_json_types


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
    scores = scores_of(records, NAIVE_KEY)
    record = next(iter(records.values()))
    first = record.results
    pairs = difference_table(scores, pairs_to_compare(list(records), reference), record.horizon)
    names = {key: name for key, (name, _) in described.items()} | {NAIVE_KEY: "seasonal naive"}
    names_in_notes = names | {NAIVE_KEY: SEASONAL_NAIVE}
    notes = comparison_notes(first, scores, reference or NAIVE_KEY, names_in_notes)
    notes += input_notes(records, names_in_notes)
    models = [
        {
            **{"model": key, "name": described[key][0], "kind": described[key][1]},
            **{"metrics": record.results.metrics, "cost": record.results.cost},
        }
        for key, record in records.items()
    ]
    naive = {"model": NAIVE_KEY, "name": names[NAIVE_KEY], "kind": NAIVE_KEY, "metrics": first.seasonal_naive}
    result: dict[str, Any] = {
        **{"data": first.run.data, "window_set": first.window_set.hash},
        "notes": [note.to_json() | {"text": str(note)} for note in notes],
        "reference": reference or NAIVE_KEY,
        "models": [*models, naive | {"cost": None}],
        "pairs": pairs.drop(columns=["dm_statistic", "dm_p"]).rename(columns={"p": "p_value"}).to_dict("records"),
        "by_horizon": {
            **{key: record.results.by_horizon["wql"] for key, record in records.items()},
            NAIVE_KEY: first.seasonal_naive_by_horizon["wql"],
        },
        "curves": {key: training_curve(record) for key, record in records.items()},
        "config_differences": differing_settings(records),
    }
    json_result: dict[str, Any] = to_json_types(result)
    return json_result
