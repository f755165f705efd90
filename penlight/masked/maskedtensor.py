"""Tensors that know which of their elements count."""

from penlight import _C, Tensor
from penlight.overrides import DisableTorchFunctionSubclass

__all__ = ["MaskedTensor", "as_masked_tensor", "is_masked_tensor", "masked_tensor"]

# How operators treat masks. What is in none of these is not defined for masked tensors.
_POINTWISE = set(
    "abs absolute acos acosh add angle arctan2 asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_not "
    "bitwise_or bitwise_right_shift bitwise_xor ceil clamp clip conj_physical copysign cos cosh deg2rad digamma div "
    "divide eq erf erfc erfinv exp exp2 expm1 fix floor floor_divide fmax fmin fmod frac ge gt hypot i0 isinf isnan le "
    "lgamma log log10 log1p log2 logaddexp logaddexp2 logical_not logit lt maximum minimum mul multiply nan_to_num ne "
    "neg negative nextafter ones_like polygamma positive pow rad2deg reciprocal remainder round rsqrt sgn sigmoid "
    "sign signbit sin sinc sinh sqrt square sub subtract tan tanh true_divide trunc zeros_like "
    "to double float half bfloat16 long int short char byte bool type _to_copy".split()
)
_OPERATORS = set(
    "add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow and or xor invert neg pos abs eq "
    "ne lt le gt ge iadd isub imul itruediv".split()
)
_SHAPES = set(
    "__getitem__ cat chunk clone contiguous detach diagonal expand expand_as flatten flip index_select movedim narrow "
    "mT permute ravel repeat reshape roll select split squeeze stack swapaxes t take_along_dim transpose unbind "
    "unflatten unsqueeze view where".split()
)
_REDUCTIONS = set("sum mean prod amax amin argmax argmin var std".split())
_ALONG = set("softmax".split())


def is_masked_tensor(obj, /):
    """Give True if the object is a MaskedTensor."""
    return isinstance(obj, MaskedTensor)


def masked_tensor(data, mask, requires_grad=False):
    """Give a MaskedTensor with copies of a tensor and its mask; a leaf of the graph.

    Args:
        data: the elements; another type than Tensor, and complex numbers, raise TypeError.
        mask: bools in the same shape, True where an element counts.
    """
    return MaskedTensor(data, mask, requires_grad)


def as_masked_tensor(data, mask):
    """Give a MaskedTensor through which gradients flow back to `data`."""
    _check(data, mask)
    return _wrap(data.clone(), mask.clone())


def _check(data, mask):
    for name, value in (("data", data), ("mask", mask)):
        if not isinstance(value, Tensor) or is_masked_tensor(value):
            raise TypeError(f"{name} must be a Tensor")
    if mask.dtype != _C.bool:
        raise TypeError("mask must have dtype bool.")
    if data.is_complex():
        raise TypeError(f"{data.dtype} is not supported in MaskedTensor.")
    if data.dim() != mask.dim():
        raise ValueError("data.dim() must equal mask.dim()")
    if data.shape != mask.shape:
        raise ValueError("data.size() must equal mask.size()")


def _wrap(data, mask):
    result = _C._as_subclass(MaskedTensor, data)
    result._mask = mask
    return result


def _apply(part, value):
    """Give the value, in which lists are looked into, with part(m) for every MaskedTensor m."""
    if is_masked_tensor(value):
        return part(value)
    return type(value)(_apply(part, v) for v in value) if type(value) in (tuple, list) else value


def _masked_in(values):
    for value in values:
        if is_masked_tensor(value):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _masked_in(value)


