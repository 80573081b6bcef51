"""The keys and values of all sequences, one slot each, as a transformers cache.

A slot's tokens stand at their positions from 0 on, so no row is ever padded on the left and
nothing moves when a request joins or leaves: a batch names its slots, writes its new tokens to
their places, and reads the slots up to its longest sequence. What lies beyond a row's own
position is masked by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin


@dataclass(frozen=True, slots=True)
class Places:
    """Where the tokens of a batch of shape [n_rows, n_columns] belong.

    ``read``: the rows' slots, shape [n_rows], or the slice of neighbouring ones, which need not
    be copied; they are read up to ``n_keys``. The N real tokens (the rest is padding on the
    right) stand at ``rows`` and ``columns`` of the batch and go to ``positions`` of ``slots``;
    each shape [N].
    """

    read: Tensor | slice
    n_keys: int
    rows: Tensor
    columns: Tensor
    slots: Tensor
    positions: Tensor


class SlotCache(Cache):
    """Room for ``n_slots`` sequences of ``n_context`` tokens, taken at once.

    ``store`` has the shape [2 (keys, values), layers, slots, heads, positions, width]. It is
    zero where nothing was written: a masked value still meets a weight of 0, and 0 times what
    happened to lie in memory may be NaN.
    """

    def __init__(
        self, config: Any, n_slots: int, n_context: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        n_heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        width = getattr(config, "head_dim", None) or (
            config.hidden_size // config.num_attention_heads
        )
        shape = (2, config.num_hidden_layers, n_slots, n_heads, n_context, width)
        self.store = torch.zeros(shape, dtype=dtype, device=device)
        self.places: Places | None = None
        layers: list[Any] = [_SlotLayer(self, layer) for layer in range(config.num_hidden_layers)]
        super().__init__(layers=layers)

    def clear(self, slot: int, n_tokens: int) -> None:
        """Forget a sequence of ``n_tokens``."""
        self.store[:, :, slot, :, :n_tokens] = 0

    def save(self, slot: int, n_tokens: int) -> NDArray[np.uint8]:
        """A copy of a sequence's first ``n_tokens``."""
        part = self.store[:, :, slot, :, :n_tokens].contiguous()
        return part.view(torch.uint8).cpu().numpy().reshape(-1)

    def restore(self, slot: int, state: NDArray[np.uint8], n_tokens: int) -> None:
        """Give an empty slot the first ``n_tokens`` of what :meth:`save` returned."""
        n_kinds, n_layers, _, n_heads, _, width = self.store.shape
        saved = torch.from_numpy(state).view(self.store.dtype)
        saved = saved.reshape(n_kinds, n_layers, n_heads, -1, width)[:, :, :, :n_tokens]
        self.store[:, :, slot, :, :n_tokens] = saved.to(self.store.device)


class _SlotLayer(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """One layer's part of the store."""

    is_sliding = False

    def __init__(self, cache: SlotCache, layer: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._cache = cache
        self.keys, self.values = cache.store[0, layer], cache.store[1, layer]
        self.is_initialized = True

    def update(
        self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Write the batch's new tokens, shape [n_rows, heads, n_columns, width]; read its slots."""
        places = self._cache.places
        assert places is not None
        assert self.keys is not None and self.values is not None
        # Index tensors on both sides of the slice put the tokens first: [N, heads, width].
        into, origin = (places.slots, places.positions), (places.rows, places.columns)
        self.keys[into[0], :, into[1]] = key_states[origin[0], :, origin[1]]
        self.values[into[0], :, into[1]] = value_states[origin[0], :, origin[1]]
        read, n_keys = places.read, places.n_keys
        return self.keys[read, :, :n_keys], self.values[read, :, :n_keys]

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """The room was taken at the beginning."""

    def get_seq_length(self) -> int:
        """Positions that the batch reads."""
        return self._cache.places.n_keys if self._cache.places else 0

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Length and offset of the keys; ``query_length`` is among them already."""
        return self.get_seq_length(), 0

    def get_max_length(self) -> int:
        """Positions of a slot."""
        assert self.keys is not None
        return int(self.keys.shape[-2])
