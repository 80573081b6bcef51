"""Gap scorers are calibrated on labelled rules, and the best one scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from curation.models import RoleCheck, RoleName, RuleKind
from curation.roles.bindings import binding_get, binding_update
from curation.roles.checks import role_check
from curation.roles.gap_scorers import LikelihoodScorer
from curation.roles.resolve import active_strategy, resolve_gap_scorer
from curation.roles.samples import load_samples
from tests.factories import RuleFactory
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db
ROWS = load_samples("gap_rules")
COVERED = {row["rule"]: row["covered"] for row in ROWS}


def test_the_labelled_rules_are_many_balanced_and_distinct() -> None:
    assert len(ROWS) >= 150
    assert 0.45 <= sum(COVERED.values()) / len(ROWS) <= 0.55
    assert len(COVERED) == len(ROWS)
    assert len({row["topic"] for row in ROWS}) >= 40
    assert max(Counter(row["topic"] for row in ROWS).values()) <= 10
    for row in ROWS:
        assert set(row) == {"rule", "prior_rules", "covered", "topic", "note"}
        assert 1 <= len(row["prior_rules"]) <= 5
        assert row["rule"] not in row["prior_rules"]


def knowing(share_wrong: float = 0.0) -> Callable[[str], bool]:
    """Tells whether a labelled rule is covered; wrongly for a share of them."""
    wrong = {rule for i, rule in enumerate(COVERED) if i % 20 < 20 * share_wrong}
    return lambda rule: COVERED[rule] != (rule in wrong)


@pytest.fixture
def prior_rules(db: None) -> None:
    RuleFactory(kind=RuleKind.PRIOR)


@pytest.fixture
def reranker(scripted: ScriptedClient, admin: User) -> ScriptedClient:
    binding = binding_get(RoleName.GAP_SCORER)
    binding_update(binding=binding, values={"model": "Qwen/Qwen3-Reranker-0.6B"}, by=admin)
    return scripted


def says_yes(client: ScriptedClient, knows: Callable[[str], bool]) -> None:
    def next_token(model: str, messages: object, candidates: object) -> dict[str, float]:
        rule = messages[-1].content.split("<rule>\n")[1].split("\n</rule>")[0]
        return {"yes": -0.2, "no": -1.7} if knows(rule) else {"yes": -0.9, "no": -0.6}

    client.next_token_logprobs = next_token


@pytest.mark.usefixtures("prior_rules")
def test_the_papers_reranker_is_asked_by_its_own_call(reranker: ScriptedClient) -> None:
    asked = []

    def rerank(model: str, query: str, documents: list[str], instruction: str) -> list[float]:
        asked.append((model, instruction))
        return [0.9 if COVERED[query] else 0.2]

    reranker.rerank = rerank
    binding = role_check(RoleName.GAP_SCORER)
    check = binding.checks.get(strategy="reranker")
    assert binding.active == "reranker"
    assert (check.figure, check.n, check.has_passed) == (1.0, len(ROWS) // 2, True)
    assert check.measures[0]["value"] == 1.0
    assert asked[0][0] == "Qwen/Qwen3-Reranker-0.6B"
    assert "already covers it" in asked[0][1]


@pytest.mark.usefixtures("prior_rules")
def test_of_several_that_pass_the_best_one_scores(reranker: ScriptedClient) -> None:
    better, worse = knowing(), knowing(0.15)
    reranker.relevance = lambda query, document: 0.9 if worse(query) else 0.2
    says_yes(reranker, better)
    binding = role_check(RoleName.GAP_SCORER)
    assert binding.active == "yes_no"
    assert binding.checks.get(strategy="reranker").has_passed


@pytest.mark.usefixtures("prior_rules")
def test_the_calibration_is_kept_and_used(scripted: ScriptedClient) -> None:
    says_yes(scripted, knowing())
    role_check(RoleName.GAP_SCORER)
    scorer = resolve_gap_scorer()
    kept = RoleCheck.objects.get(strategy="yes_no").calibration
    assert scorer.calibration.as_dict() == kept
    # "no" was likelier by .3 nats even where nothing is covered: both sides of it are told apart.
    assert scorer.calibration(1.5) > 0.5 > scorer.calibration(-0.3)


@pytest.mark.usefixtures("prior_rules")
def test_chance_does_not_score(scripted: ScriptedClient) -> None:
    binding = role_check(RoleName.GAP_SCORER)
    assert binding.active == "likelihood_gap"
    assert not binding.checks.get(strategy="yes_no").has_passed
    assert isinstance(resolve_gap_scorer(), LikelihoodScorer)


@pytest.mark.usefixtures("prior_rules")
def test_a_scorer_that_is_always_wrong_is_not_turned_round(scripted: ScriptedClient) -> None:
    says_yes(scripted, lambda rule: not COVERED[rule])
    check = role_check(RoleName.GAP_SCORER).checks.get(strategy="yes_no")
    assert (check.has_passed, check.calibration) == (False, {})
    assert "More evidence meant less coverage" in check.detail


def test_without_prior_rules_the_figures_are_kept_and_nothing_is_measured_on_first_need(
    scripted: ScriptedClient,
) -> None:
    says_yes(scripted, knowing())
    assert active_strategy(RoleName.GAP_SCORER) == "likelihood_gap"
    assert not RoleCheck.objects.exists()
    check = role_check(RoleName.GAP_SCORER).checks.get(strategy="yes_no")
    assert (check.figure, check.has_passed) == (1.0, False)
    assert "writes no prior rules" in check.detail


def test_when_prior_rules_come_the_known_figures_count(scripted: ScriptedClient) -> None:
    says_yes(scripted, knowing())
    role_check(RoleName.GAP_SCORER)
    RuleFactory(kind=RuleKind.PRIOR)
    scripted.next_token_logprobs = None  # the labelled rules are not measured again
    assert active_strategy(RoleName.GAP_SCORER) == "yes_no"
    assert resolve_gap_scorer().name == "yes_no"


def test_known_figures_of_a_mapping_that_turned_round_do_not_count(
    scripted: ScriptedClient,
) -> None:
    says_yes(scripted, knowing())
    role_check(RoleName.GAP_SCORER)
    RoleCheck.objects.filter(strategy="yes_no").update(calibration={})
    RuleFactory(kind=RuleKind.PRIOR)
    assert active_strategy(RoleName.GAP_SCORER) != "yes_no"
