"""Sparse tensors: only the elements that are not zero, with their places, as graphs need them.

A sparse tensor is a pair: `indices` of shape (sparse dimensions, n), and `values` of shape (n, *dense dimensions).
Places that occur twice count as their sum, until `coalesce()` adds them. Every operator here is made of operators on
the pair, so gradients flow to the values and to the dense operands. There is one layout, `torch.sparse_coo`.

Example:
    >>> places = [[0, 1, 1], [2, 0, 2]]
    >>> graph = penlight.sparse_coo_tensor(places, [3.0, 4.0, 5.0], (2, 3))
    >>> graph @ penlight.ones(3, 1)
    tensor([[3.],
            [9.]])
"""

import math

import penlight
from penlight import _C, printing
from penlight._C import Tensor

__all__ = [
    "addmm",
    "as_sparse_gradcheck",
    "check_sparse_tensor_invariants",
    "log_softmax",
    "mm",
    "softmax",
    "spsolve",
    "sum",
]

_HANDLERS = {}


def _handles(*names):
    """Says which operators, by their names, the function does when a sparse tensor is among the arguments."""

    def register(function):
        _HANDLERS.update(dict.fromkeys(names, function))
        return function

    return register


class SparseTensor(Tensor):
    """A sparse coordinate tensor; `torch.sparse_coo_tensor` and `Tensor.to_sparse` make it.

    To the core it is a shape without memory; whatever would read memory is answered here from indices and values.
    """

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        handler = _HANDLERS.get(func.__name__)
        if handler is None:
            raise NotImplementedError(
                f"{func.__name__}() does not take sparse tensors; use .to_dense(), or .values() for the elements alone"
            )
        return handler(*args, **(kwargs or {}))

    # ---- the pair
    def _indices(self):
        return self._places

    def _values(self):
        return self._elements

    def _nnz(self):
        return self._places.shape[1]

    def is_coalesced(self):
        """Give True if the places are in order and none occurs twice."""
        return self._in_order

    def indices(self):
        """Give the places, of shape (sparse dimensions, n)."""
        return self._part("indices", self._places)

    def values(self):
        """Give the elements, of shape (n, *dense dimensions)."""
        return self._part("values", self._elements)

    def _part(self, name, part):
        if not self._in_order:
            raise RuntimeError(f"Cannot get {name} on an uncoalesced tensor, please call .coalesce() first")
        return part

    def sparse_dim(self):
        """Give the number of sparse dimensions."""
        return self._places.shape[0]

    def dense_dim(self):
        """Give the number of dense dimensions."""
        return self._elements.dim() - 1

    def coalesce(self):
        """Give the tensor with its places in order, elements of one place added."""
        if self._in_order:
            return self
        keys, target = _C._unique2(_keys(self), True, True, False)[:2]
        elements = _added(self._elements, target, keys.numel())
        return _made(_places_of(keys, self.shape[: self.sparse_dim()]), elements, self.shape, True)

    def to_dense(self, dtype=None, *, masked_grad=True):
        """Give the tensor with its zeros."""
        count = math.prod(self.shape[: self.sparse_dim()])
        dense = _added(self._elements, _keys(self), count).reshape(self.shape)
        return dense if dtype is None else dense.to(dtype)

    def to_sparse(self, sparseDims=None, *, layout=None, blocksize=None, dense_dim=None):
        """Give the tensor itself."""
        _check_layout(layout)
        return self

    def _taken_from(self, dense):
        """The elements of a dense tensor at this one's places."""
        mask = self.coalesce()
        return _made(mask._places, _at(dense, mask), self.shape, True)

    # ---- what a tensor is asked
    layout = property(lambda self: penlight.sparse_coo, doc="torch.sparse_coo.")
    is_sparse = property(lambda self: True, doc="True.")
    is_cpu = property(lambda self: True, doc="True: the elements are in the CPU's memory.")
    is_meta = property(lambda self: False, doc="False.")
    device = property(lambda self: self._elements.device, doc="Where the elements are.")
    grad_fn = property(lambda self: self._elements.grad_fn, doc="The node that made the elements.")
    is_leaf = property(lambda self: self._elements.is_leaf, doc="True if no recorded operation made the elements.")

    @property
    def requires_grad(self):
        """Whether operations on the elements are recorded for backward()."""
        return self._elements.requires_grad

    @requires_grad.setter
    def requires_grad(self, value):
        self._elements.requires_grad = value

    def requires_grad_(self, requires_grad=True):
        """Say whether operations on the elements are recorded; give the tensor."""
        self._elements.requires_grad_(requires_grad)
        return self

    @property
    def grad(self):
        """The gradient that backward() has added up, sparse with the same places, or None."""
        grad = self._elements.grad
        return None if grad is None else _made(self._places, grad, self.shape, self._in_order)

    @grad.setter
    def grad(self, value):
        self._elements.grad = None if value is None else value._elements

    def retain_grad(self):
        """Let backward() fill .grad though the tensor is not a leaf."""
        self._elements.retain_grad()

    def detach(self):
        """Give the tensor on the same memory, not part of the graph."""
        return _made(self._places, self._elements.detach(), self.shape, self._in_order)

    def detach_(self):
        """Cut the tensor off the graph that made it."""
        self._elements = self._elements.detach()
        return self

    @property
    def data(self):
        """The same memory outside of the graph."""
        return self.detach()

    def numpy(self, *, force=False):
        """Raise: NumPy has no sparse arrays."""
        raise TypeError("can't convert Sparse layout tensor to numpy. Use Tensor.to_dense() first.")

    def tolist(self):
        """Give the numbers as nested lists, zeros included."""
        return self.to_dense().tolist()

    def item(self):
        """Give the number in a tensor of one element."""
        return self.to_dense().item()

    def is_contiguous(self, memory_format=None):
        """Give False: the elements do not stand in memory in the tensor's order."""
        return False

    def stride(self, dim=None):
        """Give zeros: there are no steps in memory from one element to the next."""
        return (0,) * self.dim() if dim is None else 0

    def __bool__(self):
        return bool(self.to_dense())

    def __getitem__(self, key):
        result, dim = self, 0
        for k in key if isinstance(key, tuple) else (key,):
            if isinstance(k, slice):
                start, stop, step = k.indices(result.shape[dim])
                picked = _C.arange(start, max(start, stop), step)
                result, dim = (result if k == slice(None) else result.index_select(dim, picked)), dim + 1
            elif isinstance(k, Tensor) and k.dim() == 1 and not k.is_floating_point():
                picked = k.nonzero().squeeze(1) if k.dtype == _C.bool else k
                result, dim = result.index_select(dim, picked), dim + 1
            elif hasattr(k, "__index__"):
                result = result.select(dim, k)
            else:
                raise IndexError("sparse tensors are indexed by ints, slices and vectors of indices; use .to_dense()")
        return result

    def __setitem__(self, key, value):
        raise TypeError("Cannot assign to a sparse tensor; make another one, or use .to_dense()")

    def __deepcopy__(self, memo):
        if id(self) not in memo:
            copied = _made(self._places.clone(), self._elements.detach().clone(), self.shape, self._in_order)
            memo[id(self)] = copied.requires_grad_(self.requires_grad)
        return memo[id(self)]

    def __reduce_ex__(self, protocol):
        from penlight._utils import _rebuild_sparse_tensor

        data = (self._places, self._elements.detach(), tuple(self.shape), self._in_order)
        return _rebuild_sparse_tensor, (self.layout, data)

    def __repr__(self, *, tensor_contents=None):
        head = " " * len("tensor(")
        parts = []
        for name, part in (("indices", self._places), ("values", self._elements.detach())):
            start = f"{name}=tensor("
            size = "" if part.numel() else f", size={tuple(part.shape)}"
            parts.append(start + printing._contents(part, len(head) + len(start)) + size + ")")
        suffixes = [f"nnz={self._nnz()}"]
        if self.dtype not in printing._dtypes_left_out(elements_shown=self._nnz() > 0):
            suffixes.append(f"dtype={self.dtype}")
        suffixes.append("layout=torch.sparse_coo")
        if self.grad_fn is not None:
            suffixes.append(f"grad_fn=<{self.grad_fn.name()}>")
        elif self.requires_grad:
            suffixes.append("requires_grad=True")
        text = f"tensor({parts[0]},\n{head}{parts[1]},\n{head}size={tuple(self.shape)}"
        return printing._add_suffixes(text, suffixes, indent=len(head))

    def _become(self, other):
        """In-place operators: this object takes over another's pair."""
        if self.is_leaf and self.requires_grad and penlight.is_grad_enabled():
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
        if other.shape != self.shape or other.dtype != self.dtype:
            raise RuntimeError("in-place operators on a sparse tensor keep its shape and its dtype")
        self._places, self._elements, self._in_order = other._places, other._elements, other._in_order
        return self


