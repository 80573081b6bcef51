"""Checks of the roles that write: the generative distiller, the reviser, and the critic's half."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chat.critic import revise_messages
from curation.ml.grounding import is_degenerate_text
from curation.models import RoleName
from curation.roles.bindings import bound_model
from curation.roles.distillers import FEEDBACK_RULES, MAX_OUTPUT_TOKENS, check_flags, parse_rules
from curation.roles.results import CheckResult
from curation.roles.revisers import GenerativeReviser, RevisionTask
from curation.roles.samples import load_samples
from curation.roles.strategies import Strategy
from uno_site.engine_clients import base_model_name, served_client
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling
from uno_site.prompts.loader import load_prompt

DISTILLER_BATCH = 4
REVISER_BATCH = 2
N_PROMPTS = 2
MAX_REVISION_TOKENS = 160
"""The labelled revisions are short; who needs more room has not understood the task."""
MIN_ON_TOPIC = 0.3
"""Cosine of a revision to its query from which it is still about it."""


def check_distiller(strategy: Strategy) -> CheckResult:
    """Share of labelled feedback whose output is valid, grounded, and there when it should be.

    It stops as soon as the bar is out of reach: a small model fails in a few seconds.
    """
    bound, samples = bound_model(RoleName.DISTILLER), load_samples("distiller_feedback")
    faults: list[str] = []
    n = 0
    for rows in _batches(samples, DISTILLER_BATCH):
        requests = [_distiller_request(bound.model, row) for row in rows]
        results = bound.client.chat_many(requests)
        found = (distiller_fault(row, r.text) for row, r in zip(rows, results, strict=True))
        faults += [fault for fault in found if fault]
        n += len(rows)
        if _is_hopeless(len(faults), len(samples), strategy):
            break
    return CheckResult.of_share(
        strategy, n - len(faults), n, model=bound.model, detail=_examples(faults)
    )


def _distiller_request(model: str, row: dict[str, Any]) -> ChatRequest:
    prompt = load_prompt(FEEDBACK_RULES)
    return ChatRequest(
        model=model,
        messages=prompt.render(
            query=row["query"], answer=row["answer"], feedback=f"Feedback 1: {row['feedback']}"
        ),
        sampling=Sampling(max_tokens=MAX_OUTPUT_TOKENS, temperature=0.0),
        json_schema=prompt.json_schema,
    )


def _batches(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _is_hopeless(n_faults: int, n_samples: int, strategy: Strategy) -> bool:
    """Whether even a faultless rest would not reach the bar."""
    return (n_samples - n_faults) / n_samples < float(strategy.bar or 0.0)


def distiller_fault(row: dict[str, Any], output: str) -> str:
    """What is wrong with one output, or nothing."""
    rules = parse_rules(output)
    if rules is None:
        return "not the JSON that was asked for"
    if not row["has_rules"]:
        return f"a rule out of nothing: “{rules[0][:60]}”" if rules else ""
    if not rules:
        return "no rules where there were some to find"
    for rule in rules:
        if flags := check_flags(rule, row["feedback"], row["query"]):
            return f"{flags[0].replace('_', ' ')}: “{rule[:60]}”"
    return ""


def check_reviser(strategy: Strategy) -> CheckResult:
    """Share of labelled revisions that do what was asked and are still about the query."""
    bound, samples = bound_model(RoleName.REVISER), load_samples("reviser_feedback")
    reviser = GenerativeReviser(bound, max_tokens=MAX_REVISION_TOKENS)
    n_right = n = 0
    for rows in _batches(samples, REVISER_BATCH):
        tasks = [
            RevisionTask(row["query"], row["answer"], row["feedback"], tuple(row["rules"]))
            for row in rows
        ]
        for row, revisions in zip(rows, reviser.revise_many(tasks, seeds=(0,)), strict=True):
            texts = [revision.text for revision in revisions]
            n += N_PROMPTS
            n_right += sum(_on_topic(row["query"], texts, row["check"]))
        if _is_hopeless(n - n_right, N_PROMPTS * len(samples), strategy):
            break
    return CheckResult.of_share(strategy, n_right, n, model=bound.model)


def check_critic(strategy: Strategy) -> CheckResult:
    """Share of labelled drafts that the base model revises well, given the right suggestions.

    A critic is worth training only for a base model that follows what it suggests (UNO §5).
    """
    samples, client, n_right, n = load_samples("reviser_feedback"), served_client(), 0, 0
    for rows in _batches(samples, REVISER_BATCH * N_PROMPTS):
        results = client.chat_many([_revision_request(row) for row in rows])
        for row, result in zip(rows, results, strict=True):
            n_right += sum(_on_topic(row["query"], [result.text], row["check"]))
        n += len(rows)
        if _is_hopeless(n - n_right, len(samples), strategy):
            break
    return CheckResult.of_share(strategy, n_right, n, model=base_model_name())


def _revision_request(row: dict[str, Any]) -> ChatRequest:
    suggestions = "\n".join(f"{i}. {rule}" for i, rule in enumerate(row["rules"], start=1))
    question = [ChatMessage("user", row["query"])]
    return ChatRequest(
        model=base_model_name(),
        messages=revise_messages(question, row["answer"], suggestions),
        sampling=Sampling(max_tokens=MAX_REVISION_TOKENS, temperature=0.0),
    )


def _on_topic(query: str, texts: list[str], check: dict[str, Any]) -> list[bool]:
    if not texts:
        return []
    vectors = served_client().embed([query, *texts])
    cosines = vectors[1:] @ vectors[0]
    return [
        bool(cosine >= MIN_ON_TOPIC) and obeys(text, check)
        for text, cosine in zip(texts, cosines, strict=True)
    ]


def obeys(text: str, check: dict[str, Any]) -> bool:
    """Whether a revision does what the labelled feedback asked for, and does not ramble."""
    lower = text.lower()
    n_bullets = sum(line.lstrip().startswith(("-", "*", "•")) for line in text.splitlines())
    tests = {
        "max_words": lambda wanted: len(text.split()) <= wanted,
        "min_bullets": lambda wanted: n_bullets >= wanted,
        "starts_with": lower.startswith,
        "contains": lambda wanted: all(word in lower for word in wanted),
        "is_lower": lambda wanted: (text == lower) is wanted,
    }
    is_sound = bool(text.strip()) and not is_degenerate_text(text)
    return is_sound and all(tests[name](wanted) for name, wanted in check.items())


def _examples(faults: list[str], limit: int = 3) -> str:
    return f"For example {'; '.join(faults[:limit])}." if faults else ""
