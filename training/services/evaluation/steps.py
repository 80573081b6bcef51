"""The steps of an evaluation, each done in a process of its own inside a scratch instance."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chat.models import RouteTable
from chat.services.routes import route_table_active
from training.evaluation.config import EvaluationConfig
from training.evaluation.methods.catalogue import BASE, METHODS
from training.evaluation.methods.protocol import Method
from training.evaluation.sets.outside import outside_of
from training.evaluation.sets.protocol import Dialogue, EvaluationSet
from training.evaluation.sets.registry import load_set
from training.services.adapters import WEIGHTS
from training.services.engine_adapters import unload_quietly
from training.services.publishing import served_adapters
from uno_site.engine_clients import served_client
from uno_site.files import file_sha256
from uno_site.jobs.services import job_run_now

from .answering import Asking, answer_items, copy_answers
from .living import Say, curate, keep_dialogues, kept_dialogues, live
from .noise_truth import noise_figures
from .noting import askers_by_topic, learn_notes, recalls
from .outside import OUTSIDE, answer_outside, outside_path
from .workplace import LIVE, SeedFolder, alone, learned


def do_step(config: EvaluationConfig, folder: SeedFolder, seed: int, name: str, say: Say) -> None:
    """Do one step of a seed: :data:`~.workplace.LIVE`, a method by its name, or its routes on
    prompts outside every cluster (:data:`~.outside.OUTSIDE` and the name).

    A step that was cut off goes on where it was; one that is done is not done again.
    """
    with alone(folder):
        if folder.is_done(name):
            return
        started = time.monotonic()
        found = load_set(config.set_spec)
        if name == LIVE:
            outcome = _live(found, folder, seed, say)
        elif name.startswith(OUTSIDE):
            outcome = _outside(found, config, folder, seed, name.removeprefix(OUTSIDE), say)
        else:
            outcome = _method(METHODS[name], found, config, folder, seed, say)
        folder.finish(name, {**outcome, "seconds": round(time.monotonic() - started, 1)})


def _live(found: EvaluationSet, folder: SeedFolder, seed: int, say: Say) -> dict[str, Any]:
    dialogues = live(found, seed, (1, 1), say)
    keep_dialogues(folder, dialogues)
    curate(say)
    return {"n_dialogues": len(dialogues)}


def _method(
    method: Method,
    found: EvaluationSet,
    config: EvaluationConfig,
    folder: SeedFolder,
    seed: int,
    say: Say,
) -> dict[str, Any]:
    asking = Asking(found, seed, config.max_tokens, say)
    if method.remember is not None:
        prompting = method.remember(kept_dialogues(folder), served_client().embed)
        answer_items(asking, folder.answers(method.name, 0), prompting=prompting)
        return {}
    if method.n_batches > 1:
        return _online(method, asking, folder)
    dialogues = kept_dialogues(folder)
    outcome: dict[str, Any] = {}
    if method.is_trained:
        outcome = _learn_once(method, seed, dialogues, folder, learned(method.name))
    path = folder.answers(method.name, 0)
    if method.has_notes:
        outcome = {"notes": learn_notes(say), **outcome, "signature": None}
        askers = askers_by_topic(dialogues)
        answer_items(asking, path, table=route_table_active(), recall_of=recalls(askers))
    else:
        copy_answers(path, _twins(folder, method.name, outcome["signature"]))
        answer_items(asking, path, table=route_table_active())
    unload_quietly(served_adapters().values())
    return outcome


def _outside(
    found: EvaluationSet,
    config: EvaluationConfig,
    folder: SeedFolder,
    seed: int,
    name: str,
    say: Say,
) -> dict[str, Any]:
    outside = outside_of(found, config.outside)
    asking = Asking(outside, seed, config.max_tokens, say)
    if name == BASE:
        answer_outside(asking, outside, folder, name, None)
        return {}
    mine = folder.told(name).get("signature")
    twins = [] if mine is None else _twins(folder, name, mine)
    done = [twin for twin in twins if folder.is_done(f"{OUTSIDE}{twin.stem}")]
    copy_answers(outside_path(folder, name), [outside_path(folder, one.stem) for one in done])
    answer_outside(asking, outside, folder, name, route_table_active())
    unload_quietly(served_adapters().values())
    return {}


def _learn_once(
    method: Method, seed: int, dialogues: Sequence[Dialogue], folder: SeedFolder, name: str
) -> dict[str, Any]:
    """A pass of the loop with the method's options, unless ``name`` says that it was made."""
    if not folder.is_done(name):
        folder.finish(name, _learn(method, seed, dialogues))
    return folder.told(name)


def _learn(method: Method, seed: int, dialogues: Sequence[Dialogue]) -> dict[str, Any]:
    params = {"approve_all": True, "seed": seed, "is_shared": True, **(method.learning or {})}
    job = job_run_now(kind="training.learn", params=params, echo=True)
    return {
        "clusters": job.result["clusters"],
        "noise": noise_figures(dialogues),
        "signature": signature(route_table_active()),
    }


def signature(table: RouteTable | None) -> list[list[Any]]:
    """What decides how a table answers: tables with equal ones give equal answers."""
    if table is None:
        return []
    rows = [
        [str(route.cluster_id), route.kind, _weights(route.adapter_path), route.distance_limit]
        for route in table.routes.settled()
    ]
    return sorted(rows, key=str) if any(row[1] != "base" for row in rows) else []


def _weights(path: str) -> str:
    file = Path(path, WEIGHTS)
    return file_sha256(file) if path and file.exists() else ""


def _twins(folder: SeedFolder, name: str, mine: Sequence[Any]) -> list[Path]:
    """Answer files of methods that came to the very same routes in this seed."""
    return [
        folder.answers(other, 0)
        for other in METHODS
        if other != name and folder.told(other).get("signature") == list(mine)
    ]


def _online(method: Method, asking: Asking, folder: SeedFolder) -> dict[str, Any]:
    """The logs in batches, a pass of the loop after each, and the questions after each."""
    batches = []
    for batch in range(1, method.n_batches + 1):
        dialogues = live(asking.found, asking.seed, (batch, method.n_batches), asking.say)
        path = folder.answers(method.name, batch)
        outcome = _learn_once(method, asking.seed, dialogues, folder, path.stem)
        answer_items(asking, path, table=route_table_active())
        batches.append({**outcome, "n_dialogues": len(dialogues)})
    unload_quietly(served_adapters().values())
    return {"batches": batches}
