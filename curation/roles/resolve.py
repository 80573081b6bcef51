"""Which strategy of a role is in use: what its last checks left standing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from curation.ml.calibration import Calibration
from curation.models import Cluster, RoleBinding, RoleName
from curation.roles.bindings import binding_get, bound_model
from curation.roles.checks import role_check
from curation.roles.distillers import Distiller, ExtractiveDistiller, GenerativeDistiller
from curation.roles.gap_checks import has_prior_rules
from curation.roles.gap_scorers import GapScorer, answer_likelihood_scorer, make_rule_scorer
from curation.roles.judge_checks import MAX_PAIRS, check_judge_on_cluster
from curation.roles.judges import Judge, make_judge
from curation.roles.results import CheckResult
from curation.roles.strategies import NONE, STRATEGIES, Strategy, find_strategy
from curation.selectors import human_pairs
from uno_site.engine_clients import base_model_name

PAIRS_GROWTH = 1.5
"""Judges are checked again when there are this many times the human pairs of the last check."""


def needs_check(binding: RoleBinding) -> bool:
    """Whether it was never checked, its model changed, or there is more to check it on."""
    if binding.checked_at is None or not binding.active:
        return True
    if binding.role == RoleName.GAP_SCORER:
        return _model_changed(binding) or _has_first_prior_rules(binding)
    if binding.role != RoleName.JUDGE:
        return _model_changed(binding)
    last = binding.checks.filter(strategy="reference").first()
    n_known = last.n if last else 0
    n_pairs = len(human_pairs(limit=MAX_PAIRS))
    return _model_changed(binding) or n_pairs > max(PAIRS_GROWTH * n_known, 1)


def _has_first_prior_rules(binding: RoleBinding) -> bool:
    """Whether prior rules have come since the last check, which had none to compare with."""
    last = binding.checks.first()
    return has_prior_rules() and not (last and last.had_prior_rules)


def _model_changed(binding: RoleBinding) -> bool:
    """Whether the served base model is another than the one that was checked."""
    if binding.engine_url or binding.model:
        return False
    models = binding.checks.exclude(model__in=["", "embedder"]).values_list("model", flat=True)
    checked = models.first()
    return checked is not None and checked != base_model_name()


def active_strategy(role: str) -> str:
    """The role's strategy in use; the role is checked first where that is due.

    Raises
    ------
    EngineUnreachable
        The role has to be checked, and the engine does not answer.
    """
    binding = binding_get(RoleName(role))
    return (role_check(role, is_full=False) if needs_check(binding) else binding).active


@dataclass(frozen=True, slots=True)
class ResolvedJudge:
    """The judge to use, and the check that lets it; None with the reason where nobody may.

    ``check`` has the keys of :meth:`curation.roles.results.CheckResult.as_dict`.
    """

    judge: Judge | None
    check: dict[str, Any]
    reason: str

    @property
    def beats_chance(self) -> bool:
        """Whether the judge may gate a promotion."""
        return self.judge is not None


def resolve_judge(cluster: Cluster | None = None) -> ResolvedJudge:
    """The judge that beats chance on the deployment's own human pairs.

    With a ``cluster`` it must do so on that cluster's pairs, measured now; the strategies that
    passed on the deployment are tried in their order.
    """
    active = active_strategy(RoleName.JUDGE)
    if cluster is None:
        return _resolved_by_deployment(active)
    tried = []
    for strategy in STRATEGIES[RoleName.JUDGE]:
        if strategy.key == NONE or not _may_try(strategy, active):
            continue
        judge = make_judge(strategy.key)
        result = check_judge_on_cluster(judge, cluster, strategy)
        if result.has_passed:
            return ResolvedJudge(judge, result.as_dict(), "")
        tried.append(result)
    return ResolvedJudge(None, tried[0].as_dict() if tried else {}, _why_no_judge(tried))


def _resolved_by_deployment(active: str) -> ResolvedJudge:
    if active == NONE:
        return ResolvedJudge(None, {}, find_strategy(RoleName.JUDGE, NONE).how)
    check = binding_get(RoleName.JUDGE).checks.filter(strategy=active).first()
    keys = ("figure", "low", "high", "n", "bar", "has_passed", "detail")
    values = {key: getattr(check, key) for key in keys} if check else {}
    return ResolvedJudge(make_judge(active), {"judge": active, **values}, "")


def _may_try(strategy: Strategy, active: str) -> bool:
    """The reference judge lives by a cluster's own corrections; others must have passed before."""
    if strategy.key in (active, "reference"):
        return True
    check = binding_get(RoleName.JUDGE).checks.filter(strategy=strategy.key).first()
    return bool(check and check.has_passed)


def _why_no_judge(tried: list[CheckResult]) -> str:
    if not tried:
        return find_strategy(RoleName.JUDGE, NONE).how
    return " ".join(
        f"The {result.strategy} judge tells {result.figure or 0:.0%} of this cluster's "
        f"{result.n} human pairs right ({result.low:.0%} to {result.high:.0%}), "
        "which is not above chance."
        if result.n
        else f"The {result.strategy} judge has no human pairs of this cluster to be checked on."
        for result in tried
    )


def resolve_gap_scorer() -> GapScorer:
    """The gap scorer that the role's checks left standing, with the calibration they fitted."""
    strategy = active_strategy(RoleName.GAP_SCORER)
    check = binding_get(RoleName.GAP_SCORER).checks.filter(strategy=strategy).first()
    is_calibrated = bool(check and check.has_passed and check.calibration)
    if not has_prior_rules() or (strategy == "likelihood_gap" and not is_calibrated):
        return answer_likelihood_scorer()
    scorer = make_rule_scorer(strategy)
    if check and check.calibration:
        scorer.calibration = Calibration.from_dict(check.calibration)
    return scorer


def resolve_distiller() -> Distiller:
    """The distiller that the role's checks left standing."""
    if active_strategy(RoleName.DISTILLER) == "generative":
        return GenerativeDistiller(bound_model(RoleName.DISTILLER))
    return ExtractiveDistiller()
