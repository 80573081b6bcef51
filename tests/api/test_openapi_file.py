"""docs/openapi.yaml is the API as it is: whoever changes one changes the other."""

from pathlib import Path

import pytest
import yaml
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

COMMITTED = Path(__file__).resolve().parents[2] / "docs/openapi.yaml"
REMEDY = "Run `make openapi` and commit docs/openapi.yaml."


@pytest.fixture(scope="module")
def schema() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


def test_the_description_is_valid_openapi(schema: dict) -> None:
    validate_schema(schema)


def test_the_committed_file_has_not_drifted(schema: dict) -> None:
    assert yaml.safe_load(COMMITTED.read_text()) == yaml.safe_load(yaml.safe_dump(schema)), REMEDY


def test_every_resource_of_the_product_is_there(schema: dict) -> None:
    resources = {path.removeprefix("/api/v1/").split("/")[0] for path in schema["paths"]}
    assert {
        "conversations",
        "messages",
        "feedback",
        "log-entries",
        "rules",
        "pairs",
        "clusters",
        "routes",
        "runs",
        "adapters",
        "promotions",
        "jobs",
    } <= resources
