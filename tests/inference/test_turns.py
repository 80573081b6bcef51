"""A conversation's next turn begins where the last one ended, and says the same as a cold one."""

import pytest

from tests.inference.conftest import BASE
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling

pytestmark = pytest.mark.model

LONG = "Tell me about the sea, the ships on it, the people who sail them and the ports they reach."
GREEDY = Sampling(max_tokens=24, temperature=0.0)


def turn(user: str, *texts: str) -> ChatRequest:
    roles = ("user", "assistant") * len(texts)
    messages = tuple(ChatMessage(role, text) for role, text in zip(roles, texts, strict=False))
    return ChatRequest(BASE, messages, GREEDY, user=user)


def test_the_second_turn_reads_only_what_is_new(engine):
    first = engine.chat(turn("nobody-before", LONG))
    assert first.usage.cached_tokens == 0
    second = engine.chat(turn("nobody-before", LONG, first.text, "And the whales?"))
    assert second.usage.cached_tokens >= first.usage.prompt_tokens
    assert second.usage.cached_tokens < second.usage.prompt_tokens


def test_another_user_begins_anew(engine):
    engine.chat(turn("carla", LONG + " And the fish."))
    assert engine.chat(turn("dora", LONG + " And the fish.")).usage.cached_tokens == 0


def test_warm_and_cold_log_probabilities_agree(f16_engine):
    first = f16_engine.chat(turn("emil", LONG))
    messages = turn("emil", LONG, first.text, "And the whales?").messages
    cold = f16_engine.next_token_logprobs(BASE, messages, ["The", "I", "Yes"])
    warm = f16_engine.next_token_logprobs(BASE, messages, ["The", "I", "Yes"])
    for word in cold:
        assert warm[word] == pytest.approx(cold[word], abs=0.02)


def test_a_score_counts_every_token_of_the_completion(engine):
    messages = turn("", LONG).messages
    first = engine.score(BASE, messages, "The sea is wide.")
    again = engine.score(BASE, messages, "The sea is wide.")
    assert again.token_ids == first.token_ids
    assert again.logprobs == pytest.approx(first.logprobs, abs=0.02)
