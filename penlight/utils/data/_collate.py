"""Making a batch of samples: tensors are stacked, numbers become tensors, containers are gone through."""

from collections.abc import Mapping, Sequence

import penlight

__all__ = ["default_collate", "default_convert"]


def default_convert(data):
    """Give NumPy arrays as tensors, in containers too; leave everything else as it is."""
    if isinstance(data, penlight.Tensor):
        return data
    if type(data).__module__ == "numpy":
        return data if hasattr(data, "dtype") and data.dtype.kind in "SaUO" else penlight.as_tensor(data)
    if isinstance(data, Mapping):
        return _rebuilt(data, {k: default_convert(v) for k, v in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return [default_convert(d) for d in data]
    return data


def default_collate(batch):
    """Make one batch of a list of samples.

    Example:
        >>> default_collate([(1.0, "a"), (2.0, "b")])
        [tensor([1., 2.], dtype=torch.float64), ('a', 'b')]
    """
    first = batch[0]
    if isinstance(first, penlight.Tensor):
        return penlight.stack(list(batch), 0)
    if type(first).__module__ == "numpy":
        if getattr(first, "shape", None) == ():
            return penlight.as_tensor(batch)
        if first.dtype.kind in "SaUO":
            raise TypeError(
                "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
                f"found {first.dtype}"
            )
        return default_collate([penlight.as_tensor(b) for b in batch])
    if isinstance(first, float):
        return penlight.tensor(batch, dtype=penlight.float64)
    if isinstance(first, int):
        return penlight.tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return _rebuilt(first, {k: default_collate([d[k] for d in batch]) for k in first})
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(samples) for samples in zip(*batch)))
    if isinstance(first, Sequence):
        if any(len(b) != len(first) for b in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [default_collate(samples) for samples in zip(*batch)]
        return columns if isinstance(first, tuple) else _rebuilt(first, columns)
    raise TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {type(first)}"
    )


def _rebuilt(like, values):
    try:
        return type(like)(values)
    except TypeError:  # a type that is not made from its contents alone
        return values