def _no_memory(name):
    def method(self, *args, **kwargs):
        raise NotImplementedError(f"{name}(): the elements of a sparse tensor have no common memory; use .values()")

    return method


for _name in ("data_ptr", "storage", "untyped_storage", "storage_offset", "set_", "resize_", "__dlpack__"):
    setattr(SparseTensor, _name, _no_memory(_name))


# ------------------------------------------------------------------------------------------------ making
def _made(places, elements, size, in_order=False):
    tensor = _C._make_subclass(SparseTensor, _C.empty(tuple(size), dtype=elements.dtype, device="meta"))
    tensor._places, tensor._elements = places, elements
    tensor._in_order = in_order or places.shape[1] < 2
    return tensor


def sparse_coo_tensor(
    indices,
    values=None,
    size=None,
    *,
    dtype=None,
    device=None,
    pin_memory=False,
    requires_grad=False,
    check_invariants=None,
    is_coalesced=None,
):
    """Give a sparse tensor with the values at the places that indices name.

    Args:
        indices: of shape (sparse dimensions, n); a size alone gives a sparse tensor of zeros.
        values: of shape (n, *dense dimensions).
        size: the shape; by default the smallest that holds all places.
        requires_grad: make the tensor a leaf that gets gradients.
        is_coalesced: promise that the places are in order, each once.

    Example:
        >>> s = penlight.sparse_coo_tensor([[0, 1], [1, 0]], [1.0, 2.0], (2, 2))
        >>> s.to_dense()
        tensor([[0., 1.],
                [2., 0.]])
    """
    if values is None:
        size = tuple(indices) if size is None else size
        indices, values = _C.empty((len(size), 0), dtype=_C.int64), _C.empty(0, dtype=dtype)
    places = _C.as_tensor(indices).to(_C.int64)
    elements = _C.as_tensor(values, dtype=dtype, device=device)
    elements = elements.reshape(1) if elements.dim() == 0 else elements
    if places.dim() != 2:
        raise RuntimeError(f"indices must be sparse_dim x nnz, but got: {list(places.shape)}")
    if places.shape[1] != elements.shape[0]:
        raise RuntimeError(
            f"indices and values must have same nnz, but got nnz from indices: {places.shape[1]}, nnz from values: "
            f"{elements.shape[0]}"
        )
    if size is None:
        bounds = (places.amax(1) + 1).tolist() if places.numel() else [0] * places.shape[0]
        size = (*bounds, *elements.shape[1:])
    _check_size(places, elements, tuple(size))
    if requires_grad:
        elements = elements.detach().requires_grad_()
    elif elements.requires_grad:
        elements = elements.view(elements.shape)  # the sparse tensor is no leaf, the values are
    return _made(places, elements, size, bool(is_coalesced))


