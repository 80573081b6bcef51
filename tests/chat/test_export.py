"""Conversations leave as files and come back; a damaged one is refused with the reason."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from chat.exporting import export_file
from chat.models import Conversation, Message, MessageRole
from chat.services import importing
from chat.services.feedback import feedback_give
from chat.services.importing import conversations_import
from chat.services.messages import message_correct
from chat.services.organising import conversation_archive, conversation_file
from tests.factories import ConversationFactory, ReplyFactory
from uno_site.errors import InvalidInput

pytestmark = pytest.mark.django_db


@pytest.fixture
def rich(conversation, reply) -> Conversation:
    """A conversation with two versions, a correction, feedback, a folder, in the archive."""
    reply.provenance = {"kind": "expert", "model": "smollm2", "adapter_name": "sleep-v1"}
    reply.save()
    Message.objects.create(
        conversation=conversation,
        parent=reply.parent,
        role=MessageRole.ASSISTANT,
        origin="model",
        content="Rest.",
    )
    feedback_give(message=reply, thumb=-1, reasons=["too_short"], comment="More, please.")
    message_correct(message=reply, content="Sleep more, at night.")
    conversation_file(conversation=conversation, folder_name="Sleep")
    conversation_archive(conversation=conversation)
    return conversation


def exported(user: Any) -> dict[str, Any]:
    return json.loads(export_file(Conversation.objects.visible_to(user), "json").read())


def bring(user: Any, content: Any) -> Any:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return conversations_import(user=user, file=SimpleUploadedFile("c.json", text))


def by_place(part: dict[str, Any]) -> dict[str, Any]:
    """A conversation with its messages' places instead of ids, and without provenance."""
    place = {message["id"]: number for number, message in enumerate(part["messages"])}
    messages = [
        {
            **message,
            "id": place[message["id"]],
            "parent": place.get(message["parent"]),
            "correction_of": place.get(message["correction_of"]),
            "provenance": None,
            "sampling": None,
        }
        for message in part["messages"]
    ]
    return {**part, "leaf": place[part["leaf"]], "messages": messages}


def test_what_leaves_comes_back_the_same(rich, alice, bob) -> None:
    before = exported(alice)
    report = bring(bob, before)
    assert (report.n_conversations, report.n_messages, report.refused) == (1, 4, [])
    after = exported(bob)
    assert by_place(after["conversations"][0]) == by_place(before["conversations"][0])
    ids = {message["id"] for message in before["conversations"][0]["messages"]}
    assert not ids & {message["id"] for message in after["conversations"][0]["messages"]}


def test_an_import_does_not_believe_where_a_reply_came_from(rich, alice, bob) -> None:
    bring(bob, exported(alice))
    replies = Message.objects.visible_to(bob).filter(origin="model").order_by("created_at")
    assert [reply.provenance for reply in replies] == [
        {"kind": "base", "reason": "imported", "model": "smollm2"},
        {"kind": "base", "reason": "imported", "model": ""},
    ]


def test_names_that_no_database_keeps_come_in_without_what_it_does_not_keep(
    rich, alice, bob
) -> None:
    content = exported(alice)
    for message in content["conversations"][0]["messages"]:
        message["provenance"] = {"model": "smol\x00\ud800lm"}
    assert bring(bob, content).refused == []
    reply = Message.objects.visible_to(bob).filter(origin="model").first()
    assert reply.provenance["model"] == "smol?lm"


def test_settings_come_only_to_who_may_set_them(rich, alice, bob, curator) -> None:
    sampling = {"temperature": 0.2, "max_tokens": 64}
    Conversation.objects.update(system_prompt="Be brief.", sampling=sampling)
    content = exported(alice)
    content["conversations"][0]["sampling"]["top_p"] = 7
    for user, expected in ((bob, ("", {})), (curator, ("Be brief.", sampling))):
        bring(user, content)
        mine = Conversation.objects.visible_to(user).get()
        assert (mine.system_prompt, mine.sampling) == expected
    assert isinstance(mine.sampling["max_tokens"], int)


def test_messages_of_one_time_still_leave_with_parents_first(rich, alice, bob) -> None:
    Message.objects.update(created_at=rich.created_at)
    assert bring(bob, exported(alice)).refused == []


def test_a_damaged_conversation_is_refused_and_the_others_come_in(rich, alice, bob) -> None:
    content = exported(alice)
    whole = content["conversations"][0]
    orphan = json.loads(json.dumps(whole))
    orphan["messages"] = orphan["messages"][1:]
    strange = json.loads(json.dumps(whole))
    strange["messages"][0]["role"] = "wizard"
    twice = {**whole, "messages": [whole["messages"][0], whole["messages"][0]]}
    report = bring(bob, {**content, "conversations": [orphan, strange, twice, "x", whole]})
    assert report.n_conversations == 1
    assert len(report.refused) == 4
    assert "does not stand before it" in report.refused[0]
    assert "Conversation 2: messages.0.role" in report.refused[1]
    assert "twice" in report.refused[2]


