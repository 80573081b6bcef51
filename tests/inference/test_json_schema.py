import json

import jsonschema
import pytest

from uno_site.inference.errors import EngineRefused

pytestmark = pytest.mark.model

SCHEMA = {
    "type": "object",
    "properties": {
        "rules": {
            "type": "array",
            "items": {"type": "string", "maxLength": 40},
            "minItems": 1,
            "maxItems": 2,
        },
        "score": {"type": "integer", "minimum": 1, "maximum": 10},
    },
    "required": ["rules", "score"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_schema_constrains_the_reply(engine, ask, temperature):
    request = ask("Give rules.", 160, temperature=temperature, seed=3, json_schema=SCHEMA)
    result = engine.chat(request)
    assert result.finish_reason == "stop"
    jsonschema.validate(json.loads(result.text), SCHEMA)


def test_a_schema_that_cannot_be_enforced_is_refused_and_the_engine_survives(engine, ask):
    with pytest.raises(EngineRefused, match="schema"):
        engine.chat(ask("Hi", json_schema={"$ref": "#/definitions/none"}))
    assert engine.health().status == "ok"
