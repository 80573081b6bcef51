"""JSON schema -> GBNF grammar, with nothing that the grammar could not enforce let through."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from llama_cpp.llama_grammar import SchemaConverter

from uno_site.inference.engine.grammar_limits import (
    check_depth,
    check_openings,
    check_repetitions,
    check_size,
    schema_refused,
)
from uno_site.inference.errors import EngineRefused

MAX_SCHEMA_CHARS = 65_536
# A bounded integer becomes the list of its values, up to this many.
MAX_INTEGER_VALUES = 1000
_NOT_ENFORCED = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems"}
    | {"contains", "not", "if", "patternProperties", "propertyNames", "dependentRequired"}
    | {"minProperties", "maxProperties"}
)
_BY_NAME = ("properties", "$defs", "definitions")


class _Converter(SchemaConverter):
    """The library's, with constants and names written as the JSON that they are.

    Its own literals take JSON's escapes for the grammar's: an emoji came out as two halves that
    are no text, a line break as itself, and a quotation mark ended the rule. It also writes
    every repetition out, as often as it is told, so that is looked at first.
    """

    _n_chars = 0

    def visit(self, schema: Any, name: str) -> Any:
        check_repetitions(schema)
        return super().visit(schema, name)  # type: ignore[no-untyped-call]

    def _add_rule(self, name: str, rule: str) -> Any:
        n_rules = len(self._rules)
        key = super()._add_rule(name, rule)  # type: ignore[no-untyped-call]
        if len(self._rules) > n_rules:
            self._n_chars += len(key) + len(rule)
            check_size(self._n_chars)
        return key

    def _format_literal(self, literal: str) -> str:
        said = json.dumps(json.loads(literal), ensure_ascii=False)
        escaped = said.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'


def grammar_from_schema(schema: Mapping[str, Any]) -> str:
    """The GBNF grammar of the JSON documents that ``schema`` accepts.

    Raises
    ------
    EngineRefused
        The schema or its grammar is too large, or it says what a grammar cannot enforce.
    """
    try:
        grammar = _convert(schema)
    except EngineRefused:
        raise
    except RecursionError as error:
        raise schema_refused("it is nested too deeply") from error
    except Exception as error:  # the converter raises plain exceptions of many kinds
        raise schema_refused(f"{type(error).__name__} {error}") from error
    check_size(len(grammar))
    check_depth(grammar)
    return grammar


def _convert(schema: Mapping[str, Any]) -> str:
    text = json.dumps(_rewrite(schema))
    if len(text) > MAX_SCHEMA_CHARS:
        raise EngineRefused(
            f"The JSON schema has {len(text)} characters; at most {MAX_SCHEMA_CHARS} are taken."
        )
    check_openings(json.loads(text))
    make: Any = _Converter
    converter = make(prop_order={}, allow_fetch=False, dotall=False, raw_pattern=False)
    converter.visit(converter.resolve_refs(json.loads(text), "stdin"), "")
    return str(converter.format_grammar())


def _rewrite(schema: Any) -> Any:
    """Bounded integers as enumerations; everything below likewise."""
    if isinstance(schema, list):
        return [_rewrite(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    if schema.get("type") == "integer":
        schema = _enumerate_integer(schema)
    unenforced = sorted(_NOT_ENFORCED & schema.keys())
    if unenforced:
        raise schema_refused(f"{', '.join(unenforced)} in {json.dumps(schema)[:200]}")
    return {key: _rewrite_value(key, value) for key, value in schema.items()}


def _rewrite_value(key: str, value: Any) -> Any:
    if key in ("enum", "const", "required", "default", "examples"):
        return value
    if key in _BY_NAME and isinstance(value, Mapping):
        return {name: _rewrite(part) for name, part in value.items()}
    return _rewrite(value)


def _enumerate_integer(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if not isinstance(low, int) or not isinstance(high, int):
        return schema
    if not 0 <= high - low < MAX_INTEGER_VALUES:
        raise schema_refused(f"an integer from {low} to {high}")
    return {"enum": list(range(low, high + 1))}
