"""Random models of two layers: what transformers and PEFT compute, and llama.cpp from a GGUF file.

Both sides hold the same numbers (f16), so that what is left between them is arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFWriter, LlamaFileType, get_tensor_name_map
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen3Config,
)

from uno_site.inference.engine.backend import Row
from uno_site.inference.engine.llama import Context, Model, start_backend
from uno_site.inference.gguf_header import read_gguf_header
from uno_site.inference.peft_gguf import ARCHITECTURES, convert_adapter

CONFIGS = {"llama": LlamaConfig, "qwen2": Qwen2Config, "qwen3": Qwen3Config}
N_HEADS, N_KV_HEADS, HEAD_SIZE = 4, 2, 16
N_CONTEXT = 256
TOKENS = np.random.default_rng(0).integers(0, 384, 64).tolist()


@dataclass(frozen=True, slots=True)
class Distances:
    """Mean KL per position in nats: of the bases, with the adapter, and what the adapter does."""

    base: float
    adapted: float
    effect: float


def measure_distances(architecture: str, folder: Path, **config: object) -> Distances:
    """PEFT against llama.cpp on one architecture; files go to ``folder``."""
    network = make_network(architecture)
    path = write_gguf(network, folder / "base.gguf")
    base, served = _torch_logprobs(network), _llama_logprobs(path)
    adapted = _torch_logprobs(add_adapter(network, folder / "adapter", **config))
    converted = convert_adapter(folder / "adapter", read_gguf_header(path), base_sha256="")
    return Distances(
        base=_mean_kl(base, served),
        adapted=_mean_kl(adapted, _llama_logprobs(path, converted)),
        effect=_mean_kl(adapted, base),
    )


def _torch_logprobs(network: torch.nn.Module) -> np.ndarray:
    with torch.inference_mode():
        return network(torch.tensor([TOKENS])).logits[0].log_softmax(-1).double().numpy()


def _llama_logprobs(path: Path, adapter: Path | None = None) -> np.ndarray:
    start_backend()
    model = Model(path)
    context = Context(model, n_slots=1, n_context=N_CONTEXT, n_threads=1)
    try:
        if adapter is not None:
            context.set_adapter(model.load_adapter(adapter))
        context.decode([Row(token, i, 0, wants_logits=True) for i, token in enumerate(TOKENS)])
        logits = np.array([context.logits(i) for i in range(len(TOKENS))], dtype=np.float64)
    finally:
        context.close()
        model.close()
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def _mean_kl(first: np.ndarray, second: np.ndarray) -> float:
    return float((np.exp(first) * (first - second)).sum(1).mean())


def make_network(architecture: str, seed: int = 0) -> PreTrainedModel:
    """A random model whose weights are numbers that f16 holds."""
    torch.manual_seed(seed)
    config = CONFIGS[architecture](
        vocab_size=384,
        hidden_size=N_HEADS * HEAD_SIZE,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=N_HEADS,
        num_key_value_heads=N_KV_HEADS,
        head_dim=HEAD_SIZE,
        max_position_embeddings=N_CONTEXT,
        tie_word_embeddings=False,
        initializer_range=0.15,
    )
    network = AutoModelForCausalLM.from_config(config).float().eval()
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim == 1:  # norms are ones and biases zeros, which would hide a mistake
                weight.add_(0.2 * torch.randn_like(weight))
            weight.copy_(weight.half().float())
    return network


def add_adapter(network: PreTrainedModel, folder: Path, **config: object) -> PeftModel:
    """The network with a random LoRA on every linear layer, which is saved in ``folder``."""
    values = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"} | config
    adapted = get_peft_model(
        network, LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False, **values)
    )
    adapted.save_pretrained(str(folder))
    return adapted.eval()


def write_gguf(network: PreTrainedModel, path: Path) -> Path:
    """The network as llama.cpp reads it: matrices in f16, no vocabulary."""
    config = network.config
    architecture = str(config.model_type)
    writer = GGUFWriter(str(path), architecture)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(HEAD_SIZE)
    writer.add_value_length(HEAD_SIZE)
    writer.add_rope_dimension_count(HEAD_SIZE)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_file_type(LlamaFileType.MOSTLY_F16)
    writer.add_tokenizer_model("none")
    names = get_tensor_name_map(ARCHITECTURES[architecture], config.num_hidden_layers)
    for key, value in network.state_dict().items():
        name = names.get_name(key, try_suffixes=(".weight", ".bias"))
        assert name is not None, key
        writer.add_tensor(name, _stored(value.numpy(), name, architecture))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _stored(value: np.ndarray, name: str, architecture: str) -> np.ndarray:
    if architecture == "llama" and name.endswith(("attn_q.weight", "attn_k.weight")):
        n_heads = N_HEADS if name.endswith("attn_q.weight") else N_KV_HEADS
        halves = value.reshape(n_heads, 2, HEAD_SIZE // 2, value.shape[1])
        value = np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(value.shape)
    return value.astype(np.float16 if value.ndim > 1 else np.float32)
