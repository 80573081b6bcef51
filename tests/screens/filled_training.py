"""The training room of a filled instance: runs, verdicts, a canary, weeks of use, evaluations."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from chat.models import Feedback, Message, MessageOrigin, ServedRoute
from chat.services.notices import NoticeSpec, notices_publish
from chat.services.routes import route_table_active
from chat.services.shared import shared_route_set
from curation.models import Cluster
from tests.factories import FeedbackFactory, ReplyFactory
from tests.training.conftest import BASE_SHA256, make_adapter, make_run
from training.models import (
    Adapter,
    EvaluationAnswer,
    EvaluationState,
    RunState,
    TrainingRun,
    Verification,
)
from training.services.evaluation.records import evaluation_start, results_update
from training.services.publishing import publish
from training.services.route_specs import Canary, current_routes
from training.services.runs import run_folder
from uno_site.accounts.models import Role, User
from uno_site.runtime.services import runtime_settings_change

PROMPTS = (
    "Write an e-mail to my landlord about the heating.",
    "Write an e-mail to the tax office.",
)
BETTER = "Hi, the heating is broken. Please send somebody. Cheers, Ana"
CHECK = {"judge": "reference", "figure": 0.9, "low": 0.7, "high": 0.97, "n": 20}


def fill_training(clusters: list[Cluster], people: dict[str, User]) -> None:
    """Three runs of the first cluster; its older adapter serves, its newer one is a canary."""
    runs = [
        _run(clusters[0], rank, state)
        for rank, state in (
            (8, RunState.REFUSED),
            (64, RunState.ACCEPTED),
            (32, RunState.PAUSED),
        )
    ]
    old = make_adapter(clusters[0], settings.DATA_DIR)
    new = make_adapter(clusters[0], settings.DATA_DIR, run=runs[1])
    _verify(runs[0], None, 0.44, 0.19, 0.73)
    _verify(runs[1], new, 0.88, 0.58, 0.97)
    _publish(clusters[0], old, new, people[Role.ADMIN])
    notices_publish([NoticeSpec(people[Role.USER].pk, old.pk, clusters[0].name, 3)])
    _thumbs(people[Role.USER])
    _weeks()
    _evaluation()
    _shared(clusters[0], people[Role.ADMIN])
    _common()


def _common() -> None:
    """What experts begin with; no cluster's, and verified by none."""
    run = TrainingRun(
        cluster_name="All topics", kind="common", base_sha256=BASE_SHA256, state=RunState.ACCEPTED
    )
    run.folder = str(settings.DATA_DIR / "runs" / str(run.pk))
    run.save()
    make_adapter(None, settings.DATA_DIR, run=run, state="candidate")


def _shared(cluster: Cluster, admin: User) -> None:
    """Three versions of the shared adapter: the second answers, the third was refused."""
    runtime_settings_change(values={"shared_adapter": True}, by=admin)
    states = ("retired", "served", "refused")
    for number, state in enumerate(states, start=1):
        run = TrainingRun(
            cluster_name="Shared adapter",
            kind="hindsight",
            base_sha256=BASE_SHA256,
            state=RunState.REFUSED if state == "refused" else RunState.ACCEPTED,
        )
        run.folder = str(settings.DATA_DIR / "runs" / str(run.pk))
        run.save()
        adapter = make_adapter(cluster, settings.DATA_DIR, run=run, state=state)
        _verify(run, adapter, 0.0, 0.0, 0.0)
        reason = "Healthy on 10 prompts: 90% on topic."
        if state == "refused":
            reason = "Not healthy: 40% of the answers are on topic, fewer than 80%."
        Verification.objects.filter(run=run).update(reason=reason, win_rate=None)
        if state == "served":
            shared_route_set(
                adapter_id=adapter.pk, name=adapter.name, version=number, path=adapter.path
            )


def _run(cluster: Cluster, rank: int, state: str) -> TrainingRun:
    config = {"r": rank, "alpha": 2 * rank, "n_epochs": 4, "learning_rate": 5e-4}
    run = make_run(
        cluster, settings.DATA_DIR, config=config, state=state, n_train=20, n_validation=8
    )
    folder = run_folder(run)
    folder.write("metrics.jsonl", "".join(json.dumps(row) + "\n" for row in _losses(rank)))
    prompts = [
        {
            "id": f"e{number}/p{number}",
            "messages": [{"role": "user", "content": text}],
            "chosen": BETTER,
            "rules": [],
            "correction": None,
        }
        for number, text in enumerate(PROMPTS)
    ]
    folder.write("prompts.jsonl", "".join(json.dumps(row) + "\n" for row in prompts))
    for epoch in (1, 2, 3):
        answer = "Dear Sir or Madam, I am writing to you because the heating … " * (4 - epoch)
        answers = {prompt["id"]: [answer] for prompt in prompts}
        folder.write_json(f"answers/live-epoch-{epoch}.json", answers)
    return run


