"""Requests that schemathesis makes from the specification: no server error, and every answer as described."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from service_data import TOKEN

from timevis.service.app import create_app

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 6
"""Requests for each operation and mode; the specification has more than 30 operations."""
ANSWERS_503 = "/api/health"
"""The tests have no broker, which this operation says."""


def test_every_operation_answers_as_the_specification_says(make_settings) -> None:  # type: ignore[no-untyped-def]
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", create_app(make_settings()))
    failures, operations, statuses = [], 0, set()
    for result in schema.get_all_operations():
        operation = result.ok()
        operations += 1
        for mode in GenerationMode:

            @seed(0)
            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def send(case: schemathesis.Case) -> None:
                response = case.call(headers={"Authorization": f"Bearer {TOKEN}"})
                statuses.add(response.status_code)
                checks = CHECKS[1:] if case.operation.path == ANSWERS_503 else CHECKS
                case.validate_response(response, checks=checks)

            try:
                send()
            except (Exception, BaseExceptionGroup) as error:
                failures.append(f"{operation.label} ({mode.value}): {type(error).__name__} {error}")
    assert failures == []
    assert operations > 30
    assert {200, 404, 422} <= statuses
