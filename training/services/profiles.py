"""Which hyper-parameters a run gets: the paper's, or the small profile for small bases."""

from __future__ import annotations

from typing import Any

from training.ml.config import CONFIG_CLASSES, PAPER, SMALL

from .base_model import TorchBase

#: Bases below so many parameters learn with :data:`training.ml.config.SMALL`.
SMALL_BELOW = 500_000_000


def config_for(kind: str, base: TorchBase, changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """The config of a run of ``kind`` on ``base``, with ``changes`` on top, as plain values.

    Raises
    ------
    ConfigInvalid
        A key that the trainer does not know, or a value out of range.
    """
    profile = (SMALL if base.n_parameters < SMALL_BELOW else PAPER)[kind]
    return CONFIG_CLASSES[kind].from_json({**profile.to_json(), **(changes or {})}).to_json()
