"""JSON schemas enforced while a reply is written, with llguidance."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper

from uno_site.inference.errors import EngineRefused
from uno_site.inference.protocol import FloatArray

#: One way to write a document: free white space lets a small model write nothing else.
LAYOUT: Any = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


Tokenize = Callable[..., list[int]]


class _Vocabulary:
    """The vocabulary as llguidance wants to see it."""

    bos_token_id = None

    def __init__(
        self, pieces: Sequence[bytes], control: Collection[int], eos: int, tokenize: Tokenize
    ) -> None:
        self.tokens, self.special_token_ids = list(pieces), sorted(control)
        self.eos_token_id = eos
        self._tokenize = tokenize

    def __call__(self, text: str) -> list[int]:
        return self._tokenize(text, parse_special=False)


class Guidance:
    """Compiles schemas for one vocabulary; what cannot be enforced is refused."""

    def __init__(
        self,
        pieces: Sequence[bytes],
        control: Collection[int],
        ends: Collection[int],
        tokenize: Tokenize,
    ) -> None:
        self._ends = sorted(ends)
        wrapped = _Vocabulary(pieces, control, self._ends[0] if self._ends else 0, tokenize)
        self._tokenizer = LLTokenizer(TokenizerWrapper(wrapped), n_vocab=len(pieces))

    def compile(self, schema: Mapping[str, Any]) -> str:
        """The grammar of the JSON documents that ``schema`` accepts.

        Raises
        ------
        EngineRefused
            The schema says what llguidance cannot enforce.
        """
        grammar = str(LLMatcher.grammar_from_json_schema(dict(schema), overrides=LAYOUT))
        message = LLMatcher.validate_grammar(grammar, self._tokenizer)
        if message:
            raise EngineRefused(
                f"The JSON schema cannot be enforced by a grammar: {message}",
                remedy="Use types, properties, required, items, bounds, enum and const.",
            )
        return grammar

    def start(self, grammar: str) -> GuidanceGrammar:
        """The grammar at the beginning of a reply."""
        return GuidanceGrammar(LLMatcher(self._tokenizer, grammar), self._ends)


class GuidanceGrammar:
    """Implements :class:`~uno_site.inference.engine.backend.Grammar`."""

    def __init__(self, matcher: LLMatcher, ends: Sequence[int]) -> None:
        if matcher.is_error():
            raise EngineRefused(f"The JSON schema cannot be enforced: {matcher.get_error()}")
        self._matcher, self._ends = matcher, ends

    def allows(self, token: int) -> bool:
        """Whether ``token`` may come next; an end of turn only when the JSON is whole."""
        if token in self._ends:
            return bool(self._matcher.is_accepting())
        return not self._matcher.is_stopped() and self._matcher.validate_tokens([token]) == 1

    def mask(self, logits: FloatArray) -> FloatArray:
        """``logits`` with minus infinity for what the schema forbids, shape [n_vocab]."""
        allowed = np.frombuffer(self._matcher.compute_logit_bias(), dtype=np.uint8) > 0
        if self._matcher.is_accepting():
            allowed = allowed.copy()
            allowed[self._ends] = True
        masked: FloatArray = np.where(allowed, logits, -np.inf).astype(np.float32)
        return masked

    def accept(self, token: int) -> None:
        """Go on after ``token``."""
        self._matcher.consume_token(token)

    def close(self) -> None:
        """Nothing is held outside of Python."""
