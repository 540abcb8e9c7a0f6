"""The specification that clients and the page are generated from."""

from __future__ import annotations

import json
import subprocess
import sys

from timevis.service.schemas.datasets import DATASET_CHANGE_EXAMPLE, SAMPLE_EXAMPLE, DatasetChange, SampleRequest
from timevis.service.schemas.forecasts import COMPARE_EXAMPLE, PREDICT_EXAMPLE, CompareRequest, PredictRequest
from timevis.service.schemas.models import MODEL_CHANGE_EXAMPLE, ModelChange
from timevis.service.schemas.training import GROUP_EXAMPLE, TRAIN_EXAMPLE, group_request, train_request


def test_the_specification_is_written_without_a_service_and_its_references_resolve() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "timevis.service.specification"], capture_output=True, text=True, check=True
    )
    spec = json.loads(done.stdout)
    schemas = spec["components"]["schemas"]
    text = json.dumps(spec)
    names = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert names <= set(schemas)
    assert "#/$defs/" not in text
    assert not [name for name in schemas if "." in name]
    model = schemas["ModelDetail"]["properties"]
    for field, name in (("results", "OverallResults"), ("training", "History"), ("summary", "ResultsSummary")):
        assert model[field]["$ref"] == f"#/components/schemas/{name}"
    assert schemas["OverallResults"]["properties"]["metrics"]["additionalProperties"] == {
        "$ref": "#/components/schemas/Interval"
    }
    assert schemas["Verdict"]["properties"]["findings"]["items"] == {"$ref": "#/components/schemas/VerdictFinding"}
    train = spec["paths"]["/api/train"]["post"]["responses"]
    assert {"$ref": "#/components/schemas/DryRun"} in train["200"]["content"]["application/json"]["schema"]["anyOf"]
    upload = spec["paths"]["/api/upload"]["post"]["responses"]
    assert upload["200"]["content"] == upload["201"]["content"]
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            success = [status for status in operation["responses"] if status.startswith("2")]
            assert success, (path, method)
            assert operation["summary"], (path, method)
            for status in success:
                assert status == "204" or operation["responses"][status].get("content"), (path, method, status)


def test_the_examples_of_requests_are_valid() -> None:
    train_request().model_validate(TRAIN_EXAMPLE)
    group_request().model_validate(GROUP_EXAMPLE)
    PredictRequest.model_validate(PREDICT_EXAMPLE)
    CompareRequest.model_validate(COMPARE_EXAMPLE)
    SampleRequest.model_validate(SAMPLE_EXAMPLE)
    DatasetChange.model_validate(DATASET_CHANGE_EXAMPLE)
    ModelChange.model_validate(MODEL_CHANGE_EXAMPLE)