def _check_size(places, elements, size):
    sparse, dense = places.shape[0], elements.dim() - 1
    if len(size) != sparse + dense:
        raise RuntimeError(
            f"'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = {len(size)}, sparse_dim = {sparse}, "
            f"dense_dim = {dense}"
        )
    if tuple(elements.shape[1:]) != tuple(size[sparse:]):
        raise RuntimeError(
            f"values has incorrect size, expected {[elements.shape[0], *size[sparse:]]}, got {list(elements.shape)}"
        )
    if places.numel() == 0:
        return
    for d, (low, high) in enumerate(zip(places.amin(1).tolist(), places.amax(1).tolist())):
        if low < 0:
            raise RuntimeError(f"found negative index {low} for dim {d}")
        if high >= size[d]:
            raise RuntimeError(
                f"size is inconsistent with indices: for dim {d}, size is {size[d]} but found index {high}"
            )


def from_dense(tensor, sparse_dims=None, layout=None, dense_dim=None):
    """Give the nonzero elements of a dense tensor; its last dense_dim dimensions stay dense. See Tensor.to_sparse."""
    if isinstance(sparse_dims, penlight.layout):
        sparse_dims, layout = None, sparse_dims
    _check_layout(layout)
    if sparse_dims is None:
        sparse_dims = tensor.dim() - (dense_dim or 0)
    if not 0 <= sparse_dims <= tensor.dim():
        raise RuntimeError(f"sparse_dim must be between 0 and {tensor.dim()}, but got {sparse_dims}")
    rows = tensor.reshape(math.prod(tensor.shape[:sparse_dims]), *tensor.shape[sparse_dims:])
    filled = rows.detach() != 0
    keys = (filled.flatten(1).any(1) if filled.dim() > 1 else filled).nonzero().squeeze(1)
    return _made(_places_of(keys, tensor.shape[:sparse_dims]), rows.index_select(0, keys), tensor.shape, True)


