"""Checks of the gap scorers that compare rules with prior rules."""

from __future__ import annotations

from curation.models import Rule, RuleKind
from curation.roles.gap_scorers import CoverageScorer, RedundancyScorer, make_gap_scorer
from curation.roles.results import CheckResult
from curation.roles.samples import load_samples
from curation.roles.strategies import Strategy

COVERED = 0.5
"""Redundancy from which a rule counts as covered."""


def check_gap_scorer(strategy: Strategy) -> CheckResult:
    """Share of labelled rules told right, where there are prior rules to compare with at all."""
    scorer = make_gap_scorer(strategy.key)
    if strategy.key == "reranker" and "rerank" not in _model(scorer).lower():
        return CheckResult.failed(strategy, f"The bound model {_model(scorer)!r} is no reranker.")
    samples = load_samples("gap_rules")
    n_right = sum(
        (_redundancy(scorer, row["rule"], row["prior_rules"]) >= COVERED) == row["is_covered"]
        for row in samples
    )
    result = CheckResult.of_share(strategy, n_right, len(samples), model=_model(scorer))
    if result.has_passed and not Rule.objects.filter(kind=RuleKind.PRIOR).exists():
        return CheckResult.failed(
            strategy,
            "The distiller's model writes no prior rules here: nothing to compare with. "
            f"(On the labelled set: {n_right} of {len(samples)}.)",
        )
    return result


def _model(scorer: object) -> str:
    return scorer.bound.model if isinstance(scorer, RedundancyScorer) else "embedder"


def _redundancy(scorer: object, rule: str, prior_rules: list[str]) -> float:
    if isinstance(scorer, CoverageScorer):
        return scorer.redundancies([rule], prior_rules)[0]
    assert isinstance(scorer, RedundancyScorer)
    return scorer.redundancy(rule, prior_rules)
