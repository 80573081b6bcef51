"""llama.cpp's samplers over numpy arrays; they need neither a model nor a context."""

from __future__ import annotations

import ctypes
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from uno_site.inference.protocol import FloatArray

_CANDIDATE = np.dtype([("id", "<i4"), ("logit", "<f4"), ("p", "<f4")])


def to_candidates(ids: NDArray[np.integer], logits: FloatArray) -> NDArray[np.void]:
    """llama.cpp's array of token data."""
    candidates = np.zeros(len(ids), dtype=_CANDIDATE)
    candidates["id"], candidates["logit"] = ids, logits
    return candidates


def apply_sampler(sampler: Any, candidates: NDArray[np.void]) -> Any:
    """Let ``sampler`` change ``candidates`` in place; llama.cpp's view of them."""
    pointer = candidates.ctypes.data_as(ctypes.POINTER(llama_cpp.llama_token_data))
    array = llama_cpp.llama_token_data_array(
        data=pointer, size=len(candidates), selected=-1, sorted=False
    )
    llama_cpp.llama_sampler_apply(sampler, ctypes.byref(array))
    return array
