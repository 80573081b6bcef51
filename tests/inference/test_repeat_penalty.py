"""The repetition penalty is llama.cpp's, without its walk over the whole vocabulary."""

import ctypes

import llama_cpp
import numpy as np
import pytest

from uno_site.inference.engine.sampling import RepeatPenalty, _as_array, _candidates

N_VOCAB = 1000


def by_llama_cpp(logits: np.ndarray, penalty: float, seen: list[int]) -> np.ndarray:
    sampler = llama_cpp.llama_sampler_init_penalties(N_VOCAB, 64, penalty, 0.0, 0.0)
    for token in seen:
        llama_cpp.llama_sampler_accept(sampler, token)
    candidates = _candidates(np.arange(N_VOCAB), logits)
    array = _as_array(candidates)
    llama_cpp.llama_sampler_apply(sampler, ctypes.byref(array))
    llama_cpp.llama_sampler_free(sampler)
    return candidates["logit"].copy()


def test_by_hand():
    penalty = RepeatPenalty(4, 2.0)
    penalty.add(0)
    penalty.add(1)
    logits = np.array([3.0, -3.0, 3.0, -3.0], dtype=np.float32)
    assert penalty.apply(logits).tolist() == [1.5, -6.0, 3.0, -3.0]
    penalty.add(3)
    assert penalty.apply(logits).tolist() == [1.5, -6.0, 3.0, -6.0]
    assert logits.tolist() == [3.0, -3.0, 3.0, -3.0], "The engine's own row stays as it is."


@pytest.mark.parametrize("penalty", [1.0, 1.1, 1.3, 0.9])
def test_as_llama_cpp_does_it(penalty):
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 5, N_VOCAB).astype(np.float32)
    written = [*rng.integers(0, N_VOCAB, 20).tolist(), 5, 5, 900]
    ours = RepeatPenalty(N_VOCAB, penalty)
    for token in written:
        ours.add(token)
    expected = by_llama_cpp(logits, penalty, written)
    assert ours.apply(logits) == pytest.approx(expected, rel=1e-6)
