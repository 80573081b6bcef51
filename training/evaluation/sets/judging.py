"""What the sets share that only judge: every prompt of a file, and nothing to learn from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from training.evaluation.sets.errors import SetUnreadable
from training.evaluation.sets.protocol import Dialogue, Item
from training.evaluation.sets.slices import fixed_slice
from uno_site.interchange.files import iter_rows
from uno_site.interchange.records import RowError


@dataclass(frozen=True)
class JudgingSet(ABC):
    """A file of prompts at ``path``; ``n_items`` of them, or all."""

    path: Path
    n_items: int | None = None

    @cached_property
    def all_items(self) -> tuple[Item, ...]:
        """Every prompt of the file, in its order.

        Raises
        ------
        SetUnreadable
            A row cannot be read, or :meth:`read` refuses it.
        """
        return tuple(self._checked(line, row) for line, row in iter_rows(self.path))

    def dialogues(self, seed: int) -> Sequence[Dialogue]:
        """None: the set only judges."""
        return ()

    def items(self, seed: int) -> Sequence[Item]:
        """The same prompts whatever the seed, so that figures of all times can be compared."""
        return fixed_slice(self.all_items, self.n_items)

    @abstractmethod
    def read(self, line: int, row: Mapping[str, Any]) -> Item:
        """The prompt in a row of the file; raises :class:`SetUnreadable`."""

    def _checked(self, line: int, row: Mapping[str, Any] | RowError) -> Item:
        if isinstance(row, RowError):
            raise SetUnreadable(f"{self.path}: {row}.")
        return self.read(line, row)
