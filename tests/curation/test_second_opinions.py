"""Second opinions: two judge blind; alike settles it, unlike calls for a third."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from curation.agreement import agreement
from curation.item_history import item_record
from curation.models import Opinion, PreferencePair, ReviewState, SecondOpinion
from curation.queues import pair_list
from curation.services import review
from curation.services.assigning import comment_add
from curation.services.opinions import opinion_ask, opinion_call_off
from tests.factories import PairFactory, RuleFactory, UserFactory
from uno_site.accounts.models import Role, User
from uno_site.errors import Conflict

pytestmark = pytest.mark.django_db
DECIDE = {"approve": review.item_approve, "reject": review.item_reject}


@pytest.fixture
def people(db: None) -> list[User]:
    """Three curators: ann, ben and cleo."""
    return [UserFactory(username=name, role=Role.CURATOR) for name in ("ann", "ben", "cleo")]


@pytest.fixture
def asked(people: list[User]) -> PreferencePair:
    return opinion_ask(item=PairFactory(), by=people[0])


def read(item: PreferencePair) -> PreferencePair:
    return PreferencePair.objects.get(pk=item.pk)


def test_the_first_opinion_decides_nothing_and_leaves_the_givers_queue(
    asked: PreferencePair, people: list[User]
) -> None:
    ann, ben, _ = people
    review.item_approve(item=asked, by=ann)
    assert read(asked).state == ReviewState.PROPOSED
    assert not pair_list(ann).exists()
    assert list(pair_list(ben)) == [asked]
    with pytest.raises(Conflict, match="have given your opinion"):
        review.item_approve(item=read(asked), by=ann)


def test_two_alike_decide(asked: PreferencePair, people: list[User]) -> None:
    for user in people[:2]:
        review.item_reject(item=read(asked), by=user)
    item = read(asked)
    assert (item.state, item.second_opinion) == (ReviewState.REJECTED, SecondOpinion.SETTLED)


def test_where_two_differ_a_third_decides(asked: PreferencePair, people: list[User]) -> None:
    ann, ben, cleo = people
    review.item_approve(item=asked, by=ann)
    review.item_reject(item=read(asked), by=ben)
    assert read(asked).second_opinion == SecondOpinion.DISPUTED
    assert not pair_list(cleo).exists()
    assert list(pair_list(cleo, "disputed")) == [asked]
    with pytest.raises(Conflict):
        review.item_approve(item=read(asked), by=ben)
    review.item_approve(item=read(asked), by=cleo)
    item = read(asked)
    assert (item.state, item.reviewed_by) == (ReviewState.APPROVED, cleo)
    assert set(Opinion.objects.values_list("by__username", flat=True)) == {"ann", "ben"}


def test_a_standing_decision_becomes_the_first_opinion_and_trains_no_longer(
    people: list[User],
) -> None:
    ann, ben, _ = people
    pair = review.item_approve(item=PairFactory(), by=ann)
    opinion_ask(item=pair, by=ben)
    assert (read(pair).state, read(pair).reviewed_by) == (ReviewState.PROPOSED, None)
    review.item_approve(item=read(pair), by=ben)
    assert read(pair).state == ReviewState.APPROVED


def test_the_second_sees_nothing_of_the_first(
    asked: PreferencePair, people: list[User], client_for: Callable[[User], Client]
) -> None:
    ann, ben, _ = people
    review.item_reject(item=asked, by=ann)
    comment_add(item=asked, text="Plainly wrong.", by=ann)
    assert item_record(ben, read(asked)).is_blind
    page = client_for(ben).get(reverse("curation:pairs-item", args=[asked.pk])).content.decode()
    assert "You judge blind" in page
    assert "Plainly wrong." not in page
    assert "Rejected</span>" not in page
    own = client_for(ann).get(reverse("curation:pairs-item", args=[asked.pk])).content.decode()
    assert "Plainly wrong." in own


def test_nobody_changes_the_words_meanwhile(asked: PreferencePair, people: list[User]) -> None:
    with pytest.raises(Conflict, match="as it is"):
        review.pair_edit(pair=asked, chosen="Something else.", by=people[1])


def test_the_policy_leaves_it_alone(asked: PreferencePair) -> None:
    assert review.approve_all()["pairs"] == 0


def test_calling_off_is_anybodys_until_opinions_differ(
    asked: PreferencePair, people: list[User], admin: User
) -> None:
    ann, ben, cleo = people
    opinion_call_off(item=read(asked), by=ben)
    assert read(asked).second_opinion == ""
    opinion_ask(item=read(asked), by=ann)
    review.item_approve(item=read(asked), by=ann)
    review.item_reject(item=read(asked), by=ben)
    with pytest.raises(Conflict, match="differ"):
        opinion_call_off(item=read(asked), by=cleo)
    opinion_call_off(item=read(asked), by=admin)
    assert not Opinion.objects.exists()


def judge_all(verdicts: list[tuple[str, str]], first: User, second: User) -> None:
    for one, other in verdicts:
        pair = opinion_ask(item=PairFactory(), by=first)
        DECIDE[one](item=pair, by=first)
        DECIDE[other](item=read(pair), by=second)


def test_kappa_by_hand(people: list[User]) -> None:
    """Alike on 7 of 10: observed 0.7, by chance 0.6·0.5 + 0.4·0.5 = 0.5, so kappa is 0.4."""
    ann, ben, cleo = people
    verdicts = [("approve", "approve")] * 4 + [("approve", "reject")] * 2
    verdicts += [("reject", "approve")] + [("reject", "reject")] * 3
    judge_all(verdicts, ann, ben)
    opinion_ask(item=RuleFactory(), by=ann)
    judge_all([("approve", "approve")], ben, cleo)
    found = agreement("pair")
    lines = {line.who: line for line in found.pairs}
    assert lines["ann · ben"].kappa == pytest.approx(0.4)
    assert (lines["ann · ben"].n, lines["ann · ben"].n_agreed) == (10, 7)
    assert lines["ben · cleo"].kappa is None  # both always said the same one thing
    assert (found.overall.n, found.overall.n_agreed) == (11, 8)
    assert agreement("rule").overall.n == 0


def test_the_agreement_page_tells_kappa_and_n(
    people: list[User], client_for: Callable[[User], Client]
) -> None:
    ann, ben, _ = people
    judge_all([("approve", "approve"), ("reject", "reject"), ("approve", "reject")], ann, ben)
    page = client_for(ann).get(reverse("curation:agreement")).content.decode()
    assert "ann · ben" in page
    assert "0.40" in page
    assert '<span class="stat__value num">1</span>' in page
