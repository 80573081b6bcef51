"""What conversations left in the KV cache, so that a next turn begins where the last one ended.

When a sequence leaves its slot its state is copied out; when a prompt comes that begins with the
same tokens, the state is copied back and only the rest is read. Nothing is shared across
owners: an owner is one adapter (or the base) together with one user.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Shorter than this it is not worth the copies: reading them takes about as long.
MIN_TOKENS = 24

State = NDArray[np.uint8]
Owner = tuple[Any, str]
"""An adapter (``None``: the base) and a user."""


@dataclass(frozen=True, slots=True)
class SavedSequence:
    """The state of one sequence, and the tokens whose keys and values it holds."""

    owner: Owner
    tokens: NDArray[np.int32]
    state: State

    @property
    def n_bytes(self) -> int:
        """Memory that it takes."""
        return int(self.state.nbytes + self.tokens.nbytes)

    def n_common(self, tokens: NDArray[np.int32]) -> int:
        """How many leading tokens it shares with ``tokens``."""
        n = min(len(self.tokens), len(tokens))
        different = np.flatnonzero(self.tokens[:n] != tokens[:n])
        return int(different[0]) if len(different) else n


@dataclass(frozen=True, slots=True)
class CacheStats:
    """Lookups since the start, and what is held now."""

    n_hits: int = 0
    n_misses: int = 0
    n_reused_tokens: int = 0
    n_sequences: int = 0
    n_bytes: int = 0


class PrefixCache:
    """Saved sequences, least recently used out first, within ``max_bytes`` (0: nothing is kept)."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._saved: OrderedDict[int, SavedSequence] = OrderedDict()
        self._keys = count()
        self._n_bytes = self._n_hits = self._n_misses = self._n_reused = 0

    @property
    def stats(self) -> CacheStats:
        """Counts for the metrics."""
        return CacheStats(
            self._n_hits, self._n_misses, self._n_reused, len(self._saved), self._n_bytes
        )

    def worth_saving(self, n_tokens: int) -> bool:
        """Whether a sequence of ``n_tokens`` should be copied out at all."""
        return self._max_bytes > 0 and n_tokens >= MIN_TOKENS

    def find(
        self, owner: Owner, prompt: Sequence[int], n_most: int
    ) -> tuple[SavedSequence, int] | None:
        """The owner's saved sequence that shares most with ``prompt``, and how many tokens to use.

        At most ``n_most`` are used: the rows whose logits are wanted have to be computed.
        """
        tokens = np.asarray(prompt, dtype=np.int32)
        shared = [
            (saved.n_common(tokens), key)
            for key, saved in self._saved.items()
            if saved.owner == owner
        ]
        n_common, key = max(shared, default=(0, -1))
        n_used = min(n_common, n_most)
        if n_used < MIN_TOKENS:
            self._n_misses += 1
            return None
        self._n_hits += 1
        self._n_reused += n_used
        self._saved.move_to_end(key)
        return self._saved[key], n_used

    def store(self, owner: Owner, tokens: Sequence[int], state: State) -> None:
        """Keep a sequence; what the same owner had of its beginning is superseded."""
        new = SavedSequence(owner, np.asarray(tokens, dtype=np.int32), state)
        for key, saved in list(self._saved.items()):
            if saved.owner == owner and saved.n_common(new.tokens) == len(saved.tokens):
                self._drop(key)
        self._saved[next(self._keys)] = new
        self._n_bytes += new.n_bytes
        while self._n_bytes > self._max_bytes:
            self._drop(next(iter(self._saved)))

    def forget(self, adapter: object) -> None:
        """Drop what an adapter's owners left: the adapter is going."""
        for key, saved in list(self._saved.items()):
            if saved.owner[0] is adapter:
                self._drop(key)

    def _drop(self, key: int) -> None:
        self._n_bytes -= self._saved.pop(key).n_bytes