@pytest.mark.parametrize("content", [b"no json", b"\xff\xfe", b"[]", b'{"format": "other"}'])
def test_what_is_no_export_is_refused(bob, content) -> None:
    with pytest.raises(InvalidInput):
        bring(bob, content)
    assert not Conversation.objects.exists()


def test_of_a_damaged_file_comes_in_what_stands_before_the_damage(rich, alice, bob) -> None:
    content = exported(alice)
    text = json.dumps({**content, "conversations": content["conversations"] * 2}).encode()
    report = bring(bob, text[:-20])
    assert report.n_conversations == bob.conversations.count() == 1
    assert report.refused == ["The file breaks off after conversation 1."]


def test_a_huge_conversation_is_read_past(rich, alice, bob, monkeypatch) -> None:
    monkeypatch.setattr(importing, "MAX_CONVERSATION_BYTES", 100_000)
    content = exported(alice)
    junk = {"messages": [[]] * 200_000}
    report = bring(bob, {**content, "conversations": [junk, *content["conversations"]]})
    assert report.n_conversations == 1
    assert "Conversation 1: longer than" in report.refused[0]


def test_the_page_says_what_is_wrong_with_a_file(bob, client_for) -> None:
    file = SimpleUploadedFile("c.json", b'{"format": "uno.conversations", "version": 99}')
    answer = client_for(bob).post("/data/import/", {"file": file})
    assert answer.status_code == 400
    assert "no export of conversations in a version that is known" in answer.content.decode()


def test_the_page_says_what_is_wrong_with_another_systems_file(bob, client_for) -> None:
    file = SimpleUploadedFile("c.json", b"no json")
    answer = client_for(bob).post("/data/import/", {"file": file}, follow=True)
    assert answer.redirect_chain[-1][0] == "/data/"
    assert "c.json" in answer.content.decode()
    assert not Conversation.objects.exists()


def test_the_page_takes_its_own_export_in_at_once(rich, alice, bob, client_for) -> None:
    content = export_file(Conversation.objects.visible_to(alice), "json").read()
    file = SimpleUploadedFile("mine.json", content)
    answer = client_for(bob).post("/data/import/", {"file": file})
    assert answer.status_code == 200
    assert bob.conversations.count() == alice.conversations.count() > 0


def test_markdown_is_the_shown_version(rich, alice) -> None:
    text = export_file(Conversation.objects.visible_to(alice), "md").read().decode()
    assert text.startswith("# A conversation\n")
    assert "## You\n\nHow do I sleep better?" in text
    assert "## Your correction\n\nSleep more, at night." in text
    assert "Rest." not in text


def test_the_pages_hand_out_and_take_in(rich, alice, bob, client_for) -> None:
    browser = client_for(alice)
    answer = browser.get(f"/c/{rich.pk}/export/json/")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    content = b"".join(answer.streaming_content)
    assert len(json.loads(content)["conversations"]) == 1
    assert b"".join(browser.get("/data/conversations.md").streaming_content).startswith(b"# A conv")
    assert browser.get(f"/c/{rich.pk}/export/exe/").status_code == 404
    page = client_for(bob).post("/data/import/", {"file": SimpleUploadedFile("c.json", content)})
    assert "1 conversation came in (messages: 4)." in page.content.decode()


def test_everything_is_only_ones_own(rich, bob, client_for) -> None:
    stranger = client_for(bob)
    assert stranger.get(f"/c/{rich.pk}/export/json/").status_code == 404
    assert exported(bob)["conversations"] == []


def test_many_conversations_take_as_many_queries_as_few(
    alice, django_assert_max_num_queries
) -> None:
    for _ in range(20):
        ReplyFactory(conversation=ConversationFactory(user=alice))
    with django_assert_max_num_queries(4):
        exported(alice)


@pytest.mark.parametrize("name", ["created_at", "updated_at", "archived_at"])
@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"])
def test_a_time_that_no_calendar_holds_is_refused(rich, alice, name: str, moment: str) -> None:
    content = exported(alice)
    content["conversations"][0][name] = moment
    report = bring(alice, content)
    assert (report.n_conversations, len(report.refused)) == (0, 1)
    assert "the years 1 to 9999" in report.refused[0]


def test_a_message_of_such_a_time_is_refused_too(rich, alice) -> None:
    content = exported(alice)
    content["conversations"][0]["messages"][0]["created_at"] = "9999-12-31T23:59:59-12:00"
    assert "the years 1 to 9999" in bring(alice, content).refused[0]
