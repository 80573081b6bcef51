"""A conversation's own system prompt and sampling: who may, what may, and what comes of it."""

from dataclasses import replace

import pytest

from chat.history import fit_history
from chat.models import Conversation
from chat.services.generations import generation_claim
from chat.services.messages import REPLY_SAMPLING, message_send
from chat.services.parameters import SettingsNotAllowed, conversation_configure, may_configure
from chat.serving import answer_async
from tests.factories import ConversationFactory
from tests.scripted import AsyncScriptedClient
from uno_site.errors import InvalidInput
from uno_site.inference.protocol import ChatMessage

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(curator) -> Conversation:
    return ConversationFactory(user=curator)


def configure(conversation, *, prompt: str = "", **sampling: float) -> Conversation:
    return conversation_configure(
        conversation=conversation,
        by=conversation.user,
        system_prompt=prompt,
        sampling=sampling,
    )


def test_the_next_reply_is_asked_with_them(own, launched) -> None:
    configure(own, prompt=" Answer in verse. ", temperature=0.1, max_tokens=64)
    _message, reply = message_send(user=own.user, content="Hello", conversation=own)
    plan = generation_claim(reply.pk)
    assert plan.messages == (
        ChatMessage("system", "Answer in verse."),
        ChatMessage("user", "Hello"),
    )
    assert (plan.sampling.temperature, plan.sampling.max_tokens) == (0.1, 64)
    assert plan.sampling.top_p == REPLY_SAMPLING.top_p


async def test_the_provenance_tells_what_a_reply_was_written_with() -> None:
    messages = [ChatMessage("system", "Answer in verse."), ChatMessage("user", "Hello")]
    sampling = replace(REPLY_SAMPLING, temperature=0.1)
    answer = await answer_async(
        messages, table=None, client=AsyncScriptedClient(), sampling=sampling
    )
    kept = answer.provenance.as_json()
    assert kept["system_prompt"] == "Answer in verse."
    assert kept["sampling"]["temperature"] == 0.1


def test_a_system_prompt_stays_when_the_history_is_cut() -> None:
    turns = [ChatMessage("system", "Be brief."), *_turns(40)]
    kept = fit_history(turns, max_tokens=100, context=400)
    assert kept[0] == turns[0]
    assert kept[1].role == "user"
    assert kept[-1] == turns[-1]
    assert len(kept) < len(turns)


def _turns(n: int) -> list[ChatMessage]:
    roles = ("user", "assistant")
    return [ChatMessage(roles[i % 2], "word " * 12) for i in range(n + 1)]


@pytest.mark.parametrize(
    "sampling",
    [{"temperature": 2.5}, {"temperature": -0.1}, {"top_p": 0}, {"max_tokens": 8}, {"seed": 4}],
)
def test_what_is_out_of_range_is_refused(own, sampling) -> None:
    with pytest.raises(InvalidInput):
        configure(own, **sampling)
    assert Conversation.objects.get(pk=own.pk).sampling == {}


def test_not_a_number_is_refused(own) -> None:
    with pytest.raises(InvalidInput):
        configure(own, temperature=float("nan"))


def test_a_user_may_not_unless_the_server_says_so(alice, conversation, settings) -> None:
    assert not may_configure(alice)
    with pytest.raises(SettingsNotAllowed):
        configure(conversation, prompt="Be brief.")
    settings.UNO = replace(settings.UNO, chat_settings_role="user")
    assert configure(conversation, prompt="Be brief.").system_prompt == "Be brief."


def test_the_page_sets_them_and_says_what_is_wrong(own, client_for) -> None:
    browser, url = client_for(own.user), f"/c/{own.pk}/settings/"
    refused = browser.post(url, {"system_prompt": "x", "temperature": "9"})
    assert refused.status_code == 400
    assert "less than or equal to 2" in refused.content.decode()
    browser.post(url, {"system_prompt": "Be brief.", "temperature": "0.2", "top_p": ""})
    own.refresh_from_db()
    assert (own.system_prompt, own.sampling) == ("Be brief.", {"temperature": 0.2})
    assert "Own settings" in browser.get(f"/c/{own.pk}/").content.decode()


def test_a_user_sees_no_fields_and_can_send_none(alice, conversation, client_for) -> None:
    browser, url = client_for(alice), f"/c/{conversation.pk}/settings/"
    assert 'name="system_prompt"' not in browser.get(url).content.decode()
    assert browser.post(url, {"system_prompt": "Be brief."}).status_code == 403


def test_strangers_find_no_settings(bob, conversation, client_for) -> None:
    assert client_for(bob).get(f"/c/{conversation.pk}/settings/").status_code == 404
