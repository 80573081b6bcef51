import numpy as np
import pytest

from uno_site.inference.async_client import AsyncHttpClient
from uno_site.inference.errors import EngineRefused

pytestmark = pytest.mark.model

TEXTS = ["How do I bake bread?", "A recipe for a loaf", "The stock market fell"]


def test_embeddings_are_normalised_and_near_for_near_meanings(engine):
    vectors = engine.embed(TEXTS)
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    near, far = vectors[0] @ vectors[1], vectors[0] @ vectors[2]
    assert near > far + 0.2


async def test_the_async_client_embeds_and_chats_alike(engine, ask):
    client = AsyncHttpClient(engine.base_url)
    vectors = await client.embed(TEXTS)
    np.testing.assert_allclose(vectors, engine.embed(TEXTS), atol=1e-6)
    request = ask("Name a fruit.", 8)
    chunks = [chunk async for chunk in client.chat_stream(request)]
    result = await client.chat(request)
    assert "".join(chunk.text for chunk in chunks) == result.text
    await client.aclose()


def test_more_texts_than_one_batch_keep_their_order(engine):
    texts = [f"sentence number {i}" for i in range(300)]
    vectors = engine.embed(texts)
    np.testing.assert_allclose(vectors[299], engine.embed([texts[299]])[0], atol=1e-4)


def test_nothing_to_embed_is_refused(engine):
    with pytest.raises(EngineRefused, match="no texts"):
        engine.embed([])
