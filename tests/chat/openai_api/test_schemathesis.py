"""Requests drawn from the API's own description: each is answered as described, none by a 500."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
N_EXAMPLES = 60
OPERATIONS = [
    ("GET", "/v1/models"),
    ("GET", "/v1/models/{model}"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/embeddings"),
    ("POST", "/v1/feedback"),
]
CHECKS = ("not_a_server_error", "status_code_conformance", "response_schema_conformance")


@pytest.fixture(scope="module")
def description() -> Any:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return schemathesis.openapi.from_file(OpenApiJsonRenderer().render(schema).decode())


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
@pytest.mark.parametrize(("verb", "path"), OPERATIONS)
def test_no_request_breaks_it(
    description, live_url, token, scripted, settings, verb, path, mode
) -> None:
    settings.UNO = replace(settings.UNO, api_requests_per_minute=10**6)
    operation = description[path][verb]
    checked = [checks.CHECKS.get_by_names([name])[0] for name in CHECKS]
    n_sent = 0

    @given(case=operation.as_strategy(generation_mode=mode))
    @hypothesis_settings()
    def send(case: Any) -> None:
        nonlocal n_sent
        n_sent += 1
        headers = {"Authorization": f"Bearer {token}"}
        case.call_and_validate(base_url=live_url, headers=headers, checks=checked)

    send()
    assert n_sent >= 1


def hypothesis_settings() -> Any:
    return settings(
        max_examples=N_EXAMPLES,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
