"""The methods of Tensor that are Python. Operators come from the operator table, the type's core from csrc/python."""

import warnings

from penlight import _C
from penlight._C import Tensor

_TYPE_NAMES = {
    _C.float32: "FloatTensor",
    _C.float64: "DoubleTensor",
    _C.float16: "HalfTensor",
    _C.bfloat16: "BFloat16Tensor",
    _C.int64: "LongTensor",
    _C.int32: "IntTensor",
    _C.int16: "ShortTensor",
    _C.int8: "CharTensor",
    _C.uint8: "ByteTensor",
    _C.bool: "BoolTensor",
    _C.complex64: "ComplexFloatTensor",
    _C.complex128: "ComplexDoubleTensor",
}
_TYPES_BY_NAME = {name: dtype for dtype, name in _TYPE_NAMES.items()}


def _moved(tensor, device, dtype, copy=False, memory_format=None):
    """The tensor on another device or in another dtype; itself where nothing changes."""
    dtype = tensor.dtype if dtype is None else dtype
    if device is not None and not isinstance(device, _C.device):
        device = _C.device(device)
    same_device = device is None or device == tensor.device or (device.type == tensor.device.type == "cpu")
    if not same_device:
        if device.type == "cuda":
            _no_cuda()
        if device.type == "meta":
            return _C.empty_strided(tensor.shape, tensor.stride(), dtype=dtype, device=device)
        raise NotImplementedError(
            "Cannot copy out of meta tensor; no data! Please use torch.nn.Module.to_empty() instead of "
            "torch.nn.Module.to() when moving module from meta to a different device."
        )
    if dtype == tensor.dtype and not copy and memory_format is None:
        return tensor
    return _C._to_copy(tensor, dtype, memory_format)


def _no_cuda():
    from penlight.errors import with_help

    raise with_help(AssertionError("Torch not compiled with CUDA enabled"), "no_cuda")


def _cast(dtype):
    def method(self, memory_format=None):
        as_it_is = memory_format in (None, _C.preserve_format) or self.is_contiguous(memory_format=memory_format)
        return self if self.dtype == dtype and as_it_is else _C._to_copy(self, dtype, memory_format)

    method.__doc__ = f"Give the tensor as {dtype}; itself if it is already."
    return method


