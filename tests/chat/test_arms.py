"""Arms are published like routes, drawn once a conversation, and answer after the clusters."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async

from chat import generation
from chat.models import ArmTable, Conversation, ConversationArm, Message, ReplyOutcome, ServedArm
from chat.services.arms import (
    ArmSpec,
    arm_adapters,
    arm_of,
    arms_clearly_worse,
    arms_drop,
    arms_publish,
    arms_retire,
    is_held_out,
    live_arms,
)
from chat.services.messages import message_send
from chat.services.outcomes import outcome_open, outcome_say
from chat.serving import Answer, Delta, Done, answer_stream
from tests.chat.test_personal_routes import MESSAGES, QUERY, by_whom, publish_expert
from tests.factories import ConversationFactory, ReplyFactory
from tests.scripted import AsyncScriptedClient
from uno_site.accounts.models import User
from uno_site.engine_clients import base_model_name
from uno_site.errors import InvalidInput
from uno_site.inference.errors import AdapterInvalid
from uno_site.runtime.services import runtime_settings_change

pytestmark = pytest.mark.django_db(transaction=True)


def spec(name: str) -> ArmSpec:
    return ArmSpec(name.upper(), uuid4(), f"edits-{name}-v1", 1, f"adapters/{name}")


@pytest.fixture
def table(db: None) -> ArmTable:
    return arms_publish(arms=[spec("sft"), spec("early")], note="", by=None)


def conversation(user: User, *, is_kept: bool = False) -> Conversation:
    """A conversation that is, or is not, among the holdout."""
    while True:
        found = ConversationFactory(user=user)
        if is_held_out(found.pk) == is_kept:
            return found
        found.delete()


def give_costs(arm: ServedArm, user: User, costs: list[float], **values: Any) -> None:
    for cost in costs:
        why = {"kind": "arm", "reason": "no_routes", "arm_id": str(arm.pk)}
        reply = ReplyFactory(conversation__user=user, provenance=why)
        outcome_open(reply)
        outcome_say(message=reply, action="copy")
        ReplyOutcome.objects.filter(message=reply).update(cost=cost, **values)


def test_the_base_is_always_an_arm(table: ArmTable) -> None:
    assert [arm.label for arm in live_arms()] == ["Base", "SFT", "EARLY"]
    assert arm_adapters() == {"edits-sft-v1": "adapters/sft", "edits-early-v1": "adapters/early"}


def test_without_arms_nothing_is_drawn(alice: User) -> None:
    assert arm_of(ConversationFactory(user=alice).pk, None) is None


def test_an_arm_stays_with_its_conversation(table: ArmTable, alice: User) -> None:
    talk = conversation(alice)
    first = arm_of(talk.pk, None)
    assert first is not None
    # Untried arms share the choice, and the base has its holdout besides.
    expected = 0.9 / 3 + (0.1 if first.arm.is_base else 0)
    assert (first.scope, first.probability) == ("global", pytest.approx(expected))
    best = ServedArm.objects.exclude(pk=first.arm.pk).first()
    for arm in live_arms():
        give_costs(arm, alice, [0.0 if arm == best else 0.9] * 3)
    assert arm_of(talk.pk, None) == first
    again = arm_of(conversation(alice).pk, None)
    assert again is not None
    assert (again.arm, again.scope) == (best, "user")


def test_costs_back_off_from_user_to_cluster_to_all(
    table: ArmTable, alice: User, bob: User
) -> None:
    cluster, (base, sft, early) = uuid4(), live_arms()
    for arm in (base, sft, early):
        give_costs(arm, bob, [0.1 if arm == sft else 0.8] * 3, cluster_id=cluster)
        give_costs(arm, bob, [0.1 if arm == early else 0.8] * 9)
    drawn = [arm_of(conversation(alice).pk, near) for near in (cluster, None, uuid4())]
    got = [(one.arm.label, one.scope) for one in drawn if one]
    assert got == [("SFT", "cluster"), ("EARLY", "global"), ("EARLY", "global")]


def test_costs_of_those_who_do_not_agree_teach_nothing(table: ArmTable, bob: User) -> None:
    bob.training_consent = False
    bob.save()
    for arm in live_arms():
        give_costs(arm, bob, [0.0 if arm.label == "SFT" else 0.9] * 3)
    drawn = arm_of(conversation(bob).pk, None)
    assert drawn is not None
    assert drawn.probability < 0.5  # all are untried


def test_the_holdout_is_the_bases_for_good(table: ArmTable, alice: User, admin: User) -> None:
    kept = conversation(alice, is_kept=True)
    give_costs(live_arms()[1], alice, [0.0] * 30)
    drawn = arm_of(kept.pk, None)
    assert drawn is not None
    assert (drawn.arm.is_base, drawn.scope) == (True, "holdout")
    runtime_settings_change(values={"base_holdout_percent": 50}, by=admin)
    assert is_held_out(kept.pk)
    share = sum(is_held_out(uuid4()) for _ in range(1000)) / 1000
    assert 0.4 < share < 0.6


def test_a_new_adapter_begins_anew(table: ArmTable, alice: User) -> None:
    give_costs(live_arms()[1], alice, [0.0] * 5)
    talk = conversation(alice)
    before = arm_of(talk.pk, None)
    arms_publish(arms=[spec("new")], note="", by=None)
    after = arm_of(talk.pk, None)
    assert before and after
    assert after.arm.table.version == 2
    assert after.probability == pytest.approx(0.55 if after.arm.is_base else 0.45)
    assert ConversationArm.objects.count() == 1


def test_clearly_worse_arms_are_retired_and_never_the_base(table: ArmTable, alice: User) -> None:
    base, sft, _ = live_arms()
    give_costs(base, alice, [0.2, 0.3] * 10)
    assert arms_clearly_worse() == []
    give_costs(sft, alice, [0.8, 0.9] * 10)
    assert arms_clearly_worse() == [sft]
    assert arms_retire(live_arms(), "Because.") == 2
    assert [arm.is_base for arm in live_arms()] == [True]
    assert arm_of(conversation(alice).pk, None) is None


def test_an_adapter_that_may_not_serve_is_dropped(table: ArmTable, alice: User) -> None:
    sft = live_arms()[1]
    talk = conversation(alice)
    ConversationArm.objects.create(conversation=talk, arm=sft, probability=1.0, scope="user")
    assert arms_drop([sft.adapter_id], "Withdrawn.") == 1
    drawn = arm_of(talk.pk, None)
    assert drawn is not None
    assert drawn.arm != sft


def test_the_same_adapter_twice_is_refused(db: None) -> None:
    one = spec("sft")
    with pytest.raises(InvalidInput):
        arms_publish(arms=[one, one], note="", by=None)


async def answered(client: Any, talk: Conversation, table: Any = None, **options: Any) -> Answer:
    text, why = "", None
    stream = answer_stream(
        MESSAGES, table=table, client=client, pick_arm=partial(arm_of, talk.pk), **options
    )
    async for event in stream:
        text += event.text if isinstance(event, Delta) else ""
        why = event.provenance if isinstance(event, Done) else why
    assert why is not None
    return Answer(text, why)


@database_sync_to_async
def given(user: User, label: str) -> Conversation:
    """A conversation that was given the arm of this label."""
    talk = ConversationFactory(user=user)
    arm = ServedArm.objects.get(label=label)
    ConversationArm.objects.create(conversation=talk, arm=arm, probability=0.4, scope="user")
    return talk


async def test_the_arm_answers_where_no_cluster_does(table: ArmTable, alice: User) -> None:
    client, talk = AsyncScriptedClient(by_whom), await given(alice, "SFT")
    got = await answered(client, talk)
    assert got.text == "written by edits-sft-v1"
    why = got.provenance
    assert (why.kind, why.arm_label, why.arm_scope, why.probability) == ("arm", "SFT", "user", 0.4)
    assert (why.adapter_name, why.adapter_version) == ("edits-sft-v1", 1)
    routes = await database_sync_to_async(publish_expert)(client)
    got = await answered(client, talk, routes)
    assert (got.text, got.provenance.arm_id) == ("written by expert-1", None)


async def test_the_base_as_an_arm_is_the_base(table: ArmTable, alice: User) -> None:
    got = await answered(AsyncScriptedClient(by_whom), await given(alice, "Base"))
    assert got.text == f"written by {base_model_name()}"
    assert (got.provenance.kind, got.provenance.arm_label) == ("base", "Base")


async def test_an_arm_that_cannot_be_loaded_leaves_it_to_the_base(table, alice: User) -> None:
    client, talk = AsyncScriptedClient(by_whom), await given(alice, "SFT")

    def refuse(name: str, path: str) -> None:
        raise AdapterInvalid("Its base is another.")

    client.script.load_adapter = refuse  # type: ignore[method-assign]
    got = await answered(client, talk)
    assert got.text == f"written by {base_model_name()}"
    assert "Its base is another" in got.provenance.arm_fallback
    assert got.provenance.arm_id is None


@pytest.mark.parametrize(
    ("settings", "by"),
    [
        ({}, "expert-1"),
        ({"cluster_routes": False}, "edits-sft-v1"),
        ({"cluster_routes": False, "edit_arms": False}, ""),
        ({"answering_level": "arm"}, "edits-sft-v1"),
        ({"answering_level": "cluster"}, "expert-1"),
        ({"answering_level": "base"}, ""),
        ({"answering_level": "personal"}, ""),
    ],
)
async def test_admins_leave_levels_out(
    settings: dict[str, Any],
    by: str,
    table: ArmTable,
    alice: User,
    admin: User,
    serve_with: Any,
    launched: list[Any],
) -> None:
    await database_sync_to_async(runtime_settings_change)(values=settings, by=admin)
    client = serve_with(AsyncScriptedClient(by_whom))
    await database_sync_to_async(publish_expert)(client)
    talk = await given(alice, "SFT")
    send = database_sync_to_async(message_send)
    _, reply = await send(user=alice, content=QUERY, conversation=talk)
    await generation.generate(reply.pk)
    reply = await database_sync_to_async(Message.objects.get)(pk=reply.pk)
    assert reply.content == f"written by {by or base_model_name()}"
    outcome = await database_sync_to_async(ReplyOutcome.objects.get)(message=reply)
    assert outcome.adapter_name == by
    assert (outcome.arm_id is None) == (by != "edits-sft-v1")


def test_the_page_says_why(table: ArmTable, alice: User, client_for: Any) -> None:
    why = {"kind": "arm", "reason": "no_routes", "adapter_name": "edits-sft-v1", "probability": 0.4}
    reply = ReplyFactory(
        conversation__user=alice, provenance={**why, "arm_label": "SFT", "arm_scope": "cluster"}
    )
    page = client_for(alice).get(f"/m/{reply.pk}/", HTTP_HX_REQUEST="true").content.decode()
    assert "learned from everybody’s edits" in page
    assert "on this topic" in page
    assert "0.40" in page
