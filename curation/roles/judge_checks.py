"""Checks of judges: on a labelled set, then on the deployment's own human pairs.

A judge may gate only where the whole interval of its accuracy on the deployment's pairs lies
above chance. The reference judge is checked leave-one-out: every pair is judged by the wording of
the corrections of the nearest other entries (of the same cluster, if there are any), never by its
own. It passes only where people correct alike, which is also where an expert can learn it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from curation.entry_text import to_chat
from curation.ml.judges import (
    JudgeAccuracy,
    judge_accuracy,
    neighbour_score,
    preference_accuracy,
)
from curation.ml.stats import CHANCE
from curation.models import Cluster, RoleName
from curation.roles.bindings import bound_model
from curation.roles.judges import Judge, JudgeItem, JudgePair, make_judge
from curation.roles.results import CheckResult, Measure
from curation.roles.samples import load_samples
from curation.roles.strategies import Strategy
from curation.selectors import HumanPair, human_pairs
from uno_site.engine_clients import served_client
from uno_site.inference.protocol import ChatMessage

MAX_PAIRS = 60
"""The newest human pairs; with that many, .63 already lies above chance."""
MAX_PAIRS_OF_MODELS = 40
"""A model's judging takes time; with that many, .68 lies above chance."""
N_NEIGHBOURS = 5
"""Corrections of other entries that a pair is judged by, leave-one-out."""
LABELLED_METRIC = "labelled pairs told right"
LABELLED_BATCH = 4
MIN_LABELLED = 0.75
"""Share of the labelled set that a judge must tell right before it is tried on real pairs."""


def check_model_judge(strategy: Strategy) -> CheckResult:
    """The labelled set first; only who passes it is tried on the deployment's pairs."""
    judge = make_judge(strategy.key)
    labelled = labelled_accuracy(judge)
    if labelled.share < MIN_LABELLED:
        return _failed_labelled(strategy, labelled)
    told = f"Labelled set: {labelled.n_right:g} of {labelled.n_pairs}."
    pairs = human_pairs(limit=MAX_PAIRS_OF_MODELS)
    return _result(strategy, judge_pairs(judge, pairs), detail=told)


def _failed_labelled(strategy: Strategy, accuracy: JudgeAccuracy) -> CheckResult:
    return CheckResult(
        strategy=strategy.key,
        metric=LABELLED_METRIC,
        bar=MIN_LABELLED,
        has_passed=False,
        figure=accuracy.share,
        low=accuracy.interval.low,
        high=accuracy.interval.high,
        n=accuracy.n_pairs,
        model=bound_model(RoleName.JUDGE).model,
        detail="It was not tried on this deployment's own pairs.",
    )


def check_reference_judge(strategy: Strategy) -> CheckResult:
    """On the deployment's pairs alone: without corrections there is nothing to refer to."""
    accuracy = judge_pairs(make_judge(strategy.key), human_pairs(limit=MAX_PAIRS))
    return _result(strategy, accuracy)


def check_judge_on_cluster(judge: Judge, cluster: Cluster, strategy: Strategy) -> CheckResult:
    """A judge good in one place can be bad in another: its accuracy on one cluster's pairs."""
    return _result(strategy, judge_pairs(judge, human_pairs(cluster=cluster, limit=MAX_PAIRS)))


def _result(strategy: Strategy, accuracy: JudgeAccuracy, detail: str = "") -> CheckResult:
    notes = [detail] if detail else []
    if not accuracy.n_pairs:
        notes.append("There are no human pairs yet: corrections or preferred replies.")
    elif not accuracy.beats_chance:
        notes.append("The interval does not lie above chance.")
    return CheckResult(
        strategy=strategy.key,
        metric=strategy.metric,
        bar=CHANCE,
        has_passed=accuracy.beats_chance,
        figure=accuracy.share if accuracy.n_pairs else None,
        low=accuracy.interval.low,
        high=accuracy.interval.high,
        n=accuracy.n_pairs,
        model=bound_model(RoleName.JUDGE).model if strategy.key != "reference" else "embedder",
        detail=" ".join(notes),
    )


