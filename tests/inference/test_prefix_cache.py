"""What is kept of finished sequences: for whom, how much, and for how long."""

import numpy as np

from uno_site.inference.engine.prefix_cache import MIN_TOKENS, PrefixCache

BASE_OF_ANA = (None, "ana")
STATE = np.zeros(1000, dtype=np.uint8)
TURN = list(range(100, 100 + 2 * MIN_TOKENS))


def cache_with(*sequences: tuple[tuple[object, str], list[int]], max_bytes: int = 10**6):
    cache = PrefixCache(max_bytes)
    for owner, tokens in sequences:
        cache.store(owner, tokens, STATE)
    return cache


def test_the_next_turn_finds_what_it_begins_with():
    cache = cache_with((BASE_OF_ANA, TURN))
    saved, n_tokens = cache.find(BASE_OF_ANA, [*TURN, 1, 2, 3], 999)
    assert n_tokens == len(TURN)
    assert saved.tokens.tolist() == TURN
    assert cache.stats.n_hits == 1
    assert cache.stats.n_reused_tokens == len(TURN)


def test_a_branch_reuses_what_is_common():
    cache = cache_with((BASE_OF_ANA, [*TURN, 7, 8, 9]))
    _, n_tokens = cache.find(BASE_OF_ANA, [*TURN, 7, 1, 1], 999)
    assert n_tokens == len(TURN) + 1


def test_never_more_than_may_be_skipped():
    cache = cache_with((BASE_OF_ANA, TURN))
    assert cache.find(BASE_OF_ANA, TURN, len(TURN) - 1)[1] == len(TURN) - 1
    assert cache.find(BASE_OF_ANA, TURN, MIN_TOKENS - 1) is None


def test_nobody_finds_anothers():
    adapter = object()
    cache = cache_with(((adapter, "ana"), TURN), (BASE_OF_ANA, TURN))
    assert cache.find((None, "ben"), TURN, 999) is None
    assert cache.find((object(), "ana"), TURN, 999) is None
    assert cache.find((adapter, "ana"), TURN, 999) is not None
    assert cache.stats.n_misses == 2


def test_an_adapter_that_goes_takes_its_own_along():
    adapter = object()
    cache = cache_with(((adapter, "ana"), TURN), (BASE_OF_ANA, TURN))
    cache.forget(adapter)
    assert cache.find((adapter, "ana"), TURN, 999) is None
    assert cache.find(BASE_OF_ANA, TURN, 999) is not None


def test_a_longer_turn_supersedes_the_shorter_one():
    cache = cache_with((BASE_OF_ANA, TURN), (BASE_OF_ANA, [*TURN, 1, 2]))
    assert cache.stats.n_sequences == 1
    assert cache.find(BASE_OF_ANA, [*TURN, 1, 2, 3], 999)[1] == len(TURN) + 2


def test_the_least_recently_used_goes_first_and_the_bound_holds():
    owners = [(None, name) for name in ("ana", "ben", "carla")]
    one = STATE.nbytes + 4 * len(TURN)
    cache = cache_with((owners[0], TURN), (owners[1], TURN), max_bytes=2 * one)
    assert cache.find(owners[0], TURN, 999) is not None
    cache.store(owners[2], TURN, STATE)
    assert cache.find(owners[1], TURN, 999) is None
    assert cache.find(owners[0], TURN, 999) is not None
    assert cache.stats.n_bytes == 2 * one


def test_one_that_is_larger_than_all_room_is_not_kept():
    cache = cache_with((BASE_OF_ANA, TURN), max_bytes=100)
    assert (cache.stats.n_sequences, cache.stats.n_bytes) == (0, 0)


def test_without_room_nothing_is_worth_saving():
    assert not PrefixCache(0).worth_saving(1000)
    assert PrefixCache(1).worth_saving(MIN_TOKENS)
    assert not PrefixCache(1).worth_saving(MIN_TOKENS - 1)
