"""Every code of a text of the service with its English template; a page words them by code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from timevis.messages import CODED_MESSAGES

PROBLEM_MESSAGES = {
    "bad-request": "{detail}",
    "bad-host": "{detail}",
    "unauthorized": "The request has no valid token.",
    "forbidden": "{detail}",
    "read-only-token": "{detail}",
    "not-found": "{detail}",
    "method-not-allowed": "{detail}",
    "conflict": "{detail}",
    "no-result": "{detail}",
    "too-large": "{detail}",
    "unsupported-media-type": "{detail}",
    "too-many-requests": "{detail}",
    "idempotency-key-reused": "{detail}",
    "invalid-request": "The request has a field with a wrong value: {detail}",
    "invalid-data": "{detail}",
    "invalid-run": "{detail}",
    "database-unavailable": "The database cannot be used.",
    "too-many-streams": "{detail}",
    "broker-unavailable": "The message broker cannot be reached.",
    "internal-error": "The server has a defect.",
    "server-error": "{detail}",
    "request-error": "{detail}",
}
FIELD_MESSAGES = {
    "field-missing": "the field is missing",
    "field-unknown": "there is no such field",
    "number-too-small": "must be at least {minimum}",
    "number-too-large": "must be at most {maximum}",
    "number-not-above": "must be above {bound}",
    "number-not-below": "must be below {bound}",
    "not-a-whole-number": "must be a whole number",
    "not-a-number": "must be a number",
    "not-true-or-false": "must be true or false",
    "not-a-text": "must be a text",
    "not-a-list": "must be a list",
    "not-an-object": "must be an object",
    "not-a-choice": "must be one of {choices}",
    "text-too-long": "must have at most {maximum} characters",
    "text-too-short": "must have at least {minimum} characters",
    "text-has-a-wrong-form": "has characters or a form that is not allowed",
    "list-too-long": "must have at most {maximum} entries",
    "list-too-short": "must have at least {minimum} entries",
    "invalid-value": "{detail}",
    "invalid-config": "{detail}",
    "unreadable-file": "{detail}",
    "no-file": "the field file holds no file",
    "not-a-time": "{text!r} is not a time",
    "unknown-identifier": "there is no {resource} {identifier}",
    "unknown-channel": "there is no channel {channel!r}",
    "deleted-dataset": "dataset {identifier} is deleted",
    "deleted-model": "model {identifier} is deleted",
    "dataset-and-values": "dataset and values are both given",
    "other-scored-part": "the model was scored on the {part} part",
    "no-such-window": "there is no window {index} of {channel}; the last one is {last}",
    "reference-not-compared": "reference is not one of the models",
    "cannot-be-null": "{field} cannot be null",
    "no-dry-run-of-groups": "a group has no dry run",
    "no-csv": "only a forecast can be read as CSV",
    "impossible-split": "{detail}",
    "rows-do-not-fit": "{detail}",
}
VERDICT_MESSAGES = {
    "beats_seasonal_naive": "{model} beats seasonal naive on {data}: its WQL is lower by a share of {skill}.",
    "loses_to_seasonal_naive": "{model} loses to seasonal naive on {data}: its skill is {skill}.",
    "no_significant_difference": "{model} and seasonal naive do not differ significantly on {data}.",
    "no_interval": "There are too few windows for a confidence interval of the skill of {model}.",
    "undefined": "There is no verdict on {model}.",
    "reference": "This run is seasonal naive on {data}, the reference for all other models.",
    "intervals_too_narrow": "The intervals are too narrow: the 80 % interval holds a share of {coverage_80}.",
    "intervals_too_wide": "The intervals are too wide: the 80 % interval holds a share of {coverage_80}.",
    "test_unlike_validation": "Validation WQL {validation_wql}, scored {wql}: the parts are unlike each other.",
    "wql_of_some_channels": "The relative WQL is that of {scored} of {channels} channels.",
    "few_origins": "There are only {origins} origins, so the interval may be too narrow.",
    "short_scored_period": "The scored rows are only {horizons} horizons long.",
}
FINDING_MESSAGES = {
    "unsorted_rows": "The rows were not in time order; they were sorted.",
    "identical_duplicates": "{rows} rows identical to another row of the same time were dropped.",
    "filled_duplicates": "{rows} rows were merged with another row of the same time that lacked values.",
    "averaged_duplicates": "{rows} rows with other values than another row of the same time were averaged with it.",
    "rows_moved_to_grid": "{rows} rows slightly off the regular time grid were moved onto it.",
    "rows_left_out_of_grid": "{rows} rows between the steps of the time grid were left out.",
    "gaps": "{rows} rows in {count} gaps have no value in any channel; the longest gap has {longest}.",
    "sentinels": "{count} cells of {column} were read as missing.",
    "missing_values": "{values} values are missing after cleaning.",
    "outliers": "{channel} has {count} outliers; {masked} of them were masked.",
    "outliers_in_other_channels": "{count} outliers in {channels} other channels.",
    "declared_defect": "Declared by the dataset card, {start} to {end}: {reason}; {masked} values masked.",
    "card_note": "{note}",
    "unused_columns": "Columns not used: {columns}.",
    "cleaning_note": "{note}",
}
MESSAGES: dict[str, str] = {
    **{**PROBLEM_MESSAGES, **FIELD_MESSAGES, **VERDICT_MESSAGES},
    **{**FINDING_MESSAGES, **CODED_MESSAGES},
}

PYDANTIC_CODES = {
    "missing": "field-missing",
    "extra_forbidden": "field-unknown",
    "greater_than_equal": "number-too-small",
    "less_than_equal": "number-too-large",
    "greater_than": "number-not-above",
    "less_than": "number-not-below",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "not-a-whole-number"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "not-a-number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "not-true-or-false"),
    "string_type": "not-a-text",
    "list_type": "not-a-list",
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "not-an-object"),
    **dict.fromkeys(("literal_error", "enum", "union_tag_invalid"), "not-a-choice"),
    "union_tag_not_found": "field-missing",
    "string_too_long": "text-too-long",
    "string_too_short": "text-too-short",
    "string_pattern_mismatch": "text-has-a-wrong-form",
    "too_long": "list-too-long",
    "too_short": "list-too-short",
}
"""Type of an error of pydantic to the code of a field."""
PYDANTIC_PARAMS = {
    **{"ge": "minimum", "le": "maximum", "gt": "bound", "lt": "bound", "expected": "choices"},
    **{"expected_tags": "choices", "max_length": "maximum", "min_length": "minimum"},
}


def field_error(error: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Code and params of an error of pydantic."""
    code = PYDANTIC_CODES.get(error["type"], "invalid-value")
    given = error.get("ctx") or {}
    params = {name: given[key] for key, name in PYDANTIC_PARAMS.items() if key in given}
    return code, params if code in PYDANTIC_CODES.values() else {
        "detail": str(error["msg"]).removeprefix("Value error, ")
    }


def sentence(code: str, params: Mapping[str, Any]) -> str:
    """The English text of a code."""
    return MESSAGES[code].format(**params)
