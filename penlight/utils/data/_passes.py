"""One pass through a DataLoader: in the main process, with worker processes, or with worker threads."""

import itertools
import multiprocessing
import os
import queue
import select
import signal
import threading
import time
import warnings

import penlight
from penlight.utils.data._channel import pair
from penlight.utils.data._worker import End, Failure, process_main, thread_main

__all__ = ["MainPass", "ProcessPass", "ThreadPass"]

_MOST_TASKS = 64  # that a worker may have waiting: they must fit into a socket
_PATIENCE = 5.0  # seconds that a worker gets to end by itself


def _base_seed(loader):
    # Drawn even where there are no workers, as PyTorch does: the stream of random numbers moves on by one.
    return int(penlight.empty((), dtype=penlight.int64).random_(generator=loader.generator).item())


class _Pass:
    """An iterator over the batches of a loader. It does not hold the loader, which may hold it."""

    def __init__(self, loader):
        self._begin(loader)
        self._seed = _base_seed(loader)

    def _begin(self, loader):
        self._order = loader._index_sampler
        self._indices = iter(self._order)
        self._dataset, self._length, self._given = loader.dataset, loader._length, 0

    def __iter__(self):
        return self

    def __len__(self):
        return len(self._order)

    def __next__(self):
        batch = self._next()
        self._given += 1
        if self._length is not None and self._given > self._length:
            self._warn_of_length()
        return batch

    def _warn_of_length(self):
        warnings.warn(
            f"Length of IterableDataset {self._dataset} was reported to be {self._length} (when accessing "
            f"len(dataloader)), but {self._given} samples have been fetched. With workers, each of them must give its "
            "own part of the stream: see get_worker_info().",
            stacklevel=3,
        )


class MainPass(_Pass):
    """Loads in the main process."""

    def __init__(self, loader):
        super().__init__(loader)
        self._fetch = loader._job(self._seed).fetcher()

    def _next(self):
        return self._fetch(next(self._indices))


class _WorkerPass(_Pass):
    """Hands indices to workers, a few ahead, and gives their batches in order.

    A subclass says how to start workers, send them a task, wait for an answer and stop them.
    """

    _workers = ()

    def __init__(self, loader):
        super().__init__(loader)
        self._job, self._count = loader._job(self._seed), loader.num_workers
        self._ahead, self._timeout = min(loader.prefetch_factor, _MOST_TASKS), loader.timeout
        self._in_order, self._lives_on = loader.in_order, loader.persistent_workers
        self._start(self._count, loader.multiprocessing_context)
        self._prime()

    def _prime(self):
        count = self._count
        self._sent = self._wanted = 0  # numbers of the next task to send and of the next batch to give
        self._who, self._ready = {}, {}  # task -> worker; task -> batch
        self._open = [True] * count  # whose stream has not ended
        self._tasks = [0] * count  # how many each has waiting
        self._turn = itertools.cycle(range(count))
        for _ in range(self._ahead * count):
            self._hand_out()

    def is_running(self):
        """Give True while the workers have not been stopped."""
        return bool(self._workers)

    def restart(self, loader):
        """Begin a new pass with the same workers."""
        while self._who:  # answers of a pass that was left early
            self._collect()
        for worker in range(self._count):
            self._send(worker, (None, None))
        self._restarted = 0
        while self._restarted < self._count:
            self._collect()
        self._begin(loader)
        self._prime()

    def _hand_out(self):
        """Give the next indices to the next worker whose stream has not ended."""
        worker = self._next_worker()
        if worker is None:
            return
        try:
            indices = next(self._indices)
        except StopIteration:
            return
        self._send(worker, (self._sent, indices))
        self._who[self._sent] = worker
        self._tasks[worker] += 1
        self._sent += 1

    def _next_worker(self):
        for worker in itertools.islice(self._turn, len(self._open)):
            if not self._open[worker]:
                continue
            if self._in_order or self._tasks[worker] * sum(self._open) <= sum(self._tasks):
                return worker
        return None

    def _collect(self):
        """Wait for one answer and file it."""
        worker, number, answer = self._receive(self._timeout)
        if number is None:
            self._restarted += 1
            return
        self._who.pop(number)
        self._tasks[worker] -= 1
        if isinstance(answer, End):
            self._open[worker] = False
            self._hand_out()
        else:
            self._ready[number] = answer

    def _next(self):
        while (number := self._next_ready()) is None:
            if not self._who:
                if not self._lives_on:
                    self.stop()
                raise StopIteration
            try:
                self._collect()
            except BaseException:  # a worker is lost, or the user interrupts
                self.stop(patience=0)
                raise
        answer = self._ready.pop(number)
        self._hand_out()
        if isinstance(answer, Failure):
            answer.reraise()
        return answer

    def _next_ready(self):
        if not self._in_order:
            return next(iter(self._ready), None)
        # A number whose worker's stream had ended has no batch: passed over.
        while self._wanted < self._sent and self._wanted not in self._ready and self._wanted not in self._who:
            self._wanted += 1
        if self._wanted not in self._ready:
            return None
        self._wanted += 1
        return self._wanted - 1

    def __del__(self):
        self.stop()


