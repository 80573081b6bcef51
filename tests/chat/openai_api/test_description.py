"""The OpenAPI description of /v1/ is that of the addresses and bodies as they are."""

from __future__ import annotations

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from chat.openai_api.requests import ChatCompletionRequest
from chat.openai_api.unsupported import REMEDIES
from chat.openai_api.urls import urlpatterns

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


def test_every_address_is_described(schema) -> None:
    described = {path for path in schema["paths"] if path.startswith("/v1/")}
    served = {f"/v1/{pattern.pattern}" for pattern in urlpatterns if pattern.name}
    assert described == {path.replace("<path:name>", "{model}") for path in served}


def test_every_address_wants_a_bearer_key_and_says_how_it_refuses(schema) -> None:
    assert schema["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    for path, operations in schema["paths"].items():
        if path.startswith("/v1/"):
            for operation in operations.values():
                assert operation["security"] == [{"apiKey": []}]
                assert {"200", "401", "429"} <= set(operation["responses"])


def test_the_fields_that_are_taken_are_described_and_the_refused_ones_are_not(schema) -> None:
    fields = schema["components"]["schemas"]["ChatCompletionRequest"]["properties"]
    assert set(fields) == set(ChatCompletionRequest.model_fields)
    assert not set(fields) & set(REMEDIES)
    assert fields["messages"]["minItems"] == 1


def test_anybody_may_read_it(client) -> None:
    answer = client.get("/api/v1/schema/?format=json")
    assert "/v1/chat/completions" in answer.json()["paths"]
