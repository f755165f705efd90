"""DataLoader: batches from a dataset."""

import multiprocessing
import os
import warnings

import penlight
from penlight.utils.data._collate import default_collate, default_convert
from penlight.utils.data._passes import MainPass, ProcessPass, ThreadPass
from penlight.utils.data._worker import Job, get_worker_info
from penlight.utils.data.dataset import IterableDataset
from penlight.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = ["DataLoader", "get_worker_info"]


def _check_number_of_workers(num_workers):
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if num_workers > available:
        warnings.warn(
            f"This DataLoader will create {num_workers} worker processes in total. Our suggested max number of worker "
            f"in current system is {available}, which is smaller than what this DataLoader is going to create. Please "
            "be aware that excessive worker creation might get DataLoader running slow or even freeze, lower the "
            "worker number to avoid potential slowness/freeze if necessary.",
            stacklevel=3,
        )


class _Endless(Sampler):
    """For iterable datasets: there are no indices, only a next sample."""

    def __iter__(self):
        while True:
            yield None


class DataLoader:
    """Goes through a dataset in batches, in order or shuffled.

    Args:
        dataset: a Dataset or IterableDataset, or anything with `__getitem__` and `__len__`.
        batch_size: samples a batch; None gives the samples one by one.
        shuffle: whether to change the order at every pass.
        sampler, batch_sampler: an order of your own, in place of shuffle.
        num_workers: loading processes; 0 loads in the main process.
        collate_fn: makes a batch of a list of samples.
        drop_last: whether a last, smaller batch is left out.
        timeout: seconds to wait for a worker's batch before RuntimeError is raised; 0 waits for ever.
        worker_init_fn: called in each worker with its number.
        multiprocessing_context: how workers start: "fork", "spawn", "forkserver", or "thread" for threads.
        generator: whose random numbers the shuffling uses.
        prefetch_factor: batches that each worker loads ahead (2).
        persistent_workers: whether workers live on after a pass.
        in_order: whether batches come in the order of the sampler; False gives them as they are ready.

    Example:
        >>> loader = DataLoader(TensorDataset(penlight.arange(5)), batch_size=2)
        >>> [batch[0].tolist() for batch in loader]
        [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        dataset,
        batch_size=1,
        shuffle=None,
        sampler=None,
        batch_sampler=None,
        num_workers=0,
        collate_fn=None,
        pin_memory=False,
        drop_last=False,
        timeout=0,
        worker_init_fn=None,
        multiprocessing_context=None,
        generator=None,
        *,
        prefetch_factor=None,
        persistent_workers=False,
        pin_memory_device="",
        in_order=True,
    ):
        if num_workers < 0:
            raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
        if timeout < 0:
            raise ValueError("timeout option should be non-negative")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError(
                "prefetch_factor option could only be specified in multiprocessing."
                "let num_workers > 0 to enable multiprocessing, "
                "otherwise set prefetch_factor to None."
            )
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")
        if num_workers > 0 and prefetch_factor is None:
            prefetch_factor = 2
        if prefetch_factor is not None and prefetch_factor < 0:
            raise ValueError("prefetch_factor option should be non-negative")
        self.dataset, self.num_workers, self.pin_memory, self.timeout = dataset, num_workers, pin_memory, timeout
        self.worker_init_fn, self.multiprocessing_context, self.generator = (
            worker_init_fn,
            multiprocessing_context,
            generator,
        )
        self.prefetch_factor, self.persistent_workers, self.in_order = prefetch_factor, persistent_workers, in_order
        self._iterable = isinstance(dataset, IterableDataset)
        self._check_order(shuffle, sampler, batch_sampler, batch_size, drop_last)
        if batch_sampler is not None:
            batch_size, drop_last = None, False
        if sampler is None:
            if self._iterable:
                sampler = _Endless()
            else:
                sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size, self.drop_last, self.sampler, self.batch_sampler = (
            batch_size,
            drop_last,
            sampler,
            batch_sampler,
        )
        self.collate_fn = collate_fn or (default_convert if batch_sampler is None else default_collate)
        self._workers = self._length = None
        self._is_ready = True
        _check_number_of_workers(num_workers)

    def _check_order(self, shuffle, sampler, batch_sampler, batch_size, drop_last):
        if self._iterable:
            for name, value in (("sampler", sampler), ("batch_sampler", batch_sampler)):
                if value is not None:
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}"
                    )
            if shuffle:
                raise ValueError(
                    f"DataLoader with IterableDataset: expected unspecified shuffle option, but got shuffle={shuffle}"
                )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
            )
        if batch_sampler is None and batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")

    def __iter__(self):
        if self.pin_memory and not penlight.cuda.is_available():
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, "
                "then device pinned memory won't be used.",
                stacklevel=2,
            )
        if self.num_workers == 0:
            return MainPass(self)
        if self._workers is not None and self._workers.is_running():
            self._workers.restart(self)
            return self._workers
        workers = (ThreadPass if self.multiprocessing_context == "thread" else ProcessPass)(self)
        if self.persistent_workers:
            self._workers = workers
        return workers

    @property
    def _index_sampler(self):
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def _job(self, base_seed):
        return Job(
            self.dataset,
            self.batch_sampler is not None,
            self.collate_fn,
            self.drop_last,
            self.num_workers,
            self.worker_init_fn,
            base_seed,
        )

    @property
    def multiprocessing_context(self):
        """How workers are started: None, a context of `multiprocessing`, its name, or "thread"."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context):
        if context is not None:
            if self.num_workers == 0:
                raise ValueError(
                    "multiprocessing_context can only be used with multi-process loading (num_workers > 0), "
                    f"but got num_workers={self.num_workers}"
                )
            kinds = [*multiprocessing.get_all_start_methods(), "thread"]
            if isinstance(context, str) and context not in kinds:
                raise ValueError(
                    "multiprocessing_context option should specify a valid start method in "
                    f"{kinds!r}, but got multiprocessing_context={context!r}"
                )
            if not isinstance(context, (str, multiprocessing.context.BaseContext)):
                raise TypeError(
                    "multiprocessing_context option should be a valid context object or a string specifying the start "
                    f"method, but got multiprocessing_context={context}"
                )
        self._context = context

    def __setattr__(self, name, value):
        if getattr(self, "_is_ready", False) and name in (
            "batch_size",
            "batch_sampler",
            "sampler",
            "drop_last",
            "dataset",
            "persistent_workers",
        ):
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    def __len__(self):
        if self._iterable:
            n = len(self.dataset)
            if self.batch_size is not None:
                n = n // self.batch_size if self.drop_last else -(-n // self.batch_size)
            self._length = n
            return n
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)

    def __class_getitem__(cls, item):
        return cls
