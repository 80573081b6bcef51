"""The light way to load an encoder gives what sentence-transformers gives."""

import json
import shutil

import numpy as np
import pytest

from uno_site.env import read_env
from uno_site.inference.engine.mean_pooling import MeanPooledEncoder, is_mean_pooled
from uno_site.inference.engine.models import embedder_path

TEXTS = ["How do I bake bread?", "", "  Ünïcödé  and\nlines ", "word " * 400, "x"] * 9


@pytest.fixture(scope="module")
def folder():
    return embedder_path(read_env())


@pytest.mark.model
def test_it_agrees_with_sentence_transformers(folder):
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(folder), device="cpu").encode(
        TEXTS, normalize_embeddings=True, show_progress_bar=False
    )
    ours = MeanPooledEncoder(folder, "cpu").encode(TEXTS)
    assert (ours.shape, ours.dtype) == ((45, 384), np.float32)
    np.testing.assert_allclose(ours, theirs, atol=2e-6)


def test_the_reference_embedder_is_of_this_kind(folder):
    assert is_mean_pooled(folder)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}),
        ("1_Pooling/config.json", {"pooling_mode_mean_tokens": False}),
        ("config_sentence_transformers.json", {"prompts": {"query": "Find: "}}),
    ],
)
def test_other_kinds_are_left_to_the_library(folder, tmp_path, name, change):
    small = tmp_path / "embedder"
    shutil.copytree(folder, small, ignore=shutil.ignore_patterns("*.safetensors", "vocab.txt"))
    path = small / name
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert not is_mean_pooled(small)


def test_modules_of_another_order_are_left_to_the_library(folder, tmp_path):
    modules = json.loads((folder / "modules.json").read_text())
    (tmp_path / "modules.json").write_text(json.dumps(modules[:2]))
    assert not is_mean_pooled(tmp_path)
    (tmp_path / "modules.json").unlink()
    assert not is_mean_pooled(tmp_path)
