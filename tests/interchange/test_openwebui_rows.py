"""Open WebUI: trees of messages with votes and edits, and votes with a snapshot of their chat."""

from __future__ import annotations

from typing import Any

import pytest

from uno_site.interchange import RowError, Signal, read_dialogues, read_logs


def message(key: str, parent: str | None, role: str, text: str, **values: Any) -> dict[str, Any]:
    return {"id": key, "parentId": parent, "role": role, "content": text, "done": True, **values}


def chat(*messages: dict[str, Any], **values: Any) -> dict[str, Any]:
    by_id = {item["id"]: item for item in messages}
    history = {"messages": by_id, "currentId": messages[-1]["id"]}
    return {"id": "c1", "chat": {"title": "A chat", "history": history, **values}}


ASKED = message("u", None, "user", "Hi")


def test_an_edited_reply_is_rejected_and_the_edit_is_the_correction(write_rows):
    reply = message("a", "u", "assistant", "Short.", originalContent="Long, long.")
    [log] = read_logs(write_rows(chat(ASKED, reply)))
    assert (log.response, log.correction) == ("Long, long.", "Short.")
    assert log.external_id == "c1/a"


def test_an_annotation_is_thumb_reason_and_comment(write_rows):
    vote = {"rating": -1, "reason": "too_verbose", "comment": "Half would do.", "tags": ["x"]}
    [log] = read_logs(write_rows(chat(ASKED, message("a", "u", "assistant", "A", annotation=vote))))
    assert log.feedback == (
        Signal("thumb", "down"),
        Signal("reason", "too_long"),
        Signal("comment", "Half would do."),
    )


@pytest.mark.parametrize("rating", [None, 0, "maybe", 7])
def test_another_rating_is_no_thumb(write_rows, rating):
    reply = message("a", "u", "assistant", "A", annotation={"rating": rating, "comment": "Hm."})
    [log] = read_logs(write_rows(chat(ASKED, reply)))
    assert log.feedback == (Signal("comment", "Hm."),)


def test_a_liked_sibling_is_preferred_and_a_later_turn_is_feedback(write_rows):
    [first, second] = read_logs(
        write_rows(
            chat(
                ASKED,
                message("a", "u", "assistant", "One."),
                message("b", "u", "assistant", "Two.", annotation={"rating": 1}),
                message("u2", "a", "user", "Shorter!"),
            )
        )
    )
    assert (first.response, first.preferred) == ("One.", "Two.")
    assert first.feedback == (Signal("follow_up", "Shorter!"),)
    assert (second.response, second.preferred) == ("Two.", None)


def test_the_older_shape_without_the_wrapper_reads_the_same(write_rows):
    row = chat(ASKED, message("a", "u", "assistant", "A"))
    new, old = read_logs(write_rows(row, row["chat"] | {"id": "c1", "messages": []}))
    assert new == old


def test_the_system_prompt_of_the_chat_comes_first(write_rows):
    row = chat(ASKED, message("a", "u", "assistant", "A"), params={"system": "Be brief."})
    [log] = read_logs(write_rows(row))
    assert [(m.role, m.content) for m in log.messages] == [("system", "Be brief."), ("user", "Hi")]


def test_reasoning_is_not_part_of_the_reply(write_rows):
    text = '<details type="reasoning" done="true">\n> hm\n</details>\nBlue.'
    [log] = read_logs(write_rows(chat(ASKED, message("a", "u", "assistant", text))))
    assert log.response == "Blue."


def test_the_dialogue_is_the_tree_with_its_shown_branch(write_rows):
    row = chat(message("a", "u", "assistant", "A"), ASKED, message("b", "u", "assistant", "B"))
    [dialogue] = read_dialogues(write_rows(row))
    assert [(turn.id, turn.parent) for turn in dialogue.turns] == [
        ("u", None),
        ("a", "u"),
        ("b", "u"),
    ]
    assert (dialogue.leaf, dialogue.title) == ("b", "A chat")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (chat(ASKED), "no finished reply to a user's message"),
        (
            chat(ASKED, message("a", "u", "assistant", "A", done=False)),
            "no finished reply to a user's message",
        ),
        (
            chat(message("u", "a", "user", "Hi"), message("a", "u", "assistant", "A")),
            "messages are each other's parents: the chat is no tree",
        ),
        (chat(message("x", None, "robot", "A")), "message 'x' has the unknown role 'robot'"),
        ({"chat": {"history": {}}}, "key 'messages' is missing"),
        ({"chat": {"history": []}}, "'history' is a list, not an object"),
    ],
)
def test_a_bad_chat_is_named(write_rows, row, reason):
    assert list(read_logs(write_rows(row))) == [RowError(1, reason)]


def feedback(**values: Any) -> dict[str, Any]:
    snapshot = {"chat": chat(ASKED, message("a", "u", "assistant", "A"))}
    data = {"rating": "1", "reason": "attention_to_detail", "comment": ""}
    meta = {"message_id": "a", "chat_id": "c1"}
    row = {"id": "f", "type": "rating", "data": data, "meta": meta, "snapshot": snapshot}
    return row | values


def test_a_feedback_row_is_the_vote_on_its_message(write_rows):
    [log] = read_logs(write_rows(feedback()))
    assert (log.external_id, log.response) == ("c1/a", "A")
    assert log.feedback == (Signal("thumb", "up"), Signal("reason", "attention_to_detail"))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            {"snapshot": None},
            "'snapshot' (the chat that the vote is about) is null, not an object",
        ),
        ({"meta": {"message_id": "z"}}, "the snapshot has no message 'z'"),
        ({"meta": {"message_id": "u"}}, "the vote is not on a reply to a user's message"),
    ],
)
def test_a_vote_without_its_reply_is_named(write_rows, values, reason):
    assert list(read_logs(write_rows(feedback(**values)))) == [RowError(1, reason)]


@pytest.mark.parametrize("current", [{}, [], 7, None, "gone"])
def test_an_odd_current_message_leaves_the_last_one_shown(write_rows, current):
    row = chat(ASKED, message("a", "u", "assistant", "A"))
    row["chat"]["history"]["currentId"] = current
    [dialogue] = read_dialogues(write_rows(row))
    assert dialogue.leaf == "a"


@pytest.mark.parametrize("key", ["\ud800", "a\x00"])
def test_an_id_that_no_database_keeps_is_refused(write_rows, key):
    [error] = read_logs(write_rows(chat(message(key, None, "user", "Hi"))))
    assert isinstance(error, RowError)
    assert "unusable character" in error.reason


def test_a_time_that_no_calendar_holds_is_none(write_rows):
    row = {**chat(ASKED), "created_at": "9999-12-31T23:59:59-12:00"}
    [dialogue] = read_dialogues(write_rows(row))
    assert dialogue.created_at is None
