"""The engine without its HTTP face: model, scheduler, adapters and embedder put together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from uno_site.errors import UnoError
from uno_site.inference.engine.adapters import AdapterRegistry, LoadedAdapter
from uno_site.inference.engine.backend import Adapter, Backend
from uno_site.inference.engine.chat_template import ChatTemplate
from uno_site.inference.engine.embedder import Embedder
from uno_site.inference.engine.generation import Event, Job
from uno_site.inference.engine.llama_backend import LlamaBackend
from uno_site.inference.engine.metrics import EngineMetrics
from uno_site.inference.engine.models import ServedModel
from uno_site.inference.engine.scheduler import MAX_SLOTS, Scheduler, SchedulerConfig
from uno_site.inference.engine.threads import ThreadGovernor, count_cores
from uno_site.inference.errors import EngineRefused
from uno_site.inference.protocol import ChatMessage, EngineHealth, ModelCard, Sampling

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """``n_context``: tokens of one conversation, prompt and reply; ``n_threads`` 0: all cores;
    ``cache_mib``: memory for what conversations left, so that their next turns begin sooner.
    """

    n_context: int = 4096
    n_slots: int = 8
    n_threads: int = 0
    n_queue: int = 64
    cache_mib: int = 512


@dataclass(frozen=True, slots=True)
class Ask:
    """A request whose prompt is tokens already; see :class:`Job` for the fields."""

    model: str
    prompt: list[int]
    sampling: Sampling
    grammar: str | None = None
    n_logprobs: int | None = None
    score_from: int | None = None
    n_prompt_logprobs: int = 0
    user: str = ""


class Engine:
    """Serves one base model and its adapters, as ``make_backend`` computes them."""

    def __init__(
        self,
        served: ServedModel,
        embedder: Embedder,
        config: EngineConfig,
        make_backend: Callable[[ServedModel], Backend] = LlamaBackend,
    ) -> None:
        self.served, self.embedder, self.config = served, embedder, config
        self._backend = make_backend(served)
        self.model = self._backend.model
        self.n_context = min(config.n_context, self.model.n_context_trained)
        n_threads = config.n_threads or count_cores()
        self._context = self._backend.make_context(
            n_slots=min(config.n_slots, MAX_SLOTS),
            n_context=self.n_context,
            n_threads=n_threads,
        )
        self.template = ChatTemplate(self.model)
        self.metrics = EngineMetrics(self.health, lambda: self._scheduler.cache_stats)
        self.adapters = AdapterRegistry(self._load_adapter, self._free_adapter)
        self._scheduler = Scheduler(
            self.model,
            self._context,
            ThreadGovernor(n_threads),
            self._release,
            SchedulerConfig(n_queue=config.n_queue, cache_bytes=config.cache_mib * 2**20),
        )

    def start(self) -> None:
        """Start serving; the embedder loads in the background."""
        self._scheduler.start()
        self.embedder.warm_up()

    def stop(self) -> None:
        """End all requests and free the model's memory."""
        self._scheduler.stop()
        self.embedder.close()
        if not self._scheduler.is_alive:
            self._context.close()
            self.model.close()

    def health(self) -> EngineHealth:
        """Who is served, and how busy the engine is."""
        return EngineHealth(
            status="ok" if self._scheduler.is_alive else "failed",
            base_model=self.served.name,
            base_sha256=self.served.sha256,
            n_active=self._scheduler.n_active,
            n_queued=self._scheduler.n_queued,
            model_format=self.served.format,
        )

    def models(self) -> list[ModelCard]:
        """The base model, then the adapters."""
        base = ModelCard(self.served.name, None, str(self.served.path))
        return [base] + [ModelCard(a.name, base.id, a.path) for a in self.adapters.all()]

    def prompt_tokens(self, messages: Sequence[ChatMessage]) -> list[int]:
        """The prompt of a chat, ready for the reply."""
        return self.template.tokenize(messages, add_generation_prompt=True)

    def submit(self, ask: Ask, emit: Callable[[Event], None]) -> Job:
        """Queue a request.

        Raises
        ------
        EngineRefused
            Unknown model, an empty prompt or one that leaves no room for a reply.
        EngineBusy
            The queue is full.
        """
        self._check_prompt(ask.prompt)
        n_room = self.n_context - len(ask.prompt)
        job = Job(
            adapter=self._acquire(ask.model),
            prompt=ask.prompt,
            sampling=replace(ask.sampling, max_tokens=min(ask.sampling.max_tokens, n_room)),
            emit=emit,
            grammar=ask.grammar,
            n_logprobs=ask.n_logprobs,
            score_from=ask.score_from,
            n_prompt_logprobs=ask.n_prompt_logprobs,
            user=ask.user,
        )
        try:
            self._scheduler.submit(job)
        except BaseException:
            self._release(job)
            raise
        return job

    def cancel(self, job: Job) -> None:
        """End a request early; nothing happens when it has ended already."""
        self._scheduler.cancel(job)

    def load_adapter(self, name: str, path: str) -> None:
        """Check and load a PEFT folder. Blocks; see :meth:`AdapterRegistry.load`."""
        if name == self.served.name:
            raise EngineRefused(f"{name!r} is the base model's name; call the adapter otherwise.")
        try:
            self.adapters.load(name, path)
        except UnoError:
            self.metrics.adapter_loaded(is_ok=False)
            raise
        self.metrics.adapter_loaded(is_ok=True)

    def _check_prompt(self, prompt: list[int]) -> None:
        if not prompt:
            raise EngineRefused("The prompt is empty.")
        if len(prompt) >= self.n_context:
            raise EngineRefused(
                f"The prompt has {len(prompt)} tokens; the context holds {self.n_context}, "
                "reply included.",
                remedy="Shorten the conversation, or raise UNO_ENGINE_CONTEXT.",
            )
        wrong = [token for token in prompt if not 0 <= token < self.model.n_vocab]
        if wrong:
            raise EngineRefused(
                f"Token {wrong[0]} is outside of the vocabulary of {self.model.n_vocab}."
            )

    def _acquire(self, name: str) -> LoadedAdapter | None:
        if name == self.served.name:
            return None
        entry = self.adapters.acquire(name)
        if entry is None:
            # The adapters' names are other people's: they are not told.
            raise EngineRefused(
                f"No model {name!r} is served; the base model is {self.served.name!r}.",
                remedy="Load the adapter first, or ask for a model that is served.",
            )
        return entry

    def _release(self, job: Job) -> None:
        if job.adapter is not None:
            self.adapters.release(job.adapter)

    def _load_adapter(self, path: str) -> Adapter:
        return self._scheduler.call(self._backend.read_adapter(Path(path))).result()

    def _free_adapter(self, adapter: Adapter) -> None:
        def free() -> None:
            self._scheduler.forget(adapter)
            self._context.free_adapter(adapter)

        self._scheduler.call(free)
