"""What cannot be served is refused in OpenAI's shape, naming the field; nothing is a 500."""

from io import BytesIO

import pytest
from django.test import Client, RequestFactory

from chat.openai_api.errors import InvalidField
from chat.openai_api.requests import EmbeddingsRequest, read_body
from uno_site.inference.errors import EngineBusy, EngineRefused, EngineUnreachable, InferenceError

pytestmark = pytest.mark.django_db
USER = {"role": "user", "content": "Hello"}
PICTURE = {"type": "image_url", "image_url": {"url": "data:"}}


class BrokenStream(BytesIO):
    """A connection that ends in the middle of the body."""

    def read(self, *_size: int) -> bytes:
        raise OSError("The connection broke off.")


@pytest.fixture(autouse=True)
def _served(scripted) -> None:
    """A request that slips through is answered."""


def refused(answer, status: int = 400) -> dict:
    assert answer.status_code == status, answer.content
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"text"',
        b"NaN",
        b'{"model": "\\ud800"}',
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("path", ["chat/completions", "embeddings", "feedback"])
def test_a_body_that_is_no_json_object(call, path, body) -> None:
    assert refused(call(path, body))["param"] is None


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "multipart/form-data"])
@pytest.mark.parametrize("path", ["chat/completions", "embeddings", "feedback"])
def test_a_form_is_no_json(token, path, kind) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nuno\r\n--x--\r\n'
    for key, status in ((token, 400), ("wrong", 401)):
        headers = {"Authorization": f"Bearer {key}"}
        answer = Client().generic("POST", f"/v1/{path}", body, content_type=kind, headers=headers)
        refused(answer, status)


def test_a_body_that_was_read_or_breaks_off_is_no_fault_of_the_server() -> None:
    for kind in ("multipart/form-data; boundary=x", "application/json"):
        request = RequestFactory().generic("POST", "/v1/embeddings", b"--x--", content_type=kind)
        request.POST  # noqa: B018 - reads a form's body
        request._stream = BrokenStream()
        with pytest.raises(InvalidField, match="cannot be read"):
            read_body(request, EmbeddingsRequest)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 5}, "model"),
        ({"messages": "Hello"}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [5]}, "messages[0]"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": {}}]}, "messages[0].content"),
        ({"messages": [USER | {"role": "tool"}]}, "messages[0].role"),
        ({"messages": [USER | {"name": "Ana"}]}, "messages[0].name"),
        ({"messages": [USER | {"content": [PICTURE]}]}, "messages[0].content[0].type"),
        ({"temperature": "warm"}, "temperature"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": 1e300}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_completion_tokens": 10**30}, "max_completion_tokens"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": [""]}, "stop[0]"),
        ({"stop": {"a": 1}}, "stop"),
        ({"seed": "one"}, "seed"),
        ({"seed": 10**30}, "seed"),
        ({"stream": "yes"}, "stream"),
        ({"logprobs": 3}, "logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
         "response_format.json_schema.schema"),
        ({"made_up": 1}, "made_up"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(ask, fields, param) -> None:
    error = refused(ask(**fields))
    assert error["param"] == param
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_input")


@pytest.mark.parametrize("number", [b"1e999", b"-1e999"])
def test_a_schema_with_a_number_out_of_range_is_refused(call, number) -> None:
    body = b"""{"model": "uno", "messages": [{"role": "user", "content": "Hi"}], "response_format":
    {"type": "json_schema", "json_schema": {"schema": {"allOf": [{"minimum": %b}]}}}}"""
    error = refused(call("chat/completions", body % number))
    assert error["param"] == "response_format.json_schema.schema"
    assert "out of range" in error["message"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tools", [{"type": "function", "function": {"name": "f"}}]),
        ("functions", [{"name": "f"}]),
        ("tool_choice", "required"),
        ("n", 2),
        ("n", "two"),
        ("frequency_penalty", 0.5),
        ("presence_penalty", -1),
        ("logit_bias", {"50256": -100}),
        ("modalities", ["text", "audio"]),
        ("reasoning_effort", "low"),
    ],
)
def test_what_is_not_offered_is_refused_by_name_with_a_remedy(ask, name, value) -> None:
    error = refused(ask(**{name: value}))
    assert (error["param"], error["code"]) == (name, "unsupported_parameter")
    assert error["message"].startswith(f"{name} is not supported here. ")


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 1, "frequency_penalty": 0, "presence_penalty": 0.0, "tools": [], "logit_bias": {}},
        {"tool_choice": "none", "modalities": ["text"], "service_tier": "auto", "functions": None},
        {"temperature": None, "stop": None, "stream": None, "response_format": None},
        {"user": "u", "metadata": {"a": "b"}, "prompt_cache_key": "k", "safety_identifier": "s"},
        {"temperature": 1, "top_p": 1, "response_format": {"type": "text"}},
    ],
)
def test_fields_that_ask_for_nothing_more_are_accepted(ask, fields) -> None:
    assert ask(**fields).status_code == 200


