"""The sentence classifier is fitted once for an embedder and kept as plain JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curation.models import RoleName
from curation.roles.checks import role_check
from curation.roles.sentence_model import _classifier, _figures, sentence_classifier
from tests.scripted import ScriptedClient


@pytest.fixture(autouse=True)
def _own_folder(settings: object, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    _classifier.cache_clear()
    _figures.cache_clear()


def kept_files(folder: Path) -> list[Path]:
    return sorted((folder / "models").glob("sentence-classifier-*.json"))


def test_it_is_fitted_once_and_read_again_after_a_restart(tmp_path: Path) -> None:
    client = ScriptedClient(dim=16)
    first = sentence_classifier(client.embed, "small")
    [path] = kept_files(tmp_path)
    assert json.loads(path.read_text())["kinds"] == list(first.kinds)
    _classifier.cache_clear()
    asked: list[int] = []
    embed = client.embed
    client.embed = lambda texts: (asked.append(len(texts)), embed(texts))[1]
    again = sentence_classifier(client.embed, "small")
    assert asked == [1]
    assert (again.weights == first.weights).all()


def test_another_embedder_gets_its_own(tmp_path: Path) -> None:
    sentence_classifier(ScriptedClient(dim=16).embed, "small")
    sentence_classifier(ScriptedClient(dim=32).embed, "small")
    sentence_classifier(ScriptedClient(dim=16).embed, "other")
    assert len(kept_files(tmp_path)) == 3


@pytest.mark.django_db
def test_the_roles_page_has_the_f1_of_a_held_out_third(scripted: ScriptedClient) -> None:
    check = role_check(RoleName.DISTILLER).checks.get(strategy="extractive")
    assert check.n == 234  # a third of 702
    assert [measure["label"] for measure in check.measures] == [
        "macro F1 over the kinds",
        "F1, kept against dropped",
    ]
    assert all(0 < measure["value"] < 1 for measure in check.measures)
    assert check.low < check.figure < check.high


@pytest.mark.model
@pytest.mark.django_db
def test_the_reference_embedder_tells_the_held_out_third(engine: object) -> None:
    check = role_check(RoleName.DISTILLER).checks.get(strategy="extractive")
    macro, kept = (measure["value"] for measure in check.measures)
    assert macro > 0.75
    assert kept > 0.85
