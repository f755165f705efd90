"""Several processes that share tensors: Python's multiprocessing, whose queues and pipes carry tensors without a copy.

A tensor that is put on a queue or given to a Process moves to shared memory: sender and receiver see the same numbers.

Example:
    >>> import penlight.multiprocessing as mp
    >>> weights = penlight.zeros(3).share_memory_()
    >>> weights.is_shared()
    True
"""

import multiprocessing
from multiprocessing import *  # noqa: F403

from penlight.multiprocessing.reductions import init_reductions
from penlight.multiprocessing.spawn import (
    ENV_VAR_PARALLEL_START,
    ProcessContext,
    ProcessExitedException,
    ProcessRaisedException,
    SpawnContext,
    spawn,
    start_processes,
)

__all__ = [
    *multiprocessing.__all__,
    "ENV_VAR_PARALLEL_START",
    "ProcessContext",
    "ProcessExitedException",
    "ProcessRaisedException",
    "SpawnContext",
    "get_all_sharing_strategies",
    "get_sharing_strategy",
    "init_reductions",
    "set_sharing_strategy",
    "spawn",
    "start_processes",
]


def get_all_sharing_strategies():
    """Give the ways to share memory that there are: file descriptors alone, which leave nothing behind."""
    return {"file_descriptor"}


def get_sharing_strategy():
    """Give the way in which memory is shared."""
    return "file_descriptor"


def set_sharing_strategy(new_strategy):
    """Choose the way in which memory is shared; "file_system" is accepted and means the same."""
    if new_strategy not in ("file_descriptor", "file_system"):
        raise AssertionError(f"invalid sharing strategy: {new_strategy!r}; there is 'file_descriptor'")


init_reductions()
