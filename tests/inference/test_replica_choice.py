"""Which replica gets the next call."""

from collections import Counter
from contextlib import ExitStack

import pytest

from uno_site.inference.calls import HEALTH, Call, chat_call
from uno_site.inference.errors import CircuitOpen, EngineBusy, EngineFailed, InferenceError
from uno_site.inference.policy import BreakerLimits, CallKind
from uno_site.inference.replicas import Journey, ReplicaSet, split_urls

URLS = ["http://a:1", "http://b:1", "http://c:1"]


@pytest.fixture
def replicas() -> ReplicaSet:
    return ReplicaSet(URLS, BreakerLimits(n_failures=1))


def chosen(replicas: ReplicaSet, call: Call = HEALTH, **journey: object) -> str:
    return replicas.choose(Journey(call, **journey)).url  # type: ignore[arg-type]


def test_a_list_of_urls_is_read_with_blanks_slashes_and_doubles() -> None:
    assert split_urls(" http://a:1/ ,http://b:1,, http://a:1") == ["http://a:1", "http://b:1"]


def test_no_url_is_an_error_that_names_the_setting() -> None:
    with pytest.raises(InferenceError, match="UNO_ENGINE_URL"):
        ReplicaSet(" , ")


def test_calls_of_nobody_go_round(replicas: ReplicaSet) -> None:
    assert Counter(chosen(replicas) for _ in range(9)) == dict.fromkeys(URLS, 3)


def test_the_one_with_the_least_to_do_is_next(replicas: ReplicaSet) -> None:
    with ExitStack() as stack:
        for url in (URLS[0], URLS[0], URLS[1]):
            replica = next(r for r in replicas.replicas if r.url == url)
            stack.enter_context(replicas.lease(replica, CallKind.GENERATE))
        assert chosen(replicas) == URLS[2]
    assert [replica.n_outstanding for replica in replicas.replicas] == [0, 0, 0]


def test_a_users_calls_stay_together_and_users_are_spread(replicas: ReplicaSet) -> None:
    calls = [chat_call({"user": f"user {number}"}) for number in range(60)]
    first = [chosen(replicas, call) for call in calls]
    assert [chosen(replicas, call) for call in calls] == first
    assert min(Counter(first)[url] for url in URLS) >= 8


def test_a_replica_that_lacks_the_adapter_is_the_last_choice(replicas: ReplicaSet) -> None:
    for replica in replicas.replicas[:2]:
        replica.note_lacking("expert", "does not fit")
    assert {chosen(replicas, chat_call({"model": "expert"})) for _ in range(6)} == {URLS[2]}
    replicas.replicas[0].note_loaded("expert", "/adapters/expert")
    assert {chosen(replicas, chat_call({"model": "expert"})) for _ in range(6)} == {
        URLS[0],
        URLS[2],
    }


def test_a_call_goes_where_it_has_not_been(replicas: ReplicaSet) -> None:
    tried = set(replicas.replicas[:2])
    assert {chosen(replicas, tried=tried) for _ in range(6)} == {URLS[2]}


def test_a_failing_replica_is_skipped_and_with_all_gone_the_error_says_so(
    replicas: ReplicaSet,
) -> None:
    for replica in replicas.replicas:
        with pytest.raises(EngineFailed), replicas.lease(replica, CallKind.GENERATE):
            raise EngineFailed("out of memory")
        assert replica not in replicas.ready()
    with pytest.raises(CircuitOpen, match=r"All 3 engines .* out of memory .*manage.py engines"):
        chosen(replicas)


def test_busy_is_no_failure_and_a_failure_forgets_the_adapters(replicas: ReplicaSet) -> None:
    first = replicas.replicas[0]
    first.note_loaded("expert", "/adapters/expert")
    with pytest.raises(EngineBusy), replicas.lease(first, CallKind.GENERATE):
        raise EngineBusy("full")
    assert first.is_ready
    assert first.has("expert", "/adapters/expert")
    with pytest.raises(EngineFailed), replicas.lease(first, CallKind.GENERATE):
        raise EngineFailed("gone")
    assert not first.has("expert", "/adapters/expert")
