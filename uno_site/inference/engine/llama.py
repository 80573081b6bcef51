"""A thin typed wrapper of llama.cpp: model, context, adapter.

llama.cpp is not thread-safe and ends the process on misuse. What is known to crash it is
kept out here: null pointers are tested by truth (they are objects, never ``None``), a set
adapter is never freed, and an adapter is only loaded after its shapes were checked.
Everything but tokenising must be called from the one thread that owns the context.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from uno_site.inference.engine.backend import MAX_OUTPUT_ROWS, Row
from uno_site.inference.engine.json_grammar import grammar_from_schema
from uno_site.inference.engine.llama_grammar import LlamaGrammar
from uno_site.inference.errors import AdapterInvalid, EngineRefused, InferenceError
from uno_site.inference.protocol import FloatArray

logger = logging.getLogger(__name__)

MAX_BATCH_TOKENS = 512
_LOG_ERROR = 4


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _forward_log(level: int, text: bytes, _data: object) -> None:
    if level == _LOG_ERROR:
        logger.warning("llama.cpp: %s", text.decode("utf-8", "replace").strip())


def start_backend() -> None:
    """Initialise llama.cpp once per process and send its errors to the log."""
    llama_cpp.llama_log_set(_forward_log, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()


class Adapter:
    """A loaded LoRA. ``close`` it only when no context has it set."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle

    def close(self) -> None:
        """Free the adapter's memory; a second call does nothing."""
        if self.handle is not None:
            llama_cpp.llama_adapter_lora_free(self.handle)
            self.handle = None


