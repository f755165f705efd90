"""What a tensor answers about layouts, devices and number formats that it does not have.

Dense tensors on the CPU are the rule. Programs that handle every kind ask them nevertheless: `x.is_coalesced()`,
`x.q_scale()`, `x.xpu()`. The answers are PyTorch's: a value where there is one, else an error that says what to do.
"""

import math
import weakref

from penlight import _C
from penlight._C import Tensor


def _refusal(name, error, message):
    """A method that raises; the message may mention {name}."""

    def method(self, *args, **kwargs):
        raise error(message.format(name=name))

    method.__name__, method.__doc__ = name, f"Raise {error.__name__}: {message.format(name=name)}."
    return method


_LAYOUTS = {
    "sparse coordinate tensor layout": "coalesce is_coalesced indices _indices _values",
    "sparse tensor layout": "values",
    "sparse row compressed tensor layout": "crow_indices col_indices",
    "sparse column compressed tensor layout": "ccol_indices row_indices",
}
_QUANTIZED = "q_scale q_zero_point q_per_channel_scales q_per_channel_zero_points q_per_channel_axis qscheme int_repr"
_NO_SPARSE_ROWS = "{name}(): sparse tensors have coordinates here; use Tensor.to_sparse()"
_DEVICES = {
    "xpu": (AssertionError, "Torch not compiled with XPU enabled"),
    "ipu": (RuntimeError, "PyTorch is not linked with support for ipu devices"),
    "mtia": (RuntimeError, "Cannot access accelerator device when none is available."),
}


def _refusals():
    for layout, names in _LAYOUTS.items():
        for name in names.split():
            yield name, RuntimeError, f"{{name}} expected {layout} but got Strided"
    for name in _QUANTIZED.split():
        message = "Could not run '{name}': quantised tensors do not exist in Penlight; use float16 or bfloat16"
        yield name, NotImplementedError, message
    for name in ("to_sparse_csr", "to_sparse_csc", "to_sparse_bsr", "to_sparse_bsc"):
        yield name, NotImplementedError, _NO_SPARSE_ROWS
    for name, (error, message) in _DEVICES.items():
        yield name, error, message
    yield "reinforce", RuntimeError, "reinforce() was removed."
    for name in ("smm", "sspaddmm"):
        yield name, RuntimeError, "tensor.sspaddmm(...) can only be called on sparse tensors"
    for name in ("sparse_resize_", "sparse_resize_and_clear_"):
        yield name, NotImplementedError, "{name}() is for sparse tensors; Tensor.resize_() changes a dense one"
    yield (
        "to_padded_tensor",
        NotImplementedError,
        "nested tensors do not exist in Penlight; use nn.utils.rnn.pad_sequence",
    )
    yield (
        "to_mkldnn",
        NotImplementedError,
        "torch._mkldnn tensors do not exist in Penlight; every operator takes dense ones",
    )
    yield "record_stream", RuntimeError, "record_stream(): a CPU tensor is not used by streams"
    yield "index", NotImplementedError, "index(): first-class dimensions do not exist in Penlight; use x[...]"
    yield "chalf", NotImplementedError, "tensors of torch.complex32 do not exist in Penlight; use Tensor.cfloat()"


