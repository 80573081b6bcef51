import gc

import httpx
import llama_cpp
import numpy as np
import pytest

from tests.inference.conftest import BASE
from uno_site.inference.protocol import ChatMessage

pytestmark = pytest.mark.model

MESSAGES = (ChatMessage("user", "What colour is the sky?"),)


@pytest.fixture(scope="module")
def reference(f16_engine):
    """llama-cpp-python's own evaluation of the same file, all rows at once."""
    model = llama_cpp.Llama(
        f16_engine.models()[0].root, n_ctx=2048, n_batch=2048, n_threads=1, logits_all=True,
        verbose=False,
    )  # fmt: skip

    def logprobs(tokens, first):
        model.reset()
        model.eval(tokens)
        rows = np.array(model.scores[: len(tokens)], dtype=np.float64)
        rows -= rows.max(axis=1, keepdims=True)
        log_p = rows - np.log(np.exp(rows).sum(axis=1, keepdims=True))
        return np.array([log_p[i - 1, tokens[i]] for i in range(first, len(tokens))])

    yield logprobs
    model.close()
    gc.collect()


def tokenize(engine, **body):
    response = httpx.post(f"{engine.base_url}/tokenize", json={"model": BASE, **body})
    return response.json()["tokens"]


def test_score_agrees_with_another_implementation(f16_engine, reference):
    score = f16_engine.score(BASE, MESSAGES, "The sky is blue.")
    turns = [{"role": "user", "content": MESSAGES[0].content}]
    prompt = tokenize(f16_engine, messages=turns)
    expected = reference([*prompt, *score.token_ids], len(prompt))
    np.testing.assert_allclose(score.logprobs, expected, atol=0.02)


def test_score_ends_with_the_end_of_turn(engine):
    score = engine.score(BASE, MESSAGES, "Blue.")
    assert score.token_ids[-1] == tokenize(engine, messages=[
        {"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}
    ], add_generation_prompt=False)[-2]  # fmt: skip
    assert score.mean_logprob == pytest.approx(float(score.logprobs.mean()))


def test_scores_are_right_across_the_borders_of_batches(f16_engine, reference):
    completion = " ".join(f"Line {i} tells of a river, a hill and a town." for i in range(16))
    score = f16_engine.score(BASE, MESSAGES, completion)
    assert len(score.token_ids) > 200
    turns = [{"role": "user", "content": MESSAGES[0].content}]
    prompt = tokenize(f16_engine, messages=turns)
    expected = reference([*prompt, *score.token_ids], len(prompt))
    assert np.abs(score.logprobs - expected).mean() < 0.005
    assert np.abs(score.logprobs - expected).max() < 0.1


def test_a_likely_answer_scores_above_an_unlikely_one(engine):
    likely = engine.score(BASE, MESSAGES, "The sky is blue.").mean_logprob
    unlikely = engine.score(BASE, MESSAGES, "Carburettor seventeen yes.").mean_logprob
    assert likely > unlikely + 1.0


def test_next_token_logprobs_agree_with_scores_even_for_unlikely_candidates(engine):
    found = engine.next_token_logprobs(BASE, MESSAGES, ["The", "yes", "Zürich"])
    for candidate, value in found.items():
        first = engine.score(BASE, MESSAGES, candidate).logprobs[0]
        assert value == pytest.approx(float(first), abs=0.05)
    assert found["The"] > found["Zürich"]
