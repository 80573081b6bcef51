"""Writing replies: asyncio tasks of the web process that stream from the engine.

A reply is written whether or not anybody watches. What has arrived goes to the open pages
through the channel layer a few times a second, and to the row every second, so that a
reload, a second tab or a restart finds it again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextvars import Context
from functools import partial
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from chat.markdown import render_markdown
from chat.models import MessageState
from chat.provenance import Provenance
from chat.services import generations
from chat.services.arms import arm_of
from chat.services.broadcasting import abroadcast
from chat.services.generations import Plan
from chat.serving import Delta, Done, RouteChosen, Stage, answer_stream
from uno_site.engine_clients import served_async_client
from uno_site.errors import UnoError
from uno_site.inference.errors import EngineFailed, EngineUnreachable
from uno_site.interchange.fields import storable

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
#: Pages get the reply anew so often while it is being written, ...
SHOW_SECONDS = 0.12
#: ... and less often while many are: each time costs the server and the reader's machine.
SHOW_SECONDS_PER_REPLY = 0.03
#: Rendering takes longer as a reply grows: of a long one, so many characters a second.
SHOW_CHARS_PER_SECOND = 40_000

_running: dict[UUID, Generation] = {}
_tasks: set[asyncio.Task[None]] = set()
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()


def engine_client() -> Any:
    """The served engine's client of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        _clients[loop] = served_async_client()
    return _clients[loop]


def launch(message_id: UUID) -> None:
    """Start writing a reply in the web process's event loop; returns at once."""
    plan = generations.generation_claim(message_id)
    if plan is None:
        return
    language = get_language()

    async def write() -> None:
        with override(language):
            await _write(plan)

    async def spawn() -> None:
        # A context of its own: this one is tied to the request's thread, which ends before.
        task = asyncio.create_task(write(), context=Context())
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)

    async_to_sync(spawn)()


def stop(message_id: UUID) -> None:
    """Stop a reply that this process writes at once; others see the mark on the row."""
    writer = _running.get(message_id)
    if writer is not None:
        writer.loop.call_soon_threadsafe(writer.is_stopping.set)


def written_so_far(message_id: UUID) -> tuple[str, str] | None:
    """Text and stage of a reply that this process writes; fresher than the row."""
    writer = _running.get(message_id)
    return (writer.text, writer.stage) if writer else None


async def generate(message_id: UUID) -> None:
    """Write one reply, unless somebody else does."""
    plan = await database_sync_to_async(generations.generation_claim)(message_id)
    if plan is not None:
        await _write(plan)


async def _write(plan: Plan) -> None:
    writer = Generation(plan, engine_client())
    _running[plan.message_id] = writer
    try:
        await writer.run()
    finally:
        del _running[plan.message_id]


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel a task until it has ended: see :func:`_is_cancelled`."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=BEAT_SECONDS)


