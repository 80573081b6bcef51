"""The client against a scripted server that answers as vLLM does."""

import json

import httpx
import numpy as np
import pytest

from tests.inference.scripted_engine import HASTY
from uno_site.inference.async_client import AsyncHttpClient
from uno_site.inference.client import HttpClient
from uno_site.inference.errors import (
    AdapterInvalid,
    EngineBusy,
    EngineFailed,
    EngineRefused,
    EngineUnreachable,
    InferenceError,
)
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling

URL = "http://vllm.test:8000"
REQUEST = ChatRequest(
    "qwen",
    (ChatMessage("system", "Be brief."), ChatMessage("user", "Hi")),
    Sampling(max_tokens=9, temperature=0.5, top_p=0.8, seed=7, stop=("END",), repeat_penalty=1.1),
    json_schema={"type": "object"},
    user="u1",
)
CARDS = {
    "data": [
        {"id": "qwen", "root": "/models/qwen", "parent": None},
        {"id": "expert", "root": "/adapters/expert", "parent": "qwen"},
    ]
}


class Server:
    """Answers by path, in order, and remembers what was asked."""

    def __init__(self, **answers):
        self.answers = {path.replace("__", "/"): answer for path, answer in answers.items()}
        self.asked = []

    def __call__(self, request):
        path = request.url.path.strip("/")
        self.asked.append((path, json.loads(request.content) if request.content else None))
        answer = self.answers[path]
        answer = answer.pop(0) if isinstance(answer, list) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def client(self):
        return HttpClient(URL, "key", policy=HASTY, transport=httpx.MockTransport(self))


def events(*bodies, done=True):
    lines = [f"data: {json.dumps(body)}\n\n" for body in bodies]
    text = "".join(lines) + ("data: [DONE]\n\n" if done else "")
    return httpx.Response(200, text=text, headers={"content-type": "text/event-stream"})


def delta(text="", reason=None, **fields):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason, **fields}
    return {"choices": [choice]}


WHOLE = {
    "model": "qwen",
    "choices": [
        {
            "message": {"role": "assistant", "content": "Hello."},
            "finish_reason": "stop",
            "token_ids": [5, 6],
        }
    ],
    "usage": {"prompt_tokens": 12, "completion_tokens": 2},
}


def test_a_request_is_written_in_vllms_fields():
    server = Server(v1__chat__completions=WHOLE)
    result = server.client().chat(REQUEST)
    ((_, body),) = server.asked
    assert body == {
        "model": "qwen",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
        ],
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.8,
        "seed": 7,
        "stop": ["END"],
        "repetition_penalty": 1.1,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": {"type": "object"}},
        },
        "user": "u1",
        "stream": False,
        "return_token_ids": True,
    }
    assert (result.text, result.token_ids, result.finish_reason) == ("Hello.", (5, 6), "stop")
    assert result.usage.prompt_tokens == 12


def test_the_token_is_sent_as_bearer():
    def answer(request):
        assert request.headers["authorization"] == "Bearer key"
        return httpx.Response(200, json=CARDS)

    client = HttpClient(URL, "key", transport=httpx.MockTransport(answer))
    assert [card.parent for card in client.models()] == [None, "qwen"]


def test_a_stream_without_token_ids_and_with_usage_in_an_event_of_its_own():
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    role = {"choices": [{"delta": {"role": "assistant", "content": ""}, "finish_reason": None}]}
    server = Server(
        v1__chat__completions=events(role, delta("Hel"), delta("lo"), delta(reason="length"), usage)
    )
    *chunks, last = server.client().chat_stream(REQUEST)
    assert [c.text for c in chunks] == ["Hel", "lo"]
    assert (last.finish_reason, last.usage.completion_tokens) == ("length", 2)


@pytest.mark.parametrize("bodies", [[delta("Hel")], [delta("Hel"), delta(reason="stop")]])
def test_a_stream_that_breaks_off_is_unreachable(bodies):
    server = Server(v1__chat__completions=events(*bodies, done=False))
    with pytest.raises(EngineUnreachable, match="broke off"):
        list(server.client().chat_stream(REQUEST))


def test_an_error_inside_a_stream_is_raised():
    error = {"error": {"message": "out of memory", "type": "InternalServerError", "code": 500}}
    server = Server(v1__chat__completions=events(delta("Hel"), error))
    with pytest.raises(InferenceError, match="out of memory"):
        list(server.client().chat_stream(REQUEST))


async def test_the_async_client_reads_the_same_stream():
    server = Server(v1__chat__completions=events(delta("Hi"), delta(reason="stop")))
    client = AsyncHttpClient(URL, transport=httpx.MockTransport(server))
    chunks = [chunk async for chunk in client.chat_stream(REQUEST)]
    assert [(c.text, c.finish_reason) for c in chunks] == [("Hi", None), ("", "stop")]


