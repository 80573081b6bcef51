"""Judges score answers; a judge that needs a correction says so."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from curation.roles.bindings import BoundModel
from curation.roles.judges import JudgeItem, LikelihoodJudge, LlmJudge, ReferenceJudge
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
    assert judge.score(MESSAGES, "Hi.", [], None) == 0.0


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
