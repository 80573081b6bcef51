"""From answers to what a report shows: a mean with its interval for everything."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.evaluation.metrics import length_ratio
from training.evaluation.sets.protocol import Metric
from training.evaluation.statistics import (
    Estimate,
    Scores,
    mean_estimate,
    paired_difference,
    rate_estimate,
)

BASELINE = "base"


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer as it is kept. ``scores`` are the set's and the common ones."""

    method: str
    seed: int
    batch: int
    item: str
    topic: str
    text: str
    scores: Mapping[str, float]
    kind: str
    prompt_tokens: int
    seconds: float


Json = dict[str, Any]


def summarise(
    answers: Iterable[Answered],
    methods: Sequence[str],
    metrics: Sequence[Metric],
    reference: str,
) -> Json:
    """Every method's means, its differences to the base and to ``reference``, and its routes.

    Parameters
    ----------
    metrics
        The set's, then the common ones.
    reference
        The method that the others are measured against beside the base ("uno").

    Returns
    -------
    dict
        ``methods``: by name ``metrics``, ``to_base``, ``to_reference`` (estimates by metric),
        ``topics`` (by topic, the first metric), ``routes`` (by kind, of items with a topic) and
        ``curve`` (one estimate of the first metric a batch). Plain values.
    """
    by_method: dict[str, list[Answered]] = defaultdict(list)
    for answer in answers:
        by_method[answer.method].append(answer)
    last = {name: _last_batch(rows) for name, rows in by_method.items()}
    base = {(row.seed, row.item): row.text for row in last.get(BASELINE, [])}
    return {
        "methods": {
            name: _of_method(name, by_method[name], last, base, metrics, reference)
            for name in methods
            if name in by_method
        }
    }


def _of_method(
    name: str,
    rows: Sequence[Answered],
    last: Mapping[str, Sequence[Answered]],
    base: Mapping[tuple[int, str], str],
    metrics: Sequence[Metric],
    reference: str,
) -> Json:
    final = last[name]
    values = {metric.name: scores_of(final, metric.name, base) for metric in metrics}
    others = {
        other: {m.name: scores_of(last.get(other, []), m.name, base) for m in metrics}
        for other in (BASELINE, reference)
    }
    return {
        "n": len(final),
        "metrics": {key: _plain(mean_estimate(value)) for key, value in values.items()},
        "to_base": _differences(values, others[BASELINE]),
        "to_reference": _differences(values, others[reference]),
        "topics": _by_topic(final, metrics[0].name),
        "routes": _routes(final),
        "curve": _curve(rows, metrics[0].name),
    }


def scores_of(rows: Sequence[Answered], metric: str, base: Mapping[tuple[int, str], str]) -> Scores:
    """One metric's values by seed and item; answers to which it does not apply are left out."""
    found: dict[int, dict[str, float]] = defaultdict(dict)
    for row in rows:
        value = _value(row, metric, base)
        if value is not None:
            found[row.seed][row.item] = value
    return found


def _value(row: Answered, metric: str, base: Mapping[tuple[int, str], str]) -> float | None:
    if metric == "prompt_tokens":
        return float(row.prompt_tokens)
    if metric == "seconds":
        return row.seconds
    if metric == "length_ratio":
        key = (row.seed, row.item)
        return length_ratio(row.text, base[key]) if key in base else None
    return row.scores.get(metric)


def _last_batch(rows: Sequence[Answered]) -> list[Answered]:
    """A method's answers after the last batch that each seed has reached."""
    reached: dict[int, int] = defaultdict(int)
    for row in rows:
        reached[row.seed] = max(reached[row.seed], row.batch)
    return [row for row in rows if row.batch == reached[row.seed]]


def _differences(values: Mapping[str, Scores], others: Mapping[str, Scores]) -> Json:
    return {
        metric: _plain(paired_difference(scores, others[metric]))
        for metric, scores in values.items()
    }


def _by_topic(rows: Sequence[Answered], metric: str) -> Json:
    topics: dict[str, list[Answered]] = defaultdict(list)
    for row in rows:
        topics[row.topic].append(row)
    return {
        topic: _plain(mean_estimate(scores_of(group, metric, {})))
        for topic, group in topics.items()
        if any(metric in row.scores for row in group)
    }


def _routes(rows: Sequence[Answered]) -> Json:
    """The share of each kind of route, by topic."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row.topic][row.kind] += 1
    return {
        topic: {kind: _plain(rate_estimate(n, kinds.total())) for kind, n in sorted(kinds.items())}
        for topic, kinds in counts.items()
    }


def _curve(rows: Sequence[Answered], metric: str) -> list[Json | None]:
    batches = sorted({row.batch for row in rows if row.batch})
    return [
        _plain(mean_estimate(scores_of([row for row in rows if row.batch == batch], metric, {})))
        for batch in batches
    ]


def _plain(estimate: Estimate | None) -> Json | None:
    return dict(estimate.as_json()) if estimate else None
