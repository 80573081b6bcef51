"""The judge role: how good an answer is for the user who wanted it (UNO §1 and §4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from curation.entry_text import numbered_rules
from curation.ml import judges as pure
from curation.models import RoleName
from curation.roles.bindings import BoundModel, bound_model
from uno_site.engine_clients import served_client
from uno_site.errors import InvalidInput
from uno_site.inference.protocol import ChatMessage, ChatRequest, InferenceClient, Sampling
from uno_site.prompts.loader import load_prompt

JUDGE_PROMPT = "judge/score"
MAX_JUDGE_TOKENS = 256
NO_RULES = "(none given)"
COMPARE_PROMPT = "judge/compare"
NO_QUERY = ChatMessage("user", "Hello.")


@dataclass(frozen=True, slots=True)
class JudgeItem:
    """One answer to be judged, with what its user is known to want."""

    messages: tuple[ChatMessage, ...]
    answer: str
    rules: tuple[str, ...] = ()
    correction: str | None = None

    @property
    def query(self) -> str:
        """The user's last message."""
        return self.messages[-1].content


JudgePair = tuple[JudgeItem, JudgeItem]
"""Two answers to one query."""


class Judge(Protocol):
    """Scores answers; a higher score is a better answer. Scores of two judges do not compare."""

    @property
    def name(self) -> str: ...

    @property
    def needs_correction(self) -> bool:
        """Whether it can only judge where the user's own correction is known."""
        ...

    @property
    def is_pairwise(self) -> bool:
        """Whether it reads two answers at once, so that single scores are not its verdict."""
        ...

    def score(
        self,
        messages: Sequence[ChatMessage],
        answer: str,
        rules: Sequence[str],
        correction: str | None,
    ) -> float: ...

    def score_many(self, items: Sequence[JudgeItem]) -> list[float]: ...

    def prefer_many(self, pairs: Sequence[JudgePair]) -> list[float]:
        """For each pair the points of its first answer: 1 better, ½ as good, 0 worse."""
        ...


class _ManyJudge:
    """One answer is a batch of one; of two answers the one with the higher score is better."""

    is_pairwise = False

    def score(
        self,
        messages: Sequence[ChatMessage],
        answer: str,
        rules: Sequence[str],
        correction: str | None = None,
    ) -> float:
        """The score of one answer."""
        return self.score_many([JudgeItem(tuple(messages), answer, tuple(rules), correction)])[0]

    def score_many(self, items: Sequence[JudgeItem]) -> list[float]:
        """The scores of several answers, in their order."""
        raise NotImplementedError

    def prefer_many(self, pairs: Sequence[JudgePair]) -> list[float]:
        """Points in {0, ½, 1} of each pair's first answer."""
        scores = self.score_many([item for pair in pairs for item in pair])
        return [pure.preference(*two) for two in zip(scores[0::2], scores[1::2], strict=True)]


class LlmJudge(_ManyJudge):
    """The paper's judge: the model reads rules and answer and writes a score from 1 to 10.

    An output that is no score counts as the lowest one: the judge could not find any merit.
    """

    name = "llm"
    needs_correction = False

    def __init__(self, bound: BoundModel) -> None:
        self.bound = bound

    def score_many(self, items: Sequence[JudgeItem]) -> list[float]:
        """Scores in [1, 10]."""
        results = self.bound.client.chat_many([self._request(item) for item in items])
        return [_llm_score(result.text) for result in results]

    def _request(self, item: JudgeItem) -> ChatRequest:
        prompt = load_prompt(JUDGE_PROMPT)
        rules = numbered_rules(item.rules) or NO_RULES
        return ChatRequest(
            model=self.bound.model,
            messages=prompt.render(query=item.query, answer=item.answer, rules=rules),
            sampling=Sampling(max_tokens=MAX_JUDGE_TOKENS, temperature=0.0),
            json_schema=prompt.json_schema,
        )


