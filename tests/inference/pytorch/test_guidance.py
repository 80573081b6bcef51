"""llguidance says what may come next, and refuses what it cannot enforce."""

import numpy as np
import pytest

from uno_site.inference.errors import EngineRefused


def write(model, schema, text):
    """The state after ``text``; every token of it must be allowed."""
    grammar = model.start_grammar(model.compile_schema(schema))
    for token in model.tokenize(text, parse_special=False):
        assert grammar.allows(token), model.piece(token)
        grammar.accept(token)
    return grammar


def token_of(model, text):
    (token,) = model.tokenize(text, parse_special=True)
    return token


def test_mask_and_allows_agree(backend):
    model = backend.model
    grammar = write(model, {"enum": ["red", "blue"]}, '"')
    masked = grammar.mask(np.zeros(model.n_vocab, dtype=np.float32))
    allowed = {int(token) for token in np.flatnonzero(np.isfinite(masked))}
    assert allowed == {token_of(model, "r"), token_of(model, "b")}
    assert [t for t in range(model.n_vocab) if grammar.allows(t)] == sorted(allowed)


def test_the_turn_ends_only_when_the_document_is_whole(backend):
    model = backend.model
    end = token_of(model, "<|im_end|>")
    assert not write(model, {"const": "x"}, '"x').allows(end)
    whole = write(model, {"const": "x"}, '"x"')
    assert whole.allows(end)
    masked = whole.mask(np.zeros(model.n_vocab, dtype=np.float32))
    assert np.isfinite(masked[end])
    assert not np.isfinite(masked[token_of(model, "r")])


def test_bounds_of_numbers_are_enforced(backend):
    model = backend.model
    grammar = write(model, {"type": "integer", "minimum": 3, "maximum": 5}, "")
    digits = [d for d in "0123456789" if grammar.allows(token_of(model, d))]
    assert digits == ["3", "4", "5"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        {"type": "object", "properties": {"a": {"not": {"type": "string"}}}},
        {"type": "nonsense"},
    ],
)
def test_what_cannot_be_enforced_is_refused(backend, schema):
    with pytest.raises(EngineRefused, match="schema"):
        backend.model.compile_schema(schema)
