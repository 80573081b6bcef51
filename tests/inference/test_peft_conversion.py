import json

import numpy as np
import pytest
from gguf import GGUFReader
from safetensors.numpy import load_file, save_file

from tests.inference.lora import make_adapter
from uno_site.inference.engine.models import reference_source
from uno_site.inference.errors import AdapterInvalid, EngineFailed
from uno_site.inference.gguf_header import GgufHeader, read_gguf_header
from uno_site.inference.peft_gguf import convert_adapter

SHA = "b179"
Q_KEY = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight"


@pytest.fixture(scope="module")
def base():
    return read_gguf_header(reference_source())


def tensors_of(path):
    return {t.name: np.array(t.data, dtype=np.float32) for t in GGUFReader(path).tensors}


def test_values_are_kept_and_query_rows_are_interleaved(base, tmp_path):
    folder = make_adapter(tmp_path / "a", layers=1)
    source = load_file(folder / "adapter_model.safetensors")
    found = tensors_of(convert_adapter(folder, base, base_sha256=SHA))
    down = source["base_model.model.model.layers.0.mlp.down_proj.lora_A.weight"]
    np.testing.assert_allclose(found["blk.0.ffn_down.weight.lora_a"], down, atol=1e-3)
    # Head 0 has rows 0..63; its halves 0..31 and 32..63 interleave: 0, 32, 1, 33, ...
    rows = found["blk.0.attn_q.weight.lora_b"][:4]
    np.testing.assert_allclose(rows, source[Q_KEY][[0, 32, 1, 33]], atol=1e-3)


def test_qwen_rows_are_not_permuted(base, tmp_path):
    metadata = {"general.architecture": "qwen2", "qwen2.block_count": 30}
    qwen = GgufHeader(metadata, base.shapes)
    folder = make_adapter(tmp_path / "a", layers=1)
    found = tensors_of(convert_adapter(folder, qwen, base_sha256=SHA))
    source = load_file(folder / "adapter_model.safetensors")[Q_KEY]
    np.testing.assert_allclose(found["blk.0.attn_q.weight.lora_b"], source, atol=1e-3)


@pytest.mark.parametrize(("use_rslora", "alpha"), [(False, 8.0), (True, 16.0)])
def test_alpha_gives_pefts_scale(base, tmp_path, use_rslora, alpha):
    folder = make_adapter(tmp_path / "a", rank=4, lora_alpha=8, use_rslora=use_rslora)
    header = read_gguf_header(convert_adapter(folder, base, base_sha256=SHA))
    # llama.cpp scales by alpha / 4: 2 = 8/4, and 4 = 8/sqrt(4).
    assert header.metadata["adapter.lora.alpha"] == alpha


def test_a_conversion_is_kept_until_its_source_changes(base, tmp_path):
    folder = make_adapter(tmp_path / "a")
    first = convert_adapter(folder, base, base_sha256=SHA).stat().st_mtime_ns
    assert convert_adapter(folder, base, base_sha256=SHA).stat().st_mtime_ns == first
    make_adapter(folder, seed=9)
    assert convert_adapter(folder, base, base_sha256=SHA).stat().st_mtime_ns != first
    assert json.loads((folder / "adapter.gguf.json").read_text())["base_sha256"] == SHA


def test_bfloat16_weights_are_read(base, tmp_path):
    import torch
    from safetensors.torch import save_file as save_torch

    folder = make_adapter(tmp_path / "a", layers=1)
    source = load_file(folder / "adapter_model.safetensors")
    halves = {k: torch.from_numpy(v).to(torch.bfloat16) for k, v in source.items()}
    save_torch(halves, folder / "adapter_model.safetensors")
    found = tensors_of(convert_adapter(folder, base, base_sha256=SHA))
    key = "base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight"
    np.testing.assert_allclose(found["blk.0.attn_v.weight.lora_b"], source[key], atol=5e-3)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("use_dora", True),
        ("rank_pattern", {"q_proj": 2}),
        ("alpha_pattern", {"q_proj": 2}),
        ("modules_to_save", ["lm_head"]),
        ("bias", "all"),
        ("peft_type", "IA3"),
        ("init_lora_weights", "pissa"),
    ],
)
def test_what_would_be_dropped_is_refused_by_name(base, tmp_path, key, value):
    folder = make_adapter(tmp_path / "a", **{key: value})
    with pytest.raises(AdapterInvalid, match=key):
        convert_adapter(folder, base, base_sha256=SHA)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("base_model.model.model.embed_tokens.lora_A.weight", "embed_tokens"),
        ("base_model.model.lm_head.lora_A.weight", "lm_head"),
        ("base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector", "magnitude"),
    ],
)
def test_other_tensors_are_refused_by_name(base, tmp_path, key, words):
    folder = make_adapter(tmp_path / "a")
    weights = load_file(folder / "adapter_model.safetensors")
    save_file(weights | {key: np.ones((4, 576), np.float32)}, folder / "adapter_model.safetensors")
    with pytest.raises(AdapterInvalid, match=words):
        convert_adapter(folder, base, base_sha256=SHA)


def test_shapes_of_another_model_are_refused(base, tmp_path):
    shapes = {name: tuple(2 * n for n in shape) for name, shape in base.shapes.items()}
    other = GgufHeader(base.metadata, shapes)
    with pytest.raises(AdapterInvalid, match="does not fit the base"):
        convert_adapter(make_adapter(tmp_path / "a"), other, base_sha256=SHA)


def test_an_adapter_of_too_many_layers_is_refused(base, tmp_path):
    with pytest.raises(AdapterInvalid, match=r"layers\.30"):
        convert_adapter(make_adapter(tmp_path / "a", layers=31), base, base_sha256=SHA)


def test_weights_that_are_not_finite_are_refused(base, tmp_path):
    folder = make_adapter(tmp_path / "a")
    weights = load_file(folder / "adapter_model.safetensors")
    weights[Q_KEY][0, 0] = np.nan
    save_file(weights, folder / "adapter_model.safetensors")
    with pytest.raises(AdapterInvalid, match="not finite"):
        convert_adapter(folder, base, base_sha256=SHA)


def test_pickled_weights_are_never_read(base, tmp_path):
    folder = make_adapter(tmp_path / "a")
    weights = folder / "adapter_model.safetensors"
    weights.rename(folder / "adapter_model.bin")
    with pytest.raises(AdapterInvalid, match=r"adapter_model\.safetensors"):
        convert_adapter(folder, base, base_sha256=SHA)


def test_a_folder_that_cannot_be_written_to_is_named_with_the_remedy(base, tmp_path, monkeypatch):
    folder = make_adapter(tmp_path / "a")

    def refuse(**_: object):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("uno_site.inference.peft_gguf.tempfile.mkstemp", refuse)
    with pytest.raises(EngineFailed, match=rf"{folder}/adapter\.gguf: Permission denied.*write"):
        convert_adapter(folder, base, base_sha256=SHA)
