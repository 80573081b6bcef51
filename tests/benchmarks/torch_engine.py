"""``make bench-engine-torch``: the torch engine on a GPU against transformers' own batching.

The rival is ``generate_batch`` of transformers (continuous batching), in this process, with the
same weights, prompts and reply lengths; the engine answers over HTTP, as the product uses it.
Beside them: the engine with four adapters mixed in one batch, which the rival cannot do.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    ContinuousBatchingConfig,
    GenerationConfig,
    Qwen3Config,
)
from transformers.generation.continuous_batching.utils import WorkloadHints

from tests.benchmarks.asked import AS_CHATTED, BASE, N_NEW, PLAIN, request
from tests.benchmarks.report import Report, machine, write_report
from tests.benchmarks.streams import RunTimes, StreamTimes, median, stream_all
from tests.engines import running_engine
from tests.inference.lora import layer_shapes, make_adapter
from uno_site.env import read_env
from uno_site.inference.client import HttpClient
from uno_site.inference.engine.pytorch.loading import prepare_torch_model
from uno_site.inference.engine.pytorch.model import best_device
from uno_site.inference.protocol import ChatRequest, Sampling

COUNTS = (1, 8, 32)
N_CONTEXT = 1024
N_ADAPTERS = 4
#: The rival's share of the GPU's memory for keys and values; the engine needs its own beside it.
RIVAL_MEMORY = 0.2

SHAPES: dict[str, dict[str, int]] = {
    "qwen3-8b": {
        "hidden_size": 4096,
        "intermediate_size": 12288,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "vocab_size": 151936,
    },
    "small": {
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "vocab_size": 50000,
    },
}
TITLES = {"streams": "Total tokens a second and worst first token"}


def write_random(shape: str, tokenizer: Path, folder: Path) -> Path:
    """Random weights of a known model's shape: speed does not depend on what they say."""
    torch.manual_seed(0)
    config = Qwen3Config(**SHAPES[shape], max_position_embeddings=8192, tie_word_embeddings=False)
    with best_device():
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    # No token ends a reply, so that all are of one length.
    model.generation_config.eos_token_id = None
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tokenizer).save_pretrained(folder)
    del model
    torch.cuda.empty_cache()
    return folder


def write_adapters(folder: Path, config: Any) -> dict[str, Path]:
    """Four random adapters over all linear layers, rank 16."""
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    n_query, n_kv = config.num_attention_heads * width, config.num_key_value_heads * width
    n_embd = config.hidden_size
    shapes = dict(layer_shapes(n_embd, n_kv, config.intermediate_size))
    shapes |= {"self_attn.q_proj": (n_embd, n_query), "self_attn.o_proj": (n_query, n_embd)}
    n_layers = config.num_hidden_layers
    return {
        f"adapter-{i}": make_adapter(
            folder / f"adapter-{i}", rank=16, layers=n_layers, seed=i, scale=0.01, shapes=shapes
        )
        for i in range(N_ADAPTERS)
    }


def requests(
    n: int, first: int, sampling: Sampling = PLAIN, models: Sequence[str] = (BASE,)
) -> list[ChatRequest]:
    """One request of each of ``n`` users, with a prompt that nobody has asked before."""
    asked = [request(first + i, models[i % len(models)]) for i in range(n)]
    return [replace(one, sampling=replace(sampling, seed=first)) for one in asked]