class MaskedTensor(Tensor):
    """A tensor with a mask that says which elements count; operators leave the others out.

    Pointwise operators want equal masks. A reduction of which no element counts is masked out itself.

    Example:
        >>> data, mask = penlight.tensor([1.0, 2.0, 9.0]), penlight.tensor([True, True, False])
        >>> penlight.masked.masked_tensor(data, mask) * 2
        MaskedTensor(
          [  2.0000,   4.0000,       --]
        )
    """

    def __new__(cls, data, mask, requires_grad=False):
        """Copy a tensor and its mask; see `masked_tensor`."""
        _check(data, mask)
        result = _C._make_subclass(cls, data.detach().clone(), requires_grad)
        result._mask = mask.clone()
        return result

    def get_data(self):
        """Give the elements as a plain tensor, those that do not count included."""
        return _C._as_subclass(Tensor, self)

    def get_mask(self):
        """Give the mask: True where an element counts."""
        return self._mask

    def tolist(self):
        """Raise RuntimeError: a list has no mask; convert `to_tensor(value)`."""
        raise RuntimeError(".tolist() is not supported for tensor subclasses, got MaskedTensor")

    def numpy(self, *, force=False):
        """Raise RuntimeError: an array has no mask; convert `to_tensor(value)`."""
        raise RuntimeError(".numpy() is not supported for tensor subclasses, got MaskedTensor")

    def to_tensor(self, value):
        """Give a plain tensor with `value` in place of the elements that do not count."""
        return self.get_data().masked_fill(~self._mask, value)

    @property
    def grad(self):
        """The gradient of this leaf, masked as it is."""
        with DisableTorchFunctionSubclass():
            gradient = Tensor.grad.__get__(self)
        return None if gradient is None else _wrap(gradient, self._mask)

    @grad.setter
    def grad(self, value):
        Tensor.grad.__set__(self, value.get_data() if is_masked_tensor(value) else value)

    @property
    def T(self):
        """The transpose, masked as it is."""
        return self.t()

    @property
    def data(self):
        """The same elements and mask without history."""
        return self.detach()

    def __repr__(self, *, tensor_contents=None):
        if self.dim() == 0:
            return f"MaskedTensor({_shown(self.get_data(), self._mask)}, {self._mask.item()})"
        return "MaskedTensor(\n" + _shown(self.get_data(), self._mask, "  ") + "\n)"

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        """Take part in an operator: on the data, with the mask that its result has."""
        kwargs = kwargs or {}
        name = func.__name__
        inplace = name.endswith("_") and not name.endswith("__")
        base = name[:-1] if inplace else name
        every = [*args, *kwargs.values()]
        if base in _POINTWISE or (base.startswith("__") and base[2:-2] in _OPERATORS):
            result = _on_data(func, args, kwargs)
            if inplace:
                return args[0]
            return _wrap(result, _common_mask(every).expand(result.shape))
        if name in _SHAPES:
            return _rewrapped(_on_data(func, args, kwargs), _on_masks(func, args, kwargs))
        if name in _REDUCTIONS and is_masked_tensor(args[0]):
            return _reduced(name, *args, **kwargs)
        if name in ("all", "any") and is_masked_tensor(args[0]):
            return _wrap(
                func(args[0].to_tensor(name == "all"), *args[1:], **kwargs), args[0]._mask.any(*args[1:], **kwargs)
            )
        if name in _ALONG and is_masked_tensor(args[0]):
            return _along(name, *args, **kwargs)
        if name == "requires_grad_":  # of the leaf itself, not of the plain look at its data
            with DisableTorchFunctionSubclass():
                return func(*args, **kwargs)
        if inplace:
            return NotImplemented
        result = _on_data(func, args, kwargs)  # a question, such as dim(), or an action, such as backward()
        return NotImplemented if list(_tensors_in(result)) else result


def _tensors_in(result):
    for value in result if isinstance(result, (tuple, list)) else (result,):
        if isinstance(value, Tensor):
            yield value


def _on_data(func, args, kwargs):
    with DisableTorchFunctionSubclass():
        return func(
            *_apply(MaskedTensor.get_data, tuple(args)),
            **{k: _apply(MaskedTensor.get_data, v) for k, v in kwargs.items()},
        )


def _on_masks(func, args, kwargs):
    with DisableTorchFunctionSubclass():
        return func(
            *_apply(MaskedTensor.get_mask, tuple(args)),
            **{k: _apply(MaskedTensor.get_mask, v) for k, v in kwargs.items()},
        )


def _rewrapped(data, mask):
    return type(data)(map(_wrap, data, mask)) if isinstance(data, (tuple, list)) else _wrap(data, mask)


def _common_mask(values):
    first, *others = (m._mask for m in _masked_in(values))
    if any(m.shape != first.shape or not (m == first).all() for m in others):
        raise ValueError("Input masks must match.")
    return first


def _reduced(name, tensor, dim=None, keepdim=False, **kwargs):
    from penlight.masked import _ops

    mask = tensor._mask
    result = getattr(_ops, name)(tensor.get_data(), dim, keepdim=keepdim, mask=mask, **kwargs)
    return _wrap(result, mask.any() if dim is None else mask.any(dim, keepdim))


def _along(name, tensor, dim, dtype=None):
    from penlight.masked import _ops

    return _wrap(getattr(_ops, name)(tensor.get_data(), dim, dtype=dtype, mask=tensor._mask), tensor._mask)


def _shown(data, mask, indent=""):
    """Give the elements as text, "--" for those that do not count."""
    if data.dim() == 0:
        value = data.item()
        return "--" if not mask.item() else f"{value:8.4f}" if isinstance(value, float) else str(value)
    if data.dim() == 1:
        items = [_shown(d, m) for d, m in zip(data, mask)]
        return indent + "[" + ", ".join(i.rjust(8) if i == "--" else i for i in items) + "]"
    rows = [_shown(d, m, indent + "  ") for d, m in zip(data, mask)]
    return f"{indent}[\n" + ",\n".join(rows) + f"\n{indent}]"
