"""The torch engine on the reference model, against the llama.cpp engine on the same file."""

import httpx
import numpy as np
import pytest

from tests.inference.conftest import BASE, run_engine
from tests.inference.lora import make_adapter
from uno_site.inference.engine.models import REFERENCE_SHA256, reference_source
from uno_site.inference.errors import AdapterInvalid
from uno_site.inference.protocol import ChatMessage
from uno_site.inference.torch_base import prepare_base

pytestmark = pytest.mark.model

OPTIONS = ("--context", "512", "--slots", "4")
MESSAGES = (ChatMessage("user", "Tell me about the sea."),)
ANSWER = "The sea is wide and blue. It holds many fish, and ships cross it every day."


@pytest.fixture(scope="module")
def torch_engine(engine_data_dir):
    # Dequantised before the engine starts, which may take longer than a start may take.
    prepare_base(reference_source(), engine_data_dir / "models" / f"torch-{REFERENCE_SHA256[:12]}")
    with run_engine(engine_data_dir, "--backend", "torch", *OPTIONS) as client:
        yield client


@pytest.fixture(scope="module")
def prompt(torch_engine):
    turns = [
        {"role": "user", "content": MESSAGES[0].content},
        {"role": "assistant", "content": ANSWER},
    ]
    return tokenize(torch_engine, messages=turns, add_generation_prompt=False)


def tokenize(client, **body):
    return httpx.post(f"{client.base_url}/tokenize", json={"model": BASE, **body}).json()["tokens"]


def top_logprobs(client, prompt):
    """The 20 likeliest tokens at each position of ``prompt``, by id."""
    body = {"model": BASE, "prompt": prompt, "max_tokens": 1, "temperature": 0}
    answer = httpx.post(
        f"{client.base_url}/v1/completions", json=body | {"prompt_logprobs": 20}, timeout=120
    ).json()
    rows = answer["choices"][0]["prompt_logprobs"][1:]
    return [{int(token): entry["logprob"] for token, entry in row.items()} for row in rows]


def test_it_serves_the_same_base_and_speaks_fluently(torch_engine, ask):
    assert torch_engine.health().base_sha256 == REFERENCE_SHA256
    reply = torch_engine.chat(ask("What is the capital of France?", 12))
    assert "Paris" in reply.text


def test_it_agrees_with_llama_cpp(torch_engine, prompt, data_dir):
    found = top_logprobs(torch_engine, prompt)
    with run_engine(data_dir, "--model", str(reference_source()), *OPTIONS) as llama:
        assert tokenize(llama, prompt=ANSWER) == tokenize(torch_engine, prompt=ANSWER)
        expected = top_logprobs(llama, prompt)
    divergences = [
        sum(np.exp(p[t]) * (p[t] - q[t]) for t in p.keys() & q.keys())
        for p, q in zip(found, expected, strict=True)
    ]
    assert len(divergences) > 30
    assert abs(np.mean(divergences)) < 0.02


def test_two_adapters_in_one_batch_give_what_each_gives_alone(torch_engine, tmp_path, ask):
    for seed, name in enumerate(("one", "two")):
        folder = make_adapter(tmp_path / name, seed=seed, scale=0.3)
        torch_engine.load_adapter(name, str(folder))
    models = [BASE, "one", "two"]
    alone = [torch_engine.chat(ask("Tell me a tale.", 8, model=m)).token_ids for m in models]
    requests = [ask("Tell me a tale.", 8, model=m) for m in models]
    together = [reply.token_ids for reply in torch_engine.chat_many(requests)]
    # Batches of another size round differently, so only the beginnings must agree.
    assert [reply[:4] for reply in together] == [reply[:4] for reply in alone]
    assert len(set(alone)) == 3
    for name in models[1:]:
        torch_engine.unload_adapter(name)


def test_a_bad_adapter_is_refused(torch_engine, tmp_path):
    folder = make_adapter(tmp_path / "foreign")
    (folder / "uno.json").write_text('{"base_sha256": "ffff0000"}')
    with pytest.raises(AdapterInvalid, match="trained on base ffff0000"):
        torch_engine.load_adapter("foreign", str(folder))


def test_the_embedder_is_the_same(torch_engine):
    vectors = torch_engine.embed(["a cat", "a kitten", "the stock market"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
