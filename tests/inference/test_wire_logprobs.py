"""Log-probabilities travel in OpenAI's shape, whole and streamed."""

import json

from uno_site.inference import wire
from uno_site.inference.protocol import ChatMessage, ChatRequest, TokenLogprob

ENTRY = {
    "token": "Hi",
    "logprob": -0.25,
    "bytes": [72, 105],
    "top_logprobs": [{"token": "Hi", "logprob": -0.25, "bytes": None}],
}
TOKEN = TokenLogprob("Hi", -0.25, (72, 105), (TokenLogprob("Hi", -0.25),))
ASKED = ChatRequest("base", (ChatMessage("user", "Hello"),), n_logprobs=1)


def test_they_are_asked_for_only_where_wanted() -> None:
    body = wire.chat_body(ASKED, stream=False)
    assert (body["logprobs"], body["top_logprobs"]) == (True, 1)
    plain = ChatRequest("base", ASKED.messages)
    assert "logprobs" not in wire.chat_body(plain, stream=True)


def test_they_come_with_a_whole_reply() -> None:
    choice = {
        "message": {"content": "Hi"},
        "finish_reason": "stop",
        "logprobs": {"content": [ENTRY]},
    }
    assert wire.parse_chat({"model": "base", "choices": [choice]}).logprobs == (TOKEN,)


def test_they_come_with_each_chunk() -> None:
    parser = wire.StreamParser("http://engine")
    for logprobs, expected in (({"content": [ENTRY]}, (TOKEN,)), (None, ())):
        choice = {"delta": {"content": "Hi"}, "finish_reason": None, "logprobs": logprobs}
        chunk = parser.feed(f"data: {json.dumps({'choices': [choice]})}")
        assert chunk.logprobs == expected
