"""CIPHER's memory at an answer: which preferences of one's own go before the question.

Gao et al. 2024 (arXiv 2404.15269): the k nearest contexts' preferences, condensed, prepended.
A small model condenses nothing, so condensing is keeping each wording once, the most frequent
first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uno_site.inference.errors import EngineRefused
from uno_site.inference.protocol import AsyncInferenceClient, ChatMessage, FloatArray
from uno_site.prompts.loader import load_prompt

PROMPT = "chat/preferences"
K_NEAREST = 5
MAX_PREFERENCES = 5
#: What they may take of the context: five of 300 characters, and the words around them.
ROOM_TOKENS = 420


@dataclass(frozen=True, slots=True)
class Remembered:
    """A preference, and its context's embedding [d]; None: it holds everywhere."""

    text: str
    vector: FloatArray | None = None


Preferences = tuple[Remembered, ...]
NO_PREFERENCES: Preferences = ()


async def with_preferences(
    messages: Sequence[ChatMessage], preferences: Preferences, client: AsyncInferenceClient
) -> tuple[tuple[ChatMessage, ...], tuple[str, ...]]:
    """The messages with the preferences that hold here, and these preferences.

    Where the engine embeds nothing, those that hold everywhere go before the question alone.
    """
    if not preferences:
        return tuple(messages), ()
    query = None
    if any(one.vector is not None for one in preferences):
        try:
            query = (await client.embed([messages[-1].content]))[0]
        except EngineRefused:
            query = None
    texts = condense(nearest(preferences, query))
    return prepend(messages, texts), tuple(texts)


def nearest(preferences: Preferences, query: FloatArray | None) -> list[str]:
    """The texts that hold everywhere, and those of the :data:`K_NEAREST` contexts nearest to
    ``query`` [d] (of length 1). One context may have several preferences."""
    texts = [one.text for one in preferences if one.vector is None]
    if query is None:
        return texts
    groups: dict[bytes, list[Remembered]] = {}
    for one in preferences:
        if one.vector is not None and one.vector.size == query.size:
            groups.setdefault(one.vector.tobytes(), []).append(one)
    cosines = [-float(np.frombuffer(key, np.float32) @ query) for key in groups]
    first = np.argsort(cosines, kind="stable")[:K_NEAREST]
    placed = list(groups.values())
    return texts + [one.text for index in first for one in placed[int(index)]]


def condense(texts: Sequence[str]) -> list[str]:
    """Each wording once, the most frequent first; at most :data:`MAX_PREFERENCES`."""
    return [text for text, _ in Counter(filter(None, texts)).most_common(MAX_PREFERENCES)]


def prepend(messages: Sequence[ChatMessage], texts: Sequence[str]) -> tuple[ChatMessage, ...]:
    """The conversation, its last question with the preferences; as it was where there are none."""
    if not texts:
        return tuple(messages)
    listed = "\n".join(f"- {text}" for text in texts)
    asked = load_prompt(PROMPT).render(preferences=listed, query=messages[-1].content)
    return (*messages[:-1], *asked)
