"""What the evaluation screens read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from training.charts import bar_chart, curve
from training.evaluation.methods.catalogue import BASE, METHODS, UNO
from training.evaluation.methods.protocol import Method
from training.models import Evaluation, EvaluationAnswer
from training.services.evaluation.export import outside_rows, results_rows
from uno_site.errors import InvalidInput

LABELS = {name: method.title for name, method in METHODS.items()}
COSTS = ("prompt_tokens", "seconds")


@dataclass(frozen=True, slots=True)
class Sample:
    """One held-out prompt with the answers of the chosen methods, in their order."""

    prompt: str
    topic: str
    seed: int
    answers: Sequence[EvaluationAnswer]


def evaluation_params(form: QueryDict, max_seeds: int) -> dict[str, Any]:
    """A job's parameters out of the form that starts an evaluation.

    Raises
    ------
    InvalidInput
        The number of seeds is none, or too large.
    """
    n_seeds = form.get("seeds", "1")
    if not n_seeds.isdecimal() or not 1 <= int(n_seeds) <= max_seeds:
        raise InvalidInput(
            _("%(n_seeds)s seeds were asked for.") % {"n_seeds": n_seeds},
            remedy=_("Ask for 1 to %(max_seeds)s seeds.") % {"max_seeds": max_seeds},
        )
    return {
        "set": form.get("set", ""),
        "methods": form.getlist("method") or ["all"],
        "seeds": list(range(int(n_seeds))),
        "outside": form.get("outside", ""),
    }


def evaluation_view(evaluation: Evaluation) -> dict[str, Any]:
    """Charts and tables of an evaluation, as far as it has come."""
    results = evaluation.results or {}
    methods: Mapping[str, Any] = results.get("methods", {})
    charts = [
        bar_chart(
            metric,
            {name: found["metrics"].get(metric["name"]) for name, found in methods.items()},
            LABELS,
            UNO,
        )
        for metric in results.get("metrics", [])
    ]
    headings, rows = results_rows(evaluation)
    names = [metric["name"] for metric in results.get("metrics", [])]
    return {
        "charts": [c for c, name in zip(charts, names, strict=True) if name not in COSTS],
        "cost_charts": [c for c, name in zip(charts, names, strict=True) if name in COSTS],
        "headings": headings,
        "rows": rows,
        "curves": _curves(methods),
        "topics": _topics(methods),
        "routes": _routes(methods),
        "noise": _noise(results.get("steps", {})),
        "outside": _outside(evaluation),
    }


def _curves(methods: Mapping[str, Any]) -> list[dict[str, Any]]:
    drawn = [(LABELS.get(name, name), curve(found["curve"])) for name, found in methods.items()]
    return [{"label": label, "curve": line} for label, line in drawn if line]


def _topics(methods: Mapping[str, Any]) -> dict[str, Any]:
    names = list(dict.fromkeys(topic for found in methods.values() for topic in found["topics"]))
    return {
        "names": names,
        "rows": [
            {
                "label": LABELS.get(name, name),
                "cells": [found["topics"].get(topic) for topic in names],
            }
            for name, found in methods.items()
        ],
    }


def _routes(methods: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Who answered, by topic, for the methods that learn."""
    return [
        {"label": LABELS.get(name, name), "topic": topic, "kinds": kinds}
        for name, found in methods.items()
        if name in METHODS and METHODS[name].is_learned
        for topic, kinds in found["routes"].items()
    ]


def _noise(steps: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The noise filter by the set's own knowledge, for each method and seed."""
    rows = []
    for name, by_seed in steps.items():
        for seed, told in by_seed.items():
            if (noise := told.get("noise")) and noise["n_useful"]:
                shares = {
                    "recall": noise["n_useful_kept"] / noise["n_useful"],
                    "precision": noise["n_useful_kept"] / noise["n_kept"]
                    if noise["n_kept"]
                    else None,
                }
                rows.append({"label": LABELS.get(name, name), "seed": seed, **noise, **shares})
    return rows


def evaluation_methods(evaluation: Evaluation) -> list[Method]:
    """The methods that are compared, as far as the catalogue still has them."""
    return [METHODS[name] for name in evaluation.config["methods"] if name in METHODS]


def shown_methods(evaluation: Evaluation, wanted: Sequence[str]) -> list[str]:
    """Whose answers are shown: those wanted, else the base model's, and UNO's or the last."""
    names = evaluation.config["methods"]
    usual = dict.fromkeys([BASE, UNO if UNO in names else names[-1]])
    return [name for name in wanted if name in names] or list(usual)


def _outside(evaluation: Evaluation) -> dict[str, Any]:
    """What became of prompts outside every cluster: figures, and shares by kind of prompt."""
    headings, rows = outside_rows(evaluation)
    found: Mapping[str, Any] = (evaluation.results or {}).get("outside", {})
    shares = {name: measured["groups"] for name, measured in found.items() if measured["groups"]}
    groups = list(dict.fromkeys(group for shown in shares.values() for group in shown))
    return {
        "headings": headings[:-1],
        "rows": [row[:-1] for row in rows],
        "verdicts": [{"label": row[0], "text": row[-1]} for row in rows],
        "groups": groups,
        "shares": [
            {"label": LABELS.get(name, name), "cells": [shown.get(group) for group in groups]}
            for name, shown in shares.items()
        ],
    }


def evaluation_topics(evaluation: Evaluation) -> list[str]:
    """The topics of the evaluation's prompts."""
    rows = evaluation.answers.order_by("topic").values_list("topic", flat=True).distinct()
    return [topic for topic in rows if topic]


def evaluation_items(evaluation: Evaluation, topic: str = "") -> QuerySet:
    """The prompts that the base model has answered: seed and item."""
    rows = evaluation.answers.filter(method=BASE).order_by("seed", "item")
    rows = rows.filter(topic=topic) if topic else rows
    return rows.values("seed", "item")


def evaluation_samples(
    evaluation: Evaluation, items: Sequence[Mapping[str, Any]], methods: Sequence[str]
) -> list[Sample]:
    """The answers of some methods to some prompts; of several batches the last one's."""
    rows = evaluation.answers.filter(
        method__in=methods, item__in={row["item"] for row in items}
    ).order_by("batch")
    found = {(row.seed, row.item, row.method): row for row in rows}
    samples = []
    for item in items:
        keys = [(item["seed"], item["item"], method) for method in methods]
        answers = [found[key] for key in keys if key in found]
        for answer in answers:
            answer.label = LABELS.get(answer.method, answer.method)
        if answers:
            samples.append(Sample(answers[0].prompt, answers[0].topic, item["seed"], answers))
    return samples