def labelled_accuracy(judge: Judge) -> JudgeAccuracy:
    """The judge's accuracy on the labelled pairs kept in the repository.

    It stops as soon as :data:`MIN_LABELLED` is out of reach.
    """
    rows = load_samples("judge_pairs")
    points: list[float] = []
    for start in range(0, len(rows), LABELLED_BATCH):
        batch = rows[start : start + LABELLED_BATCH]
        points += judge.prefer_many([_labelled_pair(row) for row in batch])
        if len(rows) - (len(points) - sum(points)) < MIN_LABELLED * len(rows):
            break
    return preference_accuracy(points)


def llmbar_measures(strategy: Strategy) -> tuple[Measure, ...]:
    """The judge's accuracy on LLMBar's natural and adversarial pairs, ties half.

    It shows how a judge does on instructions at large and decides nothing: a judge good there
    may be bad on this deployment's wishes. The reference judge has no corrections there.
    """
    judge = make_judge(strategy.key)
    if judge.needs_correction:
        return ()
    natural = [row for row in load_samples("llmbar") if row["subset"] == "Natural"]
    adversarial = [row for row in load_samples("llmbar") if row["subset"] != "Natural"]
    return (
        _measure("LLMBar, natural pairs", judge, natural),
        _measure("LLMBar, adversarial pairs", judge, adversarial),
    )


def _measure(label: str, judge: Judge, rows: Sequence[dict[str, Any]]) -> Measure:
    found = preference_accuracy(judge.prefer_many([_labelled_pair(row) for row in rows]))
    return Measure(label, found.share, found.interval.low, found.interval.high, found.n_pairs)


def _labelled_pair(row: dict[str, Any]) -> JudgePair:
    query, rules = (ChatMessage("user", row["query"]),), tuple(row.get("rules", ()))
    return JudgeItem(query, row["better"], rules), JudgeItem(query, row["worse"], rules)


def judge_pairs(judge: Judge, pairs: Sequence[HumanPair]) -> JudgeAccuracy:
    """The judge's accuracy on human pairs; leave-one-out where it needs a correction."""
    if judge.needs_correction:
        return _judge_by_neighbours(pairs)
    return preference_accuracy(judge.prefer_many([_human_pair(pair) for pair in pairs]))


def _human_pair(pair: HumanPair) -> JudgePair:
    messages, rules = to_chat(pair.messages), tuple(pair.rules)
    return (
        JudgeItem(messages, pair.chosen, rules, pair.correction),
        JudgeItem(messages, pair.rejected, rules, pair.correction),
    )


def _judge_by_neighbours(pairs: Sequence[HumanPair]) -> JudgeAccuracy:
    return judge_accuracy(
        [
            (neighbour_score(pair.chosen, others), neighbour_score(pair.rejected, others))
            for pair, others in zip(pairs, neighbour_corrections(pairs), strict=True)
            if others
        ]
    )


def neighbour_corrections(pairs: Sequence[HumanPair]) -> list[list[str]]:
    """For each pair the chosen answers of the :data:`N_NEIGHBOURS` nearest other ones.

    Those of its own cluster come first, then the nearest by query. Empty where there is no other
    pair.
    """
    if len(pairs) < 2:
        return [[] for _ in pairs]
    vectors = served_client().embed([pair.query for pair in pairs])
    cosines = vectors @ vectors.T
    return [
        [pairs[other].chosen for other in _nearest(index, pairs, cosines[index])]
        for index in range(len(pairs))
    ]


def _nearest(index: int, pairs: Sequence[HumanPair], cosines: np.ndarray) -> list[int]:
    home = pairs[index].cluster_id

    def is_away(other: int) -> bool:
        return home is None or pairs[other].cluster_id != home

    others = [other for other in range(len(pairs)) if other != index]
    others.sort(key=lambda other: (is_away(other), -cosines[other]))
    return others[:N_NEIGHBOURS]