def _check_layout(layout):
    if layout not in (None, penlight.sparse_coo):
        raise NotImplementedError(f"Penlight has no {layout} tensors; use torch.sparse_coo, which sparse products take")


def _other_layout(name):
    def function(*args, **kwargs):
        raise NotImplementedError(
            f"torch.{name}(): Penlight's sparse tensors have coordinates; use torch.sparse_coo_tensor(), whose first "
            "argument names row and column of every element"
        )

    function.__name__, function.__doc__ = name, "Raise NotImplementedError: use torch.sparse_coo_tensor."
    return function


for _kind in ("csr", "csc", "bsr", "bsc", "compressed"):
    _name = "sparse_compressed_tensor" if _kind == "compressed" else f"sparse_{_kind}_tensor"
    globals()[_name] = _other_layout(_name)


# ------------------------------------------------------------------------------------------------ places
def _keys(s):
    """The places as numbers, counted over the sparse dimensions in row-major order."""
    keys = _C.zeros(s._nnz(), dtype=_C.int64)
    for row, size in zip(s._places, s.shape):
        keys = keys * size + row
    return keys


def _places_of(keys, sizes):
    """What `_keys` undoes: the rows of indices for places that are numbered."""
    rows = []
    for size in reversed(sizes):
        rows.append(keys % size)
        keys = keys // size
    return _C.stack(rows[::-1]) if rows else _C.empty((0, keys.numel()), dtype=_C.int64)


def _added(elements, target, count):
    """The sums of the elements that go to each of `count` targets."""
    if elements.dtype == _C.bool:
        return _added(elements.to(_C.uint8), target, count) != 0
    return elements.new_zeros((count, *elements.shape[1:])).index_add(0, target, elements)


def _at(dense, s):
    """The elements of a dense tensor at the places of a sparse one."""
    dense = dense.expand(s.shape)
    return dense.reshape(math.prod(s.shape[: s.sparse_dim()]), *s.shape[s.sparse_dim() :]).index_select(0, _keys(s))


def _pairs(left, right, count):
    """Positions (i, j) of all pairs with left[i] == right[j], where the numbers are below count."""
    order = right.argsort(stable=True)
    sizes = _C.bincount(right, minlength=count)
    starts = sizes.cumsum(0) - sizes
    times = sizes.index_select(0, left)
    i = _C.arange(left.numel()).repeat_interleave(times)
    within = _C.arange(i.numel()) - (times.cumsum(0) - times).repeat_interleave(times)
    return i, order.index_select(0, starts.index_select(0, left).index_select(0, i) + within)


def _with_elements(s, elements):
    return _made(s._places, elements, s.shape, s._in_order)


def _is_sparse(value):
    return isinstance(value, SparseTensor)


def _check_same_size(name, a, b):
    if a.shape != b.shape:
        raise RuntimeError(
            f"{name}: Expected sizes of 'self' and 'other' to match, but {list(a.shape)} != {list(b.shape)}"
        )


# ------------------------------------------------------------------------------------------------ products
def _check_product(a, b):
    if a.dim() != 2 or b.dim() != 2:
        raise RuntimeError(f"expected two matrices, but got {a.dim()}-D and {b.dim()}-D tensors")
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and {b.shape[0]}x{b.shape[1]})"
        )
    if a.dtype != b.dtype:
        raise RuntimeError(f"expected mat1 and mat2 to have the same dtype, but got: {a.dtype} != {b.dtype}")
    for matrix in (a, b):
        if _is_sparse(matrix) and matrix.dense_dim():
            raise NotImplementedError("products of sparse tensors with dense dimensions do not exist; use .to_dense()")


def _sparse_dense(a, b, reduce="sum"):
    rows, columns = a._places
    terms = a._elements.unsqueeze(1) * b.index_select(0, columns)
    zeros = terms.new_zeros((a.shape[0], b.shape[1]))
    if reduce == "sum":
        return zeros.index_add(0, rows, terms)
    return zeros.index_reduce(0, rows, terms, reduce, include_self=False)