def test_a_reply_is_accepted_back_with_all_its_empty_fields(call) -> None:
    reply = {
        "role": "assistant",
        "content": "Hi.",
        "refusal": None,
        "tool_calls": None,
        "function_call": None,
        "audio": None,
        "annotations": [],
    }
    body = {"model": "uno", "messages": [USER, reply, USER]}
    assert call("chat/completions", body).status_code == 200


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ([{"role": "system", "content": "Be brief."}], "last message must be the user's"),
        ([USER, {"role": "assistant", "content": "Hi."}], "last message must be the user's"),
        ([{"role": "user", "content": " \n"}], "last message is empty"),
        ([{"role": "user", "content": "\x00 "}], "last message is empty"),
    ],
)
def test_there_must_be_something_to_answer(ask, messages, says) -> None:
    assert says in refused(ask(messages=messages))["message"]


def test_a_conversation_that_cannot_fit_is_refused_before_the_engine(ask, scripted) -> None:
    error = refused(ask("long " * 20_000))
    assert error["param"] == "messages"
    assert scripted.requests == []


def test_a_body_over_the_limit_is_refused(ask, settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    assert refused(ask("x" * 2_000), 413)["code"] == "request_too_large"


@pytest.mark.parametrize("model", ["gpt-4o", "all-minilm-l6-v2", "", "ü"])
def test_an_unknown_model_is_not_found(ask, model) -> None:
    error = refused(ask(model=model), 404)
    assert (error["param"], error["code"]) == ("model", "model_not_found")


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (EngineRefused("The prompt is empty."), 400, "The prompt is empty."),
        (
            EngineRefused("http://secret:81/x answered 400: Too long.", said="Too long."),
            400,
            "Too long.",
        ),
        (EngineBusy("The queue is full.", remedy="Try again."), 503, "The queue is full."),
        (EngineUnreachable("http://secret:81 is away."), 503, "cannot be reached right now"),
        (InferenceError("http://secret:81 made no sense."), 502, "cannot be reached right now"),
        (RuntimeError("secret"), 500, "Something unexpected failed"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_fails_in_the_engine_tells_no_address(
    ask, scripted, error, status, says, stream
) -> None:
    scripted.script.reply = error
    answer = ask(stream=stream)
    told = refused(answer, status)
    assert says in told["message"]
    assert "secret" not in told["message"]
    assert told["type"] == ("server_error" if status >= 500 else "invalid_request_error")
    assert ("Retry-After" in answer) == (status == 503)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": []}, "input"),
        ({"input": ""}, "input"),
        ({"input": ["a", ""]}, "input[1]"),
        ({"input": [[1, 2]]}, "input[0]"),
        ({"input": ["a"] * 2_049}, "input"),
        ({"dimensions": 7}, "dimensions"),
        ({"encoding_format": "hex"}, "encoding_format"),
    ],
)
def test_embeddings_refuse_by_field(call, fields, param) -> None:
    body = {"model": "all-minilm-l6-v2", "input": "Hello", **fields}
    assert refused(call("embeddings", body))["param"] == param
