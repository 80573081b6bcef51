"""What the engine did, for Prometheus: ``GET /metrics``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from uno_site.inference.engine.prefix_cache import CacheStats
from uno_site.inference.protocol import EngineHealth, Usage

FIRST_TOKEN_BUCKETS_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
TOTAL_BUCKETS_S = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


class EngineMetrics:
    """Counts what ends, and reads the rest when it is asked."""

    def __init__(self, health: Callable[[], EngineHealth], cache: Callable[[], CacheStats]) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Now(health, cache))
        self._requests = Counter(
            "uno_engine_requests", "Requests that ended, by how.", ["end"], registry=self.registry
        )
        self._tokens = Counter(
            "uno_engine_tokens", "Tokens by kind.", ["kind"], registry=self.registry
        )
        self._first = Histogram(
            "uno_engine_first_token_seconds",
            "Wait for the first token, the queue included.",
            buckets=FIRST_TOKEN_BUCKETS_S,
            registry=self.registry,
        )
        self._total = Histogram(
            "uno_engine_request_seconds",
            "Whole requests.",
            buckets=TOTAL_BUCKETS_S,
            registry=self.registry,
        )
        self._adapters = Counter(
            "uno_engine_adapter_loads", "Adapters by outcome.", ["outcome"], registry=self.registry
        )

    def finished(self, end: str, usage: Usage, first_s: float, total_s: float) -> None:
        """A request that was answered to its end."""
        self._requests.labels(end).inc()
        self._tokens.labels("prompt").inc(usage.prompt_tokens - usage.cached_tokens)
        self._tokens.labels("cached").inc(usage.cached_tokens)
        self._tokens.labels("completion").inc(usage.completion_tokens)
        self._first.observe(first_s)
        self._total.observe(total_s)

    def refused(self, code: str) -> None:
        """A request that was answered with an error, or whose client has left."""
        self._requests.labels(code).inc()

    def adapter_loaded(self, *, is_ok: bool) -> None:
        """An attempt to load an adapter."""
        self._adapters.labels("ok" if is_ok else "refused").inc()

    def text(self) -> bytes:
        """The exposition format."""
        return bytes(generate_latest(self.registry))


class _Now(Collector):
    """What is true at the moment of asking."""

    def __init__(self, health: Callable[[], EngineHealth], cache: Callable[[], CacheStats]) -> None:
        self._health, self._cache = health, cache

    def collect(self) -> Iterator[Metric]:
        """Queue, slots and cache."""
        health, cache = self._health(), self._cache()
        yield GaugeMetricFamily("uno_engine_active", "Requests in a slot.", health.n_active)
        yield GaugeMetricFamily("uno_engine_queued", "Requests that wait.", health.n_queued)
        yield GaugeMetricFamily("uno_engine_cache_bytes", "Kept sequences.", cache.n_bytes)
        yield GaugeMetricFamily("uno_engine_cache_sequences", "Kept sequences.", cache.n_sequences)
        yield CounterMetricFamily("uno_engine_cache_hits", "Prompts begun warm.", cache.n_hits)
        yield CounterMetricFamily("uno_engine_cache_misses", "Prompts begun cold.", cache.n_misses)
