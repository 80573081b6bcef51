"""A bounded waiting queue that serves users in turn, so that one cannot starve the others.

What comes without a user is background work (checks, evaluations, distilling): people go first.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")

#: The user of background work.
BACKGROUND = ""


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

    def pop(self, *, with_background: bool = True) -> T | None:
        """The next item, or ``None``; its user goes to the end of the line.

        Background work comes when no person waits, and only ``with_background``.
        """
        user = next((name for name in self._queues if name != BACKGROUND), BACKGROUND)
        if user not in self._queues or (user == BACKGROUND and not with_background):
            return None
        queue = self._queues[user]
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
