from uno_site.inference.engine.fair_queue import BACKGROUND, FairQueue


def drain(queue):
    items = []
    while (item := queue.pop()) is not None:
        items.append(item)
    return items


def test_users_take_turns_and_each_users_order_is_kept():
    queue = FairQueue(10)
    for item in ("a1", "a2", "a3", "b1", "c1", "b2"):
        assert queue.push(item[0], item)
    assert drain(queue) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_a_full_queue_takes_no_more():
    queue = FairQueue(2)
    assert [queue.push("a", n) for n in (1, 2, 3)] == [True, True, False]
    assert len(queue) == 2


def test_a_removed_item_is_not_served():
    queue = FairQueue(5)
    queue.push("a", 1)
    queue.push("a", 2)
    assert queue.remove(1)
    assert not queue.remove(1)
    assert drain(queue) == [2]


def test_people_come_before_background_work_which_can_be_held_back():
    queue = FairQueue(5)
    for user, item in ((BACKGROUND, "check 1"), (BACKGROUND, "check 2"), ("a", "question")):
        queue.push(user, item)
    assert queue.pop(with_background=False) == "question"
    assert queue.pop(with_background=False) is None
    assert drain(queue) == ["check 1", "check 2"]