def _is_cancelled() -> bool:
    """Whether this task was told to end.

    Below Python 3.12 ``asyncio.wait_for``, which the Redis client uses, loses a cancellation that
    comes as its answer does: the writer would go on beating for ever.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def content_event(message_id: UUID, text: str, stage: str) -> dict[str, Any]:
    """What the pages get of a reply in progress."""
    html = render_markdown(text) if text else ""
    return {"type": "content", "id": str(message_id), "html": html, "stage": stage_text(stage)}


def stage_text(stage: str) -> str:
    """What a step without text is called on the page."""
    return {
        "draft": _("Writing a draft…"),
        "critique": _("Looking for what to improve…"),
        "revise": _("Revising the draft…"),
    }.get(stage, "")


class Generation:
    """One reply in the making."""

    def __init__(self, plan: Plan, client: Any) -> None:
        self.plan = plan
        self.client = client
        self.loop = asyncio.get_running_loop()
        self.is_stopping = asyncio.Event()
        self.text = ""
        self.stage = ""
        self.provenance: Provenance | None = None
        self.token_ids: tuple[int, ...] = ()
        self._shown = ("", "")
        self._shown_at = 0.0

    async def run(self) -> None:
        """Write until the end, a stop, an error or the loss of the row."""
        writing = asyncio.create_task(self._write())
        stopping = asyncio.create_task(self.is_stopping.wait())
        try:
            is_ours = await self._watch(writing, stopping)
        except asyncio.CancelledError:
            # The process is ending: say so on the row while there is time.
            await self._finish(MessageState.INTERRUPTED, generations.restart_text())
            raise
        finally:
            stopping.cancel()
            await _end(writing)
        if is_ours:
            await self._finish(*self._outcome(writing))
        else:  # The row is gone; what was written for its person counts all the same.
            await self._finish(MessageState.STOPPED, "")

    async def _watch(self, writing: asyncio.Task[None], stopping: asyncio.Task[bool]) -> bool:
        """Beat until the writing ends or must end; False when the row was taken away."""
        while True:
            await asyncio.wait(
                {writing, stopping}, timeout=BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if writing.done() or stopping.done():
                return True
            is_stop_requested = await self._beat()
            if _is_cancelled():
                raise asyncio.CancelledError
            if is_stop_requested is None:
                return False
            if is_stop_requested:
                return True

    async def _beat(self) -> bool | None:
        await self._show()
        beat = database_sync_to_async(generations.generation_beat)
        return await beat(self.plan.message_id, self.text)

    async def _write(self) -> None:
        plan = self.plan
        events = answer_stream(
            plan.messages,
            table=plan.table,
            personal=plan.personal,
            shared=plan.shared,
            client=self.client,
            sampling=plan.sampling,
            user=plan.user,
            conversation=str(plan.conversation_id),
            recall=plan.recall,
            levels=plan.levels,
            pick_arm=partial(arm_of, plan.conversation_id),
            preferences=plan.preferences,
        )
        async for event in events:
            if isinstance(event, Delta):
                self.text += storable(event.text)
            elif isinstance(event, Stage):
                self.stage = event.name
            elif isinstance(event, RouteChosen | Done):
                self.provenance = event.provenance
            if isinstance(event, Done):
                self.token_ids = event.token_ids
            wait = max(
                SHOW_SECONDS,
                SHOW_SECONDS_PER_REPLY * len(_running),
                len(self.text) / SHOW_CHARS_PER_SECOND,
            )
            if time.monotonic() - self._shown_at >= wait:
                await self._show()

    async def _show(self) -> None:
        """Send the pages what they have not seen yet."""
        current = (self.text, self.stage)
        if current == self._shown:
            return
        self._shown, self._shown_at = current, time.monotonic()
        event = content_event(self.plan.message_id, *current)
        await abroadcast(self.plan.conversation_id, event)

    def _outcome(self, writing: asyncio.Task[None]) -> tuple[str, str]:
        """State and error of the reply, after the writing has ended."""
        if writing.cancelled():
            return MessageState.STOPPED, ""
        error = writing.exception()
        if error is None:
            return MessageState.COMPLETE, ""
        reason = self._explain(error)
        if not self.text.strip():
            return MessageState.FAILED, reason
        return MessageState.INTERRUPTED, _("%(reason)s What had arrived is kept.") % {
            "reason": reason
        }

    def _explain(self, error: BaseException) -> str:
        """What the page says of a failure; addresses and settings are for the log alone."""
        if not isinstance(error, UnoError):
            logger.error("Reply %s failed", self.plan.message_id, exc_info=error)
            return _("Something unexpected failed while this reply was being written.")
        logger.warning("Reply %s: %s", self.plan.message_id, error)
        if not isinstance(error, EngineUnreachable | EngineFailed):
            return str(error)
        if self.text.strip():
            return _("The model stopped answering in the middle of this reply.")
        return _(
            "The model cannot be reached right now. Your message is kept: try again in a minute, "
            "and tell whoever runs this server if it stays so."
        )

    async def _finish(self, state: str, error: str) -> None:
        is_ended = await database_sync_to_async(generations.generation_finish)(
            self.plan.message_id,
            user_id=self.plan.user,
            state=state,
            content=self.text,
            error=error,
            provenance=self.provenance.as_json() if self.provenance else {},
            token_ids=self.token_ids,
        )
        if is_ended:
            done = {"type": "done", "id": str(self.plan.message_id)}
            await abroadcast(self.plan.conversation_id, done)