class PairwiseJudge(LlmJudge):
    """The model reads two answers and says which is better, once in each order.

    Judges favour a place (Zheng et al. 2023, "Judging LLM-as-a-Judge"): an answer that is only
    preferred where it comes first, or second, gets half a point. Single scores, by which the best
    of many revisions is chosen, are the LLM judge's.
    """

    name = "pairwise"
    is_pairwise = True

    def prefer_many(self, pairs: Sequence[JudgePair]) -> list[float]:
        """Points in {0, ¼, ½, ¾, 1}; the quarters where one of the two looks was a draw."""
        return [
            pure.swapped_preference(
                self._points_of_a(one, other), 1.0 - self._points_of_a(other, one)
            )
            for one, other in pairs
        ]

    def _points_of_a(self, first: JudgeItem, second: JudgeItem) -> float:
        messages = load_prompt(COMPARE_PROMPT).render(
            query=first.query,
            rules=numbered_rules(first.rules) or NO_RULES,
            first=first.answer,
            second=second.answer,
        )
        found = self.bound.client.next_token_logprobs(self.bound.model, messages, ["A", "B"])
        return pure.preference(found["A"], found["B"])


class LikelihoodJudge(_ManyJudge):
    """How much the rules raise the mean log-probability of an answer (UNO, "Small models").

    Without rules the query itself is the wish: how much it raises the answer's likelihood over a
    greeting.
    """

    name = "likelihood"
    needs_correction = False

    def __init__(self, bound: BoundModel) -> None:
        self.bound = bound

    def score_many(self, items: Sequence[JudgeItem]) -> list[float]:
        """Lifts in nats per token; 0 for an empty answer."""
        return [self._score(item) for item in items]

    def _score(self, item: JudgeItem) -> float:
        if not item.answer.strip():
            return 0.0
        untold: Sequence[ChatMessage] = item.messages if item.rules else [NO_QUERY]
        told = _with_rules(item.messages, item.rules) if item.rules else item.messages
        return pure.likelihood_score(
            self._mean_logprob(told, item.answer), self._mean_logprob(untold, item.answer)
        )

    def _mean_logprob(self, messages: Sequence[ChatMessage], answer: str) -> float:
        return self.bound.client.score(self.bound.model, messages, answer).mean_logprob


class ReferenceJudge(_ManyJudge):
    """How near an answer comes to the user's own correction, in words and in meaning."""

    name = "reference"
    needs_correction = True

    def __init__(self, client: InferenceClient) -> None:
        self.client = client

    def score_many(self, items: Sequence[JudgeItem]) -> list[float]:
        """Scores in [0, 1].

        Raises
        ------
        InvalidInput
            An item without a correction.
        """
        judge = pure.ReferenceJudge(self.client.embed)
        return judge.scores(
            [pure.JudgeItem(item.query, item.answer, reference=item.correction) for item in items]
        )


def _llm_score(text: str) -> float:
    try:
        return float(pure.parse_llm_verdict(text).score)
    except InvalidInput:
        return float(pure.MIN_SCORE)


def _with_rules(messages: Sequence[ChatMessage], rules: Sequence[str]) -> list[ChatMessage]:
    """The conversation with the rules stated at the end of the query."""
    *earlier, last = messages
    told = f"{last.content}\n\nFollow these rules:\n{numbered_rules(rules)}"
    return [*earlier, ChatMessage(last.role, told)]


def make_judge(strategy: str) -> Judge:
    """The judge of a strategy.

    Raises
    ------
    InvalidInput
        There is no such judge.
    """
    if strategy == "llm":
        return LlmJudge(bound_model(RoleName.JUDGE))
    if strategy == "pairwise":
        return PairwiseJudge(bound_model(RoleName.JUDGE))
    if strategy == "likelihood":
        return LikelihoodJudge(bound_model(RoleName.JUDGE))
    if strategy == "reference":
        return ReferenceJudge(served_client())
    raise InvalidInput(
        f"There is no judge {strategy!r}.", remedy="llm, pairwise, likelihood or reference."
    )
