"""The public API on the reference model, by OpenAI's own client."""

import json
import math
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest
from openai import OpenAI

pytestmark = [pytest.mark.model, pytest.mark.django_db(transaction=True)]
COUNT = [{"role": "user", "content": "Count from one to a thousand, in words."}]
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}},
    "required": ["name"],
    "additionalProperties": False,
}
#: A reply that cannot end early, whatever is sampled.
LONG_LIST = {
    "type": "object",
    "properties": {"numbers": {"type": "array", "items": {"type": "integer"}, "minItems": 400}},
    "required": ["numbers"],
    "additionalProperties": False,
}


def n_active(engine_url: str) -> int:
    return httpx.get(f"{engine_url}/health").json()["n_active"]


def _following(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema}}


def test_the_real_model_by_openais_client(live_url, token, engine_url, settings) -> None:
    settings.UNO = replace(settings.UNO, engine_url=engine_url)
    with OpenAI(base_url=f"{live_url}/v1", api_key=token, max_retries=0, timeout=120) as client:
        _streams_and_whole_replies_agree(client)
        _a_schema_is_followed(client)
        _log_probabilities_are_those_of_a_distribution(client)
        _similar_texts_have_similar_embeddings(client)
        _a_reader_that_leaves_frees_its_slot(client, engine_url)


def _streams_and_whole_replies_agree(client: OpenAI) -> None:
    fields = {"model": "uno", "messages": COUNT, "temperature": 0, "max_tokens": 12}
    whole = client.chat.completions.create(**fields)
    parts = [
        chunk.choices[0].delta.content
        for chunk in client.chat.completions.create(**fields, stream=True)
    ]
    assert "".join(part or "" for part in parts) == whole.choices[0].message.content
    assert whole.choices[0].finish_reason == "length"
    assert whole.usage.completion_tokens == 12


def _a_schema_is_followed(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model="uno",
        messages=[{"role": "user", "content": "Name a person, as JSON."}],
        response_format=_following("person", PERSON),
        max_tokens=60,
    )
    assert set(json.loads(completion.choices[0].message.content)) == {"name"}


def _log_probabilities_are_those_of_a_distribution(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model="uno", messages=COUNT, temperature=0, max_tokens=4, logprobs=True, top_logprobs=20
    )
    for token in completion.choices[0].logprobs.content:
        assert token.logprob <= 0
        assert sum(math.exp(other.logprob) for other in token.top_logprobs) <= 1 + 1e-3


def _similar_texts_have_similar_embeddings(client: OpenAI) -> None:
    texts = ["How do I sleep better?", "Tips for falling asleep.", "The price of steel rose."]
    rows = [
        row.embedding
        for row in client.embeddings.create(model="all-minilm-l6-v2", input=texts).data
    ]
    near, far = (sum(a * b for a, b in zip(rows[0], row, strict=True)) for row in rows[1:])
    assert near > far + 0.2


def _a_reader_that_leaves_frees_its_slot(client: OpenAI, engine_url: str) -> None:
    stream = client.chat.completions.create(
        model="uno",
        messages=COUNT,
        response_format=_following("numbers", LONG_LIST),
        max_tokens=2_000,
        stream=True,
    )
    next(iter(stream))
    assert n_active(engine_url) == 1
    stream.close()
    deadline = time.monotonic() + 10
    while n_active(engine_url):
        assert time.monotonic() < deadline, "the slot was not freed"
        time.sleep(0.1)
