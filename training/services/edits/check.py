"""The check of an adapter that learned from edits: the gate on what it writes, no judge."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from training.ml.edit_gate import EDIT_GATE, EditVerdict, GateAnswers, judge_edits
from training.ml.health import measure_health, topic_shares
from training.models import Adapter, AdapterState, RunState, TrainingRun, Verification
from training.services.adapters import adapter_register
from training.services.answers import Answerer, Answers, AnswerSampling
from training.services.engine_adapters import loaded
from training.services.late_checks import check_failed
from training.services.reporting import Reporter
from training.services.run_folder import entry_of
from training.services.runs import run_folder, run_set_state, run_stopped
from uno_site.engine_clients import base_model_name, served_client
from uno_site.errors import InvalidInput, UnoError
from uno_site.inference.protocol import InferenceClient
from uno_site.jobs.context import JobCancelled

from .material import REGRESSION

JUDGE = "edit_gate"
SAMPLING = AnswerSampling(n_samples=1, min_tokens=96, max_tokens=256)
#: So many pairs of answers are kept for the verification's page.
N_SAMPLES = 20
Rows = list[dict[str, Any]]


def edit_check(run: TrainingRun, report: Reporter) -> Adapter:
    """Check a trained run's last checkpoint and register it: accepted, or refused.

    Raises
    ------
    JobCancelled
        Somebody asked to stop.
    InferenceError
        The engine is away; the run is ``trained`` again, to be checked later.
    EngineRefused, InvalidInput
        What was trained cannot be checked at all; the run is ``failed``, to be begun anew.
    """
    run_set_state(run, RunState.VERIFYING)
    try:
        return _check(run, report)
    except JobCancelled as reason:
        run_stopped(run, str(reason))
        raise
    except UnoError as error:
        check_failed(run, error)
        raise


def _check(run: TrainingRun, report: Reporter) -> Adapter:
    folder, client = run_folder(run), served_client()
    epochs = (folder.read_json("result.json") or {}).get("epochs", [])
    if not epochs:
        raise InvalidInput("The run has no checkpoints.", remedy="Start the learning anew.")
    checkpoint, rows = epochs[-1], folder.read_rows("prompts.jsonl")
    answerer = Answerer(client, base_model_name(), folder, seed=run.seed, sampling=SAMPLING)
    report.progress(0.1, "the base model answers the gate's prompts")
    base = answerer.direct("base", base_model_name(), rows)
    report.check_cancelled()
    report.progress(0.5, "the adapter answers them")
    path = str(folder.path / checkpoint["path"])
    with loaded(client, f"check-{run.pk.hex[:16]}", path) as model:
        own = answerer.direct("adapter", model, rows)
    verdict, health = _judge(rows, own, base, client)
    adapter = adapter_register(
        run,
        checkpoint=folder.path / checkpoint["path"],
        epoch=checkpoint["epoch"],
        state=AdapterState.ACCEPTED if verdict.is_accepted else AdapterState.REFUSED,
    )
    Verification.objects.update_or_create(
        run=run,
        defaults={
            "adapter": adapter,
            "judge": JUDGE,
            "judge_check": {"judge": JUDGE, "detail": "What it writes decides, no judge."},
            "n_prompts": len(rows),
            "threshold": EDIT_GATE.max_repetitive,
            "best_epoch": checkpoint["epoch"],
            "is_accepted": verdict.is_accepted,
            "reason": verdict.reason,
            "epochs": [_epoch(checkpoint, verdict)],
            "samples": [_sample(row, base, own) for row in rows[:N_SAMPLES]],
            "health": health,
        },
    )
    run_set_state(run, RunState.ACCEPTED if verdict.is_accepted else RunState.REFUSED)
    report.progress(1.0, verdict.reason)
    report.log(f"{run.get_kind_display()}: {verdict.reason}")
    return adapter


def _judge(
    rows: Rows, own: Answers, base: Answers, client: InferenceClient
) -> tuple[EditVerdict, dict[str, Any]]:
    others = [row for row in rows if entry_of(row["id"]) == REGRESSION]
    edits = [row for row in rows if entry_of(row["id"]) != REGRESSION]

    def texts(answers: Answers, part: Rows) -> list[str]:
        return [answers[row["id"]][0] for row in part]

    asked = [str(row["messages"][-1]["content"]) for row in others]
    mine, before = texts(own, others), texts(base, others)
    # An empty text has no place in an embedder; a space is near to nothing.
    vectors = client.embed([text or " " for text in (*mine, *before, *asked)])
    n = len(others)
    shares = topic_shares(vectors[:n], vectors[n : 2 * n], vectors[2 * n :])
    shares = np.where([bool(text) for text in mine], shares, 0.0).astype(np.float32)
    answers = GateAnswers(
        texts(own, edits),
        texts(base, edits),
        [row["chosen"] for row in edits],
        mine,
        before,
        shares,
    )
    verdict = judge_edits(answers)
    health = {
        **asdict(measure_health(mine, before, shares)),
        "is_healthy": verdict.is_accepted,
        "reasons": list(verdict.faults),
        "edits": verdict.figures.as_json(),
    }
    return verdict, health


def _epoch(checkpoint: dict[str, Any], verdict: EditVerdict) -> dict[str, Any]:
    unknown = ("win_rate", "low", "high", "n_wins", "n_ties", "n_guarded", "mean_score")
    return {
        "epoch": checkpoint["epoch"],
        "validation_loss": checkpoint["validation_loss"],
        **dict.fromkeys(unknown),
        "is_healthy": verdict.is_accepted,
    }


def _sample(row: dict[str, Any], base: Answers, own: Answers) -> dict[str, Any]:
    key = row["id"]
    return {
        "id": key,
        "query": str(row["messages"][-1]["content"]),
        "base": base[key][0],
        "adapter": own[key][0],
        "reference": row["chosen"],
        "outcome": "",
        "reason": "",
        "score": None,
        "score_base": None,
    }
