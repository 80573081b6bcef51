"""Chats of people who say what they want, and a scripted engine and trainer to learn it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.models import Conversation, Message
from chat.services.personal import reply_tokens_keep
from tests.factories import ConversationFactory, MessageFactory, ReplyFactory
from tests.training.conftest import BASE_SHA256
from training.models import Adapter, Interaction, Mask, RunState, TrainingRun
from training.services.adapters import adapter_register
from training.services.personal.serving import personal_serve
from training.services.runs import run_folder
from uno_site.accounts.models import User
from uno_site.accounts.services import personal_adapter_switch

WISH = "Please use bullet points next time."


def say(user: User, follow_up: str = WISH, **reply: Any) -> Message:
    """A conversation of the user's in which a reply was answered; returns the reply."""
    conversation: Conversation = ConversationFactory(user=user)
    answer: Message = ReplyFactory(conversation=conversation, **reply)
    if follow_up:
        MessageFactory(conversation=conversation, parent=answer, content=follow_up)
    reply_tokens_keep(answer.pk, [5, 6, 7])
    return answer


@pytest.fixture
def owner(alice: User, wishes: None) -> User:
    """Alice, whose own adapter is on."""
    personal_adapter_switch(user=alice, is_on=True)
    return alice


@pytest.fixture
def talkative(owner: User) -> User:
    """The same with eight replies about which she asked for something."""
    for _ in range(8):
        say(owner)
    return owner


@pytest.fixture
def wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence classifier is curation's to test; here "please" asks and "thanks" praises."""
    monkeypatch.setattr("training.services.personal.queue.sentence_classifier", lambda *_: None)
    monkeypatch.setattr("training.services.personal.queue.mask_of", scripted_mask)


def scripted_mask(said: Any, **_: Any) -> Mask:
    text = said.text.casefold()
    if "please" in text or said.correction:
        return Mask.NONE
    return Mask.SATISFIED if "thanks" in text else Mask.IRRELEVANT


@pytest.fixture
def version(data_dir: Any, scripted: Any) -> Callable[..., Adapter]:
    """Makes a served version of somebody's adapter that learned from ``replies``."""

    def make(user: User, replies: list[Message], *, is_served: bool = True) -> Adapter:
        run = TrainingRun(
            cluster_name="Personal adapter",
            owner=user,
            owner_key=user.pk,
            kind="hindsight",
            base_sha256=BASE_SHA256,
            n_train=len(replies),
            state=RunState.ACCEPTED,
        )
        run.folder = str(data_dir / "runs" / str(run.pk))
        run.save()
        folder = run_folder(run)
        folder.write("train.jsonl", "what was said")
        folder.write("checkpoints/epoch-1/adapter_model.safetensors", f"weights {run.pk}")
        folder.write("checkpoints/epoch-1/adapter_config.json", "{}")
        for reply in replies:
            Interaction.objects.create(
                user=user, reply=reply, reply_key=reply.pk, run=run, created_at=reply.created_at
            )
        checkpoint = folder.path / "checkpoints/epoch-1"
        adapter = adapter_register(run, checkpoint=checkpoint, epoch=1, state="accepted")
        if is_served:
            personal_serve(adapter)
            adapter.refresh_from_db()
        return adapter

    return make
