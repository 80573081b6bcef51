"""One update with everything real: engine, sentence classifier, trainer, canary, swap, answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from chat.services.personal import personal_route_of, reply_tokens_keep
from chat.serving import Done, answer_stream
from tests.factories import ConversationFactory, MessageFactory, ReplyFactory
from training.models import Adapter, AdapterState, Interaction, RunState
from training.services.personal.canary import SAMPLING
from training.services.personal.serving import personal_serve
from training.services.personal.updating import personal_update
from training.services.reporting import SilentReporter
from uno_site.accounts.models import User
from uno_site.accounts.services import personal_adapter_switch
from uno_site.engine_clients import base_model_name, served_async_client
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling

pytestmark = [pytest.mark.slow, pytest.mark.model, pytest.mark.django_db(transaction=True)]

THINGS = ("the sky", "the moon", "bread", "thunder", "a magnet", "snow", "coffee", "a mirror")
SHORT = Sampling(max_tokens=24, temperature=0.7, seed=1)


def chat(engine: Any, user: User) -> None:
    """Eight real replies with their tokens, each followed by a wish."""
    questions = [f"Tell me something about {thing}." for thing in THINGS]
    asked = [
        ChatRequest(base_model_name(), (ChatMessage("user", text),), SHORT) for text in questions
    ]
    for question, result in zip(questions, engine.chat_many(asked), strict=True):
        conversation = ConversationFactory(user=user)
        reply = ReplyFactory(
            conversation=conversation, parent__content=question, content=result.text.strip()
        )
        reply_tokens_keep(reply.pk, result.token_ids)
        MessageFactory(conversation=conversation, parent=reply, content="Use bullet points please.")


@async_to_sync
async def provenance(route: Any) -> Any:
    client = served_async_client()
    messages = (ChatMessage("user", "Tell me something about glass."),)
    try:
        async for event in answer_stream(
            messages, table=None, client=client, sampling=SHORT, personal=route
        ):
            last = event
    finally:
        await client.aclose()
    assert isinstance(last, Done)
    assert last.token_ids
    return last.provenance


def test_from_wishes_to_an_answer_of_ones_own(
    engine: Any, alice: User, bob: User, data_dir: Path, engine_data_dir: Path
) -> None:
    (engine_data_dir / "models").mkdir(exist_ok=True)
    (data_dir / "models").symlink_to(engine_data_dir / "models")
    personal_adapter_switch(user=alice, is_on=True)
    personal_adapter_switch(user=bob, is_on=True)
    chat(engine, alice)

    run = personal_update(alice, SilentReporter())
    assert run is not None
    assert run.state in (RunState.ACCEPTED, RunState.REFUSED)
    assert run.verification.n_prompts == 7
    assert SAMPLING.n_samples == 1
    assert Interaction.objects.filter(has_sampled_ids=True, mask="").count() == 8
    rows = [json.loads(line) for line in Path(run.folder, "metrics.jsonl").read_text().splitlines()]
    trained = [row for row in rows if row["kind"] == "train"]
    assert all(row["retokenised"] == 0 for row in trained)  # the exact tokens were learned from
    assert trained[-1]["hindsight_loss"] < trained[0]["hindsight_loss"]

    # Two steps are too few to insist on a verdict; what is served is tested either way.
    Adapter.objects.filter(state=AdapterState.REFUSED).update(state=AdapterState.ACCEPTED)
    adapter = Adapter.objects.get()
    personal_serve(adapter)
    why = provenance(personal_route_of(ConversationFactory(user=alice)))
    assert (why.kind, why.adapter_name, why.adapter_version) == ("personal", adapter.name, 1)
    assert provenance(personal_route_of(ConversationFactory(user=bob))).kind == "base"
    assert [card.id for card in engine.models() if card.id.startswith("canary-")] == []
