"""A bounded waiting queue that serves users in turn, so that one cannot starve the others."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """First come first served within a user, round-robin between users. Not thread-safe."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._queues: OrderedDict[str, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

    def push(self, user: str, item: T) -> bool:
        """Append ``item``; ``False`` when the queue is full."""
        if len(self) >= self.capacity:
            return False
        self._queues.setdefault(user, deque()).append(item)
        return True

    def pop(self) -> T | None:
        """The next item, or ``None``; its user goes to the end of the line."""
        if not self._queues:
            return None
        user, queue = next(iter(self._queues.items()))
        item = queue.popleft()
        if queue:
            self._queues.move_to_end(user)
        else:
            del self._queues[user]
        return item

    def remove(self, item: T) -> bool:
        """Take ``item`` out; ``False`` when it is not waiting."""
        for user, queue in self._queues.items():
            if item in queue:
                queue.remove(item)
                if not queue:
                    del self._queues[user]
                return True
        return False