def test_health_of_vllm_is_an_empty_answer_and_the_base_comes_from_models():
    server = Server(health=httpx.Response(200), v1__models=CARDS)
    health = server.client().health()
    assert (health.status, health.base_model, health.base_sha256) == ("ok", "qwen", "")


def test_score_takes_the_completions_part_of_prompt_logprobs():
    server = Server(
        tokenize=[
            {"tokens": [1, 2, 3]},  # the prompt
            {"tokens": [10, 11]},  # the completion
            {"tokens": [1, 50, 90, 91]},  # a closed turn ...
            {"tokens": [1, 60, 61, 90, 91]},  # ... and another: the close is 90, 91
        ],
        v1__completions={
            "choices": [
                {
                    "prompt_logprobs": [
                        None,
                        {"2": {"logprob": -9.0}},
                        {"3": {"logprob": -9.0}},
                        {"10": {"logprob": -1.0}, "4": {"logprob": -0.5}},
                        {"11": {"logprob": -2.0}},
                        {"90": {"logprob": -0.25}},
                    ]
                }
            ]
        },
    )
    score = server.client().score("qwen", REQUEST.messages, "Hello")
    assert score.token_ids == (10, 11, 90)
    np.testing.assert_allclose(score.logprobs, [-1.0, -2.0, -0.25])
    body = server.asked[-1][1]
    assert (body["prompt"], body["prompt_logprobs"]) == ([1, 2, 3, 10, 11, 90], 0)


def test_next_token_logprobs_scores_only_what_is_not_among_the_likeliest():
    first = {
        "token": "token_id:20",
        "logprob": -0.1,
        "top_logprobs": [{"token": "token_id:20", "logprob": -0.1}],
    }
    server = Server(
        tokenize=[{"tokens": [20]}, {"tokens": [30, 31]}, {"tokens": [1, 2]}],
        v1__chat__completions={"choices": [{"logprobs": {"content": [first]}}]},
        v1__completions={"choices": [{"prompt_logprobs": [None, {}, {"30": {"logprob": -7.0}}]}]},
    )
    found = server.client().next_token_logprobs("qwen", REQUEST.messages, ["yes", "nope"])
    assert found == {"yes": -0.1, "nope": -7.0}


def test_embeddings_are_sorted_and_normalised():
    rows = [{"index": 1, "embedding": [0.0, 2.0]}, {"index": 0, "embedding": [3.0, 4.0]}]
    vectors = Server(v1__embeddings={"data": rows}).client().embed(["a", "b"])
    np.testing.assert_allclose(vectors, [[0.6, 0.8], [0.0, 1.0]])


def test_loading_an_adapter_that_vllm_has_from_the_same_path_is_fine():
    refusal = httpx.Response(
        400, json={"error": {"message": "already loaded", "type": "InvalidUserInput", "code": 400}}
    )
    server = Server(v1__load_lora_adapter=refusal, v1__models=CARDS)
    server.client().load_adapter("expert", "/adapters/expert")
    with pytest.raises(EngineRefused, match="already loaded"):
        server.client().load_adapter("expert", "/adapters/other")


def test_vllm_answers_a_loaded_adapter_with_plain_text():
    text = httpx.Response(200, text="Success: LoRA adapter 'x' added successfully.")
    Server(v1__load_lora_adapter=text).client().load_adapter("x", "/adapters/x")


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (404, {"error": {"message": "no such model", "code": 404}}, EngineRefused, "no such model"),
        (404, {"detail": "Not Found"}, EngineRefused, "Not Found"),
        (401, {"error": "Unauthorized"}, EngineRefused, "Unauthorized"),
        (429, {"error": {"message": "slow down"}}, EngineBusy, "slow down"),
        (503, {"error": {"message": "later", "type": "x"}}, EngineBusy, "later"),
        (500, {"error": {"message": "bug", "type": "x"}}, EngineFailed, "bug"),
        (
            400,
            {"error": {"message": "bad", "type": "adapter_invalid", "remedy": "r"}},
            AdapterInvalid,
            "bad r",
        ),
    ],
)
def test_errors_are_told_by_their_kind(status, body, error, words):
    server = Server(v1__chat__completions=httpx.Response(status, json=body))
    with pytest.raises(error, match=words) as raised:
        server.client().chat(REQUEST)
    assert type(raised.value) is error


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow")])
def test_transport_errors_name_the_url(error):
    with pytest.raises(EngineUnreachable, match=URL):
        Server(v1__chat__completions=error).client().chat(REQUEST)


def test_a_page_that_is_no_engine_is_named():
    page = httpx.Response(200, text="<html>", headers={"content-type": "text/html"})
    with pytest.raises(InferenceError, match="not a JSON object"):
        Server(v1__models=page).client().models()


def test_chat_many_waits_for_a_busy_engine():
    busy = httpx.Response(503, json={"error": {"message": "full", "type": "engine_busy"}})
    server = Server(v1__chat__completions=[busy] * 6 + [WHOLE])
    (result,) = server.client().chat_many([REQUEST])
    assert result.text == "Hello."
