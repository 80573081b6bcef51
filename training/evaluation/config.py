"""What an evaluation was asked to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

MAX_ANSWER_TOKENS = 256
"""As in the lived conversations: nobody waits for the end of an essay."""


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    """``set_spec`` is ``NAME`` or ``NAME:PATH``; ``methods`` are names of the catalogue.

    ``outside`` is how many prompts outside every cluster are asked as well: a key of
    :data:`training.evaluation.sets.outside.SIZES`, or "" for none.
    """

    set_spec: str
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    base_model: str
    max_tokens: int = MAX_ANSWER_TOKENS
    outside: str = ""

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`as_json`."""
        return cls(
            **{**values, "methods": tuple(values["methods"]), "seeds": tuple(values["seeds"])}
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values; ``outside`` only where it was asked for, as in older evaluations."""
        values = {**asdict(self), "methods": list(self.methods), "seeds": list(self.seeds)}
        return values if self.outside else {k: v for k, v in values.items() if k != "outside"}

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of everything that was asked for."""
        return _hash(self.as_json())

    @property
    def work_key(self) -> str:
        """What names the working folder: an answer does not depend on which others are asked.

        So a method or a seed that is added later finds what was lived and answered before.
        """
        name = self.set_spec.partition(":")[0]
        made_of = {"set": self.set_spec, "base": self.base_model, "max_tokens": self.max_tokens}
        return f"{name}-{_hash(made_of)[:10]}"


def _hash(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
