"""The bytes of each token, out of a Hugging Face tokenizer."""

from __future__ import annotations

import json
import re
from typing import Any

from transformers.convert_slow_tokenizer import bytes_to_unicode

_BYTE_TOKEN = re.compile(r"^<0x([0-9A-Fa-f]{2})>$")
_WORD_BEGIN = "▁"


def token_bytes(tokenizer: Any, n_vocab: int) -> list[bytes]:
    """The bytes of every token, in order of their ids; empty where there is no such token.

    Parameters
    ----------
    tokenizer
        A ``tokenizers.Tokenizer``: byte-level BPE (GPT-2, Llama 3, Qwen), or SentencePiece with
        byte fallback (Llama 2, Gemma).
    n_vocab
        Rows of the model's output, often more than the tokenizer has tokens.
    """
    is_byte_level = "ByteLevel" in json.dumps(json.loads(tokenizer.to_str())["decoder"])
    to_byte = {char: byte for byte, char in bytes_to_unicode().items()}  # type: ignore[no-untyped-call]
    added = tokenizer.get_added_tokens_decoder()
    pieces = [b""] * n_vocab
    for text, token in tokenizer.get_vocab(with_added_tokens=True).items():
        if token >= n_vocab:
            continue
        if token in added:
            pieces[token] = added[token].content.encode()
        elif is_byte_level:
            pieces[token] = bytes(to_byte[char] for char in text)
        else:
            pieces[token] = _sentencepiece_bytes(text)
    return pieces


def _sentencepiece_bytes(text: str) -> bytes:
    match = _BYTE_TOKEN.match(text)
    return bytes([int(match[1], 16)]) if match else text.replace(_WORD_BEGIN, " ").encode()
