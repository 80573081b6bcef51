"""What comes into a person's queue, and what of it teaches."""

from __future__ import annotations

import pytest

from chat.models import ConversationOrigin, MessageState
from chat.services.feedback import feedback_vote
from chat.services.messages import message_correct
from tests.factories import FeedbackFactory
from tests.training.personal.conftest import WISH, say
from training.models import Interaction, Mask
from training.services.personal.queue import new_replies, queue_fill, said_about
from training.services.personal.rows import canary_rows, interaction_row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]


def test_a_reply_and_the_next_message_are_an_interaction(owner) -> None:
    reply = say(owner)
    assert queue_fill(owner) == 1
    assert queue_fill(owner) == 0
    row = interaction_row(Interaction.objects.get())
    assert row["messages"] == [{"role": "user", "content": reply.parent.content}]
    assert (row["reply"], row["follow_up"], row["mask"]) == (reply.content, WISH, "")
    assert row["id"].startswith(f"{reply.pk}/")


def test_content_and_unrelated_users_teach_nothing(owner) -> None:
    say(owner, "Thanks!")
    say(owner, "What is the capital of Peru?")
    queue_fill(owner)
    masks = Interaction.objects.values_list("mask", flat=True)
    assert sorted(masks) == [Mask.IRRELEVANT, Mask.SATISFIED]
    assert not Interaction.objects.waiting().exists()


def test_the_sampled_tokens_are_taken_where_they_are_the_base_models(owner) -> None:
    kept, lost, others = say(owner), say(owner), say(owner)
    lost.tokens.delete()
    others.tokens.model = "another-base"
    others.tokens.save()
    queue_fill(owner)
    found = {one.reply_id: one for one in Interaction.objects.all()}
    assert [found[one.pk].has_sampled_ids for one in (kept, lost, others)] == [True, False, False]
    assert interaction_row(found[kept.pk])["reply_ids"] == [5, 6, 7]
    assert interaction_row(Interaction.objects.get(reply=others))["reply_ids"] == []


def test_comments_and_corrections_count_as_what_was_said(owner) -> None:
    reply = say(owner, "")
    assert not new_replies(owner).exists()
    FeedbackFactory(message=reply, comment="Too dry, please.")
    message_correct(message=reply, content="Much livelier!")
    assert new_replies(owner).get() == reply
    said = said_about(reply)
    assert said.text == "Too dry, please.\n\nWrite it like this instead: Much livelier!"


def test_a_thumb_alone_says_nothing(owner) -> None:
    feedback_vote(message=say(owner, ""), thumb=-1)
    assert not new_replies(owner).exists()


def test_what_is_not_the_persons_chat_stays_out(owner, bob) -> None:
    say(bob)
    say(owner, provenance={"reason": "imported"})
    say(owner, state=MessageState.STOPPED)
    say(owner, is_withdrawn=True)
    api = say(owner)
    api.conversation.origin = ConversationOrigin.API
    api.conversation.save()
    assert not new_replies(owner).exists()


def test_the_system_prompt_that_was_shown_comes_first(owner) -> None:
    say(owner, provenance={"system_prompt": "Be kind."})
    queue_fill(owner)
    messages = interaction_row(Interaction.objects.get())["messages"]
    assert messages[0] == {"role": "system", "content": "Be kind."}


def test_the_canary_asks_own_and_neutral_prompts(owner) -> None:
    say(owner)
    queue_fill(owner)
    rows = canary_rows([interaction_row(Interaction.objects.get())])
    assert len(rows) == 7
    assert rows[0]["chosen"]
    assert all(row["messages"][-1]["role"] == "user" for row in rows)
    assert len({row["id"] for row in rows}) == 7
