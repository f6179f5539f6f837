"""Reading, computing and writing at the same time, in order, with memory for a few groups only."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

from tfviz.image.opencv import cv2

Task = TypeVar("Task")
Read = TypeVar("Read")
Work = TypeVar("Work")
Done = TypeVar("Done")

# One group is being read while the model has another and a third is drawn and written.
READ_AHEAD = 1
WRITE_BEHIND = 1
# Headers are small, and knowing them early lets groups be full.
HEADERS_AHEAD = 64
# Decoding and encoding leave Python's lock alone; more threads than this only wait for the model.
MOST_THREADS = 4


class Pools:
    """The threads of a job: some that read, some that write.

    What is still waiting when the block ends early is dropped, what has begun is finished: a file
    is never left half-written. Meanwhile OpenCV uses one thread for each of these: its own would
    only take turns with the model's.
    """

    def __init__(self) -> None:
        count = max(2, min(MOST_THREADS, os.cpu_count() or 2))
        self.read = ThreadPoolExecutor(count, thread_name_prefix="tfviz-read")
        self.write = ThreadPoolExecutor(count, thread_name_prefix="tfviz-write")

    def __enter__(self) -> Pools:
        self._opencv_threads = cv2().getNumThreads()
        cv2().setNumThreads(1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.read.shutdown(wait=True, cancel_futures=True)
        self.write.shutdown(wait=True, cancel_futures=True)
        cv2().setNumThreads(self._opencv_threads)


def ahead(
    pool: ThreadPoolExecutor,
    function: Callable[[Task], Read],
    tasks: Iterable[Task],
    window: int = HEADERS_AHEAD,
) -> Iterator[tuple[Task, Read]]:
    """Each task with what a function makes of it, in order; `window` of them are under way.

    `Executor.map` would take all tasks at once, and keep the results of a hundred thousand.
    """
    waiting: deque[tuple[Task, Future[Read]]] = deque()
    for task in tasks:
        waiting.append((task, pool.submit(function, task)))
        if len(waiting) > window:
            first, future = waiting.popleft()
            yield first, future.result()
    while waiting:
        first, future = waiting.popleft()
        yield first, future.result()


class Overlap(Generic[Task, Read, Work, Done]):
    """Three stages for groups of tasks: read on threads, compute here, write on threads.

    Args:
        pools: The threads.
        read: A task to what is computed on; runs on several threads.
        compute: The tasks of a group and what was read of each, to the work of writing: one a
            task. Runs on the calling thread, so that errors of a model rise where they belong.
        write: A work to its result; runs on several threads.
    """

    def __init__(
        self,
        pools: Pools,
        *,
        read: Callable[[Task], Read],
        compute: Callable[[Sequence[Task], list[Read]], Sequence[Work]],
        write: Callable[[Work], Done],
    ) -> None:
        self.pools, self.read, self.compute, self.write = pools, read, compute, write

    def run(self, groups: Iterable[Sequence[Task]]) -> Iterator[Done]:
        """The results in order; at most four groups are in memory.

        Raises:
            Exception: Whatever a stage raises, once what stands before it was handed on.
        """
        reading: deque[tuple[Sequence[Task], list[Future[Read]]]] = deque()
        writing: deque[list[Future[Done]]] = deque()
        for group in groups:
            reading.append((group, [self.pools.read.submit(self.read, each) for each in group]))
            if len(reading) > READ_AHEAD:
                yield from self._compute(reading, writing)
        while reading:
            yield from self._compute(reading, writing)
        while writing:
            yield from _results(writing.popleft())

    def _compute(
        self,
        reading: deque[tuple[Sequence[Task], list[Future[Read]]]],
        writing: deque[list[Future[Done]]],
    ) -> Iterator[Done]:
        group, futures = reading.popleft()
        try:
            works = self.compute(group, [each.result() for each in futures])
        except BaseException:
            # What is drawn already is finished and handed on before the error is.
            while writing:
                yield from _results(writing.popleft())
            raise
        writing.append([self.pools.write.submit(self.write, each) for each in works])
        while len(writing) > WRITE_BEHIND:
            yield from _results(writing.popleft())


def _results(futures: Iterable[Future[Done]]) -> Iterator[Done]:
    for each in futures:
        yield each.result()
