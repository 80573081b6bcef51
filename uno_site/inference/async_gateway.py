"""The twin of :mod:`uno_site.inference.gateway` for asyncio: what the web process awaits.

It differs in two things. A replica whose pause is over is probed in the background while
others serve, so that nobody waits for it; and one replica that can serve an adapter is
enough to answer with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from typing import TypeVar

import httpx
import tenacity

from uno_site.inference import wire
from uno_site.inference.adapter_sync import Tally, adapter_changes, no_adapters
from uno_site.inference.calls import HEALTH, MODELS, Call, load_call, unload_call
from uno_site.inference.errors import (
    ANSWERED,
    EngineRefused,
    EngineUnreachable,
    InferenceError,
)
from uno_site.inference.http_errors import (
    as_refusal,
    broken_stream,
    check_response,
    transport_error,
)
from uno_site.inference.policy import ClientPolicy
from uno_site.inference.protocol import ChatChunk, EngineHealth, ModelCard
from uno_site.inference.replicas import Journey, Replica, ReplicaSet
from uno_site.inference.retries import retry_options

logger = logging.getLogger(__name__)
T = TypeVar("T")
AsyncAdapterSource = Callable[[], Awaitable[Mapping[str, str]]]
Chunks = AsyncGenerator[ChatChunk, None]


async def no_adapters_async() -> Mapping[str, str]:
    """For clients that serve no routes."""
    return no_adapters()


class AsyncGateway:
    """Sends calls to whichever replica should get them. Belongs to one event loop.

    The parameters are those of :class:`~uno_site.inference.gateway.Gateway`.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        replicas: ReplicaSet,
        policy: ClientPolicy,
        wanted: AsyncAdapterSource = no_adapters_async,
    ) -> None:
        self._http, self.replicas = http, replicas
        self._policy, self._wanted = policy, wanted
        self._probes: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """End the probes that are under way."""
        for task in self._probes:
            task.cancel()
        await asyncio.gather(*self._probes, return_exceptions=True)

    async def send(self, call: Call, *, only: Replica | None = None) -> httpx.Response:
        """The answer to a call, from one of the replicas or from ``only`` one."""
        journey = Journey(call, only)
        return await self._retrier(journey)(
            self._attempt, journey, lambda replica: self._exchange(replica, call)
        )

    async def stream(self, call: Call) -> AsyncGenerator[ChatChunk]:
        """The chunks of a streamed reply; tried again only while none has been handed over."""
        journey = Journey(call)
        first: ChatChunk
        rest: Chunks
        first, rest = await self._retrier(journey)(
            self._attempt, journey, lambda replica: self._begin(replica, call)
        )
        async with aclosing(rest):
            yield first
            async for chunk in rest:
                yield chunk

    async def load_everywhere(self, name: str, path: str) -> None:
        """Load an adapter on every replica in service that is not known to have it.

        One that has refused it is not asked again while another has it.

        Raises
        ------
        EngineRefused
            No replica can load it; one that refuses it, or fails when it tries, gets no calls
            for it.
        EngineUnreachable
            None is in service, or none answered.
        """
        self.replicas.asked_for[name] = path

        async def load(replica: Replica) -> None:
            if replica.has(name, path):
                return
            if name in replica.lacking and any(r.has(name, path) for r in self.replicas.ready()):
                raise EngineRefused(replica.lacking[name])
            await self._load(replica, name, path)

        (await self._everywhere(load)).check(needs_all=False)

    async def unload_everywhere(self, name: str) -> None:
        """Take an adapter away from every replica in service.

        Raises
        ------
        EngineRefused
            No replica had it.
        """
        self.replicas.asked_for.pop(name, None)
        (await self._everywhere(lambda replica: self._unload(replica, name))).check(needs_all=False)

    async def _everywhere(self, change: Callable[[Replica], Awaitable[None]]) -> Tally:
        """Make a change on all replicas in service at once."""
        await self._probe_due()
        ready = self.replicas.ready()
        if not ready:
            raise self.replicas.out_of_service()
        tally = Tally()

        async def one(replica: Replica) -> None:
            try:
                await change(replica)
            except EngineRefused as error:
                tally.add(error)
            except InferenceError as error:
                if isinstance(error, EngineUnreachable):
                    replica.breaker.record_failure(str(error), is_fatal=True)
                tally.add(error)
            else:
                tally.add(None)

        await asyncio.gather(*(one(replica) for replica in ready))
        return tally

    async def _models(self, replica: Replica) -> list[ModelCard]:
        return wire.parse_models(wire.response_json(await self._exchange(replica, MODELS)))

    async def _vital_signs(self, replica: Replica) -> EngineHealth:
        """What ``/health`` says; a server that knows no such address has answered, at least."""
        try:
            return wire.parse_health(await self._exchange(replica, HEALTH))
        except EngineRefused:
            return EngineHealth("ok", "", "")

    async def _bring_up_to_date(self, replica: Replica, wanted: Mapping[str, str]) -> None:
        changes = adapter_changes(await self._models(replica), wanted)
        for name in changes.unload:
            with suppress(*ANSWERED):
                await self._unload(replica, name)
        for name, path in wanted.items():
            if name not in changes.load:
                replica.note_loaded(name, path)
                continue
            with suppress(EngineRefused):
                await self._load(replica, name, path)

    async def _load(self, replica: Replica, name: str, path: str) -> None:
        try:
            await self.send(load_call(name, path), only=replica)
        except ANSWERED as error:
            # vLLM refuses a name that is loaded already; from the same path that is fine.
            cards = await self._models(replica)
            if not any(card.id == name and card.root == path for card in cards):
                logger.warning("%s cannot load %s: %s", replica.url, name, error)
                replica.note_lacking(name, str(error))
                raise as_refusal(error) from error
        replica.note_loaded(name, path)

    async def _unload(self, replica: Replica, name: str) -> None:
        replica.note_gone(name)
        await self.send(unload_call(name), only=replica)

    def _retrier(self, journey: Journey) -> tenacity.AsyncRetrying:
        options = retry_options(journey, self.replicas, self._policy.retries)
        return tenacity.AsyncRetrying(**options)

    async def _attempt(self, journey: Journey, ask: Callable[[Replica], Awaitable[T]]) -> T:
        """Ask the next replica; one that has lost its adapters gets them back first."""
        if journey.only is None:
            await self._probe_due()
        replica = self.replicas.choose(journey)
        journey.tried.add(replica)
        try:
            return await ask(replica)
        except EngineRefused:
            if not await self._restore(replica, journey.call.model):
                raise
            return await ask(replica)

    async def _restore(self, replica: Replica, model: str) -> bool:
        """Whether ``model`` is an adapter that the replica had lost, and has again."""
        wanted = await self._wanted() if model else {}
        path = wanted.get(model) or self.replicas.asked_for.get(model)
        if path is None or model in {card.id for card in await self._models(replica)}:
            return False
        logger.info("%s has lost %s; loading it again", replica.url, model)
        replica.note_gone(model)
        if model in wanted:
            await self._bring_up_to_date(replica, wanted)
        else:  # a person's own, which is loaded when it is asked for
            with suppress(EngineRefused):
                await self._load(replica, model, path)
        return replica.has(model, path)

    async def _probe_due(self) -> None:
        """Try the replicas whose pause is over; wait for that only where nobody else serves."""
        started = [self._start_probe(replica) for replica in self.replicas.due()]
        if started and not self.replicas.ready():
            await asyncio.gather(*started)

    def _start_probe(self, replica: Replica) -> asyncio.Task[None]:
        task = asyncio.create_task(self._probe(replica))
        self._probes.add(task)

        def end(done: asyncio.Task[None]) -> None:
            self._probes.discard(done)
            if replica.breaker.state == "half-open":
                replica.breaker.fail_probe("The probe broke off.")

        task.add_done_callback(end)
        return task

    async def _probe(self, replica: Replica) -> None:
        """See whether a replica is back, and bring it up to date before it serves."""
        try:
            wire.check_ready(await self._vital_signs(replica), replica.url)
            await self._bring_up_to_date(replica, await self._wanted())
        except InferenceError as error:
            replica.breaker.fail_probe(str(error))
        else:
            logger.info("%s is back in service", replica.url)
            replica.breaker.close()

    async def _begin(self, replica: Replica, call: Call) -> tuple[ChatChunk, Chunks]:
        """The first chunk of a stream, and the rest of it."""
        chunks = self._chunks(replica, call)
        return await anext(chunks), chunks

    async def _chunks(self, replica: Replica, call: Call) -> Chunks:
        url = f"{replica.url}{call.path}"
        parser = wire.StreamParser(url)
        timeout = self._policy.timeouts.of(call.kind)
        has_begun = False
        with self.replicas.lease(replica, call.kind):
            try:
                async with self._http.stream(
                    call.verb, url, json=call.body, timeout=timeout
                ) as response:
                    if response.status_code >= 400:
                        await response.aread()
                        check_response(response)
                    has_begun = True
                    async for line in response.aiter_lines():
                        chunk = parser.feed(line)
                        if chunk is not None:
                            yield chunk
            except httpx.HTTPError as error:
                raise (broken_stream(url) if has_begun else transport_error(url, error)) from error
            parser.check_over()

    async def _exchange(self, replica: Replica, call: Call) -> httpx.Response:
        """One request to one replica, without any second try."""
        url = f"{replica.url}{call.path}"
        timeout = self._policy.timeouts.of(call.kind)
        with self.replicas.lease(replica, call.kind):
            try:
                response = await self._http.request(call.verb, url, json=call.body, timeout=timeout)
            except httpx.HTTPError as error:
                raise transport_error(url, error) from error
            check_response(response)
        return response
