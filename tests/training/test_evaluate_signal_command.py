"""``manage.py evaluate_signal``: figures on the terminal and in a file; what it lacks, named."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.scripted import ScriptedClient
from training.management.commands import evaluate_signal

SEED = Path(__file__).resolve().parents[1] / "fixtures" / "seed"


@pytest.fixture
def _scripted(monkeypatch, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(evaluate_signal, "served_client", ScriptedClient)


@pytest.mark.usefixtures("_scripted")
def test_the_figures_are_shown_and_written(tmp_path):
    shown, out = io.StringIO(), tmp_path / "signal.json"
    call_command("evaluate_signal", data=SEED, out=out, stdout=shown)
    report = json.loads(out.read_text())
    assert report["against_hand"]["accuracy"]["n"] == 100
    assert report["against_source"]["hh"]["accuracy"]["n"] == 40
    assert report["against_source"]["oasst"]["accuracy"]["n"] == 24
    # The sources' own labels do not depend on the embedder.
    assert report["source_against_hand"]["accuracy"]["mean"] == 0.9
    assert "praise: rules from" in shown.getvalue()


@pytest.mark.usefixtures("_scripted")
def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"hh_feedback\.jsonl is not in"):
        call_command("evaluate_signal", data=tmp_path)
