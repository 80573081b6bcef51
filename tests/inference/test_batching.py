import threading
import time

import pytest

pytestmark = pytest.mark.model

N_STREAMS = 8


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def test_eight_streams_run_at_once_and_all_complete(engine, ask):
    n_active = []
    replies = {}

    def stream(i):
        chunks = []
        for chunk in engine.chat_stream(ask(f"Write about the number {i}.", 16, user=f"u{i}")):
            chunks.append(chunk)
            n_active.append(engine.health().n_active)
        replies[i] = chunks

    threads = [threading.Thread(target=stream, args=(i,)) for i in range(N_STREAMS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(n_active) == N_STREAMS
    assert sorted(replies) == list(range(N_STREAMS))
    assert all(chunks[-1].finish_reason in ("stop", "length") for chunks in replies.values())
    assert engine.health().n_active == 0


def test_background_work_leaves_slots_to_people(engine, ask):
    streams = [engine.chat_stream(ask("Tell a very long story.", 300, seed=i)) for i in range(8)]
    readers = [threading.Thread(target=list, args=(stream,)) for stream in streams]
    for reader in readers:
        reader.start()
    wait_until(lambda: (engine.health().n_active, engine.health().n_queued) == (6, 2))
    engine.chat(ask("Say hello.", 4, user="a person"))
    assert engine.health().n_queued == 2, "the person was answered before what waited longer"
    for reader in readers:
        reader.join()


def test_a_late_joiner_finishes_before_a_long_reply(engine, ask):
    long_stream = engine.chat_stream(ask("Tell a very long story.", 300, temperature=0.8, seed=1))
    next(long_stream)
    late = engine.chat(ask("Say hello.", 4))
    assert late.usage.completion_tokens <= 4
    assert engine.health().n_active == 1
    long_stream.close()
    wait_until(lambda: engine.health().n_active == 0)


def test_leaving_a_stream_frees_its_slot(engine, ask):
    stream = engine.chat_stream(ask("Count to one thousand.", 400, temperature=0.8, seed=2))
    next(stream)
    assert engine.health().n_active == 1
    stream.close()
    wait_until(lambda: engine.health().n_active == 0, seconds=5)


def test_batched_replies_come_in_the_order_of_the_requests(engine, ask):
    schema = {"type": "object", "properties": {"n": {"const": 0}}, "required": ["n"]}
    requests = [
        ask("Answer.", 24, json_schema=schema | {"properties": {"n": {"const": n}}})
        for n in range(12)
    ]
    replies = [result.text.replace(" ", "") for result in engine.chat_many(requests)]
    assert replies == [f'{{"n":{n}}}' for n in range(12)]
