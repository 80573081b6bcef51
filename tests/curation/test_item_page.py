"""One item's page: who did what, comments, assignment, and entries that ask alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import Comment, LogEntry
from curation.services import review
from curation.services.assigning import comment_add, item_assign
from curation.similar import similar_entries
from tests.factories import PairFactory, RuleFactory
from uno_site.accounts.models import User
from uno_site.errors import InvalidInput

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(curator: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(curator)


def test_the_history_tells_who_did_what_the_latest_first(
    room: Client, curator: User, admin: User
) -> None:
    rule = RuleFactory(text="Be shrot.")
    review.item_reject(item=rule, by=admin)
    review.rule_edit(rule=rule, text="Be short.", by=curator)
    page = room.get(reverse("curation:rules-item", args=[rule.pk])).content.decode()
    assert page.index("curator changed and approved it") < page.index("admin rejected it")
    assert "<ins>" in page


def test_comments_are_written_shown_and_taken_away_by_their_author(
    room: Client, curator: User, admin: User, client_for: Callable[[User], Client]
) -> None:
    pair = PairFactory()
    url = reverse("curation:pairs-item", args=[pair.pk])
    page = room.post(
        reverse("curation:pairs-comment", args=[pair.pk]), {"text": "<b>Odd</b>."}, follow=True
    )
    assert "&lt;b&gt;Odd&lt;/b&gt;." in page.content.decode()
    comment = Comment.objects.get()
    delete = reverse("curation:pairs-comment-delete", args=[pair.pk, comment.pk])
    assert client_for(admin).post(delete).status_code == 404
    room.post(delete)
    assert not Comment.objects.exists()
    assert "curator deleted a comment" in room.get(url).content.decode()


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001])
def test_a_comment_has_words_and_not_too_many(curator: User, text: str) -> None:
    with pytest.raises(InvalidInput):
        comment_add(item=PairFactory(), text=text, by=curator)


def test_the_queue_counts_comments(room: Client, curator: User) -> None:
    comment_add(item=PairFactory(), text="Odd.", by=curator)
    assert "History and 1 comment" in room.get(reverse("curation:pairs")).content.decode()


def test_mine_are_those_assigned_to_me(room: Client, curator: User, admin: User) -> None:
    mine, theirs, nobodys = (RuleFactory(text=f"{name} rule.") for name in ("My", "Their", "Free"))
    url = reverse("curation:rules-bulk", args=["assign"])
    room.post(url, {"item": [str(mine.pk)], "to": "curator"})
    room.post(url, {"item": [str(theirs.pk)], "to": "admin"})
    shown = {
        query: {
            rule.text
            for rule in (mine, theirs, nobodys)
            if rule.text in room.get(reverse("curation:rules") + query).content.decode()
        }
        for query in ("?assigned=mine", "?assigned=nobody", f"?assigned={admin.pk}")
    }
    assert list(shown.values()) == [{"My rule."}, {"Free rule."}, {"Their rule."}]


def test_only_curators_are_assigned(curator: User, alice: User, room: Client) -> None:
    with pytest.raises(InvalidInput):
        item_assign(item=RuleFactory(), to=alice, by=curator)
    url = reverse("curation:rules-decide", args=[RuleFactory().pk, "assign"])
    assert room.post(url, {"to": "alice"}).status_code == 404


def test_similar_entries_come_by_cosine(
    curator: User, alice: User, placed_entry: Callable[..., LogEntry]
) -> None:
    entry = placed_entry([1.0, 0.0])
    near, far = placed_entry([0.8, 0.6]), placed_entry([0.0, 1.0])
    other_embedder = placed_entry([1.0, 0.0])
    LogEntry.objects.filter(pk=other_embedder.pk).update(embedder="another")
    placed_entry([1.0, 0.0], user=alice)
    alice.training_consent = False
    alice.save()
    found = similar_entries(curator, entry)
    assert [item.entry for item in found] == [near, far]
    assert [item.cosine for item in found] == pytest.approx([0.8, 0.0])


def test_similar_entries_are_a_fragment(
    room: Client, placed_entry: Callable[..., LogEntry]
) -> None:
    entry, other = placed_entry([1.0, 0.0]), placed_entry([0.6, 0.8], query="How do I bake?")
    html = room.get(reverse("curation:similar", args=[entry.pk])).content.decode()
    assert "<html" not in html
    assert other.query in html
    assert "0.60" in html
