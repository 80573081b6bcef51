"""Tokens are drawn from the distribution that temperature and top-p define."""

import llama_cpp
import numpy as np
import pytest

from uno_site.inference.engine.candidates import apply_sampler, to_candidates
from uno_site.inference.engine.sampling import LIKELY_SHARE, Draw
from uno_site.inference.protocol import Sampling

N_DRAWS = 20_000


def logits_of(*probabilities):
    return np.log(np.array(probabilities, dtype=np.float32))


def frequencies(draw, logits):
    drawn = [draw(logits) for _ in range(N_DRAWS)]
    return np.bincount(drawn, minlength=len(logits)) / N_DRAWS


def nucleus_of_llama_cpp(logits, top_p):
    sampler = llama_cpp.llama_sampler_init_top_p(top_p, 1)
    candidates = to_candidates(np.arange(len(logits)), logits)  # the array points into it
    array = apply_sampler(sampler, candidates)
    ids = {array.data[i].id for i in range(array.size)}
    llama_cpp.llama_sampler_free(sampler)
    return ids


def test_without_temperature_the_likeliest_token_is_taken():
    draw = Draw(Sampling(temperature=0.0))
    assert draw(logits_of(0.2, 0.5, 0.3)) == 1


def test_at_temperature_one_tokens_come_as_often_as_their_probabilities_say():
    draw = Draw(Sampling(temperature=1.0, top_p=1.0, seed=1))
    found = frequencies(draw, logits_of(0.1, 0.6, 0.3))
    assert found == pytest.approx([0.1, 0.6, 0.3], abs=0.015)


def test_half_the_temperature_squares_the_odds():
    draw = Draw(Sampling(temperature=0.5, top_p=1.0, seed=1))
    found = frequencies(draw, logits_of(0.25, 0.75))  # odds 1 : 3 become 1 : 9
    assert found == pytest.approx([0.1, 0.9], abs=0.015)


def test_outside_of_the_nucleus_nothing_is_drawn_and_inside_the_odds_stay():
    draw = Draw(Sampling(temperature=1.0, top_p=0.7, seed=1))
    found = frequencies(draw, logits_of(0.5, 0.25, 0.15, 0.1))  # .5 + .25 reach .7
    assert found == pytest.approx([2 / 3, 1 / 3, 0, 0], abs=0.015)


@pytest.mark.parametrize("top_p", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("spread", [0.1, 2.0, 6.0])
def test_the_nucleus_is_llama_cpps(top_p, spread):
    """Flat rows too, whose nucleus is far larger than the first look."""
    logits = np.random.default_rng(5).normal(0, spread, 5000).astype(np.float32)
    weights = np.exp(logits - logits.max())
    ours = set(Draw(Sampling(temperature=1.0, top_p=top_p)).nucleus(weights).tolist())
    theirs = nucleus_of_llama_cpp(logits, top_p)
    # It adds up thousands of probabilities in single precision, so the edge may lie elsewhere.
    assert len(ours ^ theirs) <= max(1, len(theirs) // 100)


def test_a_nucleus_wider_than_the_first_look_is_found():
    weights = np.full(10_000, LIKELY_SHARE / 3, dtype=np.float32)
    weights[0] = 1.0
    assert len(Draw(Sampling(temperature=1.0, top_p=0.9)).nucleus(weights)) > 1


def test_a_seed_draws_the_same_again():
    logits = np.random.default_rng(2).normal(0, 2, 500).astype(np.float32)
    one, same = (Draw(Sampling(temperature=1.0, seed=9)) for _ in range(2))
    assert [one(logits) for _ in range(50)] == [same(logits) for _ in range(50)]
    other = Draw(Sampling(temperature=1.0, seed=10))
    assert [one(logits) for _ in range(50)] != [other(logits) for _ in range(50)]


def test_what_a_grammar_forbids_is_never_drawn():
    logits = np.array([-np.inf, 0.0, -np.inf], dtype=np.float32)
    draw = Draw(Sampling(temperature=1.0, seed=0))
    assert {draw(logits) for _ in range(100)} == {1}
    draw(np.full(3, -np.inf, dtype=np.float32))  # nothing is allowed: no error, the caller asks
