"""What fails while a slot is filled or emptied costs no reply, and a dead engine says so."""

import queue
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
from starlette.testclient import TestClient

from uno_site.inference.engine.adapters import AdapterRegistry
from uno_site.inference.engine.engine import Engine
from uno_site.inference.engine.generation import DoneEvent, ErrorEvent, Job, TextEvent
from uno_site.inference.engine.scheduler import Scheduler, SchedulerConfig
from uno_site.inference.engine.server import create_app
from uno_site.inference.engine.threads import ThreadGovernor
from uno_site.inference.errors import EngineFailed, EngineRefused, EngineUnreachable
from uno_site.inference.http_errors import check_response
from uno_site.inference.protocol import Sampling

PROMPT = list(range(1, 40))


class Model(SimpleNamespace):
    """A vocabulary of 64 tokens, of which the last ends a turn."""

    n_vocab = 64

    def is_end(self, token: int) -> bool:
        return token == 63

    def piece(self, token: int, *, special: bool = False) -> bytes:
        return b"x"


class Context:
    """One slot; what is named in ``broken`` raises as torch does without memory."""

    n_slots, n_batch_tokens = 1, 64
    wants_neighbours = False

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.done: list[str] = []
        self.n_held = 0

    def _do(self, name: str) -> None:
        self.done.append(name)
        if name in self.broken:
            raise RuntimeError(f"out of memory in {name}")

    @property
    def mixes_adapters(self) -> bool:
        self._do("mix")
        return True

    def use_adapters(self, by_sequence) -> None:
        self._do("use_adapters")

    def set_threads(self, n_threads: int) -> None:
        self._do("set_threads")

    def decode(self, rows) -> None:
        assert rows[0].position == self.n_held, "the slot holds what nobody knows of"
        self.n_held += len(rows)
        self._do("decode")

    def logits(self, row: int):
        return np.arange(64, 0, -1, dtype=np.float32)

    def clear(self, sequence: int) -> None:
        self.n_held = 0
        self._do("clear")

    def save(self, sequence: int):
        self._do("save")
        return np.zeros(8, dtype=np.uint8)

    def restore(self, sequence: int, state, n_tokens: int) -> bool:
        self.n_held = n_tokens
        self._do("restore")
        return True


@pytest.fixture
def context():
    return Context()


@pytest.fixture
def scheduler(context):
    made = Scheduler(Model(), context, ThreadGovernor(1), lambda job: None, SchedulerConfig(8))
    made.start()
    yield made
    made.stop()


class Asked:
    """A job and what came of it."""

    def __init__(self, scheduler: Scheduler, n_tokens: int = 3) -> None:
        self.events: queue.Queue = queue.Queue()
        sampling = Sampling(max_tokens=n_tokens, temperature=0.0)
        self.job = Job(None, PROMPT, sampling, self.events.put, user="ana")
        scheduler.submit(self.job)

    def end(self):
        while isinstance(event := self.events.get(timeout=10), TextEvent):
            pass
        return event


def test_the_next_turn_begins_where_the_last_one_ended(scheduler, context) -> None:
    assert Asked(scheduler).end().usage.cached_tokens == 0
    assert Asked(scheduler).end().usage.cached_tokens == len(PROMPT) - 1
    assert context.done.count("restore") == 1


@pytest.mark.parametrize("what", ["save", "restore"])
def test_a_slot_that_cannot_be_copied_costs_no_reply(scheduler, context, what) -> None:
    context.broken = {what}
    for _ in range(3):
        done = Asked(scheduler).end()
        assert isinstance(done, DoneEvent)
        assert (done.finish_reason, done.usage.cached_tokens) == ("length", 0)
    assert context.done.count(what) >= 2
    context.broken = set()
    Asked(scheduler).end()
    assert Asked(scheduler).end().usage.cached_tokens > 0


def test_a_slot_that_cannot_be_cleared_is_nobodys(scheduler, context) -> None:
    """Somebody's words are in it; without any other slot the engine says that it has failed."""
    context.broken = {"clear"}
    assert isinstance(Asked(scheduler).end(), DoneEvent)
    scheduler._thread.join(10)
    assert not scheduler.is_alive
    with pytest.raises(EngineUnreachable, match="has failed"):
        Asked(scheduler)


def test_a_cancelled_reply_whose_slot_cannot_be_copied_ends(scheduler, context) -> None:
    context.broken = {"save"}
    asked = Asked(scheduler, n_tokens=10**6)
    asked.events.get(timeout=10)
    scheduler.cancel(asked.job)
    assert asked.end().finish_reason == "cancelled"
    assert isinstance(Asked(scheduler).end(), DoneEvent)


def test_a_request_that_cannot_even_begin_ends_alone(scheduler) -> None:
    events: queue.Queue = queue.Queue()
    sampling = Sampling(max_tokens=1)
    scheduler.submit(Job(None, PROMPT, sampling, events.put, grammar="no such thing here"))
    assert isinstance(events.get(timeout=10), ErrorEvent)
    assert isinstance(Asked(scheduler).end(), DoneEvent)


def test_a_thread_that_dies_answers_everybody_and_takes_nobody(scheduler, context) -> None:
    first, second = Asked(scheduler, n_tokens=10**6), Asked(scheduler)
    first.events.get(timeout=10)
    context.broken = {"mix"}
    for asked in (first, second):
        end = asked.end()
        assert isinstance(end, ErrorEvent)
        assert isinstance(end.error, EngineUnreachable)
    scheduler._thread.join(timeout=10)
    assert not scheduler.is_alive
    with pytest.raises(EngineUnreachable, match="has failed"):
        Asked(scheduler)
    with pytest.raises(EngineUnreachable, match="has failed"):
        scheduler.call(lambda: None).result(timeout=10)


def test_health_of_a_dead_engine_is_an_error_that_says_what_to_do(scheduler) -> None:
    engine = Engine.__new__(Engine)
    engine.served = SimpleNamespace(name="base", sha256="b179", format="q8_0")
    engine._scheduler = scheduler
    assert engine.health().status == "ok"
    client = TestClient(create_app(engine))
    assert client.get("/health").json()["base_sha256"] == "b179"
    scheduler.stop()
    assert engine.health().status == "failed"
    answer = client.get("/health")
    assert answer.status_code == 503
    answer.request = httpx.Request("GET", "http://engine/health")
    with pytest.raises(EngineFailed, match=r"has failed.*Start the engine again"):
        check_response(answer)


def test_an_unknown_model_is_refused_without_other_peoples_adapters(scheduler) -> None:
    engine = Engine.__new__(Engine)
    engine.served = SimpleNamespace(name="base", sha256="b179", path="/base")
    engine.adapters = AdapterRegistry(lambda path: object(), lambda adapter: None)
    engine.adapters.load("personal-bob", "/")
    with pytest.raises(EngineRefused, match=r"'personal-ana' is served.*'base'") as caught:
        engine._acquire("personal-ana")
    assert "bob" not in str(caught.value)
