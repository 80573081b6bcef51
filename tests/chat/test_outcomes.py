"""What became of a reply is recorded with the policy that wrote it; untouched is not free."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from chat import generation
from chat.models import Message, ReplyOutcome, TerminalAction
from chat.services import outcomes
from chat.services.feedback import feedback_vote
from chat.services.generations import generation_claim, generation_finish
from chat.services.messages import (
    message_correct,
    message_regenerate,
    message_revise,
    message_send,
)
from chat.services.outcomes import outcome_open, outcome_say
from tests.factories import ReplyFactory
from tests.scripted import AsyncScriptedClient
from uno_site.accounts.models import User
from uno_site.errors import InvalidInput

pytestmark = pytest.mark.django_db(transaction=True)

WHY = {"kind": "expert", "reason": "nearest", "model": "base", "adapter_name": "mails-v1"}


@pytest.fixture
def written(reply: Message) -> Message:
    """Alice's reply with four words, written by an expert."""
    reply.content, reply.provenance = "Sleep more every day", WHY
    reply.save()
    outcome_open(reply)
    return reply


def outcome(message: Message) -> ReplyOutcome:
    return ReplyOutcome.objects.get(message=message)


def test_untouched_is_missing(written: Message) -> None:
    found = outcome(written)
    assert (found.action, found.cost, found.n_words) == ("", None, 4)
    assert found.policy == "base+mails-v1"
    assert list(ReplyOutcome.objects.judged()) == []


@pytest.mark.parametrize("action", ["accept", "copy", "send"])
def test_an_affirmative_act_costs_nothing(written: Message, action: str) -> None:
    outcome_say(message=written, action=action)
    assert (outcome(written).action, outcome(written).cost) == (action, 0.0)


def test_an_edit_costs_its_words(written: Message) -> None:
    message_correct(message=written, content="Sleep less every night")
    found = outcome(written)
    assert (found.action, found.cost, found.n_edits) == ("edit", 0.5, 2)


def test_copying_ones_own_edit_keeps_its_cost(written: Message) -> None:
    correction = message_correct(message=written, content="Sleep less every day")
    outcome_say(message=correction, action="copy")
    assert (outcome(written).action, outcome(written).cost) == ("copy", 0.25)
    again = message_correct(message=correction, content="Sleep less every single night")
    assert outcome(written).cost == 0.75
    assert outcome(written).correction == again
    assert ReplyOutcome.objects.count() == 1


@pytest.mark.parametrize("act", ["copy", "abandon"])
def test_an_act_at_the_same_time_as_an_edit_keeps_its_cost(
    written: Message, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """The edit commits between the act's first look at the outcome and its writing."""
    look = outcomes.outcome_open

    def look_early(message: Message) -> ReplyOutcome | None:
        found = look(message)
        monkeypatch.setattr(outcomes, "outcome_open", look)
        message_correct(message=message, content="Sleep less every day")
        return found

    monkeypatch.setattr(outcomes, "outcome_open", look_early)
    if act == "copy":
        outcome_say(message=written, action="copy")
    else:
        outcomes.outcomes_abandon(written.parent)
    found = outcome(written)
    assert (found.cost, found.n_edits) == (0.25, 1)
    assert found.correction.content == "Sleep less every day"
    assert found.action == ("copy" if act == "copy" else "edit")


def test_a_thumb_up_accepts_and_can_be_taken_back(written: Message) -> None:
    feedback_vote(message=written, thumb=1)
    assert (outcome(written).action, outcome(written).cost) == ("accept", 0.0)
    feedback_vote(message=written, thumb=1)
    assert (outcome(written).action, outcome(written).cost) == ("", None)
    feedback_vote(message=written, thumb=1)
    feedback_vote(message=written, thumb=-1)
    assert (outcome(written).action, outcome(written).cost) == ("", None)


def test_writing_anew_and_asking_anew_are_no_edits(written: Message, launched: list[Any]) -> None:
    message_regenerate(message=written)
    assert (outcome(written).action, outcome(written).cost) == ("regenerate", None)


def test_who_asks_in_other_words_abandons_the_reply(written: Message, launched: list[Any]) -> None:
    message_revise(message=written.parent, content="How do I wake up?")
    assert (outcome(written).action, outcome(written).cost) == ("abandon", None)


def test_what_was_copied_is_not_abandoned(written: Message, launched: list[Any]) -> None:
    outcome_say(message=written, action="copy")
    message_revise(message=written.parent, content="How do I wake up?")
    assert outcome(written).action == "copy"


def test_a_stopped_reply_is_abandoned(alice: User, launched: list[Any]) -> None:
    _, reply = message_send(user=alice, content="Hello")
    generation_claim(reply.pk)
    values = {"state": "stopped", "content": "Hi th", "provenance": dict(WHY)}
    generation_finish(reply.pk, user_id=alice.pk, **values)
    assert outcome(reply).action == TerminalAction.ABANDON


async def test_the_writer_leaves_what_the_policy_was(serve_with: Any, launched, alice) -> None:
    from channels.db import database_sync_to_async

    serve_with(AsyncScriptedClient("Two words"))
    _, reply = await database_sync_to_async(message_send)(user=alice, content="Hello")
    await generation.generate(reply.pk)
    found = await database_sync_to_async(outcome)(reply)
    assert (found.kind, found.probability, found.n_completion_tokens) == ("base", 1.0, 2)
    assert len(found.prompt_sha256) == 64


def test_no_cost_of_nothing_without_an_act(written: Message) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ReplyOutcome.objects.update(cost=0.0)


def test_people_cannot_say_just_anything(written: Message) -> None:
    with pytest.raises(InvalidInput):
        outcome_say(message=written, action="edit")


def test_the_copy_button_tells(written: Message, alice: User, bob: User, client_for: Any) -> None:
    url = f"/m/{written.pk}/act/"
    assert client_for(bob).post(url, {"action": "copy"}).status_code == 404
    got = client_for(alice).post(url, {"action": "copy"}, HTTP_HX_REQUEST="true")
    assert got.status_code == 204
    assert outcome(written).action == "copy"
    page = client_for(alice).get(f"/m/{written.pk}/", HTTP_HX_REQUEST="true").content.decode()
    assert f'hx-post="{url}"' in page


def test_imported_replies_have_none(alice: User) -> None:
    reply = ReplyFactory(conversation__user=alice, provenance={"reason": "imported"})
    assert outcome_open(reply) is None
    outcome_say(message=reply, action="copy")
    assert ReplyOutcome.objects.count() == 0


def test_what_was_withdrawn_is_not_learned_from(written: Message, alice: User) -> None:
    outcome_say(message=written, action="copy")
    assert ReplyOutcome.objects.consented().count() == 1
    written.is_withdrawn = True
    written.save()
    assert ReplyOutcome.objects.consented().count() == 0
