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


@pytest.mark.parametrize("long", [{"maxLength": 20_000}, {"pattern": "^a{1,20000}$"}])
def test_a_schema_that_would_overflow_the_parser_is_refused_and_the_engine_survives(
    engine, ask, long
):
    with pytest.raises(EngineRefused, match="at most 1000"):
        engine.chat(ask("Hi", json_schema={"type": "string"} | long))
    assert engine.health().status == "ok"


def test_the_most_repetitions_that_are_taken_are_taken_by_llama(engine, ask):
    result = engine.chat(ask("Hi", 8, json_schema={"type": "string", "maxLength": 1000}))
    assert result.text.startswith('"')


@pytest.mark.parametrize(
    "value",
    [
        "🎉🚀 naïve 日本",
        'a "quoted" word',
        "two\nlines\tand a tab",
        "back\\slash",
        {"ключ": ["\u0007"]},
    ],
)
def test_a_constant_comes_as_the_schema_has_it(engine, ask, value):
    result = engine.chat(ask("Say it.", 80, json_schema={"const": value}))
    assert json.loads(result.text) == value


def test_a_name_comes_as_the_schema_has_it(engine, ask):
    schema = {
        "type": "object",
        "properties": {'größe "🎉"': {"type": "boolean"}},
        "required": ['größe "🎉"'],
        "additionalProperties": False,
    }
    result = engine.chat(ask("Is it large?", 60, json_schema=schema))
    assert list(json.loads(result.text)) == ['größe "🎉"']
