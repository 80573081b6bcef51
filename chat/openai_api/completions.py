"""One chat completion: asked along the served routes, written whole or as it comes, kept."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from asgiref.sync import sync_to_async
from django.conf import settings

from chat import generation
from chat.experience.recall import recall_of_api
from chat.openai_api import bodies
from chat.openai_api.counting import Tally
from chat.openai_api.errors import InvalidField, ModelUnknown, ServerFault, error_body
from chat.openai_api.requests import ChatCompletionRequest
from chat.provenance import Provenance
from chat.services.api_log import ApiReply, completion_log, conversation_key
from chat.services.messages import REPLY_SAMPLING
from chat.services.routes import answering_levels, route_table_active
from chat.services.shared import shared_route_active
from chat.serving import Delta, Done, ServingEvent, answer_stream
from uno_site.accounts.models import ApiKey
from uno_site.engine_clients import base_model_name
from uno_site.errors import UnoError
from uno_site.inference.errors import EngineUnreachable
from uno_site.inference.protocol import ChatMessage, Sampling, TokenLogprob

logger = logging.getLogger(__name__)

#: The model that answers as the chat does: base, expert or critic, by the question.
ROUTED_MODEL = "uno"
ID_MARK = "chatcmpl-"
#: No text needs more characters for a token than this; longer prompts cannot fit.
MAX_CHARS_PER_TOKEN = 16
#: llama.cpp's and vLLM's seeds are not negative and fit into 31 bits.
SEED_MASK = 2**31 - 1


@dataclass
class Completion:
    """A completion on its way."""

    asked: ChatCompletionRequest
    key: ApiKey
    id: UUID = field(default_factory=uuid4)
    created: int = field(default_factory=lambda: int(time.time()))

    def __post_init__(self) -> None:
        check_model(self.asked.model)
        self.turns = [turn.as_message() for turn in self.asked.messages]
        _check_length(self.turns)
        self.sampling = sampling_of(self.asked)

    @property
    def public_id(self) -> str:
        """The ``id`` of the answer, which ``/v1/feedback`` takes."""
        return f"{ID_MARK}{self.id.hex}"

    async def whole(self) -> bodies.ChatCompletion:
        """The reply once it is complete; cancelling the task cancels it in the engine."""
        deltas, why = [], None
        async with aclosing(self._parts()) as parts:
            async for part in parts:
                if isinstance(part, Delta):
                    deltas.append(part)
                else:
                    why = part
        assert why is not None, "the parts end with why the answer came, or raise"
        return bodies.ChatCompletion(
            id=self.public_id,
            created=self.created,
            model=self.asked.model,
            choices=[self._choice(deltas, why.provenance)],
            usage=_usage(why.provenance),
            uno=_why(why),
        )

    async def stream(self) -> AsyncGenerator[bytes]:
        """Server-sent events. The first comes with the first text, so that what fails before
        is raised here, and can still be answered with a status of its own."""
        opening = bodies.ReplyDelta(role="assistant", content="")
        is_open = False
        try:
            async with aclosing(self._parts()) as parts:
                async for part in parts:
                    if not is_open:
                        is_open = True
                        yield self._event(opening)
                    for event in self._events(part):
                        yield event
        except UnoError as error:
            if not is_open:
                raise
            yield _sse(error_body(error))
        except Exception:
            if not is_open:
                raise
            logger.exception("Completion %s broke off", self.public_id)
            yield _sse(error_body(ServerFault("Something unexpected failed on the server.")))

    def _events(self, part: Delta | Ended) -> Iterable[bytes]:
        if isinstance(part, Delta):
            delta = bodies.ReplyDelta(content=part.text)
            yield self._event(delta, logprobs=_logprobs(part.logprobs))
            return
        reason = _finish_reason(part.provenance)
        yield self._event(bodies.ReplyDelta(), finish_reason=reason, uno=_why(part))
        if self.asked.stream_options and self.asked.stream_options.include_usage:
            yield _sse(self._chunk(choices=[], usage=_usage(part.provenance)))
        yield b"data: [DONE]\n\n"

    async def _parts(self) -> AsyncGenerator[Delta | Ended]:
        """The reply's text as it comes, then, counted and kept, why it came.

        Whoever hangs up is counted what was written for them.
        """
        tally, has_failed = Tally(self.key, self.turns), False
        await sync_to_async(tally.begin)()
        try:
            async with aclosing(await self._answering()) as events:
                async for event in events:
                    if isinstance(event, Delta):
                        tally.texts.append(event.text)
                        yield event
                    elif isinstance(event, Done):
                        yield await self._end(tally, event.provenance)
        except Exception:
            has_failed = True
            raise
        finally:
            await sync_to_async(tally.settle)(has_failed=has_failed)

    async def _answering(self) -> AsyncGenerator[ServingEvent]:
        asked = self.asked
        is_routed = asked.model == ROUTED_MODEL
        recall = await sync_to_async(recall_of_api)(self.key.user) if is_routed else None
        return answer_stream(
            self.turns,
            table=await sync_to_async(route_table_active)(),
            shared=await sync_to_async(shared_route_active)(),
            client=generation.engine_client(),
            sampling=self.sampling,
            force_base=not is_routed,
            user=str(self.key.user_id),
            conversation=conversation_key(self.key.user_id, self.turns),
            levels=await sync_to_async(answering_levels)(),
            json_schema=asked.response_format.schema_or_none() if asked.response_format else None,
            n_logprobs=asked.n_logprobs,
            recall=recall,
        )

    async def _end(self, tally: Tally, provenance: Provenance) -> Ended:
        has_failed = provenance.finish_reason == "cancelled"
        await sync_to_async(tally.settle)(provenance, has_failed=has_failed)
        if has_failed:
            raise EngineUnreachable("The engine stopped before the reply was complete.")
        return Ended(provenance, await sync_to_async(self._keep)(tally.text, provenance))

    def _keep(self, text: str, provenance: Provenance) -> bool:
        if not self.asked.store or not text.strip():
            return False
        reply = ApiReply(self.id, text, provenance)
        return completion_log(user_id=self.key.user_id, turns=self.turns, reply=reply)

    def _choice(self, deltas: list[Delta], provenance: Provenance) -> bodies.Choice:
        tokens = tuple(token for delta in deltas for token in delta.logprobs)
        return bodies.Choice(
            message=bodies.ReplyMessage(content="".join(delta.text for delta in deltas)),
            finish_reason=_finish_reason(provenance),
            logprobs=_logprobs(tokens),
        )

    def _event(
        self,
        delta: bodies.ReplyDelta,
        *,
        finish_reason: str | None = None,
        logprobs: bodies.ChoiceLogprobs | None = None,
        uno: bodies.Why | None = None,
    ) -> bytes:
        choice = bodies.ChunkChoice(
            index=0, delta=delta, finish_reason=finish_reason, logprobs=logprobs
        )
        return _sse(self._chunk(choices=[choice], **({"uno": uno} if uno else {})))

    def _chunk(self, **fields: object) -> bodies.ChatCompletionChunk:
        return bodies.ChatCompletionChunk(
            id=self.public_id,
            object="chat.completion.chunk",
            created=self.created,
            model=self.asked.model,
            **fields,
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """The reply is complete; ``is_stored`` when it was kept."""

    provenance: Provenance
    is_stored: bool


def check_model(name: str) -> None:
    """Refuse a model that is not served.

    Raises
    ------
    ModelUnknown
        Neither the routed model nor the base model.
    """
    if name not in (ROUTED_MODEL, base_model_name()):
        raise ModelUnknown(
            f"There is no model {name!r} to chat with.",
            remedy=f"Ask for {ROUTED_MODEL!r} (as the chat answers) or {base_model_name()!r}.",
            param="model",
        )


def sampling_of(asked: ChatCompletionRequest) -> Sampling:
    """How the reply is drawn: as in the chat, unless the request says otherwise."""
    wishes = {
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "max_tokens": asked.max_completion_tokens or asked.max_tokens,
    }
    seed = secrets.randbits(31) if asked.seed is None else asked.seed & SEED_MASK
    given = {name: value for name, value in wishes.items() if value is not None}
    sampling = replace(REPLY_SAMPLING, **given, seed=seed, stop=asked.stops)
    return replace(sampling, max_tokens=min(sampling.max_tokens, settings.UNO.engine_context))


def _check_length(turns: list[ChatMessage]) -> None:
    n_chars = sum(len(turn.content) for turn in turns)
    limit = settings.UNO.engine_context * MAX_CHARS_PER_TOKEN
    if n_chars > limit:
        raise InvalidField(
            f"The messages have {n_chars:,} characters; at most {limit:,} can be read.",
            remedy="Shorten the conversation.",
            param="messages",
        )


def _finish_reason(provenance: Provenance) -> str:
    return "length" if provenance.finish_reason == "length" else "stop"


def _usage(provenance: Provenance) -> bodies.TokenUsage:
    read, written = provenance.prompt_tokens, provenance.completion_tokens
    return bodies.TokenUsage(
        prompt_tokens=read, completion_tokens=written, total_tokens=read + written
    )


def _why(ended: Ended) -> bodies.Why:
    provenance = ended.provenance
    return bodies.Why(
        is_stored=ended.is_stored,
        kind=provenance.kind,
        reason=provenance.reason,
        cluster=provenance.cluster_name or None,
        adapter=provenance.adapter_name or None,
        adapter_version=provenance.adapter_version,
        fallback=provenance.fallback or None,
        notes=[note["id"] for note in provenance.notes],
    )


def _logprobs(tokens: Iterable[TokenLogprob]) -> bodies.ChoiceLogprobs | None:
    content = [_scored(token) for token in tokens]
    return bodies.ChoiceLogprobs(content=content) if content else None


def _scored(token: TokenLogprob) -> bodies.ScoredToken:
    return bodies.ScoredToken(
        **_token(token),
        top_logprobs=[bodies.TopToken(**_token(other)) for other in token.top],
    )


def _token(token: TokenLogprob) -> dict[str, object]:
    return {"token": token.token, "logprob": token.logprob, "bytes": list(token.bytes) or None}


def _sse(body: bodies.BaseModel) -> bytes:
    """One server-sent event; fields that were not set are left out, as OpenAI does."""
    return f"data: {body.model_dump_json(exclude_unset=True)}\n\n".encode()
