"""Perplexity of a fixed text that nothing is trained on, through the served protocol."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from uno_site.inference.protocol import ChatMessage, InferenceClient

REQUEST = ChatMessage("user", "Continue this text.")
"""A chat model writes text in a reply; what is asked for is the same for every model."""


@lru_cache(maxsize=1)
def held_out_text() -> str:
    """The text by which the engine compares file formats: some 700 tokens of plain English."""
    return files("uno_site.inference.engine").joinpath("perplexity.txt").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph of the held-out text: asked for by its first sentence, scored on the rest."""

    id: str
    request: ChatMessage
    text: str


def held_out_passages() -> tuple[Passage, ...]:
    """The paragraphs of the held-out text, each as a prompt that a router can choose by."""
    paragraphs = held_out_text().strip().split("\n\n")
    return tuple(_passage(number, text) for number, text in enumerate(paragraphs))


def _passage(number: int, text: str) -> Passage:
    first, rest = text.split(". ", 1)
    return Passage(str(number), ChatMessage("user", f"{REQUEST.content} {first}."), rest)


def perplexity(client: InferenceClient, model: str, text: str) -> float:
    """exp of :func:`surprise`, at least 1; the errors are the same."""
    return float(np.exp(surprise(client, model, text)))


def surprise(
    client: InferenceClient, model: str, text: str, request: ChatMessage = REQUEST
) -> float:
    """Mean negative log-probability per token of ``text`` as a reply to ``request``, at least 0.

    The engine's ``prompt_logprobs`` give the values; the end of the turn is not part of the
    text and left out.

    Raises
    ------
    ValueError
        The text has no tokens.
    InferenceError
        The engine does not answer, or the text does not fit its context.
    """
    logprobs = client.score(model, [request], text).logprobs[:-1]
    if not logprobs.size:
        raise ValueError("There is no perplexity of an empty text.")
    return float(-np.mean(logprobs, dtype=np.float64))
