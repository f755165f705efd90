"""vmap: a function of one sample as a function of a whole batch."""

import functools

from penlight import _C, Tensor
from penlight.func._batched import Level, is_batched, spread, wrap
from penlight.utils._pytree import tree_flatten, tree_unflatten


def _name(func):
    return getattr(func, "__name__", repr(func))


def broadcast(prefix, spec, is_leaf=lambda v: not isinstance(v, (tuple, list, dict))):
    """The values of `prefix` for every leaf of the TreeSpec, one standing for all below it; None if they differ."""
    if spec.is_leaf() or is_leaf(prefix):
        return [prefix] * spec.num_leaves if is_leaf(prefix) else None
    parts, other = tree_flatten(prefix, lambda v: v is not prefix)
    if (other.type, other.context) != (spec.type, spec.context) or len(parts) != len(spec.children):
        return None
    values = []
    for part, child in zip(parts, spec.children):
        found = broadcast(part, child, is_leaf)
        if found is None:
            return None
        values += found
    return values


def _in_dims(func, in_dims, args):
    """The flat arguments, their TreeSpec, and the dimension of each (counted from 0; None: not mapped over)."""
    call = f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>)"
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(
            f"{call}: expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, "
            f"got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({_name(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap "
            "over a function with no inputs. The latter is unsupported."
        )
    values, spec = tree_flatten(args)
    dims = broadcast(in_dims, spec)
    if dims is None:
        raise ValueError(
            f"{call}: in_dims is not compatible with the structure of `inputs`. in_dims has structure "
            f"{tree_flatten(in_dims)[1]} but inputs has structure {spec}."
        )
    return values, spec, [_checked_in_dim(call, v, d) for v, d in zip(values, dims)]


def _checked_in_dim(call, value, dim):
    if dim is None:
        return None
    if not isinstance(dim, int):
        raise ValueError(
            f"{call}: Got in_dim={dim} for an input but in_dim must be either an integer dimension or None."
        )
    if not isinstance(value, Tensor):
        raise ValueError(
            f"{call}: Got in_dim={dim} for an input but the input is of type {type(value)}. We cannot vmap over "
            "non-Tensor arguments, please use None as the respective in_dim"
        )
    if not -value.dim() <= dim < value.dim():
        raise ValueError(
            f"{call}: Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {value.dim()} so "
            f"expected in_dim to satisfy -{value.dim()} <= in_dim < {value.dim()}."
        )
    return dim % value.dim()


def _batch_size(values, dims):
    sizes = [v.shape[d] for v, d in zip(values, dims) if d is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(s != sizes[0] for s in sizes):
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the "
            "mapped dimension"
        )
    return sizes[0]


def _out_dims(func, out_dims, outputs):
    values, spec = tree_flatten(outputs)
    if not (out_dims is None or isinstance(out_dims, (int, tuple, list, dict))):
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python collection of "
            "ints representing where in the outputs the vmapped dimension should appear."
        )
    dims = broadcast(out_dims, spec)
    if dims is None and spec.is_leaf() and isinstance(out_dims, tuple) and len(out_dims) == 1:
        dims = list(out_dims)
    if dims is None:
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the "
            "structure of "
            f"`outputs`. out_dims has structure {tree_flatten(out_dims)[1]} but outputs has structure {spec}."
        )
    return values, spec, dims


def _leave(func, output, dim, level):
    """What the caller gets for one output."""
    if dim is None:
        if is_batched(output, level):
            raise ValueError(
                f"vmap({_name(func)}, ...): `{_name(func)}` can not return a BatchedTensor when out_dim is None"
            )
        return output
    if not isinstance(output, Tensor):
        raise ValueError(
            f"vmap({_name(func)}, ...): `{_name(func)}` must only return Tensors, got type {type(output)}. "
            "Did you mean "
            "to set out_dims= to None for output?"
        )
    value = spread(output, level)
    return value if dim == 0 else value.movedim(0, dim)


def _run(func, values, spec, dims, size, out_dims, randomness, kwargs):
    with Level(size, randomness) as level:
        inputs = [v if d is None else wrap(v if d == 0 else v.movedim(d, 0), level) for v, d in zip(values, dims)]
        outputs = func(*tree_unflatten(inputs, spec), **kwargs)
        leaves, out_spec, dims = _out_dims(func, out_dims, outputs)
        results = [_leave(func, o, d, level) for o, d in zip(leaves, dims)]
    return results, out_spec, dims


def vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None):
    """Turn a function of one sample into a function of a batch of samples, without a loop in your code.

    Args:
        func: takes and returns tensors, or nested tuples, lists and dicts of tensors.
        in_dims: which dimension of the inputs counts the samples: an int for all, or a structure as that of the inputs;
            None for an input that is the same for all samples. Inputs by keyword are the same for all samples.
        out_dims: where the dimension stands in the outputs.
        randomness: what random operators in func do: "error", "same" (numbers for all samples) or "different".
        chunk_size: the most samples that are worked on at once; None for all.

    Values that Python must see (`.item()`, `if x > 0:`) and results whose size depends on the data raise RuntimeError.

    Example:
        >>> torch.func.vmap(torch.dot)(torch.ones(2, 3), torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
        tensor([ 6., 15.])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def wrapped(*args, **kwargs):
        values, spec, dims = _in_dims(func, in_dims, args)
        size = _batch_size(values, dims)
        if chunk_size is None or size <= chunk_size:
            results, out_spec, _ = _run(func, values, spec, dims, size, out_dims, randomness, kwargs)
            return tree_unflatten(results, out_spec)
        parts = []
        for start in range(0, size, chunk_size):
            count = min(chunk_size, size - start)
            part = [v if d is None else v.narrow(d, start, count) for v, d in zip(values, dims)]
            parts.append(_run(func, part, spec, dims, count, out_dims, randomness, kwargs))
        _, out_spec, dims = parts[0]
        columns = zip(*(results for results, _, _ in parts))
        return tree_unflatten([c[0] if d is None else _C.cat(c, d) for c, d in zip(columns, dims)], out_spec)

    return wrapped
