"""One seed of the learning demonstration: a deployment lived, learned from, and measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from chat.services.routes import route_table_active
from training.demo.measure import measure, noise_promoted
from training.demo.replay import replay
from training.simulation import build_deployment
from uno_site.jobs.services import job_run_now

Say = Callable[[str], None]


def run_seed(seed: int, say: Say) -> dict[str, Any]:
    """Live through the deployment of ``seed`` in an empty instance, learn, and measure.

    Returns
    -------
    dict
        One entry of ``seeds`` in the report.
    """
    started = time.monotonic()
    deployment = build_deployment(seed)
    lived = replay(deployment.entries, lambda done, total: say(f"chatted {done} of {total}"))
    learned = job_run_now(
        kind="training.learn", params={"approve_all": True, "seed": seed}, echo=True
    )
    for cluster in learned.result["clusters"]:
        say(_in_words(cluster))
    table = route_table_active()
    say("answering the held-out prompts")
    return {
        "seed": seed,
        "topics": measure(deployment, table),
        "noise_promoted": noise_promoted(
            table, {str(asked.reply.pk): asked.entry for asked in lived}
        ),
        "seconds": round(time.monotonic() - started, 1),
    }


def _in_words(cluster: dict[str, Any]) -> str:
    runs = "; ".join(f"{run['kind']} {run['state']} ({run['reason']})" for run in cluster["runs"])
    return f"{cluster['cluster']}: {cluster['n_entries']} entries, {runs or cluster['note']}"
