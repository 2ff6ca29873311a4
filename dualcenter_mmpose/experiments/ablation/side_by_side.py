"""Work that other processes do, several pieces at a time."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, Callable, TypeVar

Key = TypeVar('Key', bound=Hashable)


def do_all(pieces: Mapping[Key, Callable[[], Any]], jobs: int) -> Iterator[tuple[Key, Any]]:
    """Yield what each piece of work returns, with its key, as they end.

    Args:
        pieces: work by key, in the order in which it is begun; each starts a process and waits for it.
        jobs: how many are under way at a time.
    """
    if jobs == 1:
        yield from ((key, work()) for key, work in pieces.items())
        return
    pool = ThreadPoolExecutor(jobs)  # the threads only wait
    try:
        futures = {pool.submit(work): key for key, work in pieces.items()}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
