"""What the engine is compared with: llama-cpp-python as it comes, and llama.cpp with no server."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np

from tests.benchmarks.streams import RunTimes, StreamTimes
from uno_site.inference.engine.backend import Row
from uno_site.inference.engine.llama import Context, Model
from uno_site.inference.protocol import ChatRequest


def open_llama(path: Path, n_context: int, n_threads: int) -> llama_cpp.Llama:
    """The library's own high-level object, on the same file and threads."""
    return llama_cpp.Llama(
        str(path),
        n_ctx=n_context,
        n_threads=n_threads,
        n_threads_batch=n_threads,
        verbose=False,
    )


def locked_llama(llama: llama_cpp.Llama, requests: Sequence[ChatRequest]) -> RunTimes:
    """One stream after the other: a lock around ``create_chat_completion``."""
    lock, times = threading.Lock(), {}
    started = time.perf_counter()

    def work(number: int, request: ChatRequest) -> None:
        with lock:
            times[number] = _stream(llama, request, started)

    threads = [threading.Thread(target=work, args=item) for item in enumerate(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return RunTimes(tuple(times[number] for number in range(len(requests))))


def _stream(llama: llama_cpp.Llama, request: ChatRequest, started: float) -> StreamTimes:
    sampling = request.sampling
    messages: Any = [{"role": m.role, "content": m.content} for m in request.messages]
    llama.reset()
    chunks = llama.create_chat_completion(
        messages,
        stream=True,
        max_tokens=sampling.max_tokens,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=0,
        min_p=0.0,
        repeat_penalty=sampling.repeat_penalty,
        seed=sampling.seed,
    )
    first = last = 0.0
    n_tokens = 0
    for chunk in chunks:
        if chunk["choices"][0]["delta"].get("content"):
            last = time.perf_counter() - started
            first = first or last
            n_tokens += 1
    return StreamTimes(first, last, n_tokens)


def bare_decode(
    model: Model, prompts: Sequence[list[int]], lengths: Sequence[int], n_threads: int
) -> RunTimes:
    """``llama_decode`` over all sequences in one batch, likeliest token, no server: the limit.

    Each sequence ends after its own number of tokens, as the rival's replies did: with fewer
    sequences in a batch a token costs more.
    """
    longest = max(map(len, prompts)) + max(lengths)
    n_context = -(-longest // 256) * 256
    context = Context(model, n_slots=len(prompts), n_context=n_context, n_threads=n_threads)
    started = time.perf_counter()
    tokens = [_read(context, slot, prompt) for slot, prompt in enumerate(prompts)]
    first = time.perf_counter() - started
    last = [first] * len(prompts)
    for step in range(max(lengths) - 1):
        slots = [slot for slot, length in enumerate(lengths) if length > step + 1]
        rows = [
            Row(tokens[slot], len(prompts[slot]) + step, slot, wants_logits=True) for slot in slots
        ]
        context.decode(rows)
        for row, slot in enumerate(slots):
            tokens[slot] = int(np.argmax(context.logits(row)))
            last[slot] = time.perf_counter() - started
    context.close()
    return RunTimes(tuple(StreamTimes(first, *end) for end in zip(last, lengths, strict=True)))


def _read(context: Context, slot: int, prompt: list[int]) -> int:
    last = len(prompt) - 1
    context.decode([Row(token, i, slot, i == last) for i, token in enumerate(prompt)])
    return int(np.argmax(context.logits(last)))
