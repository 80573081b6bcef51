"""What the engine and its rivals are asked: prompts of their own, replies of one length."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling

BASE = "smollm2-135m-instruct"
N_NEW = 96
#: What all rivals do alike: the likeliest token, no penalty.
PLAIN = Sampling(max_tokens=N_NEW, temperature=0.0)
AS_CHATTED = Sampling(N_NEW, temperature=0.7, top_p=0.9, seed=0, repeat_penalty=1.1)
WORDS = (
    "harbour",
    "lantern",
    "river",
    "market",
    "winter",
    "engine",
    "garden",
    "letter",
    "mountain",
    "orchard",
)


def question(number: int, n_words: int = 40) -> str:
    """A prompt of its own for each stream, always the same."""
    chosen = random.Random(number).choices(WORDS, k=n_words)
    return f"Write a long story, number {number}, with these words: {' '.join(chosen)}."


def request(number: int, model: str = BASE, **values: Any) -> ChatRequest:
    """One stream's request; every stream is another user's."""
    messages = (ChatMessage("user", question(number)),)
    return ChatRequest(model, messages, replace(PLAIN, **values), user=f"user-{number}")
