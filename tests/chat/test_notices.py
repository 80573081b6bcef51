"""A notice that one's feedback is in use: once, and only while it is."""

from uuid import uuid4

import pytest

from chat.models import ShippedNotice
from chat.services.notices import NoticeSpec, notices_publish, notices_take
from chat.services.routes import RouteSpec, route_table_publish
from tests.factories import centroid_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def adapter_id():
    """The id of an adapter that is served."""
    key = uuid4()
    spec = RouteSpec(
        cluster_id=uuid4(),
        cluster_name="Sleep",
        kind="expert",
        centroid=centroid_bytes(),
        adapter_id=key,
        adapter_name="sleep-v1",
        adapter_path="/somewhere",
    )
    route_table_publish(routes=[spec], note="", by=None)
    return key


def test_the_home_page_tells_it_once(alice, bob, adapter_id, client_for) -> None:
    notices_publish([NoticeSpec(alice.pk, adapter_id, "Sleep", 3)])
    assert "is in use" not in client_for(bob).get("/").content.decode()
    page = client_for(alice).get("/").content.decode()
    assert "What you taught about “Sleep” is in use: 3 of your replies" in page
    assert "is in use" not in client_for(alice).get("/").content.decode()


def test_nobody_is_told_twice_of_one_adapter(alice, adapter_id) -> None:
    for _ in range(2):
        notices_publish([NoticeSpec(alice.pk, adapter_id, "Sleep", 3)])
    assert ShippedNotice.objects.count() == 1


def test_what_was_taken_off_before_it_was_told_is_not_told(alice, adapter_id) -> None:
    notices_publish([NoticeSpec(alice.pk, adapter_id, "Sleep", 3)])
    route_table_publish(routes=[], note="", by=None)
    assert notices_take(alice) == []
    assert ShippedNotice.objects.get().seen_at is None
