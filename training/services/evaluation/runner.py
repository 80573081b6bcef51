"""Running an evaluation from the user's instance: engine, steps in order, rows as they come.

Each step is a process inside a scratch instance (:mod:`.steps`). This side starts them, reads
the answers that they keep, and can be stopped at any time: what was kept stays.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from training.demo.engine import engine_process
from training.evaluation.config import EvaluationConfig
from training.evaluation.methods.catalogue import BASE, METHODS
from training.evaluation.methods.protocol import Method
from training.evaluation.sets.outside import outside_of
from training.evaluation.sets.registry import load_set
from training.models import Evaluation
from training.services.reporting import Reporter
from uno_site.errors import UnoError
from uno_site.files import write_json
from uno_site.processes import process_stop

from .outside import OUTSIDE, has_outside_step
from .records import answers_take, evaluation_finish, results_update
from .workplace import LIVE, SeedFolder, copy_instance, environment, learned, make_instance

POLL_SECONDS = 1.0
STOP_SECONDS = 90.0
#: What a step costs, in answers: learning is dear. Only for the progress bar.
LEARNING_COST, LIVING_COST = 150, 60
#: Of the prompts outside every cluster nearly all are the base model's, and answered once.
OUTSIDE_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one seed."""

    seed: int
    name: str
    cost: int


def evaluation_run(evaluation: Evaluation, report: Reporter) -> None:
    """Do whatever is missing, seed by seed; leaves the evaluation ``done``.

    Raises
    ------
    UnoError
        A step failed; the error names its log.
    JobCancelled
        Somebody asked to stop; started again, it goes on.
    """
    config = EvaluationConfig.from_json(evaluation.config)
    root = Path(evaluation.folder)
    started = time.monotonic()
    steps = plan_steps(config)
    try:
        with _engine_if_needed(steps, root) as url:
            _do_all(evaluation, config, steps, url, report)
        evaluation_finish(evaluation)
    except Exception as reason:
        evaluation_finish(evaluation, error=str(reason))
        raise
    finally:
        evaluation.seconds += time.monotonic() - started
        evaluation.save(update_fields=["seconds", "updated_at"])


def plan_steps(config: EvaluationConfig) -> list[Step]:
    """All steps: a seed's conversations first, then its methods in the reports' order.

    What a method does outside every cluster follows it, where that was asked for.
    """
    found, steps = load_set(config.set_spec), []
    n_outside = len(outside_of(found, config.outside).items(0)) if config.outside else 0
    for seed in config.seeds:
        n_items = len(found.items(seed))
        steps.append(Step(seed, LIVE, LIVING_COST))
        for name in config.methods:
            method = METHODS[name]
            learning = LEARNING_COST * method.is_trained
            steps.append(Step(seed, name, (n_items + learning) * method.n_batches))
            if config.outside and has_outside_step(method):
                share = 1 if name == BASE else OUTSIDE_SHARE
                steps.append(Step(seed, f"{OUTSIDE}{name}", round(n_outside * share)))
    return steps


def seed_folder(root: Path, seed: int) -> SeedFolder:
    """The folder of a seed."""
    return SeedFolder(root / f"seed-{seed}")


@contextmanager
def _engine_if_needed(steps: list[Step], root: Path) -> Iterator[str]:
    """An engine of one's own, where a step is still to be done; yields its URL."""
    if all(seed_folder(root, step.seed).is_done(step.name) for step in steps):
        yield ""
        return
    root.mkdir(parents=True, exist_ok=True)
    with engine_process({"UNO_DATA_DIR": str(settings.DATA_DIR)}, root / "engine.log") as url:
        yield url


def _do_all(
    evaluation: Evaluation,
    config: EvaluationConfig,
    steps: list[Step],
    url: str,
    report: Reporter,
) -> None:
    total, done = sum(step.cost for step in steps), 0
    for step in steps:
        folder = seed_folder(Path(evaluation.folder), step.seed)
        if not folder.is_done(step.name):
            report.log(f"seed {step.seed}: {step.name}")
            _do(evaluation, config, step, folder, url, report, done / total)
        done += step.cost
        if step.name != LIVE:
            answers_take(evaluation, folder, step.seed, step.name)
            results_update(evaluation)
        report.progress(done / total, f"seed {step.seed}: {step.name} done")


def _do(
    evaluation: Evaluation,
    config: EvaluationConfig,
    step: Step,
    folder: SeedFolder,
    url: str,
    report: Reporter,
    progress: float,
) -> None:
    """One step in a process of its own, its answers taken over as they come."""
    instance = prepare(folder, step.name)
    write_json(folder.path / "config.json", config.as_json())
    command = [sys.executable, "manage.py", "evaluate_step", str(folder.path)]
    command += ["--seed", str(step.seed), "--name", step.name]
    with folder.log(step.name).open("ab") as log:
        child = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=environment(folder, instance, url),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        while child.poll() is None:
            report.check_cancelled()
            report.progress(progress, f"seed {step.seed}: {step.name}: {last_words(folder, step)}")
            answers_take(evaluation, folder, step.seed, step.name)
            time.sleep(POLL_SECONDS)
    finally:
        process_stop(child, STOP_SECONDS)
    if child.returncode != 0:
        raise UnoError(
            f"The step {step.name} of seed {step.seed} failed: {last_words(folder, step)}",
            remedy=f"See {folder.log(step.name)}; started again, the evaluation goes on.",
        )


def prepare(folder: SeedFolder, name: str) -> str:
    """Make the instance in which a step works; its name.

    Methods that only read work where the conversations were had. Learned ones get a copy of
    it, or of where another has learned the same; one that has its logs in batches begins with
    nothing.
    """
    method = METHODS.get(name.removeprefix(OUTSIDE))
    is_reader = method is None or not method.is_learned
    instance = LIVE if method is None or is_reader else method.name
    make_instance(folder, instance, Path(settings.DATA_DIR) / "models")
    if method is not None and method.is_learned and method.n_batches == 1:
        _copy_what_is_there(folder, method)
    return instance


def _copy_what_is_there(folder: SeedFolder, method: Method) -> None:
    """The instance of a method that learns like this one, where that is done; else the logs."""
    if folder.database(method.name).exists():
        return
    twin = next((other for other in METHODS.values() if _has_learned(folder, other, method)), None)
    copy_instance(folder, twin.name if twin else LIVE, method.name)
    if twin:
        folder.finish(learned(method.name), folder.told(learned(twin.name)))


def _has_learned(folder: SeedFolder, other: Method, method: Method) -> bool:
    is_twin = method.has_notes and method.is_trained and not other.has_notes
    same = is_twin and other.n_batches == 1 and other.learning == method.learning
    return same and folder.is_done(other.name) and folder.is_done(learned(other.name))


def last_words(folder: SeedFolder, step: Step) -> str:
    """The last line that a step has said."""
    try:
        lines = folder.log(step.name).read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:200] if lines else ""