def _sparse_sparse(a, b):
    i, j = _pairs(a._places[1], b._places[0], a.shape[1])
    places = _C.stack([a._places[0].index_select(0, i), b._places[1].index_select(0, j)])
    elements = a._elements.index_select(0, i) * b._elements.index_select(0, j)
    return _made(places, elements, (a.shape[0], b.shape[1])).coalesce()


@_handles("mm")
def mm(mat1, mat2, reduce="sum", *, out=None):
    """Give the product of two matrices of which one or both are sparse.

    The product of two sparse matrices is sparse, the others are dense. Gradients flow to the values of sparse matrices
    and to dense ones.

    Args:
        reduce: "sum", or for a sparse mat1 "mean", "amax" or "amin" of the products that would be added.

    Example:
        >>> penlight.sparse.mm(penlight.eye(2).to_sparse(), penlight.ones(2, 1))
        tensor([[1.],
                [1.]])
    """
    if not (_is_sparse(mat1) or _is_sparse(mat2)):
        result = _C.mm(mat1, mat2)
    else:
        _check_product(mat1, mat2)
        if _is_sparse(mat1) and _is_sparse(mat2):
            result = _sparse_sparse(mat1, mat2)
        elif _is_sparse(mat1):
            result = _sparse_dense(mat1, mat2, reduce)
        else:
            result = _sparse_dense(_transpose(mat2, 0, 1), mat1.t()).t()
    return result if out is None else out.copy_(result)


@_handles("matmul", "__matmul__")
def _matmul(input, other, *, out=None):
    if input.dim() == 1:
        return mm(input.unsqueeze(0), other).squeeze(0)
    return mm(input, other.unsqueeze(1)).squeeze(1) if other.dim() == 1 else mm(input, other, out=out)


@_handles("__rmatmul__")
def _rmatmul(other, input):
    return _matmul(input, other)


@_handles("mv")
def _mv(input, vec, *, out=None):
    return _matmul(input, vec)


@_handles("addmm")
def addmm(mat, mat1, mat2, *, beta=1.0, alpha=1.0):
    """Give beta * mat + alpha * (mat1 @ mat2), where mat1 is sparse."""
    product = mm(mat1, mat2)
    product = product if alpha == 1 else product * alpha
    return product + mat * beta if beta != 1 else mat + product


@_handles("linear")
def _linear(input, weight, bias=None):
    product = mm(input, weight.t())
    return product if bias is None else product + bias


def hspmm(mat1, mat2, *, out=None):
    """Give the product of a sparse and a dense matrix with its nonzero rows alone: sparse rows, dense columns."""
    return from_dense(mm(mat1, mat2), 1)


@_handles("smm")
def _smm(input, mat):
    return from_dense(mm(input, mat))


@_handles("sspaddmm")
def _sspaddmm(input, mat1, mat2, *, beta=1, alpha=1):
    return _add(_mul(input, beta), _mul(_smm(mat1, mat2), alpha))


SparseTensor.smm, SparseTensor.sspaddmm = _smm, _sspaddmm


# ------------------------------------------------------------------------------------------------ arithmetic
@_handles("add", "__radd__")
def _add(input, other, *, alpha=1, out=None):
    if not _is_sparse(input) and isinstance(input, Tensor):
        return input + other.to_dense() * alpha
    if not _is_sparse(other):
        raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
    _check_same_size("add", input, other)
    places = _C.cat([input._places, other._places], 1)
    elements = [input._elements, other._elements if alpha == 1 else other._elements * alpha]
    return _made(places, _C.cat(elements), input.shape).coalesce()


@_handles("sub", "subtract")
def _sub(input, other, *, alpha=1, out=None):
    return _add(input, other, alpha=-alpha)


@_handles("mul", "multiply", "__rmul__")
def _mul(input, other, *, out=None):
    if not _is_sparse(input):
        input, other = other, input
    if not isinstance(other, Tensor) or other.dim() == 0:
        return _with_elements(input, input._elements * other)
    s = input.coalesce()
    if not _is_sparse(other):
        return _with_elements(s, s._elements * _at(other, s))
    _check_same_size("mul", input, other)
    other = other.coalesce()
    i, j = _pairs_of_sorted(_keys(s), _keys(other))
    elements = s._elements.index_select(0, i) * other._elements.index_select(0, j)
    return _made(s._places.index_select(1, i), elements, s.shape, True)


