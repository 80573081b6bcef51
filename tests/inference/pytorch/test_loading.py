"""The torch engine's model: a folder as it is, a hub id fetched, odd ones refused by name."""

from dataclasses import replace

import pytest

from uno_site.env import read_env
from uno_site.inference import torch_base
from uno_site.inference.engine.pytorch.loading import prepare_torch_model
from uno_site.inference.engine.pytorch.model import TorchModel, _n_context
from uno_site.inference.errors import BaseInvalid


@pytest.fixture
def settings(tmp_path):
    return replace(read_env(), data_dir=tmp_path / "data", base_model="mine")


def test_a_folder_is_served_as_it_is(settings, folder, served):
    found = prepare_torch_model(replace(settings, model_path=str(folder)))
    assert (found.name, found.path, found.sha256) == ("mine", folder, served.sha256)


def test_a_hub_id_is_downloaded_without_pickles(settings, folder, served, monkeypatch):
    asked = {}

    def download(repository, allow_patterns):
        asked.update(repository=repository, patterns=allow_patterns)
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    found = prepare_torch_model(replace(settings, model_path="someone/some-model"))
    assert asked["repository"] == "someone/some-model"
    assert not any(pattern.endswith((".bin", ".pt", ".pth", "*")) for pattern in asked["patterns"])
    assert found.sha256 == served.sha256, "the same weights are the same base for training"


def test_what_cannot_be_had_is_named(settings, monkeypatch):
    def fail(*_args, **_fields):
        raise OSError("no such repository")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(BaseInvalid, match=r"someone/nothing.*no such repository"):
        torch_base.local_source("someone/nothing")


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(BaseInvalid, match=str(tmp_path)):
        TorchModel(tmp_path)


@pytest.mark.parametrize("kind", ["linear_attention", "chunked_attention"])
def test_attention_that_is_not_computed_is_refused(folder, kind):
    config = type("Config", (), {"max_position_embeddings": 64, "layer_types": [kind]})
    with pytest.raises(BaseInvalid, match=kind):
        _n_context(config, folder)


def test_a_sliding_window_bounds_the_context(folder):
    config = type("Config", (), {"max_position_embeddings": 64, "sliding_window": 16})
    assert _n_context(config, folder) == 16
