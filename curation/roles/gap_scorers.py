"""The gap scorer role: how much of what users want the model would not have thought of (UNO §3).

Every scorer finds *evidence* that the prior rules cover a rule, on a scale of its own. A
calibration, fitted on labelled rules by the role's check, makes a probability of it: the
redundancy of the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from curation.entry_text import numbered_rules
from curation.ml.calibration import IDENTITY_LOGIT, Calibration
from curation.ml.gap import (
    coverage_redundancies,
    entry_gap,
    likelihood_gap,
    log_odds,
    novelties,
)
from curation.models import RoleName
from curation.roles.bindings import BoundModel, bound_model
from uno_site.engine_clients import served_client
from uno_site.inference.protocol import ChatMessage, InferenceClient
from uno_site.prompts.loader import load_prompt

REDUNDANCY_PROMPT = "gap_scorer/redundancy"
RERANK_PROMPT = "gap_scorer/rerank"
NEXT_RULE_PROMPT = "gap_scorer/next_rule"
MAX_ANSWER_CHARS, MAX_QUERY_CHARS = 800, 1_600
"""Of an answer and its query this much is read: the beginning tells how surprising it is, and
three readings an entry of a whole article would take minutes a cluster."""
UNRELATED_RULE = "Cite the number of the exhibit in every paragraph."
"""A rule that hardly any list covers: the far end of the likelihood gap's scale for rules."""


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


class RuleScorer:
    """Compares each rule with the prior rules; subclasses say by what evidence.

    ``calibration`` maps evidence to redundancy. A subclass's own is what its figures mean before
    anything was fitted.
    """

    name = ""
    calibration: Calibration = IDENTITY_LOGIT

    def evidence(self, rules: Sequence[str], prior_rules: Sequence[str]) -> list[float]:
        """How much speaks for it that the prior rules cover each rule; more is likelier."""
        raise NotImplementedError

    def redundancies(self, rules: Sequence[str], prior_rules: Sequence[str]) -> list[float]:
        """The probability in [0, 1] that the prior rules cover each rule."""
        return [self.calibration(value) for value in self.evidence(rules, prior_rules)]

    def score(self, item: GapItem) -> GapScore | None:
        """The smallest novelty; None without rules on either side."""
        if not (item.rules and item.prior_rules):
            return None
        found = self.redundancies(item.rules, item.prior_rules)
        return GapScore(entry_gap(found), tuple(novelties(found)))


class RerankScorer(RuleScorer):
    """The paper's: a causal reranker reads the rule as query and the prior rules as document."""

    name = "reranker"

    def __init__(self, bound: BoundModel) -> None:
        self.bound = bound

    def evidence(self, rules: Sequence[str], prior_rules: Sequence[str]) -> list[float]:
        """Log-odds of "yes" against "no", in nats."""
        instruction = load_prompt(RERANK_PROMPT).render()[-1].content
        document = "\n".join(prior_rules)
        rerank, model = self.bound.client.rerank, self.bound.model
        return [log_odds(rerank(model, rule, [document], instruction)[0]) for rule in rules]


class YesNoScorer(RuleScorer):
    """Asks the chat model whether the prior rules cover each rule."""

    name = "yes_no"

    def __init__(self, bound: BoundModel) -> None:
        self.bound = bound

    def evidence(self, rules: Sequence[str], prior_rules: Sequence[str]) -> list[float]:
        """Log-odds of "yes" against "no" as the first word, in nats."""
        return [self._log_odds(rule, prior_rules) for rule in rules]

    def _log_odds(self, rule: str, prior_rules: Sequence[str]) -> float:
        prompt = load_prompt(REDUNDANCY_PROMPT)
        messages = prompt.render(rule=rule, prior_rules="\n".join(prior_rules))
        found = self.bound.client.next_token_logprobs(self.bound.model, messages, ["yes", "no"])
        return found["yes"] - found["no"]


class CoverageScorer(RuleScorer):
    """Compares each rule with the nearest prior rule by their embeddings."""

    name = "embedding_coverage"
    calibration = Calibration(10.0, -5.0)
    """Before anything is fitted: a cosine of .5 is as good as a coin."""

    def __init__(self, client: InferenceClient) -> None:
        self.client = client

    def evidence(self, rules: Sequence[str], prior_rules: Sequence[str]) -> list[float]:
        """The largest cosine of each rule to a prior rule, in [0, 1]."""
        vectors = self.client.embed([*rules, *prior_rules])
        found = coverage_redundancies(vectors[: len(rules)], vectors[len(rules) :])
        return [float(value) for value in found]


class RuleLikelihoodScorer(RuleScorer):
    """How surprising a rule is to the base model after the prior rules: the likelihood gap.

    The model is asked to go on with its list of prior rules; the rule is compared with the
    prior rule that it says again most readily and with a rule of no bearing.
    """

    name = "likelihood_gap_of_rules"
    calibration = Calibration(10.0, -5.0)

    def __init__(self, bound: BoundModel) -> None:
        self.bound = bound

    def evidence(self, rules: Sequence[str], prior_rules: Sequence[str]) -> list[float]:
        """1 − likelihood gap of each rule, in [0, 1]."""
        prompt = load_prompt(NEXT_RULE_PROMPT).render(prior_rules=numbered_rules(prior_rules))
        own = min(self._nll(prompt, rule) for rule in prior_rules)
        unrelated = self._nll(prompt, UNRELATED_RULE)
        return [1.0 - likelihood_gap(self._nll(prompt, rule), own, unrelated) for rule in rules]

    def _nll(self, prompt: Sequence[ChatMessage], rule: str) -> float:
        return -self.bound.client.score(self.bound.model, prompt, rule).mean_logprob


class LikelihoodScorer:
    """How surprising the chosen answer is to the base model, against its own reply.

    It needs no prior rules: this is what is left where the model writes none.
    """

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


def make_rule_scorer(strategy: str) -> RuleScorer:
    """The scorer of a strategy that compares rules with prior rules, not calibrated yet.

    Raises
    ------
    KeyError
        There is no such scorer.
    """
    if strategy == CoverageScorer.name:
        return CoverageScorer(served_client())
    makers = {
        "reranker": RerankScorer,
        "yes_no": YesNoScorer,
        "likelihood_gap": RuleLikelihoodScorer,
    }
    return makers[strategy](bound_model(RoleName.GAP_SCORER))


def answer_likelihood_scorer() -> LikelihoodScorer:
    """The scorer that needs no prior rules."""
    return LikelihoodScorer(bound_model(RoleName.GAP_SCORER))
