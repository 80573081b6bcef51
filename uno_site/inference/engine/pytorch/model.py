"""A transformers model: its weights on a device, and its vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

from uno_site.inference.engine.pytorch.guidance import Guidance
from uno_site.inference.engine.pytorch.vocabulary import token_bytes
from uno_site.inference.errors import BaseInvalid

#: Texts of tokens that end a turn or a text in the chat models that we know; a model's
#: configuration often names one of two only.
END_TEXTS = frozenset(
    {"<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|end|>"}
    | {"<end_of_turn>", "<EOT>", "</s>"}
)


def best_device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class TorchModel:
    """Implements :class:`~uno_site.inference.engine.backend.LanguageModel`.

    Weights are bfloat16 on a GPU and float32 on a CPU.

    Raises
    ------
    BaseInvalid
        The folder holds no causal language model with a fast tokenizer, or one whose attention
        is not over all previous tokens.
    """

    def __init__(self, folder: Path, device: torch.device | None = None) -> None:
        self.device = device or best_device()
        self.dtype = torch.bfloat16 if self.device.type == "cuda" else torch.float32
        tokenizer, self.network = _load(folder, self.dtype)
        self.network.eval().requires_grad_(False).to(self.device)
        self.config: Any = self.network.config.get_text_config()
        self.n_context_trained = _n_context(self.config, folder)
        self.n_vocab = int(self.network.get_output_embeddings().weight.shape[0])
        self._read_tokenizer(tokenizer, folder)

    @property
    def chat_template(self) -> str:
        """The tokenizer's template; empty when it has none."""
        return self._chat_template

    def special_text(self, name: str) -> str:
        """The text of the ``bos`` or ``eos`` token; empty when there is none."""
        return self._specials[name]

    def control_texts(self) -> tuple[str, ...]:
        """Texts of the control tokens, such as ``<|im_end|>``."""
        return tuple(self._pieces[token].decode() for token in sorted(self._control))

    def tokenize(self, text: str, *, parse_special: bool, add_bos: bool = False) -> list[int]:
        """Token ids of ``text``; control tokens are recognised only with ``parse_special``."""
        tokenizer = self._parsing if parse_special else self._plain
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return [self._bos, *ids] if add_bos and self._bos is not None else ids

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of one token, possibly part of a character."""
        if token in self._control and not special:
            return b""
        return self._pieces[token] if 0 <= token < self.n_vocab else b""

    def is_end(self, token: int) -> bool:
        """Whether ``token`` ends a turn or the text."""
        return token in self._ends

    def compile_schema(self, schema: Mapping[str, Any]) -> str:
        """The llguidance grammar of a JSON schema."""
        return self._guidance.compile(schema)

    def start_grammar(self, grammar: str) -> Any:
        """A grammar at the beginning of a reply."""
        return self._guidance.start(grammar)

    def close(self) -> None:
        """Let go of the weights."""
        self.network = None
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _read_tokenizer(self, tokenizer: Any, folder: Path) -> None:
        if not tokenizer.is_fast:
            raise BaseInvalid(f"{folder} has no fast tokenizer (tokenizer.json).")
        self._parsing: Tokenizer = tokenizer.backend_tokenizer
        self._parsing.no_padding()
        self._parsing.no_truncation()
        # Two tokenizers, because the switch belongs to the tokenizer and threads share it.
        self._plain = Tokenizer.from_str(self._parsing.to_str())
        self._plain.encode_special_tokens = True
        self._pieces = token_bytes(self._parsing, self.n_vocab)
        added = self._parsing.get_added_tokens_decoder()
        self._control = {i for i, t in added.items() if t.special and i < self.n_vocab}
        self._bos: int | None = tokenizer.bos_token_id
        begins = self._parsing.encode("a", add_special_tokens=True).ids[:1]
        self.adds_bos = begins == [self._bos]
        self._specials = {"bos": tokenizer.bos_token or "", "eos": tokenizer.eos_token or ""}
        template = tokenizer.chat_template
        self._chat_template = template if isinstance(template, str) else ""
        self._ends = self._find_ends(tokenizer.eos_token_id)
        self._guidance = Guidance(self._pieces, self._control, self._ends, self.tokenize)

    def _find_ends(self, eos: int | None) -> set[int]:
        configured = self.network.generation_config.eos_token_id
        ids = {eos, *(configured if isinstance(configured, list) else [configured])} - {None}
        ids |= {token for token in self._control if self._pieces[token].decode() in END_TEXTS}
        return {int(token) for token in ids if token is not None}


def _load(folder: Path, dtype: torch.dtype) -> tuple[Any, Any]:
    """The tokenizer and the network."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        network = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, attn_implementation="sdpa"
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BaseInvalid(
            f"{folder} cannot be loaded as a base model: {error}.",
            remedy="Name a GGUF file, a Hugging Face folder or a hub id of a chat model.",
        ) from error
    return tokenizer, network


def _n_context(config: Any, folder: Path) -> int:
    """Positions that the model was trained for, with plain causal attention in every layer."""
    window = getattr(config, "sliding_window", None)
    usual = "sliding_attention" if window else "full_attention"
    kinds = set(getattr(config, "layer_types", None) or [usual])
    n_positions = int(config.max_position_embeddings)
    if kinds <= {"full_attention"}:
        return n_positions
    if kinds <= {"full_attention", "sliding_attention"} and window:
        return min(n_positions, int(window))  # within the window both are the same
    raise BaseInvalid(
        f"{folder} has layers of the kinds {', '.join(sorted(kinds))}, which the torch engine "
        "does not compute.",
        remedy="Serve it with vLLM, or choose a model with plain attention.",
    )