def _pairs_of_sorted(left, right):
    """Positions of the numbers that stand in both of two vectors, each in order and without repetition."""
    if right.numel() == 0:
        return right, right
    at = _C.searchsorted(right, left).clamp(max=right.numel() - 1)
    i = (right.index_select(0, at) == left).nonzero().squeeze(1)
    return i, at.index_select(0, i)


@_handles("div", "divide", "true_divide", "floor_divide")
def _div(input, other, *, rounding_mode=None, out=None):
    if isinstance(other, Tensor) and other.dim():
        raise RuntimeError(
            "Sparse division requires a scalar or zero-dim dense tensor divisor (got shape "
            f"{list(other.shape)} for divisor)"
        )
    s = input if rounding_mode is None else input.coalesce()
    return _with_elements(s, _C.div(s._elements, other, rounding_mode=rounding_mode))


@_handles("pow")
def _pow(input, exponent, *, out=None):
    if not _is_sparse(input) or isinstance(exponent, Tensor) or exponent <= 0:
        raise RuntimeError("pow: of a sparse tensor to a positive number only; use .to_dense()")
    s = input.coalesce()
    return _with_elements(s, s._elements**exponent)


def _of_elements(name):
    def handler(input, *args, **kwargs):
        s = input.coalesce()
        return _with_elements(s, getattr(_C, name)(s._elements, *args, **kwargs))

    return handler


# Functions that leave zero where it is.
for _name in (
    *("abs absolute neg negative sign sgn floor ceil round trunc frac relu sqrt square sin tan asin atan").split(),
    *("sinh tanh asinh atanh expm1 log1p erf erfinv deg2rad rad2deg isnan isinf nan_to_num conj conj_physical").split(),
    *("clone",),
):
    _HANDLERS[_name] = _of_elements(_name)


@_handles("_to_copy")
def _to_copy(input, dtype=None, memory_format=None):
    return _with_elements(input, _C._to_copy(input._elements, dtype, None))


# ------------------------------------------------------------------------------------------------ in place
def _inplace(handler):
    return lambda input, *args, **kwargs: input._become(handler(input, *args, **kwargs))


for _name in ("add", "sub", "mul", "div", "pow", "abs", "neg", "relu", "sqrt", "square"):
    _HANDLERS[_name + "_"] = _inplace(_HANDLERS[_name])


@_handles("copy_")
def _copy_(input, src, non_blocking=False):
    if not _is_sparse(input):
        raise RuntimeError("copy_() between dense and sparse tensors is not supported; use .to_dense()")
    src = src if _is_sparse(src) else from_dense(src)
    return input._become(_to_copy(src, input.dtype))


@_handles("zeros_like")
def _zeros_like(input, *, dtype=None, **ignored):
    elements = input._elements.detach()[:0]
    return _made(input._places[:, :0], elements if dtype is None else elements.to(dtype), input.shape, True)


@_handles("zero_")
def _zero_(input):
    return input._become(_zeros_like(input))


# ------------------------------------------------------------------------------------------------ sums
def sum(input, dim=None, dtype=None):
    """Give the sum of all elements, or along dimensions.

    What is left is sparse as long as a sparse dimension is left, else dense.

    Args:
        dim: a dimension or several.
        dtype: the dtype to add in.
    """
    return _sum(input, dim, dtype=dtype)


@_handles("sum")
def _sum(input, dim=None, keepdim=False, *, dtype=None):
    elements = input._elements if dtype is None else input._elements.to(dtype)
    if dim is None or dim == ():
        return elements.sum()
    if keepdim:
        raise NotImplementedError("sum(keepdim=True) of a sparse tensor: use unsqueeze() on the result")
    dims = {_dimension(d, input.dim()) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))}
    sparse = input.sparse_dim()
    dense = [d - sparse + 1 for d in dims if d >= sparse]
    elements = elements.sum(dense) if dense else elements
    kept = [d for d in range(sparse) if d not in dims]
    size = [s for d, s in enumerate(input.shape) if d not in dims]
    if not kept:
        return elements.sum(0)
    return _made(input._places[kept], elements, size, input._in_order and len(kept) == sparse).coalesce()


@_handles("norm", "linalg_vector_norm")
def _norm(input, p="fro", *args, **kwargs):
    return input.coalesce()._elements.norm(2 if p == "fro" else p)


@_handles("any")
def _any(input):
    return input._elements.any()


def _dimension(d, count):
    if not -count <= d < count:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-count}, {count - 1}], but got {d})")
    return d % count


