"""OpenAI conversations: the first reply, and all later user turns as its feedback."""

from __future__ import annotations

import pytest

from tests.interchange.conftest import turns
from uno_site.interchange import ImportedLog, RowError, Signal, read_logs


def test_all_later_user_turns_are_the_first_replys_feedback(write_rows):
    messages = turns("Name a colour.", "Banana.", "A colour!", "Blue.", "Thanks.", "Welcome.")
    [log] = read_logs(write_rows({"messages": messages}))
    assert [m.content for m in log.messages] == ["Name a colour."]
    assert log.response == "Banana."
    assert log.feedback == (Signal("follow_up", "A colour!"), Signal("follow_up", "Thanks."))
    assert log.next_reply == "Blue."
    assert log.correction is None


def test_a_conversation_may_end_with_the_users_turn(write_rows):
    [log] = read_logs(write_rows({"messages": turns("Hi", "Hello.", "Too short.")}))
    assert log.feedback == (Signal("follow_up", "Too short."),)
    assert log.next_reply is None


def test_a_single_exchange_has_no_feedback(write_rows):
    [log] = read_logs(write_rows({"messages": turns("Hi", "Hello.")}))
    assert log.feedback == ()


@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_system_turn_stays_in_the_context(write_rows, role):
    messages = [{"role": role, "content": "Be brief."}, *turns("Hi", "Hello.")]
    [log] = read_logs(write_rows({"messages": messages}))
    assert [m.role for m in log.messages] == ["system", "user"]


def test_text_parts_are_joined(write_rows):
    parts = [{"type": "text", "text": "Name"}, {"type": "text", "text": "a colour."}]
    messages = [{"role": "user", "content": parts}, {"role": "assistant", "content": "Blue."}]
    [log] = read_logs(write_rows({"messages": messages}))
    assert log.messages[0].content == "Name\na colour."


def test_the_same_conversation_has_the_same_id_and_another_has_another(write_rows):
    one, other = {"messages": turns("Hi", "Hello.")}, {"messages": turns("Hi", "Hello!")}
    first, again, different = read_logs(write_rows(one, one | {"model": "x"}, other))
    assert first.external_id == again.external_id != different.external_id


def test_a_rows_own_id_is_kept(write_rows):
    [log] = read_logs(write_rows({"id": "chat-1", "messages": turns("Hi", "Hello.")}))
    assert log.external_id == "chat-1"


def test_other_keys_are_kept(write_rows):
    [log] = read_logs(write_rows({"messages": turns("Hi", "Hello."), "task": 3}))
    assert log.extra == {"task": 3}


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ("Hi", "'messages' is a string, not a list"),
        ([], "'messages' is empty"),
        (["Hi"], "message 1 is a string, not an object"),
        ([{"role": "user"}], "message 1 has no 'content'"),
        ([{"content": "Hi"}], "message 1 has no 'role'"),
        ([{"role": "tool", "content": "x"}], "message 1 has the unknown role 'tool'"),
        ([{"role": ["user"], "content": "x"}], "message 1 has the unknown role ['user']"),
        ([{"role": "user", "content": 3}], "the content of message 1 is a number, not a string"),
        ([{"role": "system", "content": "x"}], "roles out of order: only a system message"),
        (turns("Hi"), "no assistant's reply in the conversation"),
        (turns("Hi", " "), "the reply (message 2) is empty"),
        (turns("", "Hello."), "message 1 is empty"),
        (
            turns("Hello.", "Hi", first="assistant"),
            "roles out of order: message 1 is 'assistant' where 'user' is expected",
        ),
        (
            [*turns("Hi", "Hello."), {"role": "system", "content": "x"}],
            "roles out of order: message 3 is 'system' where 'user' is expected",
        ),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}],
            "message 1 has a part of type 'image_url'; only text is read",
        ),
        (turns("a\x00b", "Hello."), "the content of message 1 holds the unusable character U+0000"),
        (turns("Hi", "\ud800"), "the content of message 2 holds the unusable character U+D800"),
        (
            turns("x" * 200_001, "Hello."),
            "the content of message 1 has 200,001 characters; 200,000 is the limit",
        ),
    ],
)
def test_a_bad_conversation_is_reported_and_the_next_is_read(write_rows, messages, reason):
    good = {"messages": turns("Hi", "Hello.")}
    [bad, log] = read_logs(write_rows({"messages": messages}, good))
    assert bad == RowError(1, reason)
    assert isinstance(log, ImportedLog)
