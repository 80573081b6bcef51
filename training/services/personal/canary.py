"""The check of a personal adapter before it answers: the verifier's health gate, no judge.

Nobody but its owner can say whether an adapter of one's own is better; but whether it still
answers the question, does not go in circles and says something can be seen, on prompts that it
has not learned: some of its owner's, and some of nobody's.
"""

from __future__ import annotations

from training.models import Adapter, AdapterState, RunState, TrainingRun, Verification
from training.services.adapters import adapter_register
from training.services.answers import Answerer, AnswerSampling
from training.services.engine_adapters import loaded
from training.services.gate import Gate
from training.services.late_checks import check_failed
from training.services.reporting import Reporter
from training.services.runs import run_folder, run_set_state, run_stopped
from training.services.verdicts import BASE, HEALTH, Findings, find_verdict
from uno_site.engine_clients import base_model_name, served_client
from uno_site.errors import InvalidInput, UnoError
from uno_site.jobs.context import JobCancelled

JUDGE = "canary"
#: One greedy answer to each prompt: enough to see a collapse.
SAMPLING = AnswerSampling(n_samples=1, min_tokens=96, max_tokens=192)
NO_JUDGE = Gate(None, {"judge": JUDGE, "detail": "Health alone decides; its owner judges it."})


def canary_check(run: TrainingRun, report: Reporter) -> Adapter | None:
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
        findings = _find(run, report)
        report.check_cancelled()  # what it learned may have been withdrawn meanwhile
    except JobCancelled as reason:
        run_stopped(run, str(reason))
        raise
    except UnoError as error:
        check_failed(run, error)
        raise
    return _record(run, findings, report)


def _find(run: TrainingRun, report: Reporter) -> Findings:
    folder, client = run_folder(run), served_client()
    rows = folder.read_rows("prompts.jsonl")
    epochs = (folder.read_json("result.json") or {}).get("epochs", [])
    if not epochs:
        raise InvalidInput("The run has no checkpoints.", remedy="The next update begins anew.")
    checkpoint = epochs[-1]
    answerer = Answerer(client, base_model_name(), folder, seed=run.seed, sampling=SAMPLING)
    report.progress(0.1, "the base model answers the canary's prompts")
    answers = {BASE: answerer.direct(BASE, base_model_name(), rows)}
    report.check_cancelled()
    report.progress(0.5, "the new version answers them")
    path = str(folder.path / checkpoint["path"])
    with loaded(client, f"canary-{run.pk.hex[:16]}", path) as model:
        answers[checkpoint["epoch"]] = answerer.direct("adapter", model, rows)
    return find_verdict(
        gate=NO_JUDGE,
        rows=rows,
        answers=answers,
        checkpoints=[checkpoint],
        is_gating=False,
        embed=client.embed,
    )


def _record(run: TrainingRun, findings: Findings, report: Reporter) -> Adapter:
    health = findings.fields["health"]
    is_accepted = bool(health["is_healthy"])
    reason = (
        f"Healthy on {findings.fields['n_prompts']} prompts: {health['on_topic']:.0%} on topic."
        if is_accepted
        else f"Not healthy: {'; '.join(health['reasons'])}."
    )
    adapter = adapter_register(
        run,
        checkpoint=run_folder(run).path / findings.path,
        epoch=findings.epoch,
        state=AdapterState.ACCEPTED if is_accepted else AdapterState.REFUSED,
    )
    values = findings.as_fields() | {
        "judge": JUDGE,
        "adapter": adapter,
        "threshold": HEALTH.min_on_topic,
        "is_accepted": is_accepted,
        "reason": reason,
    }
    Verification.objects.update_or_create(run=run, defaults=values)
    run_set_state(run, RunState.ACCEPTED if is_accepted else RunState.REFUSED)
    report.progress(1.0, reason)
    report.log(reason)
    return adapter