@_handles("softmax")
def softmax(input, dim, dtype=None):
    """Give the softmax along a dimension over the elements that are there: those that are not count as -inf.

    Args:
        dtype: the dtype to compute in.
    """
    return _normalized(input, dim, dtype, lambda shifted, total: shifted.exp() / total)


@_handles("log_softmax")
def log_softmax(input, dim, dtype=None):
    """Give the logarithm of softmax along a dimension; see softmax."""
    return _normalized(input, dim, dtype, lambda shifted, total: shifted - total.log())


def _normalized(input, dim, dtype, finish):
    s = input.coalesce()
    elements = s._elements if dtype is None else s._elements.to(dtype)
    dim = _dimension(dim, s.dim())
    if dim >= s.sparse_dim():
        at = dim - s.sparse_dim() + 1
        shifted = elements - elements.detach().amax(at, True)
        return _with_elements(s, finish(shifted, shifted.exp().sum(at, True)))
    if s._nnz() == 0:
        return s
    others = [d for d in range(s.sparse_dim()) if d != dim]
    group = _keys(_made(s._places[others], elements, [s.shape[d] for d in others] + list(elements.shape[1:])))
    _, group = _C._unique2(group, True, True, False)[:2]
    count = int(group.max()) + 1
    low = elements.new_full((count, *elements.shape[1:]), -math.inf)
    largest = low.index_reduce(0, group, elements.detach(), "amax")
    shifted = elements - largest.index_select(0, group)
    return _with_elements(s, finish(shifted, _added(shifted.exp(), group, count).index_select(0, group)))


# ------------------------------------------------------------------------------------------------ shapes
@_handles("permute")
def _permute(input, *dims):
    dims = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    dims = [_dimension(d, input.dim()) for d in dims]
    sparse = input.sparse_dim()
    if sorted(dims) != list(range(input.dim())):
        raise RuntimeError("permute(sparse_coo): dims must name every dimension once")
    if any((d < sparse) != (i < sparse) for i, d in enumerate(dims)):
        raise RuntimeError("permute(sparse_coo): dims must not mix sparse and dense dimensions")
    size = [input.shape[d] for d in dims]
    elements = input._elements.permute(0, *(d - sparse + 1 for d in dims[sparse:]))
    return _made(input._places[dims[:sparse]], elements, size, input._in_order and dims[:sparse] == list(range(sparse)))


@_handles("transpose", "swapaxes", "swapdims")
def _transpose(input, dim0, dim1):
    order = list(range(input.dim()))
    dim0, dim1 = _dimension(dim0, input.dim()), _dimension(dim1, input.dim())
    order[dim0], order[dim1] = dim1, dim0
    return _permute(input, order)


@_handles("t", "numpy_T")
def _t(input):
    return _permute(input, list(range(input.dim()))[::-1])


@_handles("mT")
def _mT(input):
    return _transpose(input, -2, -1)


@_handles("unsqueeze")
def _unsqueeze(input, dim):
    dim = _dimension(dim, input.dim() + 1)
    size = [*input.shape[:dim], 1, *input.shape[dim:]]
    if dim > input.sparse_dim():
        return _made(input._places, input._elements.unsqueeze(dim - input.sparse_dim() + 1), size, input._in_order)
    rows = list(input._places)
    rows.insert(dim, _C.zeros(input._nnz(), dtype=_C.int64))
    return _made(_C.stack(rows), input._elements, size, input._in_order)


@_handles("cat", "concat", "concatenate")
def _cat(tensors, dim=0, *, out=None):
    if not all(map(_is_sparse, tensors)):
        raise RuntimeError("Concatenating sparse tensors, but a dense tensor was found")
    first = tensors[0]
    dim = _dimension(dim, first.dim())
    if dim >= first.sparse_dim():
        raise NotImplementedError("cat() of sparse tensors along a dense dimension: use .to_dense()")
    places, start = [], 0
    for t in tensors:
        shifted = t._places.clone()
        shifted[dim] += start
        places.append(shifted)
        start += t.shape[dim]
    size = [start if d == dim else s for d, s in enumerate(first.shape)]
    return _made(_C.cat(places, 1), _C.cat([t._elements for t in tensors]), size)


@_handles("stack")
def _stack(tensors, dim=0, *, out=None):
    return _cat([_unsqueeze(t, dim) for t in tensors], dim)


