"""Before and after on held-out prompts, as the simulated users see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from chat.models import RouteTable
from chat.services.messages import REPLY_SAMPLING
from chat.serving import Answer, answer_many
from curation.models import LogEntry
from training.demo.replay import MAX_REPLY_TOKENS
from training.simulation import (
    NOISE,
    TOPICS,
    Deployment,
    PlannedEntry,
    TopicMetrics,
    edit_costs,
    measure_topic,
    win_rate,
)
from uno_site.engine_clients import served_client
from uno_site.inference.protocol import ChatMessage


@dataclass(frozen=True, slots=True)
class Bars:
    """What the demonstration must show ("It learns")."""

    cost_share: float = 0.5
    on_topic_share: float = 0.9
    seconds_in_all: float = 30 * 60


BARS = Bars()


def answers(
    prompts: Sequence[str], table: RouteTable | None, *, seed: int, force_base: bool = False
) -> list[Answer]:
    """What the chat answers to each prompt, drawn as the chat draws."""
    sampling = replace(REPLY_SAMPLING, max_tokens=MAX_REPLY_TOKENS, seed=seed)
    return answer_many(
        [[ChatMessage("user", prompt)] for prompt in prompts],
        table=table,
        sampling=sampling,
        force_base=force_base,
    )


def measure(deployment: Deployment, table: RouteTable | None) -> dict[str, dict[str, Any]]:
    """The report of every topic, under the keys that the issue names."""
    return {topic: _measure(topic, deployment, table) for topic in TOPICS}


def _measure(topic: str, deployment: Deployment, table: RouteTable | None) -> dict[str, Any]:
    prompts = deployment.held_out[topic]
    before = answers(prompts, table, seed=deployment.seed, force_base=True)
    after = answers(prompts, table, seed=deployment.seed)
    base, routed = _metrics(topic, prompts, before), _metrics(topic, prompts, after)
    kinds = Counter(item.provenance.kind for item in after)
    return {
        "edit_cost_before": base.edit_cost,
        "edit_cost_after": routed.edit_cost,
        "on_topic_before": base.on_topic,
        "on_topic_after": routed.on_topic,
        "rules_obeyed_before": base.rules_obeyed,
        "rules_obeyed_after": routed.rules_obeyed,
        "win_rate": _win_rate(topic, prompts, before, after),
        "route": kinds.most_common(1)[0][0],
    }


def _win_rate(
    topic: str, prompts: Sequence[str], before: Sequence[Answer], after: Sequence[Answer]
) -> float:
    taste = TOPICS[topic]
    costs = [
        edit_costs(taste, prompts, [item.text for item in replies]) for replies in (before, after)
    ]
    return win_rate(*costs)


def _metrics(topic: str, prompts: Sequence[str], replies: Sequence[Answer]) -> TopicMetrics:
    """Metrics with the topic's own other prompts to compare with.

    So a model that answers every e-mail request with one e-mail is told from one that reads.
    """
    client = served_client()
    texts = [item.text for item in replies]
    prompt_rows = client.embed(list(prompts))
    # A reply of nothing has no place in the embedder; a space is as far from everything.
    reply_rows = client.embed([text or " " for text in texts])
    return measure_topic(TOPICS[topic], prompts, texts, reply_rows, prompt_rows)


def noise_promoted(table: RouteTable | None, lived: dict[str, PlannedEntry]) -> bool:
    """Whether a cluster that is half noise, or more, is answered by an adapter.

    ``lived`` maps reply ids to the planned entries they belong to.
    """
    if table is None:
        return False
    for route in table.routes.exclude(adapter_id=None):
        members = LogEntry.objects.filter(cluster_id=route.cluster_id)
        topics = [lived[str(entry.message_id)].topic for entry in members]
        if topics and topics.count(NOISE) * 2 >= len(topics):
            return True
    return False


def missed_bars(report: dict[str, Any], bars: Bars = BARS) -> list[str]:
    """What a report falls short of, in words; empty when every bar is reached."""
    missed = []
    for run in report["seeds"]:
        for topic, row in run["topics"].items():
            where = f"seed {run['seed']}, {topic}"
            if row["edit_cost_after"] > bars.cost_share * row["edit_cost_before"]:
                missed.append(
                    f"{where}: edit cost {row['edit_cost_before']:.3f} → "
                    f"{row['edit_cost_after']:.3f}, allowed {bars.cost_share:.0%} of it"
                )
            if row["on_topic_after"] < bars.on_topic_share * row["on_topic_before"]:
                missed.append(
                    f"{where}: on topic {row['on_topic_before']:.2f} → "
                    f"{row['on_topic_after']:.2f}, needed {bars.on_topic_share:.0%} of it"
                )
        if run["noise_promoted"]:
            missed.append(f"seed {run['seed']}: noise was promoted")
    seconds = sum(run["seconds"] for run in report["seeds"])
    if seconds > bars.seconds_in_all:
        missed.append(f"{seconds:.0f} s in all, allowed {bars.seconds_in_all:.0f} s")
    return missed
