"""Sentence embeddings by the engine's embedder."""

from __future__ import annotations

import base64

import numpy as np

from chat import generation
from chat.openai_api import bodies
from chat.openai_api.errors import InvalidField, ModelUnknown
from chat.openai_api.requests import EmbeddingsRequest
from uno_site.inference.protocol import DEFAULT_EMBEDDING_MODEL, FloatArray


async def embed(asked: EmbeddingsRequest) -> bodies.EmbeddingList:
    """One embedding for each text, in order.

    Raises
    ------
    ModelUnknown
        Another embedder than the engine's.
    InvalidField
        ``dimensions`` that the embedder does not have.
    InferenceError
        The engine cannot embed now.
    """
    if asked.model != DEFAULT_EMBEDDING_MODEL:
        raise ModelUnknown(
            f"There is no embedder {asked.model!r}.",
            remedy=f"Ask for {DEFAULT_EMBEDDING_MODEL!r}.",
            param="model",
        )
    vectors = await generation.engine_client().embed(asked.texts)
    n_dimensions = vectors.shape[1]
    if asked.dimensions not in (None, n_dimensions):
        raise InvalidField(
            f"The embedder has {n_dimensions} dimensions, not {asked.dimensions}.",
            remedy="Leave dimensions out.",
            param="dimensions",
        )
    data = [
        bodies.EmbeddingEntry(index=index, embedding=_encoded(vector, asked.encoding_format))
        for index, vector in enumerate(vectors)
    ]
    return bodies.EmbeddingList(model=asked.model, data=data)


def _encoded(vector: FloatArray, encoding: str) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode("ascii")
    return [float(value) for value in vector]
