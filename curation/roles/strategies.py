"""The ways in which each role can be done, in order of preference (UNO, "Small models")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from curation.models import RoleName
from uno_site.errors import InvalidInput

AUTO = "auto"
NONE = "none"
TRAINED_CRITIC = "trained_critic"
EXPERT_ONLY = "expert_only"


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
            "Generative",
            "The model reads query, reply and feedback and writes the rules as JSON.",
            "labelled feedback distilled into valid, grounded rules",
            0.75,
        ),
        Strategy(
            "extractive",
            "Extractive",
            "Sentences of the feedback that ask for something are kept and put as instructions.",
            fallback=(
                "Rules are taken from the user's own sentences, reasons and edits. "
                "No prior rules are written."
            ),
        ),
    ),
    RoleName.REVISER: (
        Strategy(
            "generative",
            "Generative",
            "The model rewrites the reply: 3 seeds × 2 prompts, the best one by the judge.",
            "labelled revisions that do what was asked",
            0.7,
        ),
        Strategy(
            "user_edits",
            "Users' own edits",
            "Pairs come from users' corrections and from regenerated replies that they liked.",
            fallback="Only users' own corrections and preferred regenerated replies form pairs.",
        ),
    ),
    RoleName.JUDGE: (
        Strategy(
            "llm",
            "Model as judge",
            "The model scores an answer from 1 to 10 against the entry's rules.",
            "human pairs told right",
            0.5,
        ),
        Strategy(
            "likelihood",
            "Likelihood",
            "How much the rules raise the likelihood of an answer.",
            "human pairs told right",
            0.5,
        ),
        Strategy(
            "reference",
            "Reference",
            "How near an answer comes to the user's own correction, in words and in meaning.",
            "human pairs told right, by a neighbour's correction",
            0.5,
        ),
        Strategy(
            NONE,
            "No judge",
            "No judge beats chance on this deployment's own pairs.",
            fallback="Nothing is promoted automatically, and revisions form no pairs.",
        ),
    ),
    RoleName.GAP_SCORER: (
        Strategy(
            "reranker",
            "Reranker",
            "A reranking model says how well the prior rules cover a rule.",
            "labelled rules told right",
            0.75,
        ),
        Strategy(
            "yes_no",
            "Yes or no",
            "The chat model is asked whether the prior rules cover a rule.",
            "labelled rules told right",
            0.75,
        ),
        Strategy(
            "embedding_coverage",
            "Embedding coverage",
            "Similarity of a rule to the nearest prior rule.",
            "labelled rules told right",
            0.75,
        ),
        Strategy(
            "likelihood_gap",
            "Likelihood gap",
            "How surprising the better answers are to the model, against its own replies.",
            fallback=(
                "The gap is measured by how surprising the better answers are to the base model."
            ),
        ),
    ),
    RoleName.CRITIC: (
        Strategy(
            TRAINED_CRITIC,
            "Trained critic",
            "A critic adapter suggests rules and the base model revises its draft with them.",
            "labelled drafts revised well by the right suggestions",
            0.7,
        ),
        Strategy(
            EXPERT_ONLY,
            "Experts only",
            "The base model does not follow suggestions well enough for a critic to help.",
            fallback=(
                "No critics are trained: even the right suggestions do not make this base model's "
                "drafts better. High-gap clusters get an expert, or stay with the base model."
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
