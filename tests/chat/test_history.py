"""How much of a conversation fits beside the reply."""

from chat.history import fit_history
from uno_site.inference.protocol import ChatMessage


def turns(*lengths: int) -> list[ChatMessage]:
    roles = ("user", "assistant")
    return [ChatMessage(roles[n % 2], "x" * length) for n, length in enumerate(lengths)]


def test_a_short_conversation_stays_whole() -> None:
    messages = turns(30, 30, 30)
    assert fit_history(messages, max_tokens=100, context=1000) == tuple(messages)


def test_the_oldest_turns_go_first_and_the_rest_begins_with_the_user() -> None:
    # Each turn of 300 characters counts 100 + 8 tokens: three fit into 400 - 50.
    messages = turns(300, 300, 300, 300, 300)
    assert fit_history(messages, max_tokens=50, context=400) == tuple(messages[2:])
    # Two would fit, but the older of them is a reply.
    assert fit_history(messages, max_tokens=50, context=300) == tuple(messages[4:])


def test_the_last_message_always_stays() -> None:
    messages = turns(10, 10, 9000)
    assert fit_history(messages, max_tokens=50, context=100) == tuple(messages[2:])
