"""Filling an instance so that every screen has something to show; doing it again adds nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from curation.models import Cluster, PreferencePair, ReviewState, Rule
from curation.queues import pair_queue, rule_queue
from curation.services.importing import logs_import
from curation.services.review import item_approve, item_reject
from training.demo.replay import replay
from training.models import Adapter, AdapterState, TrainingRun
from training.services.promotion import promote
from training.services.readiness import cluster_readiness
from training.simulation import build_deployment
from uno_site.accounts.models import Role, User
from uno_site.errors import UnoError
from uno_site.jobs.services import job_run_now

Say = Callable[[str], None]
IMPORTED = Path(__file__).resolve().parent / "data" / "conversations.jsonl"
SEED = 7
N_PER_TOPIC = 18
N_NOISE = 10
#: One of so many items is left in the queue for the reader to review; one of so many rejected.
LEAVE_EVERY, REJECT_EVERY = 5, 23


def fill(say: Say) -> None:
    """People, conversations with real replies, feedback, imported logs, reviews, one run.

    Raises
    ------
    UnoError
        The engine does not answer.
    """
    entries = build_deployment(SEED, n_entries_per_topic=N_PER_TOPIC, n_noise=N_NOISE).entries
    replay(entries, lambda done, total: say(f"conversations: {done} of {total}"))
    report = logs_import(path=IMPORTED, name="garden-forum")
    say(f"imported {report.n_added} conversations, {report.n_known} were there")
    job_run_now(kind="curation.process", echo=True)
    say(f"reviewed {_review(_reviewer())} rules and pairs, some are left for you")
    _train(say)


def _reviewer() -> User | None:
    """Somebody who may review, for the record: a curator, else an admin."""
    by_role = {user.role: user for user in User.objects.filter(role__in=(Role.CURATOR, Role.ADMIN))}
    return by_role.get(Role.CURATOR) or by_role.get(Role.ADMIN)


def _review(by: User | None) -> int:
    """Decide on most of what waits, once: a second demo leaves the reader's queue alone."""
    decided = (ReviewState.APPROVED, ReviewState.REJECTED)
    if Rule.objects.filter(state__in=decided, is_auto_approved=False).exists():
        return 0
    return sum(_decide(queue, by) for queue in (rule_queue(), pair_queue()))


def _decide(queue: Iterable[Rule | PreferencePair], by: User | None) -> int:
    n_decided = 0
    for number, item in enumerate(list(queue), start=1):
        if item.flags or number % LEAVE_EVERY == 0:
            continue
        decide: Any = item_reject if number % REJECT_EVERY == 0 else item_approve
        decide(item=item, by=by)
        n_decided += 1
    return n_decided


def _train(say: Say) -> None:
    """One short run of the readiest cluster, promoted if it passes."""
    cluster = _readiest_cluster()
    if cluster is None or TrainingRun.objects.exists():
        say("nothing to train, or something was trained before")
        return
    say(f"training {cluster.name}: this takes a minute or two")
    params = {"cluster": str(cluster.pk), "kind": "expert"}
    try:
        job_run_now(kind="training.run", params=params, echo=True)
    except UnoError as error:
        say(f"the run ended with an error that its page shows: {error}")
    accepted = list(Adapter.objects.filter(state=AdapterState.ACCEPTED))
    if accepted:
        promotion = promote(accepted, None, "Promoted by the demo")
        say(f"promoted {accepted[0].name}: {promotion.table}")


def _readiest_cluster() -> Cluster | None:
    measured = [(cluster_readiness(cluster), cluster) for cluster in Cluster.objects.current()]
    ready = [(readiness.n_pairs, cluster) for readiness, cluster in measured if readiness.is_ready]
    return max(ready, key=lambda item: item[0])[1] if ready else None