@_handles("index_select")
def _index_select(input, dim, index, *, out=None):
    dim = _dimension(dim, input.dim())
    if dim >= input.sparse_dim():
        at = dim - input.sparse_dim() + 1
        elements, size = input._elements.index_select(at, index), list(input.shape)
        size[dim] = index.numel()
        return _made(input._places, elements, size, input._in_order)
    if index.numel() and (int(index.min()) < 0 or int(index.max()) >= input.shape[dim]):
        raise IndexError(f"index_select(): index out of range for dimension {dim} of size {input.shape[dim]}")
    i, j = _pairs(index, input._places[dim], input.shape[dim])
    places = input._places.index_select(1, j)
    places[dim] = i
    size = [index.numel() if d == dim else s for d, s in enumerate(input.shape)]
    return _made(places, input._elements.index_select(0, j), size)


@_handles("narrow")
def _narrow(input, dim, start, length):
    return _index_select(input, dim, _C.arange(start, start + length))


@_handles("select")
def _select(input, dim, index):
    dim = _dimension(dim, input.dim())
    size, sparse = input.shape[dim], input.sparse_dim()
    if not -size <= index < size:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(input.shape)} at dim {dim}")
    rest = [s for d, s in enumerate(input.shape) if d != dim]
    if dim >= sparse:
        return _made(input._places, input._elements.select(dim - sparse + 1, index), rest, input._in_order)
    found = (input._places[dim] == index % size).nonzero().squeeze(1)
    elements = input._elements.index_select(0, found)
    if sparse == 1:
        return elements.sum(0)
    others = [d for d in range(sparse) if d != dim]
    return _made(input._places[others].index_select(1, found), elements, rest, input._in_order)


@_handles("unbind")
def _unbind(input, dim=0):
    return tuple(_select(input, dim, i) for i in range(input.shape[dim]))


# ------------------------------------------------------------------------------------------------ the rest
class check_sparse_tensor_invariants:
    """Switch the checking of indices on or off. Penlight always checks them; this is for programs that say so.

    Args:
        enable: what `is_enabled()` answers inside the block.
    """

    _enabled = True

    def __init__(self, enable=True):
        self._wanted = enable

    @classmethod
    def is_enabled(cls):
        """Give what was set last; True at first."""
        return check_sparse_tensor_invariants._enabled

    @staticmethod
    def enable():
        """Ask for the checks."""
        check_sparse_tensor_invariants._enabled = True

    @staticmethod
    def disable():
        """Ask for no checks; they are done nevertheless."""
        check_sparse_tensor_invariants._enabled = False

    def __enter__(self):
        self._before, check_sparse_tensor_invariants._enabled = self.is_enabled(), self._wanted

    def __exit__(self, *exception):
        check_sparse_tensor_invariants._enabled = self._before


def as_sparse_gradcheck(gradcheck):
    """Give gradcheck for functions of sparse tensors: they are checked as functions of their values."""

    def check(func, inputs, **options):
        inputs = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
        options.pop("masked", None)
        leaves = [x._elements if _is_sparse(x) else x for x in inputs]

        def of_leaves(*values):
            given = [_with_elements(x, v) if _is_sparse(x) else v for x, v in zip(inputs, values)]
            result = func(*given)
            return result._elements if _is_sparse(result) else result

        return gradcheck(of_leaves, leaves, **options)

    return check


def spsolve(input, other, *, left=True):
    """Raise: systems of sparse equations are not solved here."""
    raise NotImplementedError("spsolve(): use torch.linalg.solve(input.to_dense(), other), or SciPy's sparse solvers")


class SparseSemiStructuredTensor(Tensor):
    """PyTorch's tensor of which two in four numbers are zero; it needs a GPU and cannot be made here."""

    def __new__(cls, shape, packed, meta, packed_t, meta_t, compressed_swizzled_bitmask, *args, **kwargs):
        raise NotImplementedError("semi-structured sparse tensors need a GPU; use dense tensors, or torch.sparse_coo")


class SparseSemiStructuredTensorCUTLASS(SparseSemiStructuredTensor):
    """See SparseSemiStructuredTensor."""


class SparseSemiStructuredTensorCUSPARSELT(SparseSemiStructuredTensor):
    """See SparseSemiStructuredTensor."""


def to_sparse_semi_structured(original_tensor, transposed=False, alg_id=0):
    """Raise: the layout needs a GPU."""
    raise NotImplementedError("semi-structured sparse tensors need a GPU; use dense tensors, or Tensor.to_sparse()")
