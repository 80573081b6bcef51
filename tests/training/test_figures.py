"""The figures page: by week, by route, and how fast, with intervals and empty states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.models import Feedback, Message, MessageOrigin
from tests.factories import FeedbackFactory, ReplyFactory
from training import figures
from training.evaluation.statistics import quantile_estimate

ClientFor = Callable[[Any], Client]
pytestmark = pytest.mark.django_db


def weeks_ago(row: Any, n: int) -> None:
    type(row).objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(weeks=n))


def correct(reply: Message, text: str) -> Message:
    return ReplyFactory(
        conversation=reply.conversation,
        parent=reply.parent,
        origin=MessageOrigin.CORRECTION,
        correction_of=reply,
        content=text,
    )


def test_thumbs_are_counted_week_by_week() -> None:
    for thumb in (1, 1, 1, -1):
        FeedbackFactory(thumb=thumb)
    weeks_ago(FeedbackFactory(thumb=-1), 1)
    weeks_ago(FeedbackFactory(thumb=-1), 20)
    found = figures.thumbs_by_week()
    assert [week.estimate and week.estimate.n for week in found.weeks] == [None] * 6 + [1, 4]
    assert found.weeks[-1].estimate.mean == 0.75
    assert 0.3 < found.weeks[-1].estimate.low < 0.75 < found.weeks[-1].estimate.high < 1
    assert len(found.chart.points) == 2
    assert Feedback.objects.count() == 6


def test_adherence_is_the_share_of_checkable_rules_that_learned_replies_obey() -> None:
    rules = ["Be kinder.", 'Begin with "Hi,".', "Avoid emojis."]
    ReplyFactory(content="Hi, it rains.", provenance={"rules": rules})
    ReplyFactory(content="It rains.", provenance={"rules": rules})
    ReplyFactory(content="It rains.", provenance={"rules": ["Be kinder."]})
    ReplyFactory(content="It rains.", provenance={"rules": []})
    weeks_ago(ReplyFactory(content="🌧", provenance={"rules": rules}), 2)
    found = [week.estimate for week in figures.adherence_by_week().weeks]
    assert (found[-1].mean, found[-1].n) == (0.75, 2)
    assert (found[-3].mean, found[-3].n) == (0.0, 1)
    assert found[-2] is None


def test_edit_costs_are_means_over_the_weeks_corrections(
    django_assert_num_queries: Any,
) -> None:
    correct(ReplyFactory(content="one two three four"), "one two three")
    correct(ReplyFactory(content="one two"), "three four")
    with django_assert_num_queries(2):
        found = figures.edit_costs_by_week().weeks[-1].estimate
    assert (found.mean, found.n) == (0.625, 2)
    assert figures.edit_costs_by_week().weeks[-1].estimate.mean == 0.625


def test_replies_are_told_by_what_answered() -> None:
    for kind, thumb in (("base", -1), ("base", None), ("expert", 1), ("base", 1)):
        reply = ReplyFactory(provenance={"kind": kind, "seconds": 2.0, "ttft_seconds": 0.5})
        if thumb:
            FeedbackFactory(message=reply, thumb=thumb)
    base, expert = figures.routes_served()
    assert (base.kind, base.n_replies, base.share, base.thumbs.mean) == ("base", 3, 0.75, 0.5)
    assert (expert.kind, expert.n_replies, expert.thumbs.n) == ("expert", 1, 1)
    speed = figures.latency()
    assert (speed.first_median.mean, speed.total_slow.mean, speed.total_slow.n) == (0.5, 2.0, 4)


def test_a_quantile_has_the_interval_of_its_ranks() -> None:
    found = quantile_estimate(list(range(1, 101)), 0.5)
    assert (found.mean, found.low, found.high, found.n) == (50.5, 40, 60, 100)
    assert quantile_estimate([], 0.5) is None
    alone = quantile_estimate([3.0], 0.95)
    assert (alone.mean, alone.low, alone.high) == (3.0, 3.0, 3.0)


def test_the_page_is_for_curators_and_asks_as_often_whatever_there_is(
    curator: Any, alice: Any, client_for: ClientFor, django_assert_max_num_queries: Any
) -> None:
    url = reverse("training:figures")
    assert client_for(alice).get(url).status_code == 404
    page = client_for(curator).get(url).content.decode()
    for words in (
        "Nothing came in the last eight weeks.",
        "Nobody has asked anything",
        "Nothing learned is served yet.",
        "No reply in the last 7 days.",
    ):
        assert words in page, words
    for n in range(6):
        reply = ReplyFactory(provenance={"kind": "base", "seconds": 2.0, "ttft_seconds": 0.5})
        FeedbackFactory(message=reply, thumb=1)
        weeks_ago(correct(reply, f"better {n}"), n)
    browser = client_for(curator)
    with django_assert_max_num_queries(12):
        page = browser.get(url).content.decode()
    assert "6 replies of the last 7 days." in page
    assert "curve-line" in page
