"""A judge is believed only where it beats chance on the deployment's own human pairs."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from curation.models import Cluster, EntryState, PairSource, ReviewState, RoleName
from curation.roles.bindings import binding_get
from curation.roles.checks import role_check
from curation.roles.judge_checks import N_NEIGHBOURS, judge_pairs, neighbour_corrections
from curation.roles.judges import ReferenceJudge
from curation.roles.resolve import resolve_judge
from curation.selectors import human_pairs
from tests.e2e.logs import email_logs
from tests.factories import ClusterFactory, LogEntryFactory, PairFactory
from tests.scripted import ScriptedClient

pytestmark = pytest.mark.django_db
LONG = "Dear Sir or Madam, I am writing to you about item {n}. I remain yours faithfully, John."
SHORT = "Hi, item {n} is broken. Cheers, Ana"


def human_pair(cluster: Cluster | None, n: int, chosen: str = SHORT, rejected: str = LONG) -> None:
    entry = LogEntryFactory(
        query=f"Write about item {n}.",
        state=EntryState.DISTILLED,
        cluster=cluster,
        response=rejected.format(n=n),
        correction=chosen.format(n=n),
    )
    PairFactory(entry=entry, chosen=entry.correction)


def agreeing(n: int = 12) -> Cluster:
    cluster = ClusterFactory()
    for number in range(n):
        human_pair(cluster, number)
    return cluster


def contradicting(n: int = 12) -> Cluster:
    cluster = ClusterFactory()
    for number in range(n):
        pair = (SHORT, LONG) if number % 2 else (LONG, SHORT)
        human_pair(cluster, number, *pair)
    return cluster


def test_the_reference_judge_passes_where_people_agree(scripted: ScriptedClient) -> None:
    agreeing()
    binding = role_check(RoleName.JUDGE)
    check = binding.checks.get(strategy="reference")
    assert binding.active == "reference"
    assert (check.figure, check.n, check.has_passed) == (1.0, 12, True)
    assert check.low > 0.5


def test_without_human_pairs_nobody_judges(scripted: ScriptedClient) -> None:
    binding = role_check(RoleName.JUDGE)
    assert binding.active == "none"
    assert "no human pairs" in binding.checks.get(strategy="reference").detail
    assert resolve_judge().judge is None


def test_a_pair_is_never_judged_by_its_own_correction(scripted: ScriptedClient) -> None:
    agreeing(3)
    pairs = human_pairs()
    for pair, corrections in zip(pairs, neighbour_corrections(pairs), strict=True):
        others = {other.chosen for other in pairs if other.entry_id != pair.entry_id}
        assert set(corrections) == others


def test_the_own_cluster_comes_first(scripted: ScriptedClient) -> None:
    home, away = ClusterFactory(), ClusterFactory()
    human_pair(home, 1)
    human_pair(home, 2)
    for number in range(3, 12):
        human_pair(away, number)
    pairs = human_pairs()
    chosen_at_home = {pair.chosen for pair in pairs if pair.cluster_id == home.pk}
    for pair, corrections in zip(pairs, neighbour_corrections(pairs), strict=True):
        assert len(corrections) == N_NEIGHBOURS
        if pair.cluster_id == home.pk:
            assert corrections[0] in chosen_at_home - {pair.chosen}
        else:
            assert not chosen_at_home & set(corrections)


def test_one_pair_alone_cannot_be_judged(scripted: ScriptedClient) -> None:
    human_pair(None, 1)
    assert judge_pairs(ReferenceJudge(scripted), human_pairs()).n_pairs == 0


def test_each_cluster_is_asked_for_itself(scripted: ScriptedClient) -> None:
    good, bad = agreeing(), contradicting()
    assert resolve_judge(good).judge.name == "reference"
    resolved = resolve_judge(bad)
    assert resolved.judge is None
    assert not resolved.beats_chance
    assert "not above chance" in resolved.reason
    assert resolved.check["n"] == 12


def recorded(n: int, *, is_contradictory: bool = False) -> Cluster:
    """Real replies of the reference model to e-mail prompts, corrected as "ana" would."""
    cluster = ClusterFactory()
    for number, line in enumerate(email_logs(n).splitlines()):
        row = json.loads(line)
        chosen, rejected = row["revised"], row["messages"][1]["content"]
        if is_contradictory and number % 2:
            chosen, rejected = rejected, chosen
        entry = LogEntryFactory(
            query=row["messages"][0]["content"],
            state=EntryState.DISTILLED,
            cluster=cluster,
            response=rejected,
            correction=chosen,
        )
        PairFactory(entry=entry, chosen=chosen)
    return cluster


@pytest.mark.model
def test_twenty_real_corrections_to_one_taste_are_enough(engine: object) -> None:
    check = resolve_judge(recorded(20)).check
    assert check["n"] == 20
    assert check["figure"] >= 0.9
    assert check["low"] > 0.5


@pytest.mark.model
def test_people_who_want_the_opposite_of_each_other_have_no_judge(engine: object) -> None:
    resolved = resolve_judge(recorded(20, is_contradictory=True))
    assert resolved.judge is None
    assert 0.3 <= resolved.check["figure"] <= 0.7


def test_more_human_pairs_cause_another_check(scripted: ScriptedClient) -> None:
    assert resolve_judge().judge is None
    agreeing()
    assert resolve_judge().judge.name == "reference"


def spoil_rejected(pair: object) -> None:
    pair.state = ReviewState.REJECTED


def spoil_source(pair: object) -> None:
    pair.source = PairSource.REVISION


@pytest.mark.parametrize("spoil", [spoil_rejected, spoil_source])
def test_rejected_pairs_and_revisions_are_no_evidence(spoil: Callable[[object], None]) -> None:
    pair = PairFactory()
    assert len(human_pairs()) == 1
    spoil(pair)
    pair.save()
    assert human_pairs() == []


def test_llmbar_informs_and_decides_nothing(scripted: ScriptedClient) -> None:
    agreeing()
    binding = role_check(RoleName.JUDGE)
    pairwise = binding.checks.get(strategy="pairwise")
    assert not pairwise.has_passed
    assert [(m["label"], m["value"], m["n"]) for m in pairwise.measures] == [
        ("LLMBar, natural pairs", 0.5, 40),
        ("LLMBar, adversarial pairs", 0.5, 40),
    ]
    assert binding.checks.get(strategy="reference").measures == []


def test_on_first_need_llmbar_is_not_asked(scripted: ScriptedClient) -> None:
    agreeing()
    resolve_judge()
    rows = binding_get(RoleName.JUDGE).checks.values_list("measures", flat=True)
    assert all(measures == [] for measures in rows)