def _losses(rank: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for step in range(1, 41):
        loss = 2.2 / (1 + step / (6 + rank / 16)) + random.random() * 0.1
        at = {"step": step, "n_steps": 40, "epoch": 1 + step // 10, "eta_seconds": 40 - step}
        rows.append({"kind": "train", "loss": loss, **at})
        if step % 10 == 0:
            rows.append({"kind": "validation", "loss": loss + 0.3, **at})
    return rows


def _verify(
    run: TrainingRun, adapter: Adapter | None, rate: float, low: float, high: float
) -> None:
    sample = {
        "id": "e0/p0",
        "query": PROMPTS[0],
        "base": "Dear Sir or Madam, I am writing to you today with regard to the heating.",
        "adapter": BETTER,
        "reference": BETTER,
        "outcome": "win",
        "score": 0.9,
        "score_base": 0.2,
        "rules": ["Keep the e-mail to at most three sentences."],
    }
    epoch = {"epoch": 2, "win_rate": rate, "n_wins": 7, "n_ties": 0, "n_guarded": 1}
    Verification.objects.create(
        run=run,
        adapter=adapter,
        judge="reference",
        judge_check={**CHECK, "beats_chance": True},
        n_prompts=8,
        threshold=0.53,
        best_epoch=2,
        win_rate=rate,
        low=low,
        high=high,
        is_accepted=adapter is not None,
        reason="Epoch 2 wins 7 of 8." if adapter else "A win rate of 0.44 is below 0.53.",
        epochs=[{**epoch, "validation_loss": 1.0}],
        samples=[sample, {**sample, "outcome": "loss", "query": PROMPTS[1]}],
    )


def _publish(cluster: Cluster, old: Adapter, new: Adapter, admin: User) -> None:
    publish(
        lambda: current_routes({cluster.pk: old}),
        action="promote",
        by=admin,
        reason="Promoted",
        adapters=[old],
    )
    publish(
        lambda: current_routes({cluster.pk: old}, {cluster.pk: Canary(new, 20)}),
        action="canary",
        by=admin,
        reason=f"{new.name} answers 20 % of its cluster's conversations",
        adapters=[new],
    )


def _thumbs(user: User) -> None:
    """Thumbs on what the canary and the rest answered."""
    routes = route_table_active().routes
    for route, n_up, n_down in (
        (routes.canaries().get(), 12, 1),
        (routes.settled().exclude(adapter_id=None).first(), 20, 22),
    ):
        for number in range(n_up + n_down):
            _thumb(user, route, 1 if number < n_up else -1)


def _thumb(user: User, route: ServedRoute, thumb: int) -> None:
    why = {
        "kind": "expert",
        "reason": "nearest",
        "model": "smollm2-135m-instruct",
        "cluster_name": route.cluster_name,
        "adapter_name": route.adapter_name,
        "adapter_version": route.adapter_version,
        "seconds": random.uniform(2, 9),
        "ttft_seconds": random.uniform(0.2, 1.5),
        "completion_tokens": 40,
        "distance": 0.4,
        "table_version": 2,
    }
    other = {"conversation__title": "Another e-mail", "conversation__user__role": Role.USER}
    reply = ReplyFactory(served_route=route, provenance=why, content=BETTER, **other)
    FeedbackFactory(message=reply, thumb=thumb)


def _weeks() -> None:
    """Seven weeks of thumbs and corrections, getting better."""
    for week in range(7):
        for _ in range(6):
            reply = ReplyFactory(provenance={"kind": "base", "seconds": 4.0, "ttft_seconds": 0.6})
            thumb = FeedbackFactory(message=reply, thumb=1 if random.random() > week / 9 else -1)
            correction = ReplyFactory(
                conversation=reply.conversation,
                parent=reply.parent,
                origin=MessageOrigin.CORRECTION,
                correction_of=reply,
                content=" ".join(["word"] * random.randint(1, 2 + week // 3)),
            )
            _backdate(Feedback.objects.filter(pk=thumb.pk), week)
            _backdate(Message.objects.filter(pk=correction.pk), week)


def _backdate(rows: QuerySet[Any], weeks: int) -> None:
    rows.update(created_at=timezone.now() - timedelta(weeks=weeks))


def _evaluation() -> None:
    made = evaluation_start(set_spec="simulated", methods=["uno", "online"], seeds=[0])
    for method, batch in (("base", 0), ("uno", 0), ("online", 1), ("online", 2)):
        for number in range(7):
            EvaluationAnswer.objects.create(
                evaluation=made,
                method=method,
                seed=0,
                batch=batch,
                item=f"email-{number:02}",
                topic="email" if number else "tips",
                prompt=f"Write e-mail {number}.",
                text=BETTER if method == "uno" else BETTER * 4,
                scores={"adherence": 0.25 if method == "base" else 0.75, "on_topic": 1.0},
                kind="expert" if method == "uno" else "base",
                prompt_tokens=30,
                seconds=1.5,
            )
    results_update(made)
    made.state = EvaluationState.DONE
    made.save()
