"""The ways in which each role can be done, in order of preference (UNO, "Small models")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from curation.ml.stats import CHANCE
from curation.models import RoleName
from uno_site.errors import InvalidInput

AUTO = "auto"
NONE = "none"
TRAINED_CRITIC = "trained_critic"
EXPERT_ONLY = "expert_only"
GAP_METRIC = _("labelled rules told right, held-out half")


@dataclass(frozen=True, slots=True)
class Strategy:
    """One way to do a role.

    ``bar`` is what its figure must reach on the role's labelled check; None marks a strategy
    that can always be used: it is what the role falls back on. ``fallback`` says in words what
    happens when it is the one that is left.
    """

    key: str
    label: str
    how: str
    metric: str = ""
    bar: float | None = None
    fallback: str = ""


STRATEGIES: Mapping[RoleName, tuple[Strategy, ...]] = {
    RoleName.DISTILLER: (
        Strategy(
            "generative",
            _("Generative"),
            _("The model reads query, reply and feedback and writes the rules as JSON."),
            _("labelled feedback distilled into valid, grounded rules"),
            0.75,
        ),
        Strategy(
            "extractive",
            _("Extractive"),
            _("Sentences of the feedback that ask for something are kept and put as instructions."),
            _("kind of sentence told right, held-out third"),
            fallback=(
                _(
                    "Rules are taken from the user's own sentences, reasons and edits. No "
                    "prior rules are written."
                )
            ),
        ),
    ),
    RoleName.REVISER: (
        Strategy(
            "generative",
            _("Generative"),
            _("The model rewrites the reply: 3 seeds × 2 prompts, the best one by the judge."),
            _("labelled revisions that do what was asked"),
            0.7,
        ),
        Strategy(
            "user_edits",
            _("Users' own edits"),
            _("Pairs come from users' corrections and from regenerated replies that they liked."),
            fallback=_("Only users' own corrections and preferred regenerated replies form pairs."),
        ),
    ),
    RoleName.JUDGE: (
        Strategy(
            "llm",
            _("Model as judge"),
            _("The model scores an answer from 1 to 10 against the entry's rules."),
            _("human pairs told right"),
            CHANCE,
        ),
        Strategy(
            "pairwise",
            _("Model compares two"),
            _(
                "The model says which of two answers is better, in both orders; where it "
                "changes its mind with the order, that is half a point each."
            ),
            _("human pairs told right"),
            CHANCE,
        ),
        Strategy(
            "likelihood",
            _("Likelihood"),
            _("How much the rules raise the likelihood of an answer."),
            _("human pairs told right"),
            CHANCE,
        ),
        Strategy(
            "reference",
            _("Reference"),
            _("How near an answer comes to the user's own correction, in words and in meaning."),
            _("human pairs told right, by a neighbour's correction"),
            CHANCE,
        ),
        Strategy(
            NONE,
            _("No judge"),
            _("No judge beats chance on this deployment's own pairs."),
            fallback=_("Nothing is promoted automatically, and revisions form no pairs."),
        ),
    ),
    RoleName.GAP_SCORER: (
        Strategy(
            "reranker",
            _("Reranker"),
            _("A reranking model says how well the prior rules cover a rule."),
            GAP_METRIC,
            CHANCE,
        ),
        Strategy(
            "yes_no",
            _("Yes or no"),
            _("The chat model is asked whether the prior rules cover a rule."),
            GAP_METRIC,
            CHANCE,
        ),
        Strategy(
            "embedding_coverage",
            _("Embedding coverage"),
            _("Similarity of a rule to the nearest prior rule."),
            GAP_METRIC,
            CHANCE,
        ),
        Strategy(
            "likelihood_gap",
            _("Likelihood gap"),
            _(
                "How surprising a rule is to the model after the prior rules; where "
                "there are none, how surprising the better answers are against its own "
                "replies."
            ),
            GAP_METRIC,
            fallback=(
                _("The gap is measured by how surprising the better answers are to the base model.")
            ),
        ),
    ),
    RoleName.CRITIC: (
        Strategy(
            TRAINED_CRITIC,
            _("Trained critic"),
            _("A critic adapter suggests rules and the base model revises its draft with them."),
            _("labelled drafts revised well by the right suggestions"),
            0.7,
        ),
        Strategy(
            EXPERT_ONLY,
            _("Experts only"),
            _("The base model does not follow suggestions well enough for a critic to help."),
            fallback=(
                _(
                    "No critics are trained: even the right suggestions do not make this "
                    "base model's drafts better. High-gap clusters get an expert, or stay "
                    "with the base model."
                )
            ),
        ),
    ),
}


def find_strategy(role: str, key: str) -> Strategy:
    """The strategy of a role by its key.

    Raises
    ------
    InvalidInput
        The role has no such strategy.
    """
    for strategy in STRATEGIES[RoleName(role)]:
        if strategy.key == key:
            return strategy
    known = ", ".join(strategy.key for strategy in STRATEGIES[RoleName(role)])
    raise InvalidInput(f"The role {role!r} has no strategy {key!r}.", remedy=f"Known: {known}.")


def fallback_of(role: str) -> Strategy:
    """The role's last strategy, which needs no check."""
    return STRATEGIES[RoleName(role)][-1]