class _Methods:
    """What is grafted onto Tensor below."""

    def __repr__(self, *, tensor_contents=None):
        from penlight.printing import tensor_str

        return tensor_str(self, tensor_contents)

    def __format__(self, format_spec):
        if self.dim() == 0 and not self.is_meta and type(self) is Tensor:
            return self.item().__format__(format_spec)
        return object.__format__(self, format_spec)

    def __iter__(self):
        if self.dim() == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __reversed__(self):
        return self if self.dim() == 0 else self.flip(0)

    def __contains__(self, element):
        if isinstance(element, (Tensor, int, float, complex, bool)):
            return bool((element == self).any())
        raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")

    def __array__(self, dtype=None, copy=None):
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return _C.from_numpy(array) if array.ndim else _C.tensor(array.item())

    __array_priority__ = 1000

    def __reduce_ex__(self, protocol):
        from penlight._utils import _reduce_tensor

        return _reduce_tensor(self)

    def __deepcopy__(self, memo):
        from penlight._utils import _deepcopy_tensor

        return _deepcopy_tensor(self, memo)

    def __setstate__(self, state):
        from penlight._utils import _set_state

        _set_state(self, state)

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        from penlight import overrides

        if not all(issubclass(cls, t) for t in types):
            return NotImplemented
        with overrides.DisableTorchFunctionSubclass():
            return overrides._convert(func(*args, **(kwargs or {})), cls)

    def __rdiv__(self, other):
        return other / self

    def to(self, *args, dtype=None, device=None, non_blocking=False, copy=False, memory_format=None):
        """Give the tensor in another dtype or on another device; itself if nothing changes.

        Call it as `to(dtype)`, `to(device)`, `to(device, dtype)` or `to(other_tensor)`.

        Example:
            >>> penlight.ones(2).to(penlight.float64).dtype
            torch.float64
        """
        positional = list(args)
        if positional and isinstance(positional[0], Tensor):
            other = positional.pop(0)
            device, dtype = other.device, other.dtype
        elif positional and isinstance(positional[0], _C.dtype):
            dtype = positional.pop(0)
        elif positional and isinstance(positional[0], (str, int, _C.device, type(None))):
            device = positional.pop(0)
            if positional and isinstance(positional[0], (_C.dtype, type(None))):
                dtype = positional.pop(0) or dtype
        elif positional:
            raise TypeError(
                f"to() received an invalid combination of arguments - got ({', '.join(type(a).__name__ for a in args)})"
            )
        copy = positional[1] if len(positional) > 1 else copy
        return _moved(self, device, dtype, copy, memory_format)

    def cpu(self, memory_format=None):
        """Give the tensor in the CPU's memory; itself if it is there."""
        return _moved(self, _C.device("cpu"), None, memory_format=memory_format)

    def cuda(self, device=None, non_blocking=False, memory_format=None):
        """Give the tensor in a GPU's memory."""
        return _moved(self, _C.device("cuda"), None)

    def type(self, dtype=None, non_blocking=False):
        """Give the name of the tensor's type, such as 'torch.FloatTensor', or the tensor in another dtype."""
        if dtype is None:
            return "torch." + _TYPE_NAMES[self.dtype]
        if isinstance(dtype, str):
            name = dtype.removeprefix("torch.")
            if name not in _TYPES_BY_NAME:
                raise ValueError(f"invalid type: '{dtype}'")
            dtype = _TYPES_BY_NAME[name]
        elif not isinstance(dtype, _C.dtype):
            dtype = dtype.dtype if dtype is not Tensor else _C.get_default_dtype()
        return _moved(self, None, dtype)

    def type_as(self, tensor):
        """Give the tensor in the dtype of another."""
        return _moved(self, tensor.device, tensor.dtype)

    def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
        """Give a tensor with a copy of the data, in this tensor's dtype."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _C.tensor(data, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad)

    def new(self, *args):
        """Give a tensor of this one's dtype: of the given sizes, or with the given data."""
        if args and isinstance(args[0], (list, tuple)) and not isinstance(args[0], _C.Size):
            return self.new_tensor(args[0])
        return self.new_empty(args[0] if args and isinstance(args[0], _C.Size) else args or (0,))

    def as_subclass(self, cls):
        """Give the tensor as an object of a subclass; it shares the memory and the graph."""
        return _C._as_subclass(cls, self)

    def storage(self):
        """Give the memory as a typed storage."""
        from penlight.storage import TypedStorage

        return TypedStorage(wrap_storage=self.untyped_storage(), dtype=self.dtype)

    def get_device(self):
        """Give the index of the GPU, or -1 for the CPU."""
        return self.device.index if self.device.type == "cuda" else -1

    def is_same_size(self, other):
        """Give True if both have the same shape."""
        return self.shape == other.shape

    def is_set_to(self, tensor):
        """Give True if both are the same look at the same memory."""
        return (self.data_ptr(), self.shape, self.stride()) == (tensor.data_ptr(), tensor.shape, tensor.stride())

    def is_pinned(self, device=None):
        """Give True if a GPU can copy from the memory directly."""
        return False

    def pin_memory(self, device=None):
        """Give a copy that a GPU can copy from directly; without a GPU this raises."""
        _no_cuda()

    def is_shared(self):
        """Give True if other processes see the memory."""
        from penlight.multiprocessing.shared import is_shared

        return is_shared(self)

    def share_memory_(self):
        """Move the memory to where other processes can see it, and give the tensor itself.

        Errors: RuntimeError if other tensors look into the memory: share before making views.
        """
        from penlight.multiprocessing.shared import share_

        return share_(self)

    def unique(self, sorted=True, return_inverse=False, return_counts=False, dim=None):
        """Give the different elements; see torch.unique."""
        from penlight._functional import unique

        return unique(self, sorted, return_inverse, return_counts, dim)

    def unique_consecutive(self, return_inverse=False, return_counts=False, dim=None):
        """Give the elements without those that equal the one before; see torch.unique_consecutive."""
        from penlight._functional import unique_consecutive

        return unique_consecutive(self, return_inverse, return_counts, dim)

    def lu(self, pivot=True, get_infos=False):
        """Give triangular factors in one matrix and the row exchanges; see torch.lu."""
        from penlight._matrix import lu

        return lu(self, pivot, get_infos)

    def map_(self, tensor, callable):
        """Replace every element by callable(element, element of tensor), in Python."""
        flat = [callable(a, b) for a, b in zip(self.flatten().tolist(), tensor.expand_as(self).flatten().tolist())]
        return self.copy_(_C.tensor(flat, dtype=self.dtype).reshape(self.shape))

    def apply_(self, callable):
        """Replace every element by callable(element), in Python."""
        return self.copy_(
            _C.tensor([callable(a) for a in self.flatten().tolist()], dtype=self.dtype).reshape(self.shape)
        )


