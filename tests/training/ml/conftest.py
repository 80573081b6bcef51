"""A tiny chat model made on the spot, and run folders for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from training.ml.config import CONFIG_CLASSES, EDIT_KINDS

ROOT = Path(__file__).resolve().parents[3]
BASE_SHA256 = "ab" * 32
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' "
    "+ message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TINY = {
    "r": 4,
    "alpha": 8,
    "n_epochs": 3,
    "learning_rate": 1e-2,
    "batch_size": 3,
    "micro_batch_size": 2,
    "dtype": "float32",
    "max_prompt_tokens": 64,
    "max_completion_tokens": 32,
}


def tiny_tokenizer() -> Any:
    """One token a byte, and ChatML's special tokens; pad is the end of turn, as in the GGUF."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate([*specials, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        unk_token="<|endoftext|>",
    )
    fast.chat_template = CHATML
    return fast


def save_tiny_model(folder: Path) -> None:
    """A random Llama of two layers as a Hugging Face folder."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = tiny_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared base model of 0.1M parameters."""
    folder = tmp_path_factory.mktemp("base")
    save_tiny_model(folder)
    (folder / "base.json").write_text(json.dumps({"source": "tiny", "sha256": BASE_SHA256}))
    return folder


def expert_rows(n: int, start: int = 0) -> list[dict[str, Any]]:
    """Pairs whose chosen answers are upper case and whose rejected ones are not."""
    return [
        {
            "id": f"e{index}/p",
            "messages": [{"role": "user", "content": f"Say {'word ' * (index % 3)}{index}."}],
            "chosen": f"YES {index} {'A' * (index % 4)}",
            "rejected": f"no {index}, not at all",
        }
        for index in range(start, start + n)
    ]


def critic_rows(n: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {"id": row["id"], "messages": row["messages"], "completion": f"1. Be {row['id']}."}
        for row in expert_rows(n, start)
    ]


def hindsight_rows(n: int, start: int = 0) -> list[dict[str, Any]]:
    """Interactions whose users ask for capitals; the sampled ids of every second are known."""
    tokenizer = tiny_tokenizer()
    rows = []
    for row in expert_rows(n, start):
        reply = row["rejected"]
        ids = [*tokenizer.encode(reply, add_special_tokens=False), tokenizer.eos_token_id]
        known = {"reply_ids": ids} if len(rows) % 2 else {}
        messages = row["messages"]
        rows.append({"id": row["id"], "messages": messages, "reply": reply, **known})
        rows[-1] |= {"follow_up": "In capitals, please.", "mask": ""}
    return rows


def edit_rows(n: int, start: int = 0) -> list[dict[str, Any]]:
    """Edits into capitals, with what they cost."""
    return [{**row, "cost": 0.5 + 0.1 * (i % 4)} for i, row in enumerate(expert_rows(n, start))]


ROWS = {
    "expert": expert_rows,
    "critic": critic_rows,
    "hindsight": hindsight_rows,
    **dict.fromkeys(EDIT_KINDS, edit_rows),
}


def write_run(
    folder: Path, base_dir: Path, kind: str = "expert", n_train: int = 7, **changes: Any
) -> Path:
    """Write a run folder for the tiny model."""
    folder.mkdir()
    rows = ROWS[kind]
    write_rows(folder / "train.jsonl", rows(n_train))
    write_rows(folder / "validation.jsonl", rows(2, start=100))
    config = CONFIG_CLASSES[kind].from_json({**TINY, **changes}).to_json()
    run = {
        "kind": kind,
        "base_dir": str(base_dir),
        "base_sha256": BASE_SHA256,
        "seed": 5,
        "data_hash": "cd" * 32,
    }
    (folder / "config.json").write_text(json.dumps({**config, **run}))
    return folder


@pytest.fixture
def make_run(tmp_path: Path, tiny_base: Path) -> Callable[..., Path]:
    """Writes run folders side by side."""

    def make(name: str = "run", **options: Any) -> Path:
        return write_run(tmp_path / name, tiny_base, **options)

    return make


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def start_trainer(folder: Path, *options: str) -> subprocess.Popen[str]:
    """The trainer as the product starts it: a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "training.ml.train", str(folder), "--threads", "1", *options],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
