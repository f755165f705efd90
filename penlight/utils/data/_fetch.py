"""From indices to a batch: what the main process and every worker do alike."""

import penlight
from penlight.utils.data._collate import default_collate
from penlight.utils.data.dataset import IterableDataset, Subset, TensorDataset

__all__ = ["fetcher"]


def fetcher(dataset, is_batched, collate, drop_last):
    """Give the function that makes a batch (or, if not `is_batched`, a sample) of what the index sampler gives."""
    if isinstance(dataset, IterableDataset):
        return _next_of(iter(dataset), is_batched, collate, drop_last)
    if not is_batched:
        return lambda index: collate(dataset[index])
    rows = _row_reader(dataset) if collate is default_collate else None
    if rows is not None:
        return rows
    several = getattr(dataset, "__getitems__", None)
    if several:
        return lambda indices: collate(several(indices))
    return lambda indices: collate([dataset[index] for index in indices])


def _next_of(stream, is_batched, collate, drop_last):
    """Fetch the next of a stream; StopIteration at its end."""

    def next_batch(indices):
        batch = [sample for _, sample in zip(indices, stream)]
        if not batch or (drop_last and len(batch) < len(indices)):
            raise StopIteration
        return collate(batch)

    return next_batch if is_batched else lambda _: collate(next(stream))


def _row_reader(dataset):
    """For tensors: the function that reads all rows of a batch at once; None for other datasets.

    What it gives is what default_collate would make of the samples.
    """
    kind = type(dataset)
    if isinstance(dataset, TensorDataset) and kind.__getitem__ is TensorDataset.__getitem__:
        tensors = dataset.tensors
        if hasattr(kind, "__getitems__") or any(type(t) is not penlight.Tensor or t.requires_grad for t in tensors):
            return None
        return lambda indices: _rows(tensors, penlight.tensor(indices))
    if kind is Subset:
        rows = _row_reader(dataset.dataset)
        return rows and (lambda indices: rows([dataset.indices[i] for i in indices]))
    return None


def _rows(tensors, indices):
    return [tensor[indices] for tensor in tensors]
