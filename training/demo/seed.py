"""One seed of the learning demonstration: a deployment lived, learned from, and measured."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chat.services.routes import route_table_active
from training.demo.measure import measure, noise_promoted
from training.demo.replay import replay
from training.simulation import build_deployment
from uno_site.files import write_json
from uno_site.jobs.services import job_run_now

Say = Callable[[str], None]


class Stopwatch:
    """Seconds spent on a seed, those before an interruption included."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.before = json.loads(path.read_text())["seconds"] if path.exists() else 0.0
        self.started = time.monotonic()

    def note(self) -> float:
        """Write down, and return, the seconds so far."""
        seconds = round(self.before + time.monotonic() - self.started, 1)
        write_json(self.path, {"seconds": seconds})
        return seconds


def run_seed(seed: int, say: Say, watch: Stopwatch) -> dict[str, Any]:
    """Live through the deployment of ``seed`` in an instance of its own, learn, and measure.

    What was lived and learned before an interruption is not done again.

    Returns
    -------
    dict
        One entry of ``seeds`` in the report.
    """
    deployment = build_deployment(seed)

    def tell(done: int, total: int) -> None:
        watch.note()
        say(f"chatted {done} of {total}")

    lived = replay(deployment.entries, tell)
    learned = job_run_now(
        kind="training.learn", params={"approve_all": True, "seed": seed}, echo=True
    )
    for cluster in learned.result["clusters"]:
        say(_in_words(cluster))
    watch.note()
    table = route_table_active()
    say("answering the held-out prompts")
    return {
        "seed": seed,
        "topics": measure(deployment, table),
        "noise_promoted": noise_promoted(
            table, {str(asked.reply.pk): asked.entry for asked in lived}
        ),
        "seconds": watch.note(),
    }


def _in_words(cluster: dict[str, Any]) -> str:
    runs = "; ".join(f"{run['kind']} {run['state']} ({run['reason']})" for run in cluster["runs"])
    return f"{cluster['cluster']}: {cluster['n_entries']} entries, {runs or cluster['note']}"
