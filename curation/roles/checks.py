"""The roles' checks: every strategy must show on labelled examples that it can (UNO).

A check's outcome is kept with its interval; the first strategy that passes, in the order of
:data:`curation.roles.strategies.STRATEGIES`, does the role. Of the gap scorers the best one does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from django.db import transaction
from django.utils import timezone

from curation.models import RoleBinding, RoleCheck, RoleName
from curation.roles import gap_checks, judge_checks, writer_checks
from curation.roles.bindings import binding_get, bound_model
from curation.roles.gap_checks import has_prior_rules
from curation.roles.judge_checks import LABELLED_METRIC
from curation.roles.results import CheckResult
from curation.roles.sentence_checks import check_extractive
from curation.roles.strategies import AUTO, STRATEGIES, TRAINED_CRITIC, Strategy, fallback_of
from uno_site.errors import UnoError
from uno_site.inference.errors import EngineUnreachable

Check = Callable[[Strategy], CheckResult]

CHECKS: Mapping[tuple[RoleName, str], Check] = {
    (RoleName.DISTILLER, "generative"): writer_checks.check_distiller,
    (RoleName.DISTILLER, "extractive"): check_extractive,
    (RoleName.REVISER, "generative"): writer_checks.check_reviser,
    (RoleName.JUDGE, "llm"): judge_checks.check_model_judge,
    (RoleName.JUDGE, "pairwise"): judge_checks.check_model_judge,
    (RoleName.JUDGE, "likelihood"): judge_checks.check_model_judge,
    (RoleName.JUDGE, "reference"): judge_checks.check_reference_judge,
    (RoleName.CRITIC, TRAINED_CRITIC): writer_checks.check_critic,
    (RoleName.GAP_SCORER, "reranker"): gap_checks.check_gap_scorer,
    (RoleName.GAP_SCORER, "yes_no"): gap_checks.check_gap_scorer,
    (RoleName.GAP_SCORER, "embedding_coverage"): gap_checks.check_gap_scorer,
    (RoleName.GAP_SCORER, "likelihood_gap"): gap_checks.check_gap_scorer,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a role's checks found: their results, and the strategy that is left standing."""

    results: list[CheckResult]
    active: str
    error: str = ""


def role_check(role: str, *, is_full: bool = True) -> RoleBinding:
    """Check every strategy of a role and choose the one to use.

    A strategy whose model does not answer has failed, and the binding says so: the fallback
    does the role. A check that is not ``is_full`` takes over what the same model showed on the
    labelled sets and asks only what has changed: the deployment's own pairs, the prior rules.
    What only informs (LLMBar) is left to full checks.

    Raises
    ------
    EngineUnreachable
        The *served* engine does not answer: nothing can be told about any strategy, so what
        was known before stays.
    """
    binding = binding_get(RoleName(role))
    outcome = _examine(binding, is_full)
    return _store(binding, outcome)


def _examine(binding: RoleBinding, is_full: bool) -> Outcome:
    role = RoleName(binding.role)
    results: list[CheckResult] = []
    error = _reach(binding)
    for strategy in STRATEGIES[role]:
        check = CHECKS.get((role, strategy.key))
        if check is None:
            continue
        if not is_full:
            if _has_failed_labelled(binding, strategy) or _has_no_use(role):
                continue
            check = _shortened(check, binding, strategy)
        result = _run(check, strategy, binding, error)
        results.append(
            _informed(result, strategy) if is_full and role == RoleName.JUDGE else result
        )
    return Outcome(results, _choose(binding, results), error)


def _has_no_use(role: RoleName) -> bool:
    """Whether nothing could be scored anyway: minutes of measuring are left to a full check."""
    return role == RoleName.GAP_SCORER and not has_prior_rules()


def _shortened(check: Check, binding: RoleBinding, strategy: Strategy) -> Check:
    """A gap scorer's check by what the same model showed before, where it was measured."""
    known = binding.checks.filter(strategy=strategy.key, n__gt=0).first()
    if binding.role != RoleName.GAP_SCORER or known is None:
        return check
    if known.model not in ("embedder", bound_model(binding.role).model):
        return check
    return lambda strategy: gap_checks.known_result(strategy, known)


def _informed(result: CheckResult, strategy: Strategy) -> CheckResult:
    """With the judge's figures on LLMBar, which inform and decide nothing."""
    try:
        return replace(result, measures=judge_checks.llmbar_measures(strategy))
    except UnoError:
        return result


def _has_failed_labelled(binding: RoleBinding, strategy: Strategy) -> bool:
    """Whether the bound model already failed the labelled set, which does not change."""
    last = binding.checks.filter(strategy=strategy.key).first()
    if last is None or binding.checked_at is None or last.metric != LABELLED_METRIC:
        return False
    return last.model == bound_model(binding.role).model


def _reach(binding: RoleBinding) -> str:
    """Why the bound engine cannot be used, or nothing."""
    try:
        bound_model(binding.role).client.health()
    except UnoError as error:
        if not binding.engine_url:
            raise
        return str(error)
    return ""


def _run(check: Check, strategy: Strategy, binding: RoleBinding, error: str) -> CheckResult:
    if error:
        return CheckResult.failed(strategy, error)
    try:
        return check(strategy)
    except EngineUnreachable:
        if not binding.engine_url:
            raise
        return CheckResult.failed(strategy, "The engine stopped answering.")
    except UnoError as problem:
        return CheckResult.failed(strategy, str(problem))


def _choose(binding: RoleBinding, results: list[CheckResult]) -> str:
    """The strategy asked for where it may be used, or the first one that may.

    Of the gap scorers the one that was right most often is taken, the earlier one among equals.
    """
    passed = {result.strategy: result for result in results if result.has_passed}
    usable = [s.key for s in STRATEGIES[RoleName(binding.role)] if s.bar is None or s.key in passed]
    if binding.role == RoleName.GAP_SCORER:
        usable.sort(key=lambda key: -(passed[key].figure or 0.0) if key in passed else 0.0)
    if binding.requested != AUTO and binding.requested in usable:
        return binding.requested
    return usable[0] if usable else fallback_of(binding.role).key


@transaction.atomic
def _store(binding: RoleBinding, outcome: Outcome) -> RoleBinding:
    for result in outcome.results:
        RoleCheck.objects.create(
            binding=binding,
            strategy=result.strategy,
            model=result.model,
            metric=result.metric[:60],
            figure=result.figure,
            low=result.low,
            high=result.high,
            n=result.n,
            bar=result.bar,
            has_passed=result.has_passed,
            detail=result.detail,
            measures=[asdict(measure) for measure in result.measures],
            calibration=result.calibration.as_dict() if result.calibration else {},
            had_prior_rules=has_prior_rules() if binding.role == RoleName.GAP_SCORER else None,
        )
    binding.active, binding.error = outcome.active, outcome.error
    binding.checked_at = timezone.now()
    binding.save(update_fields=["active", "error", "checked_at", "updated_at"])
    return binding
