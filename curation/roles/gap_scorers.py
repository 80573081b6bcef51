"""The gap scorer role: how much of what users want the model would not have thought of (UNO §3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from curation.ml.gap import (
    coverage_redundancies,
    entry_gap,
    likelihood_gap,
    novelties,
    yes_probability,
)
from curation.models import RoleName
from curation.roles.bindings import BoundModel, bound_model
from uno_site.engine_clients import served_client
from uno_site.errors import InvalidInput
from uno_site.inference.protocol import ChatMessage, InferenceClient
from uno_site.prompts.loader import load_prompt

REDUNDANCY_PROMPT = "gap_scorer/redundancy"
MAX_ANSWER_CHARS, MAX_QUERY_CHARS = 800, 1_600
"""Of an answer and its query this much is read: the beginning tells how surprising it is, and
three readings an entry of a whole article would take minutes a cluster."""


@dataclass(frozen=True, slots=True)
class GapItem:
    """What the gap of one entry is measured on.

    ``own`` is the logged reply, ``chosen`` the better answer, ``unrelated`` the answer chosen
    for another entry's query.
    """

    messages: tuple[ChatMessage, ...]
    rules: tuple[str, ...]
    prior_rules: tuple[str, ...] = ()
    own: str = ""
    chosen: str | None = None
    unrelated: str | None = None


@dataclass(frozen=True, slots=True)
class GapScore:
    """An entry's gap in [0, 1], and its rules' novelties where they were measured singly."""

    gap: float
    novelties: tuple[float, ...] = ()


class GapScorer(Protocol):
    """Measures gaps; None where an entry lacks what the measure needs."""

    @property
    def name(self) -> str: ...

    def score(self, item: GapItem) -> GapScore | None: ...


class RedundancyScorer:
    """Asks a model, or a reranker, whether the prior rules cover each rule: yes or no."""

    def __init__(self, name: str, bound: BoundModel) -> None:
        self.name = name
        self.bound = bound

    def redundancy(self, rule: str, prior_rules: Sequence[str]) -> float:
        """P("yes") that the prior rules cover the rule, in [0, 1]."""
        prompt = load_prompt(REDUNDANCY_PROMPT)
        messages = prompt.render(rule=rule, prior_rules="\n".join(prior_rules))
        found = self.bound.client.next_token_logprobs(self.bound.model, messages, ["yes", "no"])
        return yes_probability(found["yes"], found["no"])

    def score(self, item: GapItem) -> GapScore | None:
        """The smallest novelty; None without rules on either side."""
        return _score_rules([self.redundancy(r, item.prior_rules) for r in item.rules], item)


class CoverageScorer:
    """Compares each rule with the nearest prior rule by their embeddings."""

    name = "embedding_coverage"

    def __init__(self, client: InferenceClient) -> None:
        self.client = client

    def redundancies(self, rules: Sequence[str], prior_rules: Sequence[str]) -> list[float]:
        """The largest cosine of each rule to a prior rule, in [0, 1]."""
        vectors = self.client.embed([*rules, *prior_rules])
        found = coverage_redundancies(vectors[: len(rules)], vectors[len(rules) :])
        return [float(value) for value in found]

    def score(self, item: GapItem) -> GapScore | None:
        """The smallest novelty; None without rules on either side."""
        if not (item.rules and item.prior_rules):
            return None
        return _score_rules(self.redundancies(item.rules, item.prior_rules), item)


class LikelihoodScorer:
    """How surprising the chosen answer is to the base model, against its own reply."""

    name = "likelihood_gap"

    def __init__(self, bound: BoundModel) -> None:
        self.bound = bound

    def score(self, item: GapItem) -> GapScore | None:
        """The likelihood gap; None without a chosen answer or anything to compare it with."""
        if not (item.chosen and item.unrelated and item.own.strip()):
            return None
        texts = (item.chosen, item.own, item.unrelated)
        return GapScore(likelihood_gap(*(self._nll(item.messages, text) for text in texts)))

    def _nll(self, messages: Sequence[ChatMessage], text: str) -> float:
        """Mean negative log-likelihood in nats per token."""
        query = [ChatMessage("user", messages[-1].content[:MAX_QUERY_CHARS])]
        scored = self.bound.client.score(self.bound.model, query, text[:MAX_ANSWER_CHARS])
        return -scored.mean_logprob


def _score_rules(redundancies: Sequence[float], item: GapItem) -> GapScore | None:
    if not (item.rules and item.prior_rules):
        return None
    return GapScore(entry_gap(redundancies), tuple(novelties(redundancies)))


def make_gap_scorer(strategy: str) -> GapScorer:
    """The gap scorer of a strategy.

    Raises
    ------
    InvalidInput
        There is no such scorer.
    """
    if strategy in ("reranker", "yes_no"):
        return RedundancyScorer(strategy, bound_model(RoleName.GAP_SCORER))
    if strategy == "embedding_coverage":
        return CoverageScorer(served_client())
    if strategy == "likelihood_gap":
        return LikelihoodScorer(bound_model(RoleName.GAP_SCORER))
    raise InvalidInput(f"There is no gap scorer {strategy!r}.", remedy="See the Roles page.")
