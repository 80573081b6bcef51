"""Hyper-parameters of every kind of adapter, each named once, with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, Self, get_args

from .config_values import require, typed
from .errors import ConfigInvalid

ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")

Dtype = Literal["float32", "bfloat16"]
HindsightLoss = Literal["reverse_kl", "policy_gradient"]
Teacher = Literal["frozen", "live"]
Hint = Literal["paper", "appended"]


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """What all kinds share. The defaults are the paper's (UNO §4).

    ``batch_size`` is the number of rows of one optimiser step; ``micro_batch_size`` only says
    how many of them go through the model at once. Lengths are in tokens: contexts are cut on
    the left, completions on the right. ``save_every_steps`` 0 saves the state at the end of
    each epoch only. ``share_prompts`` computes a prompt once for all its answers where the
    model allows it (:mod:`training.ml.packing`); the result is the same up to rounding.
    ``init_from`` is the folder of an adapter of the same cluster and base to go on from, and
    ``init_sha256`` the digest of its weights (:mod:`training.ml.warm_start`); empty: from nothing.
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
    share_prompts: bool = True
    init_from: str = ""
    init_sha256: str = ""

    def __post_init__(self) -> None:
        """Refuse values with which nothing can be trained."""
        for name in ("r", "alpha", "n_epochs", "batch_size", "micro_batch_size"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("max_prompt_tokens", "max_completion_tokens"):
            require(getattr(self, name) >= 2, name, getattr(self, name), "at least 2")
        for name in ("learning_rate", "grad_clip"):
            require(getattr(self, name) > 0, name, getattr(self, name), "above 0")
        for name in ("warmup_steps", "weight_decay", "save_every_steps"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        is_named = bool(self.init_from) == bool(self.init_sha256)
        require(
            is_named, "init_sha256", repr(self.init_sha256), "given with init_from, and only then"
        )
        require(0 <= self.dropout < 1, "dropout", self.dropout, "in [0, 1)")
        require(bool(self.targets), "targets", self.targets, "at least one layer name")
        require(self.dtype in ("float32", "bfloat16"), "dtype", self.dtype, "float32 or bfloat16")
        are_betas = len(self.betas) == 2 and all(0 <= beta < 1 for beta in self.betas)
        require(are_betas, "betas", self.betas, "two numbers in [0, 1)")

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
        return cls(**{name: typed(name, str(known[name]), values[name]) for name in values})


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
        require(self.beta > 0, "beta", self.beta, "above 0")
        for name in ("dpo_weight", "sft_weight", "max_rejected_tokens"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        has_loss = self.dpo_weight + self.sft_weight > 0
        require(has_loss, "dpo_weight + sft_weight", 0, "above 0")


@dataclass(frozen=True, slots=True)
class CriticConfig(TrainingConfig):
    """Critic LoRA: SFT on numbered feedback rules, same optimiser as the expert (UNO §5)."""


@dataclass(frozen=True, slots=True)
class HindsightConfig(TrainingConfig):
    """LoRA that learns from the user's next message (arXiv 2603.12273).

    ``loss``: full-vocabulary "reverse_kl", or the paper's sampled-token "policy_gradient".
    ``teacher``: "frozen" is the base model, told the next message; "live" (the paper's) is the
    adapter as it is by then, with which a small model degenerates (docs/experiments.md).
    ``hint``: the teacher is told the next message in the "paper"'s words, or it is "appended" to
    the question as it is: a small model answers the paper's words instead of following them.
    ``skip_tokens`` of each logged reply do not count (the paper: 2); its last one always does.
    ``kl_cap``: mean KL to the base in nats a token beyond which a reply is pulled back, with
    ``kl_weight`` (0: no cap).
    """

    loss: HindsightLoss = "reverse_kl"
    teacher: Teacher = "frozen"
    hint: Hint = "paper"
    skip_tokens: int = 2
    kl_cap: float = 1.0
    kl_weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values with which nothing can be trained."""
        TrainingConfig.__post_init__(self)
        for name, kind in (("loss", HindsightLoss), ("teacher", Teacher), ("hint", Hint)):
            known, value = get_args(kind), getattr(self, name)
            require(value in known, name, value, f"one of {', '.join(known)}")
        for name in ("skip_tokens", "kl_cap", "kl_weight"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")


@dataclass(frozen=True, slots=True)
class CostConfig(TrainingConfig):
    """LoRA that lowers a learned edit cost (arXiv 2601.19055, cost learning; ours in the detail).

    ``n_models`` ridge regressions with penalty ``ridge``; the cost is their mean plus ``kappa``
    standard deviations. ``learns_from_edits``: the users' edits are taken to cost nothing.
    ``n_samples`` replies to each prompt are compared; ``beta`` weighs the KL to the base, in cost
    a nat of the whole reply. Prompts are not shared: the policy itself writes.
    """

    n_models: int = 5
    ridge: float = 1.0
    kappa: float = 1.0
    learns_from_edits: bool = True
    n_samples: int = 4
    beta: float = 0.02
    share_prompts: bool = False

    def __post_init__(self) -> None:
        """Refuse values with which nothing can be trained."""
        TrainingConfig.__post_init__(self)
        for name in ("n_models", "n_samples"):
            require(getattr(self, name) >= 2, name, getattr(self, name), "at least 2")
        require(self.ridge > 0, "ridge", self.ridge, "above 0")
        for name in ("kappa", "beta"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        require(not self.share_prompts, "share_prompts", self.share_prompts, "false")


AnyConfig = ExpertConfig | CriticConfig | HindsightConfig | CostConfig

PAPER_EXPERT = ExpertConfig()
PAPER_CRITIC = CriticConfig()
#: The paper fine-tunes all weights (2e-6, batch 32, clip 10, 2 epochs); the rank, the rate and
#: the batch of 8 are those of an adapter that learns from 8 to 16 interactions at a time.
PAPER_HINDSIGHT = HindsightConfig(
    r=16, alpha=32, dropout=0.0, n_epochs=2, learning_rate=2e-4, batch_size=8, grad_clip=10.0
)

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
SMALL_HINDSIGHT = replace(
    PAPER_HINDSIGHT,
    hint="appended",
    skip_tokens=0,
    micro_batch_size=4,
    dtype="float32",
    max_prompt_tokens=512,
    max_completion_tokens=128,
)

#: Learning from edits (arXiv 2601.19055): SFT on the edit, DPO of the edit over the reply, and
#: both in one adapter, L_DPO + lambda * L_SFT (equation 7, lambda = ``sft_weight`` = 1).
PAPER_SFT = ExpertConfig(
    r=16,
    alpha=32,
    dropout=0.0,
    n_epochs=3,
    learning_rate=2e-4,
    batch_size=8,
    dpo_weight=0.0,
    sft_weight=1.0,
)
PAPER_DPO = replace(PAPER_SFT, n_epochs=2, learning_rate=5e-5, dpo_weight=1.0, sft_weight=0.0)
PAPER_ENSEMBLE = replace(PAPER_SFT, learning_rate=1e-4, dpo_weight=1.0)
PAPER_COST = CostConfig(r=16, alpha=32, dropout=0.0, n_epochs=2, learning_rate=1e-4, batch_size=8)
#: The rates for the reference model are those of the design's measurements (docs/experiments.md).
SMALL_SFT = replace(
    PAPER_SFT,
    learning_rate=1e-3,
    micro_batch_size=4,
    dtype="float32",
    max_prompt_tokens=256,
    max_completion_tokens=128,
)
SMALL_DPO = replace(SMALL_SFT, n_epochs=2, learning_rate=2e-4, dpo_weight=1.0, sft_weight=0.0)
SMALL_ENSEMBLE = replace(SMALL_SFT, learning_rate=7e-4, dpo_weight=1.0)
SMALL_COST = replace(
    PAPER_COST,
    learning_rate=5e-4,
    micro_batch_size=8,
    dtype="float32",
    max_prompt_tokens=256,
    max_completion_tokens=96,
)

PAPER: dict[str, AnyConfig] = {
    "expert": PAPER_EXPERT,
    "critic": PAPER_CRITIC,
    "hindsight": PAPER_HINDSIGHT,
    "sft": PAPER_SFT,
    "dpo": PAPER_DPO,
    "ensemble": PAPER_ENSEMBLE,
    "cost": PAPER_COST,
}
SMALL: dict[str, AnyConfig] = {
    "expert": SMALL_EXPERT,
    "critic": SMALL_CRITIC,
    "hindsight": SMALL_HINDSIGHT,
    "sft": SMALL_SFT,
    "dpo": SMALL_DPO,
    "ensemble": SMALL_ENSEMBLE,
    "cost": SMALL_COST,
}

CONFIG_CLASSES: dict[str, type[AnyConfig]] = {
    "expert": ExpertConfig,
    "critic": CriticConfig,
    "hindsight": HindsightConfig,
    "sft": ExpertConfig,
    "dpo": ExpertConfig,
    "ensemble": ExpertConfig,
    "cost": CostConfig,
}
#: The kinds that learn from edits, in the order in which they are tried.
EDIT_KINDS = ("sft", "ensemble", "dpo", "cost")
