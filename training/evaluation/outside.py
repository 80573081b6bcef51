"""From answers outside every cluster to a report: routes, scores, differences, the verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from math import exp, expm1
from typing import Any

from training.evaluation.sets.outside import CONTROL, GSM8K, IFEVAL, SURPRISE, TEXT, OutsideSet
from training.evaluation.sets.regression import RegressionFigures, check_regression
from training.evaluation.statistics import (
    Estimate,
    Scores,
    mean_estimate,
    paired_difference,
    rate_estimate,
)
from training.evaluation.summary import BASELINE, Answered

GROUPS = {IFEVAL: "IFEval", GSM8K: "GSM8K", TEXT: "Text", CONTROL: "Control prompts"}
METRICS = {
    "strict": "IFEval, strict",
    "loose": "IFEval, loose",
    "exact": "GSM8K, exact",
    "perplexity": "Perplexity",
}
"""What is shown, with titles; perplexity's difference is a share of the base's."""
Json = dict[str, Any]


def summarise_outside(
    answers: Iterable[Answered], methods: Sequence[str], outside: OutsideSet
) -> Json:
    """Every method's figures on prompts outside every cluster, and whether they pass.

    Perplexity is of a *routed* system: each passage is scored by whoever the router would have
    answer the prompt that asks for it, the base model or an expert (behind a critic the base
    model writes the final text, so that is who is scored). It is exp of the mean over passages
    of the mean negative log-probability per token, with a bootstrap interval over passages.

    Parameters
    ----------
    answers
        All of the evaluation's; those of other prompts are left out, except the set's own
        control prompts, which count for the share that went to the base model.
    outside
        Knows which prompts belong to a topic all the same.

    Returns
    -------
    dict
        By method: ``n``, ``base_share`` and ``groups`` (shares that went to the base model,
        Wilson), ``metrics``, ``to_base`` (paired), ``findings`` of
        :func:`~training.evaluation.sets.regression.check_regression` and ``has_passed`` (None
        until everything is measured). Plain values.
    """
    rows: dict[str, list[Answered]] = defaultdict(list)
    for answer in answers:
        if answer.topic in GROUPS and outside.is_outside(answer.item):
            rows[answer.method].append(answer)
    found = {name: _last(rows[name]) for name in methods if _is_measured(rows[name])}
    base = found.get(BASELINE, [])
    return {name: _of_method(group, base, outside) for name, group in found.items()}


def _is_measured(rows: Sequence[Answered]) -> bool:
    """Control prompts alone are no measurement: every method has them."""
    return any(row.topic != CONTROL for row in rows)


def _last(rows: Sequence[Answered]) -> list[Answered]:
    """Of several batches the last one's."""
    last: dict[int, int] = defaultdict(int)
    for row in rows:
        last[row.seed] = max(last[row.seed], row.batch)
    return [row for row in rows if row.batch == last[row.seed]]


def _of_method(rows: Sequence[Answered], base: Sequence[Answered], outside: OutsideSet) -> Json:
    values = {name: _scores(rows, name) for name in METRICS}
    before = {name: _scores(base, name) for name in METRICS}
    metrics = {name: _shown(name, mean_estimate(values[name]), exp) for name in METRICS}
    to_base = {
        name: _shown(name, paired_difference(values[name], before[name]), expm1) for name in METRICS
    }
    n_to_base = sum(row.kind == "base" for row in rows)
    return {
        "n": len(rows),
        "base_share": _plain(rate_estimate(n_to_base, len(rows))),
        "groups": _groups(rows),
        "metrics": {name: _plain(value) for name, value in metrics.items()},
        "to_base": {name: _plain(value) for name, value in to_base.items()},
        **_verdict(metrics, _figures(_shared(base, rows)), n_to_base, len(rows), outside),
    }


def _scores(rows: Sequence[Answered], metric: str) -> Scores:
    name = SURPRISE if metric == "perplexity" else metric
    found: dict[int, dict[str, float]] = defaultdict(dict)
    for row in rows:
        if name in row.scores and row.topic != CONTROL:
            found[row.seed][row.item] = row.scores[name]
    return found


def _shown(
    metric: str, estimate: Estimate | None, scale: Callable[[float], float]
) -> Estimate | None:
    """Log-perplexities are shown as perplexities, or as shares of the base's."""
    if metric != "perplexity" or estimate is None:
        return estimate
    return replace(
        estimate,
        mean=scale(estimate.mean),
        low=scale(estimate.low),
        high=scale(estimate.high),
    )


def _groups(rows: Sequence[Answered]) -> Json:
    """The share of each kind of prompt that went to the base model."""
    found: Json = {}
    for topic, title in GROUPS.items():
        kinds = [row.kind == "base" for row in rows if row.topic == topic]
        if kinds:
            found[title] = _plain(rate_estimate(sum(kinds), len(kinds)))
    return found


def _shared(base: Sequence[Answered], rows: Sequence[Answered]) -> list[Answered]:
    """The base's answers to the prompts that a method has answered: the verdict is paired too."""
    asked = {(row.seed, row.item) for row in rows}
    return [row for row in base if (row.seed, row.item) in asked]


def _figures(rows: Sequence[Answered]) -> Mapping[str, Estimate | None]:
    return {name: _shown(name, mean_estimate(_scores(rows, name)), exp) for name in METRICS}


def _verdict(
    routed: Mapping[str, Estimate | None],
    base: Mapping[str, Estimate | None],
    n_to_base: int,
    n_prompts: int,
    outside: OutsideSet,
) -> Json:
    before, after = _regression_figures(base), _regression_figures(routed)
    if before is None or after is None:
        return {"findings": [], "has_passed": None}
    verdict = check_regression(before, after, n_to_base, n_prompts, outside.config)
    return {"findings": list(verdict.findings), "has_passed": verdict.has_passed}


def _regression_figures(found: Mapping[str, Estimate | None]) -> RegressionFigures | None:
    ifeval, gsm8k, perplexity = (found[name] for name in ("strict", "exact", "perplexity"))
    if ifeval is None or gsm8k is None or perplexity is None:
        return None
    return RegressionFigures(ifeval.mean, gsm8k.mean, perplexity.mean)


def _plain(estimate: Estimate | None) -> Json | None:
    return dict(estimate.as_json()) if estimate else None