class _Answers:
    """What is grafted onto Tensor."""

    def to_dense(self, dtype=None, *, masked_grad=True):
        """Give the tensor without a sparse layout: itself, if it is dense."""
        return self if dtype is None else self.to(dtype)

    def to_sparse(self, sparseDims=None, *, layout=None, blocksize=None, dense_dim=None):
        """Give the nonzero elements with their places, as a sparse coordinate tensor.

        Args:
            sparseDims: how many dimensions are sparse, the first ones; all if left out.
            layout: torch.sparse_coo, the only one there is.
            dense_dim: how many of the last dimensions are kept dense in the values.

        Example:
            >>> penlight.eye(3).to_sparse().values()
            tensor([1., 1., 1.])
        """
        from penlight.sparse import from_dense

        return from_dense(self, sparseDims, layout, dense_dim)

    def to_sparse_coo(self):
        """Give the tensor as a sparse coordinate tensor."""
        return self.to_sparse()

    def sparse_dim(self):
        """Give the number of sparse dimensions: 0 of a dense tensor."""
        return 0

    def dense_dim(self):
        """Give the number of dense dimensions."""
        return self.dim()

    def sparse_mask(self, mask):
        """Give the elements at the places that a sparse mask has, as a sparse tensor."""
        if not mask.is_sparse:
            raise NotImplementedError("sparse_mask() needs a sparse mask, made by Tensor.to_sparse()")
        return mask._taken_from(self)

    def dequantize(tensor):
        """Give the tensor as floats: itself, as it is not quantised."""
        return tensor

    def is_distributed(self):
        """Give False: no tensor is spread over several machines."""
        return False

    def dim_order(self, *, ambiguity_check=False):
        """Give the dimensions in the order in which they lie in memory, the outermost first.

        Args:
            ambiguity_check: raise RuntimeError where sizes of 1 leave several orders.
        """
        strides = self.stride()
        order = sorted(range(self.dim()), key=lambda d: (-strides[d], d))
        if ambiguity_check and len({s for d, s in enumerate(strides) if self.shape[d] != 1}) != self.dim():
            raise RuntimeError(
                "The tensor does not have unique dim order, or cannot map to exact one of the given formats."
            )
        return tuple(order)

    def storage_type(self):
        """Give the type of the storage, such as torch.FloatStorage."""
        from penlight.storage import storage_type

        return storage_type(self.dtype)

    def const_data_ptr(self):
        """Give the address of the first element, for reading only."""
        return self.data_ptr()

    def module_load(self, other, assign=False):
        """Give what `load_state_dict` puts here: other itself with assign, else this with other's values."""
        if assign:
            return other if isinstance(other, Tensor) else self.new_tensor(other)
        return self.copy_(other).detach()

    def map2_(self, x, y, callable):
        """Replace every element by callable(element, element of x, element of y), in Python."""
        others = [t.expand_as(self).flatten().tolist() for t in (x, y)]
        flat = [callable(a, b, c) for a, b, c in zip(self.flatten().tolist(), *others)]
        return self.copy_(_C.tensor(flat, dtype=self.dtype).reshape(self.shape))

    def resize_as_(self, tensor, *, memory_format=None):
        """Change the shape in place to that of another tensor; new elements are uninitialised."""
        return self.resize_(tensor.shape)

    def resize(self, *sizes):
        """Give the numbers in another shape of as many elements (an old name of reshape)."""
        shape = sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
        if math.prod(shape) != self.numel():
            raise RuntimeError(
                f"requested resize to {'x'.join(map(str, shape))}, but the tensor has {self.numel()} elements"
            )
        return self.reshape(shape)

    def resize_as(self, tensor):
        """Give the numbers in the shape of another tensor of as many elements."""
        return self.resize(*tensor.shape)

    def resize_as_sparse_(self, the_template):
        """Raise: a dense tensor takes no sparse shape."""
        raise RuntimeError("resize_as_sparse_: self and other must be sparse tensors")

    def slice_inverse(self, src, dim=0, start=None, end=None, step=1):
        """Give the tensor of src's shape whose slice self is: the inverse of a slice of src."""
        return self.as_strided(src.shape, src.stride(), src.storage_offset())

    @classmethod
    def __init_subclass__(cls, **options):
        super(Tensor, cls).__init_subclass__(**options)
        if "__torch_dispatch__" in vars(cls):
            raise NotImplementedError(
                f"{cls.__name__}.__torch_dispatch__ would never be called: Penlight has one level of dispatch; "
                "define __torch_function__ instead"
            )

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))

    __weakref__ = property(lambda self: next(iter(weakref.getweakrefs(self)), None))

    def __div__(self, other):
        return self / other

    def __idiv__(self, other):
        return self.div_(other)

    def __long__(self):
        return int(self)

    def __nonzero__(self):
        return bool(self)

    @property
    def __cuda_array_interface__(self):
        raise AttributeError(
            f"Can't get __cuda_array_interface__ on non-CUDA tensor type: {self.type()} If CUDA data is required use "
            "tensor.cuda() to copy tensor to device memory."
        )

    name = property(lambda self: None, doc="None: PyTorch has given up the names of tensors.")
    volatile = property(lambda self: False, doc="False: use torch.no_grad() in place of volatile tensors.")
    grad_dtype = property(lambda self: self.dtype, doc="The dtype of the gradient: the tensor's own.")


for _attribute in ("is_ipu", "is_maia", "is_mtia", "is_vulkan", "is_xla"):
    setattr(_Answers, _attribute, property(lambda self: False, doc="False: there are CPU tensors only."))
for _name, _error, _message in _refusals():
    setattr(_Answers, _name, _refusal(_name, _error, _message))
for _name, _value in vars(_Answers).items():
    if _name not in ("__dict__", "__doc__", "__module__", "__qualname__"):
        if callable(_value):
            _value.__qualname__ = "Tensor." + _name
        setattr(Tensor, _name, _value)

# Methods that are functions of `torch` as well; products that take sparse tensors go by several names.
dequantize, detach_, is_same_size = Tensor.dequantize, Tensor.detach_, Tensor.is_same_size
resize_as_, resize_as_sparse_, slice_inverse = Tensor.resize_as_, Tensor.resize_as_sparse_, Tensor.slice_inverse
spmm = dsmm = hsmm = _C.mm
saddmm = _C.addmm


def smm(input, mat):
    """Give the product of a sparse matrix and a dense one, as a sparse matrix."""
    return input.smm(mat)


def sspaddmm(input, mat1, mat2, *, beta=1, alpha=1, out=None):
    """Give beta * input + alpha * (mat1 @ mat2) as a sparse matrix; input and mat1 are sparse."""
    return input.sspaddmm(mat1, mat2, beta=beta, alpha=alpha)


__all__ = [
    "dequantize",
    "detach_",
    "dsmm",
    "hsmm",
    "is_same_size",
    "resize_as_",
    "resize_as_sparse_",
    "saddmm",
    "slice_inverse",
    "smm",
    "spmm",
    "sspaddmm",
    *_QUANTIZED.split(),
]
globals().update({name: getattr(Tensor, name) for name in _QUANTIZED.split()})