class Model:
    """The weights and the vocabulary.

    Raises
    ------
    InferenceError
        llama.cpp cannot load the file.
    """

    def __init__(self, path: Path) -> None:
        params = llama_cpp.llama_model_default_params()
        self.handle = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
        if not self.handle:
            raise InferenceError(
                f"llama.cpp cannot load the model {path}.",
                remedy="The file may be damaged, or of an architecture that llama.cpp lacks.",
            )
        self.vocab = llama_cpp.llama_model_get_vocab(self.handle)
        self.n_vocab = int(llama_cpp.llama_vocab_n_tokens(self.vocab))
        self.n_context_trained = int(llama_cpp.llama_model_n_ctx_train(self.handle))
        self.adds_bos = bool(llama_cpp.llama_vocab_get_add_bos(self.vocab))

    @property
    def chat_template(self) -> str:
        """The Jinja template in the GGUF; empty when it has none."""
        text = llama_cpp.llama_model_chat_template(self.handle, None)
        return text.decode("utf-8") if text else ""

    def special_text(self, name: str) -> str:
        """The text of the ``bos`` or ``eos`` token; empty when the vocabulary has none."""
        token = int(getattr(llama_cpp, f"llama_vocab_{name}")(self.vocab))
        return self.piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def tokenize(self, text: str, *, parse_special: bool, add_bos: bool = False) -> list[int]:
        """Token ids of ``text``; control tokens are recognised only with ``parse_special``."""
        data = text.encode("utf-8")
        size = len(data) + 16
        for _ in range(2):
            buffer = (llama_cpp.llama_token * size)()
            n = llama_cpp.llama_tokenize(
                self.vocab, data, len(data), buffer, size, add_bos, parse_special
            )
            if n >= 0:
                return list(buffer[:n])
            size = -n
        raise EngineRefused(f"A text of {len(data)} bytes cannot be tokenised.")

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of one token, possibly part of a character."""
        size = 64
        for _ in range(2):
            buffer = ctypes.create_string_buffer(size)
            n = llama_cpp.llama_token_to_piece(self.vocab, token, buffer, size, 0, special)
            if n >= 0:
                return buffer.raw[:n]
            size = -n
        return b""

    def is_end(self, token: int) -> bool:
        """Whether ``token`` ends a turn or the text."""
        return bool(llama_cpp.llama_vocab_is_eog(self.vocab, token))

    def control_texts(self) -> tuple[str, ...]:
        """Texts of the control tokens, such as ``<|im_end|>``."""
        return tuple(
            self.piece(token, special=True).decode("utf-8", "replace")
            for token in range(self.n_vocab)
            if llama_cpp.llama_vocab_is_control(self.vocab, token)
        )

    def compile_schema(self, schema: Mapping[str, Any]) -> str:
        """The GBNF grammar of a JSON schema."""
        return grammar_from_schema(schema)

    def start_grammar(self, grammar: str) -> LlamaGrammar:
        """A GBNF grammar at the beginning of a reply."""
        return LlamaGrammar(self.vocab, grammar)

    def load_adapter(self, path: Path) -> Adapter:
        """Load a GGUF LoRA whose shapes were checked against this model.

        Raises
        ------
        AdapterInvalid
            llama.cpp refuses the file.
        """
        handle = llama_cpp.llama_adapter_lora_init(self.handle, str(path).encode())
        if not handle:
            raise AdapterInvalid(
                f"llama.cpp refuses the adapter {path}.",
                remedy="The engine's log says why; convert or train the adapter again.",
            )
        return Adapter(handle)

    def close(self) -> None:
        """Free the model; its contexts must be closed before."""
        llama_cpp.llama_model_free(self.handle)


class Context:
    """The KV cache of ``n_slots`` sequences and the batch that moves them on."""

    n_batch_tokens = MAX_BATCH_TOKENS
    mixes_adapters = False
    wants_neighbours = True

    def __init__(self, model: Model, *, n_slots: int, n_context: int, n_threads: int) -> None:
        self._model = model
        self.n_slots, self.n_context = n_slots, n_context
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = n_slots * n_context
        params.n_seq_max = n_slots
        params.n_batch = params.n_ubatch = MAX_BATCH_TOKENS
        params.n_outputs_max = MAX_OUTPUT_ROWS
        params.n_threads = params.n_threads_batch = n_threads
        # Flash attention on a CPU: prompts a little faster, tokens up to three times slower.
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.kv_unified = False  # each sequence attends to its own cells only: faster
        self._handle = llama_cpp.llama_init_from_model(model.handle, params)
        if not self._handle:
            raise InferenceError(
                f"llama.cpp cannot make a context of {n_slots} x {n_context} tokens.",
                remedy="Lower UNO_ENGINE_SLOTS or UNO_ENGINE_CONTEXT; memory may be short.",
            )
        self._memory = llama_cpp.llama_get_memory(self._handle)
        self._batch = llama_cpp.llama_batch_init(MAX_BATCH_TOKENS, 0, 1)
        self._adapter: Adapter | None = None
        self._output_of: dict[int, int] = {}
        self._outputs: NDArray[np.float32] = np.empty((0, model.n_vocab), dtype=np.float32)

    def decode(self, rows: Sequence[Row]) -> None:
        """Run one batch; afterwards :meth:`logits` gives the wanted rows.

        Raises
        ------
        InferenceError
            llama.cpp could not run the batch; the sequences in it must be dropped.
        """
        batch = self._batch
        self._output_of.clear()
        for i, row in enumerate(rows):
            if row.wants_logits:
                self._output_of[i] = len(self._output_of)
            batch.token[i], batch.pos[i] = row.token, row.position
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, row.sequence
            batch.logits[i] = row.wants_logits
        batch.n_tokens = len(rows)
        code = llama_cpp.llama_decode(self._handle, batch)
        if code != 0:
            raise InferenceError(f"llama_decode failed with code {code} on {len(rows)} tokens.")
        if self._output_of:
            # One call for all rows: each call lets other threads have the interpreter.
            pointer = llama_cpp.llama_get_logits(self._handle)
            self._outputs = np.ctypeslib.as_array(
                pointer, (len(self._output_of), self._model.n_vocab)
            )

    def logits(self, row: int) -> FloatArray:
        """Logits of batch row ``row``, shape [n_vocab]; valid until the next ``decode``."""
        if row not in self._output_of:
            raise InferenceError(f"No logits were computed for batch row {row}.")
        found: NDArray[np.float32] = self._outputs[self._output_of[row]]
        return found

    def clear(self, sequence: int) -> None:
        """Forget a sequence, so that its slot can be used again."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def use_adapters(self, by_sequence: Mapping[int, Adapter | None]) -> None:
        """Apply the one adapter that all sequences of the next batch have."""
        (adapter,) = set(by_sequence.values())
        self.set_adapter(adapter)

    def save(self, sequence: int) -> NDArray[np.uint8]:
        """A copy of what a sequence holds, for :meth:`restore`."""
        size = int(llama_cpp.llama_state_seq_get_size(self._handle, sequence))
        state = np.empty(size, dtype=np.uint8)
        n = llama_cpp.llama_state_seq_get_data(self._handle, _bytes_of(state), size, sequence)
        if n != size:
            raise InferenceError(f"llama.cpp saved {n} of {size} bytes of a sequence.")
        return state

    def restore(self, sequence: int, state: NDArray[np.uint8], n_tokens: int) -> bool:
        """Give an empty slot the first ``n_tokens`` of a saved sequence; False if it is refused."""
        size = len(state)
        n = llama_cpp.llama_state_seq_set_data(self._handle, _bytes_of(state), size, sequence)
        if n == size and llama_cpp.llama_memory_seq_rm(self._memory, sequence, n_tokens, -1):
            return True
        self.clear(sequence)
        return False

    def set_adapter(self, adapter: Adapter | None) -> None:
        """Apply ``adapter`` (or none) to all following batches."""
        if adapter is self._adapter:
            return
        if adapter is None:
            code = llama_cpp.llama_set_adapters_lora(self._handle, None, 0, None)
        else:
            handles = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(adapter.handle)
            scales = (ctypes.c_float * 1)(1.0)
            code = llama_cpp.llama_set_adapters_lora(self._handle, handles, 1, scales)
        if code != 0:
            raise InferenceError(f"llama.cpp cannot apply the adapter (code {code}).")
        self._adapter = adapter

    def free_adapter(self, adapter: Adapter) -> None:
        """Free ``adapter``, unsetting it first: freeing a set adapter crashes."""
        if self._adapter is adapter:
            self.set_adapter(None)
        adapter.close()

    def set_threads(self, n_threads: int) -> None:
        """Use ``n_threads`` for single tokens and for batches alike."""
        llama_cpp.llama_set_n_threads(self._handle, n_threads, n_threads)

    def close(self) -> None:
        """Free the batch and the context."""
        llama_cpp.llama_batch_free(self._batch)
        llama_cpp.llama_free(self._handle)


def _bytes_of(array: NDArray[np.uint8]) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
