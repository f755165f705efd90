"""Small companions of the transforms."""

import functools

from penlight.func._batched import BatchedTensor


def debug_unwrap(tensor, *, recurse=True):
    """Give the whole batch behind a tensor inside vmap, to look at or print; a plain tensor is given back.

    With recurse, the batches of all vmaps that are being run; otherwise of the innermost.

    Example:
        >>> def f(x):
        ...     print(torch.func.debug_unwrap(x))
        ...     return x
        >>> y = torch.func.vmap(f)(torch.tensor([1.0, 2.0]))
        tensor([1., 2.])
    """
    while isinstance(tensor, BatchedTensor):
        tensor = tensor.value
        if not recurse:
            break
    return tensor


def functionalize(func, *, remove="mutations"):
    """Return a function that gives the same results as `func`.

    PyTorch uses it to trace a function without its in-place operators. Penlight runs functions and does not trace them,
    so that nothing has to be replaced; `remove` is checked.

    Example:
        >>> torch.func.functionalize(lambda x: x.clone().add_(1))(torch.zeros(2))
        tensor([1., 1.])
    """
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(
            f"functionalize(f, remove='mutations'): received invalid argument for remove={remove}. Valid options are:\n"
            "     remove='mutations': all inplace and out= operators will be removed from the program, "
            "and replaced with "
            "their out-of-place equivalents.\n     remove='mutations_and_views': In addition to the "
            "above, all aliasing "
            "operators {view} will be replaced with their non-aliasing counterparts, {view}_copy.\n"
        )

    @functools.wraps(func)
    def wrapped(*args, **kwargs):
        return func(*args, **kwargs)

    return wrapped
