"""The job page's socket: progress as it happens, nothing for strangers."""

import pytest
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator

from tests.factories import UserFactory
from tests.jobs.kinds import registered
from uno_site.accounts.models import Role, User
from uno_site.jobs import consumers
from uno_site.jobs.models import Job, JobState
from uno_site.jobs.routing import websocket_urlpatterns
from uno_site.jobs.services import job_claim, job_enqueue

pytestmark = pytest.mark.django_db(transaction=True)


def socket_of(user: object, job: Job) -> WebsocketCommunicator:
    socket = WebsocketCommunicator(URLRouter(websocket_urlpatterns), f"/ws/jobs/{job.pk}/")
    socket.scope["user"] = user
    return socket


def running_job(kind: str) -> Job:
    return job_claim(job_enqueue(kind=kind).pk)


async def test_a_curator_sees_the_progress_move() -> None:
    from asgiref.sync import sync_to_async
    from django.utils import timezone

    curator = await sync_to_async(UserFactory)(role=Role.CURATOR)
    with registered(lambda ctx: {}) as kind:
        job = await sync_to_async(running_job)(kind)
        socket = socket_of(curator, job)
        assert (await socket.connect())[0]
        assert (await socket.receive_json_from(timeout=5))["state"] == JobState.RUNNING
        await Job.objects.filter(pk=job.pk).aupdate(progress=0.42, updated_at=timezone.now())
        assert "42" in (await socket.receive_json_from(timeout=5))["html"]
        await socket.disconnect()


async def test_a_silent_jobs_time_is_seen_to_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    from asgiref.sync import sync_to_async

    monkeypatch.setattr(consumers, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(consumers, "TICK_SECONDS", 0.1)
    curator = await sync_to_async(UserFactory)(role=Role.CURATOR)
    with registered(lambda ctx: {}) as kind:
        job = await sync_to_async(running_job)(kind)
        socket = socket_of(curator, job)
        await socket.connect()
        for _ in range(2):
            assert (await socket.receive_json_from(timeout=5))["state"] == JobState.RUNNING
        await socket.disconnect()


async def test_a_user_is_shut_out() -> None:
    from asgiref.sync import sync_to_async

    user = await sync_to_async(UserFactory)()
    with registered(lambda ctx: {}) as kind:
        job = await sync_to_async(running_job)(kind)
        socket = socket_of(user, job)
        await socket.connect()
        assert (await socket.receive_output(timeout=5))["code"] == 4404


async def test_who_is_no_curator_any_more_sees_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    from asgiref.sync import sync_to_async

    monkeypatch.setattr(consumers, "POLL_SECONDS", 0.05)
    curator = await sync_to_async(UserFactory)(role=Role.CURATOR)
    with registered(lambda ctx: {}) as kind:
        socket = socket_of(curator, await sync_to_async(running_job)(kind))
        await socket.connect()
        await socket.receive_json_from(timeout=5)
        await User.objects.filter(pk=curator.pk).aupdate(role=Role.USER)
        while (event := await socket.receive_output(timeout=5))["type"] != "websocket.close":
            assert event["type"] == "websocket.send"
