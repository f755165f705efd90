"""DataLoader: batches from a dataset."""

import penlight
from penlight.utils.data._collate import default_collate, default_convert
from penlight.utils.data.dataset import IterableDataset
from penlight.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = ["DataLoader", "get_worker_info"]


def get_worker_info():
    """Give what a loading process knows about itself; None in the main process."""
    return None


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
        num_workers: loading processes; only 0, the main process, is there yet.
        collate_fn: makes a batch of a list of samples.
        drop_last: whether a last, smaller batch is left out.
        generator: whose random numbers the shuffling uses.

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
        if num_workers > 0:
            raise NotImplementedError("DataLoader loads in the main process only so far; write num_workers=0")
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
        # PyTorch draws a seed for the workers even where there are none: the stream moves on by one.
        penlight.empty((), dtype=penlight.int64).random_(generator=self.generator)
        return self._samples_of_stream() if self._iterable else self._samples_by_index()

    def _samples_by_index(self):
        if self.batch_sampler is None:
            for index in self.sampler:
                yield self.collate_fn(self.dataset[index])
            return
        fetch = getattr(self.dataset, "__getitems__", None)
        for indices in self.batch_sampler:
            samples = fetch(indices) if fetch else [self.dataset[i] for i in indices]
            yield self.collate_fn(samples)

    def _samples_of_stream(self):
        stream = iter(self.dataset)
        if self.batch_sampler is None:
            for sample in stream:
                yield self.collate_fn(sample)
            return
        for indices in self.batch_sampler:
            batch = [sample for _, sample in zip(indices, stream)]
            if not batch or (self.drop_last and len(batch) < len(indices)):
                return
            yield self.collate_fn(batch)

    def __len__(self):
        if self._iterable:
            n = len(self.dataset)
            if self.batch_size is None:
                return n
            return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)

    def __class_getitem__(cls, item):
        return cls
