"""Perplexity through the protocol's log-probabilities."""

import math

import numpy as np
import pytest

from tests.scripted import ScriptedClient
from training.evaluation.sets.perplexity import held_out_text, perplexity
from uno_site.inference.protocol import CompletionScore


class Scored(ScriptedClient):
    def __init__(self, *logprobs):
        super().__init__()
        self.logprobs = np.array(logprobs, np.float32)

    def score(self, model, messages, completion):
        return CompletionScore(tuple(range(len(self.logprobs))), self.logprobs)


def test_the_mean_of_the_tokens_without_the_end_of_the_turn():
    client = Scored(math.log(0.5), math.log(0.125), -50.0)
    assert perplexity(client, "base", "two tokens") == pytest.approx(4.0)


def test_a_text_without_tokens_has_none():
    with pytest.raises(ValueError, match="empty text"):
        perplexity(Scored(-1.0), "base", "")


def test_the_held_out_text_is_there():
    assert len(held_out_text().split()) > 400
