"""A base model is prepared once, whole, and with a padding token that is not the end of turn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.training.ml.conftest import save_tiny_model, tiny_tokenizer
from uno_site.inference.errors import BaseInvalid
from uno_site.inference.torch_base import prepare_base, set_pad_token, weights_sha256


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "hf"
    save_tiny_model(folder)
    return folder


def test_folder_is_prepared_with_another_padding_token(source: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base = prepare_base(source, tmp_path / "base")
    assert base.dir == tmp_path / "base"
    assert base.sha256 == weights_sha256(source)
    tokenizer = AutoTokenizer.from_pretrained(base.dir)
    assert (tokenizer.pad_token, tokenizer.pad_token_id) == ("<|endoftext|>", 0)
    assert tokenizer.chat_template == tiny_tokenizer().chat_template
    model = AutoModelForCausalLM.from_pretrained(base.dir)
    assert model.config.pad_token_id == 0


def test_second_time_does_nothing(source: Path, tmp_path: Path) -> None:
    first = prepare_base(source, tmp_path / "base")
    weights = tmp_path / "base" / "model.safetensors"
    written = weights.stat().st_mtime_ns
    assert prepare_base(source, tmp_path / "base") == first
    assert weights.stat().st_mtime_ns == written


def test_same_weights_in_another_place_are_the_same_base(source: Path, tmp_path: Path) -> None:
    first = prepare_base(source, tmp_path / "base")
    moved = source.rename(tmp_path / "moved")
    assert prepare_base(moved, tmp_path / "base") == first


def test_other_weights_are_prepared_anew(source: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    first = prepare_base(source, tmp_path / "base")
    model = AutoModelForCausalLM.from_pretrained(source)
    with torch.no_grad():
        model.lm_head.weight += 1
    model.save_pretrained(source)
    assert prepare_base(source, tmp_path / "base").sha256 != first.sha256


def test_half_prepared_folder_is_prepared_anew(source: Path, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "model.safetensors").write_bytes(b"half")
    base = prepare_base(source, tmp_path / "base")
    assert json.loads((base.dir / "base.json").read_text())["sha256"] == base.sha256
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BaseInvalid, match=r"nothing\.gguf"):
        prepare_base(tmp_path / "nothing.gguf", tmp_path / "base")


def test_damaged_gguf_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF but no more")
    with pytest.raises(BaseInvalid, match=r"broken\.gguf"):
        prepare_base(broken, tmp_path / "base")
    assert not (tmp_path / "base").exists()


def test_tokenizer_with_a_padding_token_keeps_it() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.pad_token = "!"
    set_pad_token(tokenizer)
    assert tokenizer.pad_token == "!"
