"""Checks of the gap scorers: each is calibrated on one half of the labelled rules (UNO §3).

The figures are told on the other half. Only a scorer whose accuracy there lies above chance may
be used, and of those the best one is. A scorer that compares rules with prior rules is of no use
where the distiller's model writes none; its figures are kept all the same.
"""

from __future__ import annotations

from dataclasses import replace

from curation.ml.calibration import CalibrationReport, calibrate
from curation.ml.stats import CHANCE, is_above_chance
from curation.models import RoleCheck, Rule, RuleKind
from curation.roles.gap_scorers import CoverageScorer, RuleScorer, make_rule_scorer
from curation.roles.results import CheckResult, Measure
from curation.roles.samples import load_samples
from curation.roles.strategies import GAP_METRIC, Strategy

AUC_LABEL = "area under the curve"
NO_PRIOR_RULES = "The distiller's model writes no prior rules here: nothing to compare with."


def has_prior_rules() -> bool:
    """Whether there is anything that a rule could be compared with."""
    return Rule.objects.filter(kind=RuleKind.PRIOR).exists()


def check_gap_scorer(strategy: Strategy) -> CheckResult:
    """Calibrate a scorer and tell how often it is right on rules that it was not fitted on."""
    scorer = make_rule_scorer(strategy.key)
    model = _model(scorer)
    if strategy.key == "reranker" and "rerank" not in model.lower():
        return CheckResult.failed(strategy, f"The bound model {model!r} is no reranker.")
    return _result(strategy, labelled_report(scorer), model)


def labelled_report(scorer: RuleScorer) -> CalibrationReport:
    """The scorer's calibration and its figures on the labelled rules kept in the repository."""
    rows = load_samples("gap_rules")
    evidence = [scorer.evidence([row["rule"]], row["prior_rules"])[0] for row in rows]
    return calibrate(evidence, [row["covered"] for row in rows])


def known_result(strategy: Strategy, check: RoleCheck) -> CheckResult:
    """What a check of the same model showed: the labelled rules do not change."""
    result = CheckResult.of_row(strategy, check)
    # A mapping that turned the evidence round was not kept, however often it was right.
    has_passed = result.calibration is not None and bool(check.low and check.low > CHANCE)
    return _usable(replace(result, has_passed=has_passed))


def _result(strategy: Strategy, report: CalibrationReport, model: str) -> CheckResult:
    found = CheckResult(
        strategy=strategy.key,
        metric=GAP_METRIC,
        bar=CHANCE,
        has_passed=report.is_upright and is_above_chance(report.n_right, report.n),
        figure=report.accuracy,
        low=report.interval.low,
        high=report.interval.high,
        n=report.n,
        model=model,
        detail="" if report.is_upright else "More evidence meant less coverage.",
        measures=(Measure(AUC_LABEL, report.auc, n=report.n),),
        calibration=report.calibration if report.is_upright else None,
    )
    return _usable(found)


def _usable(result: CheckResult) -> CheckResult:
    if result.has_passed and not has_prior_rules():
        return replace(result, has_passed=False, detail=NO_PRIOR_RULES)
    return result


def _model(scorer: RuleScorer) -> str:
    return "embedder" if isinstance(scorer, CoverageScorer) else str(scorer.bound.model)
