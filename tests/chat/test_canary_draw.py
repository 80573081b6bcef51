"""A canary answers its share of the conversations, and each conversation keeps its draw."""

from uuid import UUID, uuid4

import numpy as np
import pytest

from chat.models import RouteKind
from chat.provenance import ReplyRecord
from chat.route_choice import choose_route
from chat.services.api_log import conversation_key
from chat.services.routes import RouteSpec, route_table_publish
from uno_site.errors import InvalidInput
from uno_site.inference.protocol import ChatMessage, Sampling

pytestmark = pytest.mark.django_db

CLUSTER = UUID(int=1)
QUERY = [1.0, 0.0]


def spec(kind: str = RouteKind.BASE, **values: object) -> RouteSpec:
    """A route of the cluster, at the query."""
    return RouteSpec(
        CLUSTER, "Letters", kind, np.array([1.0, 0.0]), **{"distance_limit": 1.0} | values
    )


def canary(percent: int, adapter: int = 7, **values: object) -> RouteSpec:
    name = f"letters-v{adapter}"
    return spec(
        RouteKind.EXPERT,
        adapter_id=UUID(int=adapter),
        adapter_name=name,
        canary_percent=percent,
        **values,
    )


def publish(*specs: RouteSpec):
    return route_table_publish(routes=specs, note="", by=None)


def drawn(table, keys) -> set[str]:
    return {key for key in keys if choose_route(QUERY, table, key).is_canary}


def test_the_share_is_kept_and_a_conversation_stays_with_its_draw() -> None:
    keys = [str(UUID(int=n)) for n in range(1000)]
    tenth = drawn(publish(spec(), canary(10)), keys)
    half = drawn(publish(spec(), canary(50)), keys)
    assert 70 <= len(tenth) <= 130
    assert 450 <= len(half) <= 550
    assert tenth < half
    assert drawn(publish(spec(), canary(10)), keys) == tenth
    assert drawn(publish(spec(), canary(10, adapter=8)), keys) != tenth


def test_without_a_conversation_no_canary_answers() -> None:
    choice = choose_route(QUERY, publish(spec(), canary(99)))
    assert (choice.kind, choice.is_canary) == ("base", False)


def test_a_canary_that_does_not_reach_the_query_leaves_it_to_the_rest() -> None:
    table = publish(spec(), canary(99, distance_limit=0.1))
    far = [0.9, 0.5]
    assert all(not choose_route(far, table, str(n)).is_canary for n in range(20))


def test_the_reply_says_which_side_it_was_on() -> None:
    table = publish(spec(), canary(50))
    for n in range(20):
        choice = choose_route(QUERY, table, str(n))
        record = ReplyRecord(choice, "base", Sampling(), kind=choice.kind)
        why = record.provenance()
        assert (why.canary_percent, why.is_canary) == (50, choice.is_canary)
        assert why.route_id == str(choice.route.pk)
        assert why.adapter_name == ("letters-v7" if choice.is_canary else "")


@pytest.mark.parametrize(
    ("specs", "words"),
    [
        ([canary(10)], "stands alone"),
        ([spec(), canary(10), canary(20, adapter=8)], "two routes"),
        ([spec(), canary(100)], "1 to 99"),
    ],
)
def test_tables_that_make_no_sense_are_refused(specs: list[RouteSpec], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        publish(*specs)


def test_an_api_conversation_is_known_by_how_it_began() -> None:
    user = uuid4()
    first = (ChatMessage("system", "Be kind."), ChatMessage("user", "Hello"))
    later = (*first, ChatMessage("assistant", "Hi"), ChatMessage("user", "And now?"))
    assert conversation_key(user, first) == conversation_key(user, later)
    assert conversation_key(uuid4(), first) != conversation_key(user, first)