class ProcessPass(_WorkerPass):
    """Loads in worker processes."""

    def _start(self, count, context):
        import numpy  # noqa: F401  once here instead of in every forked worker, which seeds it

        if not hasattr(context, "Process"):
            context = multiprocessing.get_context(context)
        self._pid, self._workers, self._channels, self._poll = os.getpid(), [], [], select.poll()
        for worker in range(count):
            ours, theirs = pair()
            process = context.Process(target=process_main, args=(self._job, worker, theirs), daemon=True)
            self._channels.append(ours)
            process.start()
            self._workers.append(process)
            theirs.close()  # no later worker may hold this end: closing it says that its worker is gone
            self._poll.register(ours, select.POLLIN)

    def _send(self, worker, task):
        try:
            self._channels[worker].send(task)
        except OSError:
            self._raise_death(worker)

    def _receive(self, timeout):
        ready = self._poll.poll(timeout * 1000 if timeout else None)
        if not ready:
            raise RuntimeError(f"DataLoader timed out after {timeout} seconds")
        files = [channel.fileno() for channel in self._channels]
        worker = files.index(ready[0][0])
        try:
            return worker, *self._channels[worker].recv()
        except (EOFError, OSError):
            self._raise_death(worker)

    def _raise_death(self, worker):
        process = self._workers[worker]
        process.join(1)
        code = process.exitcode
        if code is not None and code < 0:
            name = signal.strsignal(-code)
            raise RuntimeError(f"DataLoader worker (pid {process.pid}) is killed by signal: {name}. ") from None
        raise RuntimeError(
            f"DataLoader worker (pid(s) {process.pid}) exited unexpectedly with exit code {code}. Details are lost due "
            "to multiprocessing. Rerunning with num_workers=0 may give better error trace."
        ) from None

    def stop(self, patience=_PATIENCE):
        """End the workers: by closing the connection, then by force."""
        if not self._workers or self._pid != os.getpid():
            return
        workers, self._workers = self._workers, ()
        for channel in self._channels:
            channel.close()
        end = time.monotonic() + patience
        for action in (None, "terminate", "kill"):
            for process in workers:
                if action and process.is_alive():
                    getattr(process, action)()
            for process in workers:
                process.join(max(0.0, end - time.monotonic()))
            end = time.monotonic() + 1


class ThreadPass(_WorkerPass):
    """Loads in worker threads: for samples whose work lets other threads run, as decoding and NumPy do."""

    def _start(self, count, context):
        self._workers, self._results = [queue.SimpleQueue() for _ in range(count)], queue.SimpleQueue()
        for worker, tasks in enumerate(self._workers):
            threading.Thread(target=thread_main, args=(self._job, worker, tasks, self._results), daemon=True).start()

    def _send(self, worker, task):
        self._workers[worker].put(task)

    def _receive(self, timeout):
        try:
            return self._results.get(timeout=timeout or None)
        except queue.Empty:
            raise RuntimeError(f"DataLoader timed out after {timeout} seconds") from None

    def stop(self, patience=_PATIENCE):
        """Let the threads end after what they are doing now."""
        for tasks in self._workers:
            while not tasks.empty():
                tasks.get()
            tasks.put(None)
        self._workers = ()
