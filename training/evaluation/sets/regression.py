"""The regression gate: prompts outside every cluster must be answered as the base model does.

Judges only. None of it may ever be trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from training.evaluation.sets.gsm8k import make_set as make_gsm8k
from training.evaluation.sets.ifeval import make_set as make_ifeval
from training.evaluation.sets.perplexity import held_out_text
from training.evaluation.sets.protocol import Item
from training.evaluation.sets.slices import fixed_slice

SLICES = Path(__file__).resolve().parents[1] / "data" / "regression"
"""The slices of the full size, so that nobody needs the whole sets."""


@dataclass(frozen=True, slots=True)
class RegressionConfig:
    """Size of the slices and the bars.

    ``max_loss``: by what share of the base's figure the routed system may be worse.
    ``min_base_share``: share of these prompts that the router must leave to the base model.
    """

    n_ifeval: int = 60
    n_gsm8k: int = 40
    max_loss: float = 0.02
    min_base_share: float = 0.98


@dataclass(frozen=True, slots=True)
class RegressionItems:
    """Fixed slices of IFEval and GSM8K, and the text whose perplexity is measured."""

    ifeval: tuple[Item, ...]
    gsm8k: tuple[Item, ...]
    text: str

    @property
    def prompts(self) -> tuple[Item, ...]:
        """Everything that is asked."""
        return (*self.ifeval, *self.gsm8k)


@dataclass(frozen=True, slots=True)
class RegressionFigures:
    """What a system reaches: shares in [0, 1], and a perplexity of at least 1."""

    ifeval: float
    gsm8k: float
    perplexity: float


@dataclass(frozen=True, slots=True)
class RegressionVerdict:
    """``findings`` say what is wrong, in words; none means passed."""

    findings: tuple[str, ...]

    @property
    def has_passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def regression_items(
    data: Path | None = None, config: RegressionConfig | None = None
) -> RegressionItems:
    """The gate's prompts, always the same ones.

    Parameters
    ----------
    data
        A folder with ``ifeval/`` and ``gsm8k/``; without one, the slices that come along.

    Raises
    ------
    SetUnreadable
        A file is missing or damaged.
    """
    config, data = config or RegressionConfig(), data or SLICES
    return RegressionItems(
        ifeval=fixed_slice(make_ifeval(data).all_items, config.n_ifeval),
        gsm8k=fixed_slice(make_gsm8k(data).all_items, config.n_gsm8k),
        text=held_out_text(),
    )


def check_regression(
    base: RegressionFigures,
    routed: RegressionFigures,
    n_to_base: int,
    n_prompts: int,
    config: RegressionConfig | None = None,
) -> RegressionVerdict:
    """Whether the routed system is within ``max_loss`` of the base, and left alone what it must.

    Parameters
    ----------
    n_to_base, n_prompts
        Prompts that the router left to the base model, of all that were asked.

    Raises
    ------
    ValueError
        Nothing was asked.
    """
    config = config or RegressionConfig()
    if not n_prompts:
        raise ValueError("A regression check over no prompts says nothing.")
    findings = [
        f"{name} fell from {before:.3f} to {after:.3f}, more than {config.max_loss:.0%}."
        for name, before, after in (
            ("IFEval", base.ifeval, routed.ifeval),
            ("GSM8K", base.gsm8k, routed.gsm8k),
        )
        if after < before * (1 - config.max_loss)
    ]
    if routed.perplexity > base.perplexity * (1 + config.max_loss):
        findings.append(
            f"Perplexity rose from {base.perplexity:.2f} to {routed.perplexity:.2f}, "
            f"more than {config.max_loss:.0%}."
        )
    if n_to_base < config.min_base_share * n_prompts:
        findings.append(
            f"{n_to_base} of {n_prompts} prompts went to the base model; "
            f"{config.min_base_share:.0%} must."
        )
    return RegressionVerdict(tuple(findings))
