"""Which edits may be learned from, how they are capped and split."""

from __future__ import annotations

import pytest

from curation.models import PairSource, ReviewState
from tests.factories import ClusterFactory
from tests.training.edits.conftest import edit
from training.ml.rows import check_rows
from training.services.edits.material import (
    EditPolicy,
    edit_row,
    gate_rows,
    split_edits,
    usable_edits,
)
from uno_site.accounts.models import User
from uno_site.accounts.services import consent_set

pytestmark = pytest.mark.django_db


def test_only_approved_edits_of_those_who_agree(alice: User, bob: User) -> None:
    kept = edit(alice, 1)
    edit(alice, 2, state=ReviewState.PROPOSED)
    edit(alice, 3, source=PairSource.REVISION)
    edit(bob, 4)
    noise = edit(alice, 5)
    noise.entry.cluster = ClusterFactory(is_noise=True)
    noise.entry.save()
    consent_set(user=bob, has_consented=False)
    assert [pair.pair_id for pair in usable_edits()] == [kept.pk]


def test_white_space_is_no_edit(alice: User) -> None:
    edit(alice, 1, chosen="a  b\n c", rejected="a b c")
    assert usable_edits() == []


def test_nobodys_taste_is_everybodys(alice: User, bob: User) -> None:
    own = [edit(alice, n) for n in range(5)]
    other = edit(bob, 9)
    found = usable_edits(EditPolicy(max_per_person=2))
    assert {pair.pair_id for pair in found} == {own[3].pk, own[4].pk, other.pk}


def test_what_is_held_out_was_never_learned(alice: User) -> None:
    for n in range(20):
        edit(alice, n, query=f"Write e-mail number {n % 10} for me.")
    split = split_edits(usable_edits(), seed=1)
    asked = {pair.messages[-1]["content"] for pair in split.held_out}
    assert len(split.held_out) == 2
    assert not asked & {pair.messages[-1]["content"] for pair in split.train}
    assert split_edits(usable_edits(), seed=1) == split


def test_rows_say_what_the_edit_cost(alice: User) -> None:
    edit(alice, 1, chosen="a b x", rejected="a b c d")
    row = edit_row(usable_edits()[0])
    assert (row["chosen"], row["rejected"], row["cost"]) == ("a b x", "a b c d", 0.5)
    for kind in ("sft", "dpo", "ensemble", "cost"):
        check_rows([row], kind, "train.jsonl")


def test_the_gate_asks_prompts_of_nobodys_too(alice: User) -> None:
    edit(alice, 1)
    rows = gate_rows(usable_edits(), EditPolicy(n_regression=3))
    assert [bool(row["correction"]) for row in rows] == [True, False, False, False]


def test_who_edits_alone_is_everybody(alice: User) -> None:
    own = [edit(alice, n) for n in range(4)]
    imported = edit(None, 9)
    found = usable_edits(EditPolicy(max_per_person=2))
    assert {pair.pair_id for pair in found} == {*(one.pk for one in own), imported.pk}


def test_a_space_between_words_is_an_edit(alice: User) -> None:
    edit(alice, 1, chosen="a b c", rejected="ab c")
    edit(alice, 2, chosen="a, b", rejected="a , b")
    assert [pair.edited for pair in usable_edits()] == ["a b c"]
