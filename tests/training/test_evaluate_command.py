"""The command with everything real: engine, scratch instance, processes, rows, reports."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from curation.models import LogEntry
from training.models import Evaluation, EvaluationAnswer, EvaluationState
from training.services.evaluation import runner

SMALL = ("--set", "simulated-quick", "--methods", "base", "cipher", "--seeds", "1")


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.django_db(transaction=True)
def test_two_methods_on_the_quick_set(
    data_dir: Path,
    engine_data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (engine_data_dir / "models").mkdir(exist_ok=True)
    (data_dir / "models").symlink_to(engine_data_dir / "models")
    out = tmp_path / "reports"
    call_command("evaluate", *SMALL, "--out", str(out), stdout=io.StringIO())

    evaluation = Evaluation.objects.get()
    assert evaluation.state == EvaluationState.DONE
    assert EvaluationAnswer.objects.count() == 20  # 2 methods x (2 topics x 4 + 2 control)
    assert not LogEntry.objects.exists(), "the conversations are had elsewhere"
    report = json.loads((out / "evaluate.json").read_text())
    base, cipher = (report["methods"][name]["metrics"] for name in ("base", "cipher"))
    assert 0 <= base["adherence"]["mean"] < 0.7
    assert cipher["prompt_tokens"]["mean"] > base["prompt_tokens"]["mean"]
    assert report["steps"]["live"]["0"]["n_dialogues"] == 32

    monkeypatch.setattr(runner, "engine_process", lambda *_: pytest.fail("it was all done"))
    call_command("evaluate", *SMALL, "--out", str(out), stdout=io.StringIO())
    assert EvaluationAnswer.objects.count() == 20


@pytest.mark.django_db(transaction=True)
def test_an_unknown_method_is_refused_with_those_there_are(data_dir: Any) -> None:
    with pytest.raises(CommandError, match=r"no method magic.*cipher"):
        call_command("evaluate", "--methods", "magic", stdout=io.StringIO())