def _removed(name):
    def method(self, *args, **kwargs):
        from penlight import _matrix

        return getattr(_matrix, name)(self, *args, **kwargs)

    method.__doc__ = f"Raise RuntimeError: PyTorch removed {name}; the error names what takes its place."
    return method


for _name in ("eig", "symeig", "lstsq", "solve"):
    setattr(Tensor, _name, _removed(_name))
for _name, _value in vars(_Methods).items():
    if _name not in ("__dict__", "__weakref__", "__doc__", "__module__", "__qualname__"):
        setattr(Tensor, _name, _value)
for _name, _dtype in dict(
    float=_C.float32,
    double=_C.float64,
    half=_C.float16,
    bfloat16=_C.bfloat16,
    int=_C.int32,
    long=_C.int64,
    short=_C.int16,
    char=_C.int8,
    byte=_C.uint8,
    bool=_C.bool,
    cfloat=_C.complex64,
    cdouble=_C.complex128,
).items():
    setattr(Tensor, _name, _cast(_dtype))
for _name in ("T", "H", "mT", "mH"):
    _view = getattr(_C, {"T": "numpy_T", "H": "matrix_H", "mT": "mT", "mH": "mH"}[_name], None)
    if _view is not None:
        setattr(Tensor, _name, property(_view))


def _part(view):
    return property(view, lambda self, value: view(self).copy_(value))


Tensor.real, Tensor.imag = _part(_C.real), _part(_C.imag)


def _legacy_new(cls, *args, device=None):
    """torch.Tensor(2, 3), torch.Tensor([1, 2]), torch.Tensor(other): float tensors, by the constructor of old."""
    result = _by_old_constructor(args, _C.get_default_dtype(), device)
    return result if cls is Tensor else _C._make_subclass(cls, result)


def _by_old_constructor(args, dtype, device=None):
    """Give a tensor of given sizes, with given data, or one that shares a tensor's memory."""
    only = args[0] if len(args) == 1 else None
    if isinstance(only, Tensor):
        if only.dtype != dtype:
            raise TypeError(f"expected {dtype} (got {only.dtype})")
        return only.detach()
    if isinstance(only, _C.Size):
        return _C.empty(only, dtype=dtype, device=device)
    if isinstance(only, (list, tuple)) or hasattr(only, "__array__"):
        return _C.tensor(only, dtype=dtype, device=device)
    if all(isinstance(a, int) and not isinstance(a, bool) for a in args):
        return _C.empty(args or (0,), dtype=dtype, device=device)
    names = ", ".join(type(a).__name__ for a in args)
    raise TypeError(f"new() received an invalid combination of arguments - got ({names})")


class _TensorTypeMeta(type):
    """What `isinstance(x, torch.FloatTensor)` asks."""

    def __instancecheck__(cls, instance):
        return isinstance(instance, Tensor) and instance.dtype == cls.dtype


def _tensor_type(name, dtype):
    doc = (
        f"The type of old of tensors of {dtype}: torch.{name}(2, 3), torch.{name}([1, 2]), isinstance(x, torch.{name})."
    )

    def make(cls, *args):
        return _by_old_constructor(args, dtype)

    return _TensorTypeMeta(name, (), {"dtype": dtype, "__new__": make, "__doc__": doc, "__module__": "torch"})


# torch.FloatTensor and its like.
globals().update({_name: _tensor_type(_name, _dtype) for _name, _dtype in _TYPES_BY_NAME.items()})
