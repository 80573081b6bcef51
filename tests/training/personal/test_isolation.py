"""What one person said teaches no other's adapter, whoever learns in the same job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chat.models import PersonalRoute
from tests.training.personal.conftest import say
from training.models import Adapter, Interaction, TrainingRun
from training.personal_selectors import personal_queue, personal_versions
from training.services.personal.updating import personal_update_all
from training.services.reporting import SilentReporter
from uno_site.accounts.models import User
from uno_site.accounts.services import personal_adapter_switch

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("scripted", "torch_base", "trainer"),
]


@pytest.fixture
def both(talkative: User, bob: User, scripted: Any) -> list[User]:
    """Alice and bob, each with an adapter that has learned once, in one job."""
    scripted.reply = lambda request: (
        f"You ask: {request.messages[-1].content} I say: {request.model}"
    )
    personal_adapter_switch(user=bob, is_on=True)
    for _ in range(8):
        say(bob, "In rhymes please.")
    personal_update_all(SilentReporter())
    return [talkative, bob]


def test_each_run_has_its_persons_rows_alone(both: list[User]) -> None:
    for user in both:
        run = TrainingRun.objects.get(owner=user)
        own = {str(one.reply_key) for one in Interaction.objects.filter(user=user)}
        for name in ("train", "validation"):
            text = Path(run.folder, f"{name}.jsonl").read_text()
            keys = {json.loads(line)["id"].split("/")[0] for line in text.splitlines()}
            assert keys
            assert keys <= own
        assert ("rhymes" in text) == (user.username == "bob")


def test_each_route_is_its_persons_version(both: list[User]) -> None:
    for user in both:
        route = PersonalRoute.objects.get(user=user)
        assert Adapter.objects.get(pk=route.adapter_id).owner_key == user.pk
        assert [one.pk for one in personal_versions(user)] == [route.adapter_id]
        assert personal_queue(user).n_total == 8


def test_the_canary_asks_nobody_elses_prompts(both: list[User]) -> None:
    for user in both:
        run = TrainingRun.objects.get(owner=user)
        rows = [json.loads(x) for x in Path(run.folder, "prompts.jsonl").read_text().splitlines()]
        own = {str(one.reply_key) for one in Interaction.objects.filter(user=user)}
        assert {row["id"].split("/")[0] for row in rows} <= own | {"neutral"}
