"""The extractive distiller's check: how well its classifier tells kinds of sentences."""

from __future__ import annotations

from dataclasses import replace

from curation.roles.results import CheckResult, Measure
from curation.roles.sentence_model import sentence_figures
from curation.roles.strategies import Strategy
from curation.services.embedding import embedder_name
from uno_site.engine_clients import served_client


def check_extractive(strategy: Strategy) -> CheckResult:
    """Fitted on two thirds of the labelled sentences, told on the last third.

    It informs: the extractive distiller is what is left where the generative one fails.
    """
    found = sentence_figures(served_client().embed, embedder_name())
    result = CheckResult.of_share(strategy, found.n_right, found.n_sentences, model="embedder")
    measures = (
        Measure("macro F1 over the kinds", found.macro_f1, n=found.n_sentences),
        Measure("F1, kept against dropped", found.kept_f1, n=found.n_sentences),
    )
    return replace(result, measures=measures)
