import pytest

from uno_site.inference.engine.grammar_limits import MAX_GRAMMAR_DEPTH, check_depth
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


@pytest.mark.parametrize("key", ["minLength", "maxLength", "minItems", "maxItems"])
def test_more_repetitions_than_llama_takes_are_refused_with_the_number(key):
    schema = {"type": "string"} if "Length" in key else {"type": "array", "items": {"type": "null"}}
    assert grammar_from_schema(schema | {key: 1000})
    for value in (1001, 20_000, 10**12):
        with pytest.raises(EngineRefused, match=rf"{key} is {value}; at most 1000"):
            grammar_from_schema({"type": "object", "properties": {"a": schema | {key: value}}})


def test_an_ordinary_length_is_taken():
    assert grammar_from_schema({"type": "string", "maxLength": 200}).count("(char") == 200


def test_a_length_behind_a_reference_is_looked_at():
    long = {"type": "string", "maxLength": 10**12}
    with pytest.raises(EngineRefused, match="maxLength"):
        grammar_from_schema({"$ref": "#/default", "default": long})


@pytest.mark.parametrize(
    "pattern", ["^a{1,20000}$", "^a{20000}$", "^(a{0,600}){0,600}$", "^[ab]{1_000_000,}$"]
)
def test_a_pattern_that_repeats_too_often_is_refused(pattern):
    with pytest.raises(EngineRefused, match=r"pattern .* in all; at most 1000 are"):
        grammar_from_schema({"type": "string", "pattern": pattern})


@pytest.mark.parametrize("pattern", ["^a{1,1000}$", r"^\{9999\}[{9999}]$", "^(ab{2,}){3}$"])
def test_other_patterns_are_taken(pattern):
    assert grammar_from_schema({"type": "string", "pattern": pattern})


def test_groups_within_groups_have_a_limit():
    check_depth("(" * MAX_GRAMMAR_DEPTH + ")" * MAX_GRAMMAR_DEPTH)
    check_depth("root ::= " + r'"(\"(" [(\](] ' * 3000)
    with pytest.raises(EngineRefused, match="2001 groups within each other"):
        check_depth("root ::= " + "(a " * (MAX_GRAMMAR_DEPTH + 1))


def test_a_large_grammar_is_refused_before_it_is_written_out():
    lists = {f"p{i}": {"type": "array", "items": {"type": "string"}} for i in range(300)}
    assert grammar_from_schema({"type": "object", "properties": lists})
    for part in lists.values():
        part["maxItems"] = 1000
    with pytest.raises(EngineRefused, match="characters or more; at most 1000000"):
        grammar_from_schema({"type": "object", "properties": {"n" * 20_000: lists["p0"]} | lists})


def test_a_schema_that_is_nested_too_deeply_is_refused():
    schema = {"type": "string"}
    for _ in range(5000):
        schema = {"type": "array", "items": schema}
    with pytest.raises(EngineRefused, match="nested too deeply"):
        grammar_from_schema(schema)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("^(a?){0,200}$", "200 times what may be empty; at most 4"),
        (r"^([a-z]*\d*|,){2,30}$", "30 times what may be empty"),
        ("^((a{1,20}b){1,20}){2}$", "800 times within each other; at most 100"),
    ],
)
def test_a_pattern_that_llama_would_follow_for_ever_is_refused(pattern, why):
    with pytest.raises(EngineRefused, match=why):
        grammar_from_schema({"type": "string", "pattern": pattern})


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        "^(ab?){1,200}$",
        "^((a?){0,4}){0,4}$",
        "^([0-9]{1,3}[.]){3}[0-9]{1,3}$",
        "^([(]a?){0,30}$",
    ],
)
def test_patterns_of_everyday_are_taken(pattern):
    assert grammar_from_schema({"type": "string", "pattern": pattern})


def choices_of_choices(n_levels):
    """Each level is one of two, and both are the next level."""
    levels = {f"d{i}": {"anyOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(n_levels)}
    return {"$defs": {**levels, f"d{n_levels}": {"type": "string"}}, "$ref": "#/$defs/d0"}


def test_choices_of_choices_have_a_limit():
    with pytest.raises(EngineRefused, match="may begin in 1024 ways; at most 1000"):
        grammar_from_schema(choices_of_choices(10))
    inner = choices_of_choices(30)
    with pytest.raises(EngineRefused, match="ways; at most 1000"):
        grammar_from_schema({"type": "object", "properties": {"a": inner["$defs"]["d0"]}} | inner)


def test_a_tree_that_refers_to_itself_is_taken():
    node = {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/tree"}]}
    tree = {"type": "object", "properties": {"left": node, "right": node}}
    schema = {"type": "object", "properties": {"top": {"$ref": "#/$defs/tree"}}}
    assert grammar_from_schema({**schema, "$defs": {"tree": tree}})