class Rival:
    """transformers' continuous batching."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
        self.model.eval().to(best_device())
        self.config = GenerationConfig(max_new_tokens=N_NEW, do_sample=False, eos_token_id=-1)

    @contextmanager
    def serving(self, n: int) -> Iterator[Callable[[Sequence[ChatRequest]], RunTimes]]:
        """Its batching laid out for ``n`` requests, with its graphs captured."""
        batching = self.model.continuous_batching_context_manager(
            generation_config=self.config,
            continuous_batching_config=ContinuousBatchingConfig(max_memory_percent=RIVAL_MEMORY),
            workload_hints=WorkloadHints(
                max_prompt_length=N_CONTEXT - N_NEW, max_generated_length=N_NEW, num_requests=n
            ),
        )
        with batching as manager:
            yield partial(self._answer, manager)

    def _answer(self, manager: Any, asked: Sequence[ChatRequest]) -> RunTimes:
        """Answer all at once; tokens come with their times."""
        prompts = [self._prompt(request) for request in asked]
        started = time.perf_counter()
        manager.add_requests(inputs=prompts, max_new_tokens=N_NEW, record_timestamps=True)
        found: list[list[float]] = []
        while len(found) < len(asked):
            result = manager.get_result(timeout=60)
            assert result is not None and result.error is None, f"transformers: {result}"
            if result.is_finished():
                found.append([moment - started for moment in result.timestamps])
        return RunTimes(tuple(StreamTimes(t[0], t[-1], len(t)) for t in found))

    def _prompt(self, request: ChatRequest) -> list[int]:
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        text = self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False)
        return ids


def measure(url: str, rival: Rival, n_rounds: int) -> Report:
    """All numbers of streams, the rivals taking turns; the first round warms up."""
    names = [BASE, *(f"adapter-{i}" for i in range(N_ADAPTERS))]
    arms: dict[str, Callable[[int, int], RunTimes]] = {
        "engine": lambda n, i: stream_all(url, requests(n, i)),
        "engine_as_the_chat_samples": lambda n, i: stream_all(url, requests(n, i, AS_CHATTED)),
        "engine_adapters_mixed": lambda n, i: stream_all(url, requests(n, i, models=names)),
    }
    report: Report = {}
    for n in COUNTS:
        runs: dict[str, list[RunTimes]] = defaultdict(list)
        with rival.serving(n) as answer:
            rivals = arms | {"transformers": _asking(answer)}
            for turn in range(n_rounds + 1):
                for number, (name, arm) in enumerate(rivals.items()):
                    times = arm(n, 10_000 * turn + 1000 * number + 100 * n)
                    if turn:
                        runs[name].append(times)
        rates = {name: median(of, lambda r: r.tokens_per_s) for name, of in runs.items()}
        report[str(n)] = {
            name: {
                "tokens_per_s": rates[name],
                "worst_first_s": median(of, lambda r: r.worst_first_s),
                "over_transformers": rates[name] / rates["transformers"],
            }
            for name, of in runs.items()
        }
    return report


def _asking(answer: Callable[[Sequence[ChatRequest]], RunTimes]) -> Callable[[int, int], RunTimes]:
    return lambda n, i: answer(requests(n, i))


def main() -> NoReturn:
    """Measure one model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shape", choices=SHAPES, help="random weights instead of UNO_MODEL_PATH")
    parser.add_argument("--tokenizer", type=Path, help="a folder whose tokenizer --shape takes")
    options = parser.parse_args()
    settings = read_env()
    with tempfile.TemporaryDirectory() as name:
        if options.shape:
            source = options.tokenizer or prepare_torch_model(settings).path
            folder = write_random(options.shape, source, Path(name) / "model")
        else:
            folder = prepare_torch_model(settings).path
        has_gpu = torch.cuda.is_available()
        where = machine(
            gpu=torch.cuda.get_device_name() if has_gpu else "none",
            torch=torch.__version__,
            model=options.shape or settings.base_model,
        )
        rival = Rival(folder)
        adapters = write_adapters(Path(name), rival.model.config)
        arguments = ("--backend", "torch", "--model", str(folder), "--slots", str(max(COUNTS)))
        arguments += ("--context", str(N_CONTEXT), "--cache", "0")
        environment = {"UNO_LOG_LEVEL": "WARNING", "UNO_BASE_MODEL": BASE}
        with running_engine(settings.data_dir, *arguments, environment=environment) as served:
            client = HttpClient(served.url)
            for adapter, path in adapters.items():
                client.load_adapter(adapter, str(path))
            client.close()
            streams = measure(served.url, rival, options.rounds)
    status = write_report("bench-engine-torch", {"machine": where, "streams": streams}, TITLES)
    sys.stdout.flush()
    # transformers' batching leaves a thread behind that would keep the process.
    os._exit(status)


if __name__ == "__main__":
    main()
