import pytest

from uno_site.inference.engine.json_grammar import grammar_from_schema
from uno_site.inference.errors import EngineRefused


def test_integer_bounds_become_the_list_of_values():
    grammar = grammar_from_schema({"type": "integer", "minimum": 1, "maximum": 3})
    assert all(f'"{n}"' in grammar for n in (1, 2, 3))
    assert "[0-9]" not in grammar


def test_a_property_may_be_called_like_a_keyword():
    schema = {"type": "object", "properties": {"minimum": {"type": "string"}}}
    assert "minimum" in grammar_from_schema(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number", "maximum": 1},
        {"type": "integer", "minimum": 0},
        {"type": "integer", "minimum": 0, "maximum": 10**9},
        {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        {"type": "object", "properties": {"a": {"not": {"type": "string"}}}},
        {"type": "nonsense"},
        {"enum": ["x" * 70_000]},
    ],
)
def test_what_a_grammar_cannot_enforce_is_refused(schema):
    with pytest.raises(EngineRefused, match="schema"):
        grammar_from_schema(schema)
