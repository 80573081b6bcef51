"""Hyper-parameters of experts and critics, each named once, with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

from .errors import ConfigInvalid

ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")

Dtype = Literal["float32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """What experts and critics share. The defaults are the paper's (UNO §4).

    ``batch_size`` is the number of rows of one optimiser step; ``micro_batch_size`` only says
    how many of them go through the model at once. Lengths are in tokens: contexts are cut on
    the left, completions on the right. ``save_every_steps`` 0 saves the state at the end of
    each epoch only.
    """

    r: int = 64
    alpha: int = 128
    dropout: float = 0.05
    targets: tuple[str, ...] = ALL_LINEAR
    n_epochs: int = 8
    learning_rate: float = 5e-4
    warmup_steps: int = 0
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 1e-4
    grad_clip: float = 1.0
    batch_size: int = 32
    micro_batch_size: int = 1
    dtype: Dtype = "bfloat16"
    max_prompt_tokens: int = 2048
    max_completion_tokens: int = 2048
    save_every_steps: int = 0

    def __post_init__(self) -> None:
        """Refuse values with which nothing can be trained."""
        for name in ("r", "alpha", "n_epochs", "batch_size", "micro_batch_size"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("max_prompt_tokens", "max_completion_tokens"):
            _require(getattr(self, name) >= 2, name, getattr(self, name), "at least 2")
        for name in ("learning_rate", "grad_clip"):
            _require(getattr(self, name) > 0, name, getattr(self, name), "above 0")
        for name in ("warmup_steps", "weight_decay", "save_every_steps"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        _require(0 <= self.dropout < 1, "dropout", self.dropout, "in [0, 1)")
        _require(bool(self.targets), "targets", self.targets, "at least one layer name")
        _require(self.dtype in ("float32", "bfloat16"), "dtype", self.dtype, "float32 or bfloat16")
        are_betas = len(self.betas) == 2 and all(0 <= beta < 1 for beta in self.betas)
        _require(are_betas, "betas", self.betas, "two numbers in [0, 1)")

    def to_json(self) -> dict[str, Any]:
        """Plain values; :meth:`from_json` is the inverse."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read a configuration; a key that is left out has its default.

        Raises
        ------
        ConfigInvalid
            An unknown key, a value of the wrong type, or one that is out of range.
        """
        known = {field.name: field.type for field in fields(cls)}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ConfigInvalid(
                f"{cls.__name__} has no setting {', '.join(unknown)}.",
                remedy=f"The settings are {', '.join(known)}.",
            )
        return cls(**{name: _typed(name, str(known[name]), values[name]) for name in values})


@dataclass(frozen=True, slots=True)
class ExpertConfig(TrainingConfig):
    """Expert LoRA: sigmoid DPO plus SFT on the chosen answer (UNO §4).

    ``max_rejected_tokens`` cuts rejected answers shorter than chosen ones (0: the same limit);
    the first tokens already tell them apart, and the rest only costs time.
    """

    beta: float = 0.1
    dpo_weight: float = 0.5
    sft_weight: float = 0.5
    max_rejected_tokens: int = 0

    def __post_init__(self) -> None:
        """Refuse values with which nothing can be trained."""
        TrainingConfig.__post_init__(self)
        _require(self.beta > 0, "beta", self.beta, "above 0")
        for name in ("dpo_weight", "sft_weight", "max_rejected_tokens"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        has_loss = self.dpo_weight + self.sft_weight > 0
        _require(has_loss, "dpo_weight + sft_weight", 0, "above 0")


@dataclass(frozen=True, slots=True)
class CriticConfig(TrainingConfig):
    """Critic LoRA: SFT on numbered feedback rules, same optimiser as the expert (UNO §5)."""


def _require(is_right: bool, name: str, value: object, expected: str) -> None:
    if not is_right:
        raise ConfigInvalid(f"{name} is {value}.", remedy=f"It must be {expected}.")


def _typed(name: str, kind: str, value: Any) -> Any:
    """``value`` as the annotation ``kind`` wants it; JSON has neither tuples nor ``5.0``."""
    if kind.startswith("tuple") and isinstance(value, list | tuple):
        item = "str" if "str" in kind else "float"
        return tuple(_typed(name, item, entry) for entry in value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "float" and is_number:
        return float(value)
    if kind == "int" and is_number and value == int(value):
        return int(value)
    if kind in ("str", "Dtype") and isinstance(value, str):
        return value
    raise ConfigInvalid(f"{name} is {value!r}.", remedy=f"It must be of type {kind}.")


AnyConfig = ExpertConfig | CriticConfig

PAPER_EXPERT = ExpertConfig()
PAPER_CRITIC = CriticConfig()

#: For a reference model of 135M parameters on two processor cores and clusters of about 20
#: pairs; the expert's were found by measuring, the critic's follow them (docs/experiments.md).
SMALL_EXPERT = ExpertConfig(
    r=16,
    alpha=32,
    dropout=0.0,
    n_epochs=4,
    learning_rate=1e-3,
    batch_size=4,
    micro_batch_size=4,
    dtype="float32",
    max_prompt_tokens=256,
    max_completion_tokens=192,
    max_rejected_tokens=64,
)
SMALL_CRITIC = CriticConfig(
    r=16,
    alpha=32,
    dropout=0.0,
    n_epochs=4,
    learning_rate=1e-3,
    batch_size=4,
    micro_batch_size=4,
    dtype="float32",
    max_prompt_tokens=384,
    max_completion_tokens=128,
)

PAPER: dict[str, AnyConfig] = {"expert": PAPER_EXPERT, "critic": PAPER_CRITIC}
SMALL: dict[str, AnyConfig] = {"expert": SMALL_EXPERT, "critic": SMALL_CRITIC}

CONFIG_CLASSES: dict[str, type[ExpertConfig] | type[CriticConfig]] = {
    "expert": ExpertConfig,
    "critic": CriticConfig,
}
