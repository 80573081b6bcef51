"""The simulated performance verifier at work (UNO §4): answers, scores, verdict, record.

Both paths are verified, the critic's as well as the expert's
(docs/adr/0003-both-paths-are-verified.md). Answers are kept in the run folder as they come,
so that a verification that was cut off goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.models import (
    SERVING_STATES,
    Adapter,
    AdapterKind,
    AdapterState,
    RunState,
    TrainingRun,
    Verification,
)
from uno_site.engine_clients import base_model_name, served_client
from uno_site.errors import InvalidInput, UnoError
from uno_site.inference.protocol import InferenceClient
from uno_site.jobs.context import JobCancelled

from .adapters import adapter_register
from .answers import Answerer, Answers, Row
from .common_evidence import shown_elsewhere
from .engine_adapters import loaded
from .gate import Gate, current_gate, current_verifier, judged_rows
from .material import SPLIT
from .reporting import Reporter
from .run_folder import RunFolder
from .runs import run_folder, run_set_state, run_stopped
from .starting_points import START_EPOCH, common_start
from .verdicts import Findings, find_verdict

Checkpoint = Mapping[str, Any]
BASE_POLICY = "base"


def run_verify(run: TrainingRun, report: Reporter) -> Verification:
    """Verify a trained run; leaves it ``accepted`` or ``refused``, with its adapter registered.

    Raises
    ------
    JobCancelled
        Somebody asked to stop; the run is ``paused`` or ``cancelled``, a retry goes on from there.
    InferenceError
        The engine or the judge's is away; the run is ``trained`` again, to be verified later.
    """
    run_set_state(run, RunState.VERIFYING)
    try:
        findings = _find(run, run_folder(run), report)
        report.check_cancelled()  # what it learned may have been withdrawn meanwhile
    except JobCancelled as reason:
        run_stopped(run, str(reason))
        raise
    except UnoError as error:
        run_set_state(run, RunState.TRAINED, error=f"It could not be verified yet: {error}")
        raise
    return _record(run, run_folder(run), findings, report)


def can_gate(run: TrainingRun) -> bool:
    """Whether the judge of the run's verification was one that may gate."""
    verification = Verification.objects.filter(run=run).first()
    return bool(verification and verification.judge_check.get("beats_chance"))


def _find(run: TrainingRun, folder: RunFolder, report: Reporter) -> Findings:
    gate = current_gate(run.cluster)
    rows = folder.read_rows("prompts.jsonl")
    judged = judged_rows(gate.judge, rows) if gate.judge else []
    is_gating = gate.may_gate and len(judged) >= SPLIT.min_validation
    if not rows:
        raise InvalidInput("No prompts are left to verify with.", remedy="Train the cluster anew.")
    checkpoints = _checkpoints(run, folder, is_gating=is_gating)
    answers = _answer_all(run, folder, judged if is_gating else rows, checkpoints, report)
    report.log(_announce(gate, is_gating, len(judged)))
    return find_verdict(
        gate=gate,
        rows=judged if is_gating else rows,
        answers=answers,
        checkpoints=checkpoints,
        is_gating=is_gating,
        embed=served_client().embed,
        config=current_verifier(),
        elsewhere=shown_elsewhere(run),
    )


def _announce(gate: Gate, is_gating: bool, n_judged: int) -> str:
    if is_gating:
        return f"judge {gate.name} compares answers to {n_judged} prompts"
    return gate.refusal() if not gate.may_gate else "too few prompts that the judge can score"


def _checkpoints(run: TrainingRun, folder: RunFolder, *, is_gating: bool) -> list[Checkpoint]:
    """The checkpoints to look at.

    An expert's epochs are all compared (UNO §4), and before them, as epoch 0, the common ground
    that it began with: a dozen pairs may make it worse, and the other topics' prompts speak for
    it too (:mod:`.common_evidence`). A critic's best epoch is that of the
    lowest validation loss (UNO §5), and so is the one to keep for a look where nothing may be
    judged.
    """
    epochs: list[Checkpoint] = (folder.read_json("result.json") or {}).get("epochs", [])
    if not epochs:
        raise InvalidInput("The run has no checkpoints.", remedy="Train the cluster anew.")
    if is_gating and run.kind == AdapterKind.EXPERT:
        start = common_start(run)
        begin = {"epoch": START_EPOCH, "path": start.path if start else "", "validation_loss": None}
        return [begin, *epochs] if start else epochs
    return [min(epochs, key=lambda epoch: epoch["validation_loss"])]


def _answer_all(
    run: TrainingRun,
    folder: RunFolder,
    rows: list[Row],
    checkpoints: list[Checkpoint],
    report: Reporter,
) -> dict[int | str, Answers]:
    """The base's answers under :data:`BASE_POLICY`, each checkpoint's under its epoch."""
    client = served_client()
    answerer = Answerer(client, base_model_name(), folder, seed=run.seed)
    report.progress(0.0, "the base model answers the held-out prompts")
    answers: dict[int | str, Answers] = {
        BASE_POLICY: answerer.direct(BASE_POLICY, base_model_name(), rows)
    }
    for number, checkpoint in enumerate(checkpoints, start=1):
        report.check_cancelled()
        report.progress(
            number / (len(checkpoints) + 1), f"epoch {checkpoint['epoch']} answers them"
        )
        answers[checkpoint["epoch"]] = _answer_with(
            run, client, answerer, checkpoint, rows, answers[BASE_POLICY]
        )
    return answers


def _answer_with(
    run: TrainingRun,
    client: InferenceClient,
    answerer: Answerer,
    checkpoint: Checkpoint,
    rows: list[Row],
    drafts: Answers,
) -> Answers:
    epoch = checkpoint["epoch"]
    path = str(answerer.folder.path / checkpoint["path"])
    policy = f"epoch-{epoch}"
    with loaded(client, f"verify-{run.pk.hex[:12]}-{epoch}", path) as model:
        if run.kind == AdapterKind.CRITIC:
            return answerer.revised(policy, model, rows, drafts)
        return answerer.direct(policy, model, rows)


def _record(
    run: TrainingRun, folder: RunFolder, findings: Findings, report: Reporter
) -> Verification:
    """Register the chosen checkpoint and write the verdict down."""
    state = AdapterState.ACCEPTED if findings.is_accepted else AdapterState.REFUSED
    if not findings.is_gated:
        state = AdapterState.CANDIDATE
    adapter = adapter_register(
        run, checkpoint=folder.path / findings.path, epoch=findings.epoch, state=state
    )
    values = {**findings.as_fields(), "adapter": adapter}
    verification, _ = Verification.objects.update_or_create(run=run, defaults=values)
    _settle(adapter, state)
    is_accepted = findings.is_accepted
    run_set_state(run, RunState.ACCEPTED if is_accepted else RunState.REFUSED)
    report.progress(1.0, findings.reason)
    report.log(f"{'accepted' if is_accepted else 'refused'}: {findings.reason}")
    return verification


def _settle(adapter: Adapter, state: str) -> None:
    """A verification that was done again decides anew, unless the adapter is served."""
    if adapter.state not in (AdapterState.RETIRED, *SERVING_STATES):
        adapter.state = state
        adapter.save(update_fields=["state", "updated_at"])
