"""A run's live loss: the run folder is tailed and what is new is sent."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from uno_site.accounts.sockets import socket_user

from .models import TrainingRun
from .services.metrics import MetricsTail
from .services.runs import ACTIVE_STATES

NOT_FOUND = 4404
POLL_SECONDS = 1.0


class RunConsumer(AsyncJsonWebsocketConsumer):
    """Sends ``{"rows": [...], "is_restart": bool, "state", "is_active"}`` until the run ends.

    Curators and admins only; for everybody else the run is not there (code 4404).
    """

    watcher: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Accept whoever may see the run, and begin to watch."""
        await self.accept()
        run = await self._run()
        if run is None:
            await self.close(code=NOT_FOUND)
            return
        self.watcher = asyncio.create_task(self._watch(run))

    async def disconnect(self, code: int) -> None:
        """Stop watching."""
        if self.watcher is not None:
            self.watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.watcher

    @database_sync_to_async
    def _run(self) -> TrainingRun | None:
        run_id = self.scope["url_route"]["kwargs"]["run_id"]
        visible = TrainingRun.objects.visible_to(socket_user(self.scope))
        return visible.filter(pk=run_id).first()

    async def _watch(self, run: TrainingRun) -> None:
        tail = MetricsTail(Path(run.folder) / "metrics.jsonl")
        state = None
        while True:
            fresh = await self._run()
            if fresh is None:
                return await self.close(code=NOT_FOUND)
            rows = await sync_to_async(tail.read, thread_sensitive=False)()
            if rows or fresh.state != state:
                state = fresh.state
                await self.send_json(self._update(fresh, rows, tail.was_restarted))
            if state not in ACTIVE_STATES:
                return await self.close()
            await asyncio.sleep(POLL_SECONDS)

    @staticmethod
    def _update(run: TrainingRun, rows: list[dict[str, Any]], is_restart: bool) -> dict[str, Any]:
        return {
            "rows": rows,
            "is_restart": is_restart,
            "state": run.state,
            "state_label": run.get_state_display(),
            "is_active": run.state in ACTIVE_STATES,
        }
