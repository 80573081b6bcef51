"""Judges score answers; a judge that needs a correction says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from curation.roles.bindings import BoundModel
from curation.roles.judges import (
    JudgeItem,
    LikelihoodJudge,
    LlmJudge,
    PairwiseJudge,
    ReferenceJudge,
)
from tests.scripted import ScriptedClient
from uno_site.errors import InvalidInput
from uno_site.inference.protocol import ChatMessage, ChatRequest

MESSAGES = (ChatMessage("user", "Write to my landlord."),)


def test_the_model_judge_reads_the_score() -> None:
    def reply(request: ChatRequest) -> str:
        assert "1. Be brief." in request.messages[-1].content
        return json.dumps({"reason": "It is brief.", "score": 7})

    judge = LlmJudge(BoundModel(ScriptedClient(reply), "m"))
    assert judge.score(MESSAGES, "Hi.", ["Be brief."], None) == 7.0


def test_an_unreadable_verdict_is_the_lowest_score() -> None:
    judge = LlmJudge(BoundModel(ScriptedClient("I would say nine."), "m"))
    assert judge.score(MESSAGES, "Hi.", ["Be brief."], None) == 1.0


def test_the_likelihood_judge_measures_what_the_rules_add() -> None:
    def logprob(model: str, messages: Sequence[ChatMessage], text: str) -> float:
        return -1.0 if "Be brief." in messages[-1].content else -1.5

    client = ScriptedClient()
    client.logprob = logprob
    judge = LikelihoodJudge(BoundModel(client, "m"))
    assert judge.score(MESSAGES, "Hi.", ["Be brief."], None) == pytest.approx(0.5)
    assert judge.score(MESSAGES, " ", ["Be brief."], None) == 0.0


def test_without_rules_the_query_is_the_wish() -> None:
    def logprob(model: str, messages: Sequence[ChatMessage], text: str) -> float:
        return -1.0 if messages == MESSAGES else -3.0

    client = ScriptedClient()
    client.logprob = logprob
    judge = LikelihoodJudge(BoundModel(client, "m"))
    assert judge.score(MESSAGES, "Hi.", [], None) == pytest.approx(2.0)


def pairwise(prefers: Callable[[str], str]) -> PairwiseJudge:
    """A judge whose model says "A" or "B" as the function of the prompt does."""
    client = ScriptedClient()

    def next_token(
        model: str, messages: Sequence[ChatMessage], candidates: Sequence[str]
    ) -> dict[str, float]:
        said = prefers(messages[-1].content)
        return {text: -0.1 if text == said else -2.0 for text in candidates}

    client.next_token_logprobs = next_token
    return PairwiseJudge(BoundModel(client, "m"))


PAIR = (JudgeItem(MESSAGES, "Good."), JudgeItem(MESSAGES, "Bad."))


def test_the_same_choice_in_both_orders_is_a_whole_point() -> None:
    judge = pairwise(lambda text: "A" if text.index("Good.") < text.index("Bad.") else "B")
    assert judge.prefer_many([PAIR, PAIR[::-1]]) == [1.0, 0.0]


@pytest.mark.parametrize("place", ["A", "B"])
def test_a_judge_that_goes_by_the_place_gives_half(place: str) -> None:
    assert pairwise(lambda text: place).prefer_many([PAIR]) == [0.5]


def test_score_judges_prefer_the_higher_score() -> None:
    def reply(request: ChatRequest) -> str:
        score = 8 if "Good." in request.messages[-1].content else 3
        return json.dumps({"reason": "So it seems.", "score": score})

    judge = LlmJudge(BoundModel(ScriptedClient(reply), "m"))
    same = (PAIR[0], PAIR[0])
    assert judge.prefer_many([PAIR, PAIR[::-1], same]) == [1.0, 0.0, 0.5]


def test_the_reference_judge_prefers_what_is_near_the_correction() -> None:
    judge = ReferenceJudge(ScriptedClient())
    near, far = judge.score_many(
        [
            JudgeItem(MESSAGES, text, correction="Hi, it is cold. Cheers, Ana")
            for text in ("Hi, it is cold. Cheers, Ana", "Dear Sir or Madam, the heating failed.")
        ]
    )
    assert near == pytest.approx(1.0)
    assert far < 0.5


def test_the_reference_judge_refuses_without_a_correction() -> None:
    with pytest.raises(InvalidInput, match="correction"):
        ReferenceJudge(ScriptedClient()).score(MESSAGES, "Hi.", [], None)
