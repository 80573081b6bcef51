"""OpenAI's own Python client, as it is, against the live server."""

import openai
import pytest
from openai import OpenAI

from chat.models import Conversation, Feedback
from uno_site.accounts.models import Scope
from uno_site.inference.errors import EngineBusy

pytestmark = pytest.mark.django_db(transaction=True)
HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def client(live_url, token, scripted) -> OpenAI:
    with OpenAI(base_url=f"{live_url}/v1", api_key=token, max_retries=0, timeout=30) as client:
        yield client


def test_a_whole_reply(client) -> None:
    completion = client.chat.completions.create(model="uno", messages=HELLO)
    assert completion.choices[0].message.content == "A scripted reply."
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage.total_tokens == 4
    assert completion.uno["is_stored"] is True


def test_a_stream_with_usage(client) -> None:
    chunks = list(
        client.chat.completions.create(
            model="uno", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "A scripted reply."
    assert chunks[-1].usage.completion_tokens == 3


def test_a_conversation_with_the_clients_own_messages(client) -> None:
    messages = [*HELLO]
    for question in ("And then?", "And now?"):
        reply = client.chat.completions.create(model="uno", messages=messages)
        messages += [
            reply.choices[0].message.model_dump(),
            {"role": "user", "content": question},
        ]
    client.chat.completions.create(model="uno", messages=messages)
    assert Conversation.objects.get().messages.count() == 6


def test_log_probabilities(client) -> None:
    completion = client.chat.completions.create(
        model="uno", messages=HELLO, logprobs=True, top_logprobs=1
    )
    tokens = completion.choices[0].logprobs.content
    assert [token.logprob for token in tokens] == [-0.5] * 3
    assert tokens[0].top_logprobs[0].token == "other0"


def test_embeddings_in_the_clients_base64_and_as_numbers_are_the_same(client, scripted) -> None:
    texts = ["one", "two"]
    packed = client.embeddings.create(model="all-minilm-l6-v2", input=texts)
    plain = client.embeddings.create(model="all-minilm-l6-v2", input=texts, encoding_format="float")
    expected = scripted.script.embed(texts)
    for one, other, row in zip(packed.data, plain.data, expected, strict=True):
        assert one.embedding == pytest.approx(other.embedding)
        assert one.embedding == pytest.approx(row.tolist())


def test_the_models(client) -> None:
    assert "uno" in [model.id for model in client.models.list()]
    assert client.models.retrieve("uno").owned_by == "uno"


def test_feedback_by_the_clients_plain_post(client) -> None:
    completion = client.chat.completions.create(model="uno", messages=HELLO)
    body = {"completion_id": completion.id, "thumb": -1, "correction": "Good day."}
    receipt = client.post("/feedback", body=body, cast_to=object)
    assert receipt["correction"] == "Good day."
    assert Feedback.objects.get().thumb == -1


def test_errors_are_the_clients_own(client, live_url, alice, new_key, scripted) -> None:
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="gpt-4o", messages=HELLO)
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="uno", messages=HELLO, n=2)
    assert (refused.value.param, refused.value.code) == ("n", "unsupported_parameter")
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="uno_wrong").models.list()
    _, weak = new_key(alice, Scope.FEEDBACK)
    with pytest.raises(openai.PermissionDeniedError):
        client.with_options(api_key=weak).chat.completions.create(model="uno", messages=HELLO)
    scripted.script.reply = EngineBusy("The queue is full.")
    with pytest.raises(openai.InternalServerError, match="queue is full"):
        client.chat.completions.create(model="uno", messages=HELLO)


async def test_the_async_client_streams(live_url, token, scripted) -> None:
    async with openai.AsyncOpenAI(base_url=f"{live_url}/v1", api_key=token) as client:
        stream = await client.chat.completions.create(model="uno", messages=HELLO, stream=True)
        parts = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert "".join(parts) == "A scripted reply."
