"""Live progress of one job.

The worker is another process, and the default channel layer ends at the process, so the
consumer watches the row and sends the page fragment whenever it has changed.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.template.loader import render_to_string

from uno_site.accounts.sockets import socket_user

from .models import Job

POLL_SECONDS = 1.0
TICK_SECONDS = 5.0
"""A job that says nothing is sent again after these, so that its time is seen to pass."""
NOT_FOUND = 4404


class JobConsumer(AsyncJsonWebsocketConsumer):
    """Sends ``{"html", "state", "is_active"}`` on connect and on every change, until the end;
    a job at work also every :data:`TICK_SECONDS`."""

    watcher: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self.accept()
        if await self._job() is None:
            await self.close(code=NOT_FOUND)
            return
        self.watcher = asyncio.create_task(self._watch())

    async def disconnect(self, code: int) -> None:
        if self.watcher is not None:
            self.watcher.cancel()

    async def _watch(self) -> None:
        seen, sent = None, 0.0
        while (job := await self._job()) is not None:
            if job.updated_at != seen or time.monotonic() - sent >= TICK_SECONDS:
                seen, sent = job.updated_at, time.monotonic()
                await self.send_json(await self._fragment(job))
            if not job.is_active:
                break
            await asyncio.sleep(POLL_SECONDS)
        await self.close()

    @database_sync_to_async
    def _job(self) -> Job | None:
        job_id = self.scope["url_route"]["kwargs"]["job_id"]
        return Job.objects.visible_to(socket_user(self.scope)).filter(pk=job_id).first()

    @database_sync_to_async
    def _fragment(self, job: Job) -> dict[str, Any]:
        html = render_to_string("jobs/job_status.html", {"job": job})
        return {"html": html, "state": job.state, "is_active": job.is_active}
