"""Getting calls to the replicas of an engine, for blocking callers.

Choice, retries, the circuit breaker and bringing a replica up to date happen here; what is
said is the client's business. :mod:`uno_site.inference.async_gateway` is its twin.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from typing import TypeVar

import httpx
import tenacity

from uno_site.inference import wire
from uno_site.inference.adapter_sync import AdapterSource, Tally, adapter_changes, no_adapters
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
from uno_site.inference.policy import ClientPolicy, RetryLimits
from uno_site.inference.protocol import ChatChunk, EngineHealth, ModelCard
from uno_site.inference.replicas import Journey, Replica, ReplicaSet
from uno_site.inference.retries import retry_options

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Gateway:
    """Sends calls to whichever replica should get them. Thread-safe.

    Parameters
    ----------
    http
        The connections.
    replicas
        The servers.
    policy
        Time-outs and retries.
    wanted
        The adapters that every replica should have.
    """

    def __init__(
        self,
        http: httpx.Client,
        replicas: ReplicaSet,
        policy: ClientPolicy,
        wanted: AdapterSource = no_adapters,
    ) -> None:
        self._http, self.replicas = http, replicas
        self._policy, self._wanted = policy, wanted

    def send(
        self, call: Call, *, limits: RetryLimits | None = None, only: Replica | None = None
    ) -> httpx.Response:
        """The answer to a call, from one of the replicas or from ``only`` one.

        Raises
        ------
        InferenceError
            As the last attempt ended.
        """
        journey = Journey(call, only)
        response: httpx.Response = self._retrier(journey, limits)(
            self._attempt, journey, lambda replica: self._exchange(replica, call)
        )
        return response

    def stream(self, call: Call) -> Iterator[ChatChunk]:
        """The chunks of a streamed reply; tried again only while none has been handed over."""
        journey = Journey(call)
        retrier = self._retrier(journey, None)
        first, rest = retrier(self._attempt, journey, lambda replica: self._begin(replica, call))
        with closing(rest):
            yield first
            yield from rest

    def models(self, replica: Replica) -> list[ModelCard]:
        """What a replica serves."""
        return wire.parse_models(wire.response_json(self._exchange(replica, MODELS)))

    def health(self, replica: Replica) -> EngineHealth:
        """A replica's state; where it does not tell its model, the first one that it lists."""
        health = self._vital_signs(replica)
        if health.base_model or health.status != "ok":
            return health
        return wire.health_from_models(self.models(replica))

    def load_everywhere(self, name: str, path: str) -> None:
        """Load an adapter on every replica in service; all of them must take it.

        A replica that cannot be reached leaves the service; it gets the adapter when it comes
        back, if it is wanted then.

        Raises
        ------
        EngineRefused
            A replica cannot load it, or failed when it tried.
        EngineUnreachable
            None is in service, or none answered.
        """
        self.replicas.asked_for[name] = path
        self._everywhere(lambda replica: self._load(replica, name, path)).check(needs_all=True)

    def unload_everywhere(self, name: str) -> None:
        """Take an adapter away from every replica in service.

        Raises
        ------
        EngineRefused
            No replica had it.
        """
        self.replicas.asked_for.pop(name, None)
        self._everywhere(lambda replica: self._unload(replica, name)).check(needs_all=False)

    def bring_all_up_to_date(self) -> None:
        """Give every replica in service the adapters that it should have.

        Raises
        ------
        EngineUnreachable
            None is in service, or none answered.
        """
        wanted = self._wanted()
        self._everywhere(lambda r: self.bring_up_to_date(r, wanted)).check(needs_all=False)

    def bring_up_to_date(self, replica: Replica, wanted: Mapping[str, str]) -> None:
        """Give a replica the adapters that it should have.

        One that it refuses is noted and leaves the others alone: calls for it go elsewhere.
        """
        changes = adapter_changes(self.models(replica), wanted)
        for name in changes.unload:
            with suppress(*ANSWERED):
                self._unload(replica, name)
        for name, path in wanted.items():
            if name not in changes.load:
                replica.note_loaded(name, path)
                continue
            with suppress(EngineRefused):
                self._load(replica, name, path)

    def _everywhere(self, change: Callable[[Replica], None]) -> Tally:
        """Make a change on all replicas in service, those that are due included."""
        self._probe_due()
        ready = self.replicas.ready()
        if not ready:
            raise self.replicas.out_of_service()
        tally = Tally()
        for replica in ready:
            try:
                change(replica)
            except EngineRefused as error:
                tally.add(error)
            except InferenceError as error:
                if isinstance(error, EngineUnreachable):
                    replica.breaker.record_failure(str(error), is_fatal=True)
                tally.add(error)
            else:
                tally.add(None)
        return tally

    def _load(self, replica: Replica, name: str, path: str) -> None:
        try:
            self.send(load_call(name, path), only=replica)
        except ANSWERED as error:
            # vLLM refuses a name that is loaded already; from the same path that is fine.
            if not any(card.id == name and card.root == path for card in self.models(replica)):
                logger.warning("%s cannot load %s: %s", replica.url, name, error)
                replica.note_lacking(name, str(error))
                raise as_refusal(error) from error
        replica.note_loaded(name, path)

    def _unload(self, replica: Replica, name: str) -> None:
        replica.note_gone(name)
        self.send(unload_call(name), only=replica)

    def _retrier(self, journey: Journey, limits: RetryLimits | None) -> tenacity.Retrying:
        limits = limits or self._policy.retries
        return tenacity.Retrying(**retry_options(journey, self.replicas, limits))

    def _attempt(self, journey: Journey, ask: Callable[[Replica], T]) -> T:
        """Ask the next replica; one that has lost its adapters gets them back first."""
        if journey.only is None:
            self._probe_due()
        replica = self.replicas.choose(journey)
        journey.tried.add(replica)
        try:
            return ask(replica)
        except EngineRefused:
            if not self._restore(replica, journey.call.model):
                raise
            return ask(replica)

    def _restore(self, replica: Replica, model: str) -> bool:
        """Whether ``model`` is an adapter that the replica had lost, and has again."""
        wanted = self._wanted() if model else {}
        path = wanted.get(model) or self.replicas.asked_for.get(model)
        if path is None or model in {card.id for card in self.models(replica)}:
            return False
        logger.info("%s has lost %s; loading it again", replica.url, model)
        replica.note_gone(model)
        if model in wanted:
            self.bring_up_to_date(replica, wanted)
        else:  # a person's own, which is loaded when it is asked for
            with suppress(EngineRefused):
                self._load(replica, model, path)
        return replica.has(model, path)

    def _probe_due(self) -> None:
        """Try the replicas whose pause is over; bring them up to date before they serve."""
        for replica in self.replicas.due():
            try:
                wire.check_ready(self._vital_signs(replica), replica.url)
                self.bring_up_to_date(replica, self._wanted())
            except InferenceError as error:
                replica.breaker.fail_probe(str(error))
            except BaseException as error:
                replica.breaker.fail_probe(f"The probe broke off ({type(error).__name__}).")
                raise
            else:
                logger.info("%s is back in service", replica.url)
                replica.breaker.close()

    def _vital_signs(self, replica: Replica) -> EngineHealth:
        """What ``/health`` says; a server that knows no such address has answered, at least."""
        try:
            return wire.parse_health(self._exchange(replica, HEALTH))
        except EngineRefused:
            return EngineHealth("ok", "", "")

    def _begin(self, replica: Replica, call: Call) -> tuple[ChatChunk, Iterator[ChatChunk]]:
        """The first chunk of a stream, and the rest of it."""
        chunks = self._chunks(replica, call)
        return next(chunks), chunks

    def _chunks(self, replica: Replica, call: Call) -> Iterator[ChatChunk]:
        url = f"{replica.url}{call.path}"
        parser = wire.StreamParser(url)
        timeout = self._policy.timeouts.of(call.kind)
        has_begun = False
        with self.replicas.lease(replica, call.kind):
            try:
                with self._http.stream(call.verb, url, json=call.body, timeout=timeout) as response:
                    if response.status_code >= 400:
                        response.read()
                        check_response(response)
                    has_begun = True
                    for line in response.iter_lines():
                        chunk = parser.feed(line)
                        if chunk is not None:
                            yield chunk
            except httpx.HTTPError as error:
                raise (broken_stream(url) if has_begun else transport_error(url, error)) from error
            parser.check_over()

    def _exchange(self, replica: Replica, call: Call) -> httpx.Response:
        """One request to one replica, without any second try."""
        url = f"{replica.url}{call.path}"
        timeout = self._policy.timeouts.of(call.kind)
        with self.replicas.lease(replica, call.kind):
            try:
                response = self._http.request(call.verb, url, json=call.body, timeout=timeout)
            except httpx.HTTPError as error:
                raise transport_error(url, error) from error
            check_response(response)
        return response
