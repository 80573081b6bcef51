"""What a library that computes models has to offer to the engine.

The engine schedules, samples and answers; a backend computes logits. There are two:
``llama_backend.py`` (llama.cpp) and ``pytorch/`` (transformers and PEFT).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from uno_site.inference.protocol import FloatArray

MAX_OUTPUT_ROWS = 128
"""Rows of logits that one batch may want; bounds a buffer of rows x vocabulary x 4 bytes."""

Adapter = Any
"""A loaded adapter; only the backend that loaded it knows what it is."""


@dataclass(frozen=True, slots=True)
class Row:
    """One token of a batch: where it goes, and whether its logits are wanted."""

    token: int
    position: int
    sequence: int
    wants_logits: bool


class Grammar(Protocol):
    """What one reply may still say. Not thread-safe."""

    def allows(self, token: int) -> bool:
        """Whether ``token`` may come next."""
        ...

    def mask(self, logits: FloatArray) -> FloatArray:
        """A copy of ``logits``, shape [n_vocab], with minus infinity where nothing is allowed."""
        ...

    def accept(self, token: int) -> None:
        """``token``, which must be allowed, was taken."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


class LanguageModel(Protocol):
    """The vocabulary of a loaded model, its chat template and its limits. Thread-safe."""

    n_vocab: int
    n_context_trained: int
    adds_bos: bool

    @property
    def chat_template(self) -> str:
        """The model's Jinja template; empty when it has none."""
        ...

    def special_text(self, name: str) -> str:
        """The text of the ``bos`` or ``eos`` token; empty when there is none."""
        ...

    def control_texts(self) -> tuple[str, ...]:
        """Texts of the control tokens, such as ``<|im_end|>``."""
        ...

    def tokenize(self, text: str, *, parse_special: bool, add_bos: bool = False) -> list[int]:
        """Token ids of ``text``; control tokens are recognised only with ``parse_special``."""
        ...

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of one token, possibly part of a character."""
        ...

    def is_end(self, token: int) -> bool:
        """Whether ``token`` ends a turn or the text."""
        ...

    def compile_schema(self, schema: Mapping[str, Any]) -> str:
        """The grammar of the JSON that ``schema`` accepts, for :meth:`start_grammar`.

        Raises
        ------
        EngineRefused
            The schema says what cannot be enforced.
        """
        ...

    def start_grammar(self, grammar: str) -> Grammar:
        """The state of a reply that has not begun."""
        ...

    def close(self) -> None:
        """Free the weights; the contexts must be closed before."""
        ...


class Context(Protocol):
    """The keys and values of ``n_slots`` sequences. Called from its owner's thread only.

    ``n_batch_tokens``: the most that one :meth:`decode` takes. ``mixes_adapters``: whether one
    batch may hold sequences of several adapters. ``wants_neighbours``: whether a gap between
    the batch's sequence numbers costs another pass over the weights.
    """

    n_slots: int
    n_batch_tokens: int
    mixes_adapters: bool
    wants_neighbours: bool

    def use_adapters(self, by_sequence: Mapping[int, Adapter | None]) -> None:
        """The adapter of each sequence of the next batch; ``None`` is the base model."""
        ...

    def decode(self, rows: Sequence[Row]) -> None:
        """Run one batch; afterwards :meth:`logits` gives the wanted rows."""
        ...

    def logits(self, row: int) -> FloatArray:
        """Logits of batch row ``row``, shape [n_vocab]; valid until the next :meth:`decode`."""
        ...

    def clear(self, sequence: int) -> None:
        """Forget a sequence, so that its slot can be used again."""
        ...

    def save(self, sequence: int) -> NDArray[np.uint8]:
        """A copy of what a sequence holds, for :meth:`restore`."""
        ...

    def restore(self, sequence: int, state: NDArray[np.uint8], n_tokens: int) -> bool:
        """Give an empty slot the first ``n_tokens`` of a saved sequence; False if it is refused.

        Where it raises, the slot has to be cleared.
        """
        ...

    def set_threads(self, n_threads: int) -> None:
        """Use ``n_threads`` from now on."""
        ...

    def free_adapter(self, adapter: Adapter) -> None:
        """Free an adapter that no sequence uses any more."""
        ...

    def close(self) -> None:
        """Free the keys and values."""
        ...


class Backend(Protocol):
    """A loaded base model and what can be done with it."""

    @property
    def model(self) -> LanguageModel: ...

    def make_context(self, *, n_slots: int, n_context: int, n_threads: int) -> Context:
        """Room for ``n_slots`` sequences of ``n_context`` tokens."""
        ...

    def read_adapter(self, folder: Path) -> Callable[[], Adapter]:
        """Check a PEFT folder; what it returns loads it, on the context's thread.

        Raises
        ------
        AdapterInvalid
            The adapter cannot be served beside this base.
        """
        ...
