"""A loading worker: gets indices, gives batches, until the main process is gone."""

import random
import signal
import sys
import threading
import traceback

import penlight
from penlight.utils.data._channel import close_inherited
from penlight.utils.data._fetch import fetcher

__all__ = ["End", "Failure", "Job", "WorkerInfo", "get_worker_info", "process_main", "thread_main"]


class End:
    """The answer of a worker whose stream has ended."""


_current = threading.local()  # of a worker thread
_process_info = None  # of a worker process


class WorkerInfo:
    """What a worker knows of itself.

    Attributes:
        id: its number, from 0.
        num_workers: how many there are.
        seed: what its random numbers were seeded with.
        dataset: its copy of the dataset.
    """

    def __init__(self, id, num_workers, seed, dataset):
        self.__dict__.update(id=id, num_workers=num_workers, seed=seed, dataset=dataset)

    def __setattr__(self, name, value):
        raise RuntimeError(f"Cannot assign attributes to {type(self).__name__} objects")

    def __repr__(self):
        return f"WorkerInfo(id={self.id}, num_workers={self.num_workers}, seed={self.seed}, dataset={self.dataset})"


def get_worker_info():
    """Give what a loading worker knows about itself; None in the main process.

    Example:
        >>> get_worker_info() is None
        True
    """
    return getattr(_current, "info", _process_info)


class Job:
    """What every worker of a loader needs: the dataset and what to do with its samples."""

    def __init__(self, dataset, is_batched, collate, drop_last, num_workers, init_fn, base_seed):
        self.dataset, self.is_batched, self.collate, self.drop_last = dataset, is_batched, collate, drop_last
        self.num_workers, self.init_fn, self.base_seed = num_workers, init_fn, base_seed

    def info(self, worker_id):
        """Give the WorkerInfo of one worker."""
        return WorkerInfo(worker_id, self.num_workers, self.base_seed + worker_id, self.dataset)

    def fetcher(self):
        """Give the function from indices to a batch, for a new pass through the data."""
        return fetcher(self.dataset, self.is_batched, self.collate, self.drop_last)


class Failure:
    """An exception on its way from a worker to the main process."""

    def __init__(self, where):
        kind, error, _ = sys.exc_info()
        self.kind, self.where, self.text = kind, where, "".join(traceback.format_exception(error))

    def reraise(self):
        """Raise the exception again, with the worker's traceback as its message."""
        message = f"Caught {self.kind.__name__} {self.where}.\nOriginal {self.text}"
        if self.kind is KeyError:  # shows its argument by repr(): keep the lines apart
            message = _Text(message)
        try:
            error = self.kind(message)
        except Exception:  # made from other arguments than one message
            raise RuntimeError(message) from None
        raise error


class _Text(str):
    __repr__ = str.__str__


def _serve(job, worker_id, receive, send):
    """Answer (number, indices) by (number, batch) until None comes; number None begins a new pass."""
    fetch, broken = None, None
    try:
        if job.init_fn is not None:
            job.init_fn(worker_id)
        fetch = job.fetcher()
    except Exception:
        broken = Failure(f"in DataLoader worker process {worker_id}")
    while (task := receive()) is not None:
        number, indices = task
        if number is None:
            fetch = fetch and job.fetcher()
            send((None, None))
            continue
        try:
            answer = broken or fetch(indices)
        except StopIteration:
            answer = End()
        except Exception:
            answer = Failure(f"in DataLoader worker process {worker_id}")
        try:
            send((number, answer))
        except OSError:  # nobody is there any more
            return
        except Exception:  # what cannot be sent, or not as it is
            send((number, Failure(f"in DataLoader worker process {worker_id}, sending a batch")))
        del answer


def _seed(job, worker_id):
    seed = job.base_seed + worker_id
    random.seed(seed)
    penlight.manual_seed(seed)
    import numpy

    low, high = job.base_seed & 0xFFFFFFFF, job.base_seed >> 32
    numpy.random.seed(numpy.random.SeedSequence([worker_id, low, high, 0]).generate_state(4))


def process_main(job, worker_id, channel):
    """Run a worker process. An interrupt is for the main process to handle: its end is this worker's end."""
    global _process_info
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    close_inherited()
    penlight.set_num_threads(1)
    _seed(job, worker_id)
    _process_info = job.info(worker_id)

    def receive():
        try:
            return channel.recv()
        except (EOFError, OSError):
            return None

    _serve(job, worker_id, receive, channel.send)


def thread_main(job, worker_id, tasks, results):
    """Run a worker thread. It shares the random numbers of the program: their order depends on the threads' timing."""
    _current.info = job.info(worker_id)
    _serve(job, worker_id, tasks.get, lambda answer: results.put((worker_id, *answer)))
