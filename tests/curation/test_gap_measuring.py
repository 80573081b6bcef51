"""Gaps of entries and clusters, and the route that a gap asks for."""

from __future__ import annotations

import pytest

from curation.models import Cluster, CurationPolicy, EntryState, LogEntry, ReviewState, RuleKind
from curation.roles.bindings import BoundModel
from curation.roles.gap_scorers import GapItem, GapScore, LikelihoodScorer, YesNoScorer
from curation.services.gaps import gaps_update
from curation.services.policy import policy_update
from tests.factories import ClusterFactory, LogEntryFactory, PairFactory, RuleFactory
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db


class ScriptedScorer:
    """Gives each entry the gap that its query names; None for the others."""

    def __init__(self, name: str = "scripted") -> None:
        self.name = name
        self.items: list[GapItem] = []

    def score(self, item: GapItem) -> GapScore | None:
        self.items.append(item)
        query = item.messages[-1].content
        return GapScore(float(query), (float(query),)) if query[0].isdigit() else None


def cluster_of(*queries: str) -> Cluster:
    cluster = ClusterFactory()
    for query in queries:
        entry = LogEntryFactory(query=query, cluster=cluster, state=EntryState.DISTILLED)
        RuleFactory(entry=entry)
        PairFactory(entry=entry, chosen=f"chosen for {query}")
    return cluster


@pytest.mark.parametrize(
    ("queries", "gap", "route"),
    [(("0.2", "0.4"), 0.3, "expert"), (("0.4", "0.5"), 0.45, "critic"), (("0.9",), 0.9, "critic")],
)
def test_the_mean_of_the_entries_decides(queries: tuple[str, ...], gap: float, route: str) -> None:
    cluster = cluster_of(*queries)
    gaps_update(scorer=ScriptedScorer())
    cluster.refresh_from_db()
    assert cluster.gap == pytest.approx(gap)
    assert (cluster.gap_route, cluster.gap_scorer) == (route, "scripted")
    assert cluster.gap_stats["n"] == len(queries)
    assert cluster.gap_stats["max"] == max(map(float, queries))


def test_entries_without_a_measure_are_left_out() -> None:
    cluster = cluster_of("0.2", "unmeasured")
    gaps_update(scorer=ScriptedScorer())
    cluster.refresh_from_db()
    assert (cluster.gap, cluster.gap_stats["n"]) == (0.2, 1)


def test_a_cluster_without_any_measure_has_no_route() -> None:
    cluster = cluster_of("unmeasured")
    gaps_update(scorer=ScriptedScorer())
    cluster.refresh_from_db()
    assert (cluster.gap, cluster.gap_route) == (None, "")


def test_what_is_known_is_not_measured_again() -> None:
    cluster_of("0.2")
    gaps_update(scorer=ScriptedScorer())
    again = ScriptedScorer()
    assert gaps_update(scorer=again).n_scored == 0
    assert again.items == []


def test_another_scorer_measures_everything_anew() -> None:
    cluster_of("0.2")
    gaps_update(scorer=ScriptedScorer())
    assert gaps_update(scorer=ScriptedScorer("other")).n_scored == 1


def test_the_unrelated_answer_is_of_another_cluster() -> None:
    cluster_of("0.1", "0.2")
    other = cluster_of("0.3")
    scorer = ScriptedScorer()
    gaps_update(scorer=scorer)
    by_query = {item.messages[-1].content: item for item in scorer.items}
    assert by_query["0.1"].unrelated == "chosen for 0.3"
    assert by_query["0.3"].unrelated in ("chosen for 0.1", "chosen for 0.2")
    assert other.entries.get().gap == 0.3


def test_another_threshold_changes_the_route_at_once(admin: User) -> None:
    cluster = cluster_of("0.5")
    gaps_update(scorer=ScriptedScorer())
    policy_update(values={"gap_threshold": 0.6}, by=admin)
    cluster.refresh_from_db()
    assert cluster.gap_route == "expert"
    assert CurationPolicy.current().updated_by == admin


def test_novelties_are_kept_on_the_rules() -> None:
    cluster_of("0.25")
    gaps_update(scorer=ScriptedScorer())
    rule = LogEntry.objects.get().rules.get(kind=RuleKind.FEEDBACK)
    assert (rule.novelty, rule.state) == (0.25, ReviewState.PROPOSED)


def item(**values: object) -> GapItem:
    from uno_site.inference.protocol import ChatMessage

    return GapItem((ChatMessage("user", "Q"),), ("a rule",), **values)


def test_the_yes_no_scorer_takes_the_smallest_novelty() -> None:
    client = ScriptedClient()
    client.next_token = {"yes": 0.0, "no": 0.0}
    scorer = YesNoScorer(BoundModel(client, "m"))
    assert scorer.score(item(prior_rules=("a prior rule",))).gap == pytest.approx(0.5)
    assert scorer.score(item()) is None


def test_the_likelihood_scorer_compares_with_reply_and_unrelated_answer() -> None:
    client = ScriptedClient()
    values = {"own": -1.0, "chosen": -2.0, "unrelated": -5.0}
    client.logprob = lambda model, messages, text: values[text]
    scorer = LikelihoodScorer(BoundModel(client, "m"))
    score = scorer.score(item(own="own", chosen="chosen", unrelated="unrelated"))
    assert score.gap == pytest.approx(0.25)
    assert scorer.score(item(own="own", chosen=None, unrelated="unrelated")) is None
