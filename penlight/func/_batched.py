"""Tensors that stand for a whole batch of tensors, and how operators are applied to them.

Inside `vmap` a function sees BatchedTensors: shape, dtype and all operators are those of one sample. `value` holds the
whole batch, along dimension 0, and `level` says of which vmap; the value of a nested vmap's tensor may itself be one of
the level outside. Autograd stands below: it records what is done with the values, and samples do not mix.
"""

from _thread import _local

from penlight import _C, Tensor

NOT_ITEM = (
    "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on a Tensor, "
    "please try to rewrite what you're doing with other operations. If error is occurring somewhere inside PyTorch "
    "internals, please file a bug report."
)
NOT_BOOL = (
    "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't support that "
    "yet, please file an issue at https://github.com/pytorch/pytorch/issues ."
)
NOT_BACKWARD = (
    "backward() called inside a functorch transform. This is not supported, please use functorch.grad or functorch.vjp "
    "instead or call backward() outside of functorch transforms."
)
NOT_REQUIRES_GRAD = (
    "You are attempting to call Tensor.requires_grad_() (or perhaps using torch.autograd.functional.* "
    "APIs) inside of a "
    "function being transformed by a functorch transform. This is unsupported, please attempt to use the functorch "
    "transforms (e.g. grad, vjp, jacrev, jacfwd, hessian) or call requires_grad_() outside of a function being "
    "transformed instead."
)
NOT_RANDOM = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' "
    "randomness flags on vmap or perform the randomness operation out of vmap"
)
NOT_IN_PLACE = (
    "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor `other` in extra_args "
    "that has more elements than `self`. This happened due to `other` being vmapped over but `self` not being vmapped "
    "over in a vmap. Please try to use out-of-place operators instead of inplace arithmetic. If said operator is being "
    "called inside the PyTorch framework, please file a bug report instead."
)


class Level:
    """One vmap that is being run: how many samples, and what random operators do."""

    def __init__(self, size, randomness):
        self.size, self.randomness = size, randomness
        self.number = 0

    def __enter__(self):
        _active.stack.append(self)
        self.number = len(_active.stack)
        watch(True)
        return self

    def __exit__(self, *exception):
        _active.stack.remove(self)
        watch(False)


class _Active(_local):
    def __init__(self):
        self.stack = []


_active = _Active()  # every thread has its own


def active_levels():
    """The vmaps being run, the outermost first."""
    return _active.stack


_running = 0


def watch(on):
    """While transforms run, on any thread, the core asks about random operators and autograd.Functions."""
    from penlight.func import _functions, _random_rules

    global _running
    _running += 1 if on else -1
    if _running == on:
        _C._set_random_hook(_random_rules.random_call if on else None)
        _C._set_function_hook(_functions.call if on else None)


class below:
    """Inside this block the given vmap is not there: its own operators are applied to whole batches."""

    def __init__(self, level):
        self.level = level

    def __enter__(self):
        self.at = _active.stack.index(self.level)
        del _active.stack[self.at]

    def __exit__(self, *exception):
        _active.stack.insert(self.at, self.level)


def _refuses(message):
    def method(self, *args, **kwargs):
        raise RuntimeError(message)

    return method


def _of_value(name, doc):
    return property(lambda self: getattr(self.value, name), lambda self, v: setattr(self.value, name, v), doc=doc)


class BatchedTensor(Tensor):
    """One sample as the function inside vmap sees it. The object itself has a shape and no data."""

    device = _of_value("device", "Where the values are.")
    requires_grad = _of_value("requires_grad", "Whether autograd records what is done with the values.")
    grad_fn = _of_value("grad_fn", "The node that made the values.")
    is_leaf = _of_value("is_leaf", "Whether the values are a leaf of the graph.")
    is_meta = _of_value("is_meta", "Whether the values have no memory.")
    is_cpu = _of_value("is_cpu", "Whether the values are on the CPU.")
    is_cuda = _of_value("is_cuda", "Whether the values are on a GPU.")

    item = __int__ = __float__ = __complex__ = __index__ = _refuses(NOT_ITEM)
    __bool__ = is_nonzero = _refuses(NOT_BOOL)
    backward = _refuses(NOT_BACKWARD)
    tolist = numpy = __array__ = data_ptr = untyped_storage = _refuses(
        "Cannot access data pointer of Tensor that doesn't have storage"
    )

    def requires_grad_(self, requires_grad=True):
        """Refused, as in PyTorch: the transforms decide what is differentiated."""
        raise RuntimeError(NOT_REQUIRES_GRAD)

    def detach(self):
        """Give the tensor cut off the graph."""
        return wrap(self.value.detach(), self.level)

    def detach_(self):
        """Cut this very tensor off the graph."""
        self.value = self.value.detach()
        return self

    data = property(detach)

    def register_hook(self, hook):
        """Call the hook with the gradient of one sample, when it is known."""
        return self.value.register_hook(lambda grad: unwrap(hook(wrap(grad, self.level)), self.level))

    def __repr__(self, *, tensor_contents=None):
        inner = repr(self.value).replace("\n", "\n    ")
        return f"BatchedTensor(lvl={self.level.number}, bdim=0, value=\n    {inner}\n)"

    __str__ = __repr__

    def __format__(self, spec):
        return repr(self)

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        from penlight.func import _rules

        kwargs = {k: v for k, v in (kwargs or {}).items() if k != "out" or v is not None}
        level = max((t.level for t in _batched_in([*args, *kwargs.values()])), key=lambda lv: lv.number)
        return _rules.apply(func, level, args, kwargs)


def _batched_in(values):
    for v in values:
        if isinstance(v, BatchedTensor):
            yield v
        elif isinstance(v, (tuple, list)):
            yield from _batched_in(v)


def any_batched(values, level):
    """Whether a tensor of this vmap is among the values or in lists of them."""
    return any(t.level is level for t in _batched_in(values))


def is_batched(value, level):
    """Whether the value is a tensor of this vmap."""
    return isinstance(value, BatchedTensor) and value.level is level


def wrap(value, level):
    """The sample that a batch (along dimension 0) stands for."""
    shape = _C.empty_strided(value.shape[1:], value.stride()[1:], dtype=value.dtype, device="meta")
    t = _C._make_subclass(BatchedTensor, shape)
    t.value, t.level = value, level
    return t


def unwrap(value, level):
    """The whole batch of a sample; anything else as it is."""
    return value.value if is_batched(value, level) else value


def spread(tensor, level):
    """The whole batch; a tensor that is the same for all samples is expanded (not copied)."""
    if is_batched(tensor, level):
        return tensor.value
    return tensor.unsqueeze(0).expand(level.size, *tensor.shape)


# ---- all levels at once: what autograd works on
def physical(tensor):
    """The plain tensor inside, with a dimension for each vmap that it depends on, the outermost first."""
    while isinstance(tensor, BatchedTensor):
        tensor = tensor.value
    return tensor


def spread_all(tensor, levels):
    """The plain tensor with a dimension for each of the given vmaps."""
    for level in reversed(levels):
        tensor = spread(tensor, level)
    return tensor


def wrap_all(tensor, levels):
    """Undoes `spread_all`: a plain tensor as the innermost function sees it."""
    for level in levels:
        tensor = wrap(tensor, level)
    return tensor


def map_physical(function, tensor):
    """A tensor of the same vmaps whose plain tensor is function(plain tensor)."""
    if isinstance(tensor, BatchedTensor):
        return wrap(map_physical(function, tensor.value), tensor.level)
    return function(tensor)
