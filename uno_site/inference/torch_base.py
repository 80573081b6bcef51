"""The base model as a folder that torch loads fast: weights, tokenizer and chat template.

A base model is named by a GGUF file, a Hugging Face folder or a hub id. Training and the torch
engine prepare a GGUF file into the same folder, once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uno_site.files import file_sha256, read_json, write_folder, write_json
from uno_site.inference.errors import BaseInvalid
from uno_site.inference.gguf_header import read_gguf_header

IDENTITY = "base.json"
#: Tokens that may serve as padding where a tokenizer has none of its own, best first.
PAD_CANDIDATES = ("<|endoftext|>", "<pad>", "<|finetune_right_pad_id|>", "[PAD]", "<unk>")
#: What is fetched of a hub repository: no pickles, no weights of other frameworks.
HUB_FILES = ("*.safetensors", "*.json", "*.jinja", "*.txt", "*.model")


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A prepared base model.

    ``sha256`` is its identity, which adapters record: the digest of the GGUF file it came
    from, or of the weight files of a Hugging Face folder.
    """

    dir: Path
    sha256: str


def prepare_base(source: Path | str, out_dir: Path) -> BaseModel:
    """Bring a base model into the form that training loads; does nothing where it is there.

    Parameters
    ----------
    source : Path or str
        A GGUF file (dequantised once to float32), a Hugging Face folder, or a hub id.
    out_dir : Path
        Written whole or not at all.

    Raises
    ------
    BaseInvalid
        The source is missing or cannot be read as a model; names it.
    DiskFull
        There is no room for the weights.
    """
    sha256 = _identity(source)
    prepared = read_json(out_dir / IDENTITY)
    # Equal weights are the same base wherever they lie; a hub id is known by its name.
    known = ("sha256", sha256) if sha256 else ("source", source)
    if prepared and prepared[known[0]] == known[1]:
        return BaseModel(out_dir, prepared["sha256"])
    local = local_source(source)
    try:
        model, tokenizer = _load(local)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise _unreadable(source, error) from error
    set_pad_token(tokenizer)

    def fill(folder: Path) -> None:
        model.config.pad_token_id = tokenizer.pad_token_id
        model.generation_config.pad_token_id = tokenizer.pad_token_id
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        digest = sha256 or weights_sha256(local)
        write_json(folder / IDENTITY, {"source": _name(source), "sha256": digest})

    out_dir.parent.mkdir(parents=True, exist_ok=True)
    write_folder(out_dir, fill)
    return BaseModel(out_dir, read_json(out_dir / IDENTITY)["sha256"])


def local_source(source: Path | str) -> Path:
    """The file or folder of a base model; a hub id is downloaded, once.

    Raises
    ------
    BaseInvalid
        There is no such path, and no such repository can be had.
    """
    path = Path(source)
    if path.exists():
        return path
    if isinstance(source, Path):
        raise BaseInvalid(f"There is no model at {source}.", remedy="Check UNO_MODEL_PATH.")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(source, allow_patterns=list(HUB_FILES)))
    except (OSError, ValueError) as error:
        raise _unreadable(source, error) from error


def set_pad_token(tokenizer: Any) -> None:
    """Give the tokenizer a padding token that is not the end-of-turn token, if it has one.

    Masks are made from lengths and need none of this; whoever else loads the folder may mask
    by padding id, and would then never learn to stop.
    """
    if tokenizer.pad_token_id not in (None, tokenizer.eos_token_id):
        return
    vocabulary = tokenizer.get_vocab()
    usable = [token for token in PAD_CANDIDATES if token in vocabulary]
    usable = [token for token in usable if vocabulary[token] != tokenizer.eos_token_id]
    tokenizer.pad_token = usable[0] if usable else tokenizer.eos_token


def weights_sha256(folder: Path, digest_of: Callable[[Path], str] = file_sha256) -> str:
    """SHA-256 (hex) over the names and digests of a folder's safetensors files."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        digest.update(f"{path.name}:{digest_of(path)}\n".encode())
    return digest.hexdigest()


def _name(source: Path | str) -> str:
    return str(source.resolve()) if isinstance(source, Path) else source


def _identity(source: Path | str) -> str | None:
    """The digest of a local source; None for a hub id, which is hashed once it is here."""
    path = Path(source)
    if path.is_file():
        return file_sha256(path)
    if path.is_dir():
        return weights_sha256(path)
    return None


def _load(path: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if path.is_file():
        return _load_gguf(path)
    model = AutoModelForCausalLM.from_pretrained(path, dtype="auto")
    return model, AutoTokenizer.from_pretrained(path)


def _load_gguf(path: Path) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    template = read_gguf_header(path).metadata.get("tokenizer.chat_template")
    if not template:
        raise ValueError("the file has no chat template, so it is no chat model")
    model = AutoModelForCausalLM.from_pretrained(
        path.parent,
        gguf_file=path.name,
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),
    )
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    tokenizer.chat_template = template
    return model, tokenizer


def _unreadable(source: Path | str, error: Exception) -> BaseInvalid:
    return BaseInvalid(
        f"{source} cannot be loaded as a base model: {error}.",
        remedy="Name a GGUF file, a Hugging Face folder or a hub id.",
    )
