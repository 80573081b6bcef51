"""Batches over a transformers model: sequences of any length and any adapter together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from uno_site.inference.engine.backend import Row
from uno_site.inference.engine.pytorch.lora import LoraMixer, TorchAdapter
from uno_site.inference.engine.pytorch.model import TorchModel
from uno_site.inference.engine.pytorch.slot_cache import Places, SlotCache
from uno_site.inference.errors import InferenceError
from uno_site.inference.protocol import FloatArray

#: Tokens of one batch: a GPU needs more of them to be busy.
N_BATCH_TOKENS = {"cpu": 512, "cuda": 2048}


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one sequence in a batch, and the number of the first one."""

    rows: list[Row]
    first: int

    @property
    def slot(self) -> int:
        """The sequence's number."""
        return self.rows[0].sequence


class TorchContext:
    """Implements :class:`~uno_site.inference.engine.backend.Context`.

    Raises
    ------
    InferenceError
        There is no memory for the keys and values, or transformers computes this model in a
        way that does not go together with them.
    """

    mixes_adapters = True
    wants_neighbours = False

    def __init__(self, model: TorchModel, mixer: LoraMixer, n_slots: int, n_context: int) -> None:
        self._model, self._mixer = model, mixer
        self.n_slots = n_slots
        self.n_batch_tokens = N_BATCH_TOKENS[model.device.type]
        self._n_tokens = [0] * n_slots
        self._adapters: Mapping[int, TorchAdapter | None] = {}
        self._logits: dict[int, FloatArray] = {}
        try:
            self._cache = SlotCache(model.config, n_slots, n_context, model.dtype, model.device)
            self._try_out()
        except RuntimeError as error:  # torch's errors of memory and of shapes
            raise InferenceError(
                f"The torch engine cannot work on {n_slots} x {n_context} tokens: {error}",
                remedy="Lower UNO_ENGINE_SLOTS or UNO_ENGINE_CONTEXT, or serve another model.",
            ) from error

    def use_adapters(self, by_sequence: Mapping[int, TorchAdapter | None]) -> None:
        """The adapter of each sequence of the next batch."""
        self._adapters = by_sequence

    @torch.inference_mode()
    def decode(self, rows: Sequence[Row]) -> None:
        """Run one batch; afterwards :meth:`logits` gives the wanted rows."""
        self._logits.clear()
        for parts in alike(split(rows)):
            self._pass(parts)

    def logits(self, row: int) -> FloatArray:
        """Logits of batch row ``row``, shape [n_vocab]."""
        return self._logits[row]

    def clear(self, sequence: int) -> None:
        """Forget a sequence, so that its slot can be used again."""
        self._cache.clear(sequence, self._n_tokens[sequence])
        self._n_tokens[sequence] = 0

    def save(self, sequence: int) -> NDArray[np.uint8]:
        """A copy of what a sequence holds, for :meth:`restore`."""
        return self._cache.save(sequence, self._n_tokens[sequence])

    def restore(self, sequence: int, state: NDArray[np.uint8], n_tokens: int) -> bool:
        """Give an empty slot the first ``n_tokens`` of a saved sequence."""
        self._n_tokens[sequence] = n_tokens  # first: what fails halfway is cleared whole
        self._cache.restore(sequence, state, n_tokens)
        return True

    def set_threads(self, n_threads: int) -> None:
        """Use ``n_threads`` for what the CPU computes."""
        if self._model.device.type == "cpu" and torch.get_num_threads() != n_threads:
            torch.set_num_threads(n_threads)

    def free_adapter(self, adapter: TorchAdapter) -> None:
        """Take an adapter's weights out of the model."""
        self._mixer.unload(adapter)

    def close(self) -> None:
        """Let go of the keys and values."""
        del self._cache

    def _try_out(self) -> None:
        """One token, so that a model that cannot be served says so now."""
        self.decode([Row(0, 0, 0, wants_logits=True)])
        self.clear(0)

    def _pass(self, parts: Sequence[Part]) -> None:
        """One forward pass; the parts are padded on the right to the longest."""
        n_columns = max(len(part.rows) for part in parts)
        tokens = np.zeros((len(parts), n_columns), dtype=np.int64)
        positions = np.zeros_like(tokens)
        is_real = np.zeros(tokens.shape, dtype=bool)
        for i, part in enumerate(parts):
            n = len(part.rows)
            tokens[i, :n] = [row.token for row in part.rows]
            positions[i, :n] = [row.position for row in part.rows]
            is_real[i, :n] = True
            self._n_tokens[part.slot] = part.rows[-1].position + 1
        self._forward(parts, tokens, positions, is_real)

    def _forward(
        self,
        parts: Sequence[Part],
        tokens: NDArray[np.int64],
        positions: NDArray[np.int64],
        is_real: NDArray[np.bool_],
    ) -> None:
        n_keys = int(positions.max()) + 1
        slots = np.array([part.slot for part in parts])
        rows, columns = np.nonzero(is_real)
        are_neighbours = bool((np.diff(slots) == 1).all())
        self._cache.places = Places(
            slice(int(slots[0]), int(slots[-1]) + 1) if are_neighbours else self._tensor(slots),
            n_keys,
            self._tensor(rows),
            self._tensor(columns),
            self._tensor(slots[rows]),
            self._tensor(positions[is_real]),
        )
        place = self._tensor(positions)  # [n_rows, n_columns]
        wanted = sorted({i for p in parts for i, row in enumerate(p.rows) if row.wants_logits})
        self._mixer.choose([self._adapters.get(part.slot) for part in parts])
        output = self._model.network(
            input_ids=self._tensor(tokens),
            position_ids=place,
            # A token sees its own sequence up to itself: [n_rows, 1, n_columns, n_keys].
            attention_mask=torch.arange(n_keys, device=place.device) <= place[:, None, :, None],
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=self._tensor(np.array(wanted, dtype=np.int64)),
        )
        self._take(parts, wanted, output.logits)

    def _take(self, parts: Sequence[Part], wanted: list[int], logits: torch.Tensor) -> None:
        """Copy the wanted rows of ``logits`` [n_rows, len(wanted), n_vocab] in one go."""
        places = [
            (part.first + i, number, wanted.index(i))
            for number, part in enumerate(parts)
            for i, row in enumerate(part.rows)
            if row.wants_logits
        ]
        if not places:
            return
        names, numbers, kept = zip(*places, strict=True)
        values = logits[list(numbers), list(kept)].float().cpu().numpy()
        self._logits.update(zip(names, values, strict=True))

    def _tensor(self, values: NDArray[Any]) -> torch.Tensor:
        return torch.from_numpy(values).to(self._model.device, non_blocking=True)


def split(rows: Sequence[Row]) -> list[Part]:
    """The sequences of a batch, whose rows stand together."""
    parts, first = [], 0
    for _, group in groupby(rows, key=lambda row: row.sequence):
        parts.append(Part(list(group), first))
        first += len(parts[-1].rows)
    return parts


def alike(parts: Sequence[Part]) -> list[list[Part]]:
    """Parts of about the same length together, so that at most half of a pass is padding."""
    groups: list[list[Part]] = []
    for part in sorted(parts, key=lambda part: len(part.rows), reverse=True):
        if groups and 2 * len(part.rows) >= len(groups[-1][0].rows):
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups
