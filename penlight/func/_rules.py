"""How each kind of operator is applied to batches: the rules behind vmap.

A rule is given the operator, the vmap's level and the arguments, and returns the result for a sample. An operator
without one, or whose rule answers NotImplemented, is applied to one sample after the other.
"""

import functools

from penlight import _C, Tensor
from penlight.func._batched import (
    NOT_IN_PLACE,
    NOT_RANDOM,
    any_batched,
    is_batched,
    spread,
    unwrap,
    wrap,
)
from penlight.overrides import DisableTorchFunctionSubclass

RULES = {}


def rule(*names):
    """Decorates the rule of the operators that are named."""

    def register(function):
        for line in names:
            for name in line.split():
                RULES[name] = function
        return function

    return register


def apply(func, level, args, kwargs):
    """The result of an operator for one sample of the vmap `level`, which is the innermost among the arguments."""
    name = func.__name__
    if kwargs.get("out") is not None:
        raise RuntimeError(f"vmap: {name}(..., out=...) is not supported inside vmap; use the result instead of out=.")
    found = RULES.get(name)
    if found is None and name[-1] == "_" and name[-2:] != "__":
        found = in_place
    result = NotImplemented if found is None else found(func, level, args, kwargs)
    return one_by_one(func, level, args, kwargs) if result is NotImplemented else result


# ---------------------------------------------------------------- helpers
def map_tensors(function, value):
    """`function` applied to the tensors in an argument, lists and tuples included."""
    if isinstance(value, Tensor):
        return function(value)
    if type(value) in (list, tuple):
        return type(value)([map_tensors(function, v) for v in value])
    return value


def map_arguments(function, args, kwargs):
    return [map_tensors(function, a) for a in args], {k: map_tensors(function, v) for k, v in kwargs.items()}


def tensors_in(args, kwargs):
    found = []
    map_arguments(found.append, args, kwargs)
    return found


def wrap_results(result, level):
    """The results of an operator on whole batches, as samples."""
    if isinstance(result, Tensor):
        return wrap(result, level)
    if isinstance(result, tuple) and type(result).__module__ == "torch.return_types":
        return type(result)([wrap_results(r, level) for r in result])
    if isinstance(result, (tuple, list)):
        return type(result)([wrap_results(r, level) for r in result])
    return result


@functools.lru_cache(None)
def signatures(func):
    """The signatures of an operator, as the first lines of its documentation give them.

    For each the list of (name, default) and the number of those that go by position.
    """
    found = []
    for line in (func.__doc__ or "").split("\n\n")[0].split("\n"):
        inner = line[line.find("(") + 1 : line.rfind(")")]
        parameters, depth, part, positional = [], 0, "", None
        for c in inner + ",":
            depth += (c in "([") - (c in ")]")
            if c == "," and depth == 0:
                name, given, default = part.strip().partition("=")
                if name == "*":
                    positional = len(parameters)
                elif name:
                    value = _default(default) if given else REQUIRED
                    parameters.append((name, value))
                part = ""
            else:
                part += c
        found.append((parameters, len(parameters) if positional is None else positional))
    return found


REQUIRED = object()
_WORDS = {"None": None, "True": True, "False": False}


def _default(text):
    import ast

    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return _WORDS.get(text, text)


# What an argument of this name never is: so overloads are told apart.
_NEVER = {"dim": Tensor, "sections": (tuple, list, Tensor), "indices": int, "q": (tuple, list)}
_ALWAYS = {"unbiased": bool, "keepdim": bool}
LISTS = ("size", "shape", "sizes", "dims", "repeats")
_SAME_NAMES = {"axis": "dim", "axes": "dims", "keepdims": "keepdim", "self": "input", "x2": "other"}
TENSOR_NAMES = frozenset(
    "tensor_indices_or_sections other src mask x vec2 tensor mat2 indices target weight".split()
)


def bind(func, args, kwargs):
    """{parameter: value} of a call, by the first signature that fits; None when none does."""
    for parameters, count in signatures(func):
        names = [p for p, _ in parameters]
        positional = list(args)
        if count == 2 and names[1] in LISTS and len(args) > 1 and all(isinstance(a, int) for a in args[1:]):
            positional = [args[0], tuple(args[1:])]  # x.view(2, 3)
        if len(positional) > count:
            continue
        bound = dict(zip(names, positional))
        for key, value in kwargs.items():
            bound[key if key in names else _SAME_NAMES.get(key, key)] = value
        if any(k not in names for k in bound) or any(d is REQUIRED and n not in bound for n, d in parameters):
            continue
        if any(n in TENSOR_NAMES and v is not None and not isinstance(v, Tensor) for n, v in bound.items()):
            continue
        if any(isinstance(v, _NEVER.get(n, ())) or not isinstance(v, _ALWAYS.get(n, object)) for n, v in bound.items()):
            continue
        return {n: bound.get(n, d) for n, d in parameters if n in bound or d is not None or n in DIMS}
    return None


def call(func, bound):
    """The operator with bound arguments; the first goes by position."""
    bound = {k: v for k, v in bound.items() if k != "out"}
    first, *rest = bound.items()
    return func(first[1], **dict(rest))


# ---------------------------------------------------------------- one sample after the other
_DYNAMIC = {"nonzero", "argwhere", "masked_select", "_unique2", "unique_dim", "_unique_consecutive", "bincount"}


def _sample(level, i):
    """The function that picks sample i from batched tensors."""
    return lambda t: t.value.select(0, i) if is_batched(t, level) else t


def one_by_one(func, level, args, kwargs):
    """Right for every operator: each sample by itself, the results stacked."""
    name = func.__name__
    if name in _DYNAMIC:
        raise RuntimeError(
            f"vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap over "
            f"aten::{name}. Please file an issue at https://github.com/pytorch/pytorch/issues if you need this feature."
        )
    changes = name == "__setitem__" or (name[-1] == "_" and name[-2:] != "__")
    if changes and not is_batched(args[0], level):
        raise RuntimeError(NOT_IN_PLACE)
    if level.size == 0:
        return _of_nothing(func, level, args, kwargs)
    results = []
    for i in range(level.size):
        one, named = map_arguments(_sample(level, i), args, kwargs)
        results.append(func(*one, **named))
        if changes and one[0].shape != args[0].shape:
            raise RuntimeError(f"vmap: {name}() cannot change the shape of a sample; use one that is not in place")
    if changes:
        return args[0] if name != "__setitem__" else None
    return stacked(results, level)


def stacked(results, level):
    """Results of all samples as one result for a sample."""
    first = results[0]
    if isinstance(first, Tensor):
        return wrap(_C.stack(results), level)
    if isinstance(first, (tuple, list)):
        columns = [stacked(list(column), level) for column in zip(*results)]
        return type(first)(columns)
    if any(r != first for r in results):
        raise RuntimeError("vmap: an operator gave a Python value that is not the same for all samples")
    return first


def _of_nothing(func, level, args, kwargs):
    """A batch without samples: the shapes come from a sample of zeros."""
    one, named = map_arguments(lambda t: t.value.new_zeros(t.shape) if is_batched(t, level) else t, args, kwargs)

    def empty(value):
        if isinstance(value, Tensor):
            return wrap(value.new_zeros((0, *value.shape)), level)
        return type(value)([empty(v) for v in value]) if isinstance(value, (tuple, list)) else value

    return empty(func(*one, **named))


# ---------------------------------------------------------------- element by element
def aligned(level, args, kwargs):
    """The whole batches, with ones behind the batch dimension so that the samples broadcast as before."""
    tensors = tensors_in(args, kwargs)
    rank = max(t.dim() for t in tensors)

    def align(t):
        if not is_batched(t, level):
            return t
        value = t.value
        if t.dim() == 0 and rank > 0:
            value = _as_number(value, t, tensors)
        return value if t.dim() == rank else value.reshape(value.shape[0], *[1] * (rank - t.dim()), *t.shape)

    return map_arguments(align, args, kwargs)


def _as_number(value, sample, tensors):
    """A batch of numbers must not widen the result's dtype, as a tensor without dimensions does not."""
    others = [t for t in tensors if t.dim() > 0]
    dtype = _C.result_type(_C.empty(others[0].shape, dtype=others[0].dtype, device="meta"), sample.value.new_zeros(()))
    if dtype == others[0].dtype and value.dtype != dtype and value.dtype != _C.bool:
        return value.to(dtype)
    return value


@rule(
    _C._pointwise_names,
    "div pow square bitwise_not clamp clamp_min clamp_max round polygamma mvlgamma gelu logsigmoid logit nan_to_num",
    "fill conj conj_physical resolve_conj resolve_neg real imag view_as_real view_as_complex complex polar clone",
    "contiguous _to_copy alias_copy detach_copy zeros_like ones_like full_like empty_like masked_fill where",
    "__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __pow__ __rpow__ __mod__ __rmod__",
    "__floordiv__ __rfloordiv__ __and__ __rand__ __or__ __ror__ __xor__ __rxor__ __lshift__ __rlshift__ __rshift__",
    "__rrshift__",
)
def pointwise(func, level, args, kwargs):
    name = func.__name__
    if name == "masked_fill" and any_batched(args[2:] + tuple(kwargs.values()), level):
        bound = bind(func, args, kwargs)
        return _C.where(bound["mask"], bound["value"].to(args[0].dtype), args[0])
    if name == "where" and len(args) + len(kwargs) == 1:
        return NotImplemented  # the coordinates of the true elements
    args, kwargs = aligned(level, args, kwargs)
    return wrap_results(func(*args, **kwargs), level)


@rule("detach")
def detach(func, level, args, kwargs):
    return wrap(args[0].value.detach(), level)


def in_place(func, level, args, kwargs):
    """`x.add_(y)`: computed, then written over the batch, where both have the sizes for it."""
    name, target = func.__name__[:-1], args[0]
    if not is_batched(target, level):
        raise RuntimeError(NOT_IN_PLACE)
    plain = getattr(Tensor, name, None)
    if name not in RULES or plain is None:
        return NotImplemented
    result = plain(*args, **kwargs)
    if result.shape != target.shape:
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(result.shape)}"
        )
    if not _C.can_cast(result.dtype, target.dtype):
        raise RuntimeError(f"result type {result.dtype} can't be cast to the desired output type {target.dtype}")
    target.value.copy_(spread(result, level))
    return target


@rule("unsqueeze_ squeeze_ t_ transpose_ swapaxes_")
def reshape_in_place(func, level, args, kwargs):
    target = args[0]
    target.value = getattr(Tensor, func.__name__[:-1])(*args, **kwargs).value
    with DisableTorchFunctionSubclass():  # the object itself, which has the shape of a sample
        func(*args, **kwargs)
    return target


@rule("one_hot")
def one_hot(func, level, args, kwargs):
    bound = dict(zip(("tensor", "num_classes"), args)) | kwargs
    if bound.get("num_classes", -1) < 1:
        raise RuntimeError(
            "When vmap-ing torch.nn.functional.one_hot, please provide an explicit positive num_classes argument."
        )
    return (bound["tensor"].unsqueeze(-1) == _C.arange(bound["num_classes"])).long()


@rule("copy_ fill_ zero_ masked_fill_")
def overwrite(func, level, args, kwargs):
    if not is_batched(args[0], level):
        raise RuntimeError(NOT_IN_PLACE)
    if any(t.dim() > args[0].dim() for t in tensors_in(args[1:], kwargs)):
        return NotImplemented
    if func.__name__ == "fill_" and any_batched(args[1:], level):
        func = Tensor.copy_
    values, named = aligned(level, args, kwargs)
    func(*values, **named)
    return args[0]


# ---------------------------------------------------------------- operators with dimensions among their arguments
DIMS = ("dim", "dims", "dim0", "dim1", "dim2", "axis0", "axis1", "source", "destination", "start_dim", "end_dim",
        "dimension")  # fmt: skip


def shift(dims, ndim):
    """Dimensions of a sample as those of the batch; the negative ones stay what they are."""
    if dims is None:
        return tuple(range(1, ndim + 1))
    if isinstance(dims, (tuple, list)):
        return tuple(shift(d, ndim) for d in dims)
    if not -ndim <= dims < ndim:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {dims})"
        )
    return dims + 1 if dims >= 0 else dims


# Those that take all dimensions, as a list, when none is given.
_ALL_DIMS = frozenset(
    "sum mean nansum nanmean amax amin logsumexp std var std_mean var_mean count_nonzero flip squeeze all any norm "
    "linalg_vector_norm".split()
)


@rule(
    *_ALL_DIMS,
    "softmax log_softmax cumsum cumprod cummax cummin logcumsumexp sort argsort topk kthvalue median "
    "nanmedian mode max",
    "min prod argmax argmin diff trapezoid cumulative_trapezoid roll rot90 transpose swapaxes movedim "
    "flatten unflatten",
    "select narrow diagonal unfold unbind split split_with_sizes chunk tensor_split unsafe_split unsafe_chunk",
    "unsafe_split_with_sizes transpose_copy squeeze_copy narrow_copy select_copy slice_copy diagonal_copy unfold_copy",
    "unbind_copy split_copy split_with_sizes_copy gather scatter scatter_add scatter_reduce take_along_dim cat stack",
    "diag_embed select_scatter slice_scatter diagonal_scatter quantile nanquantile",
    "linalg_cross linalg_diagonal linalg_norm linalg_matrix_norm",
    "cosine_similarity aminmax",
)
def with_dims(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    if bound is None:
        return NotImplemented
    tensors = tensors_in(bound.values(), {})
    name, ndim = func.__name__, max(t.dim() for t in tensors)
    if ndim == 0 and name in _ALL_DIMS and name not in ("flip", "squeeze"):
        first, *others = bound.items()
        named = {n: v for n, v in others if n not in DIMS and n != "keepdim"}
        return wrap_results(getattr(_C, name)(first[1].value.unsqueeze(1), dim=1, **named), level)
    if ndim == 0 and name != "stack":
        return NotImplemented
    others = [*args[1:], *kwargs.values()]
    if name in ("take_along_dim", "quantile", "nanquantile") and any_batched(others, level):
        return NotImplemented
    if name == "max" or name == "min":
        if isinstance(bound.get("other"), Tensor):
            return pointwise(func, level, args, kwargs)
    mixes = ("select_scatter", "diagonal_scatter", "quantile", "nanquantile")
    if len({t.dim() for t in tensors}) > 1 and name not in mixes:
        return NotImplemented
    ndim += name in ("stack", "diag_embed")
    dims = {n: v for n, v in bound.items() if n in DIMS and not isinstance(v, Tensor)}
    if not any(v is not None for v in dims.values()):
        return _without_dim(func, level, bound, name, ndim)
    for n, v in dims.items():
        if isinstance(v, (tuple, list)) and not v and name in _ALL_DIMS and name not in ("flip", "squeeze"):
            v = None
        bound[n] = shift(v, ndim)
    skip = ("q",)
    bound = {n: v if n in skip else map_tensors(lambda t: spread(t, level), v) for n, v in bound.items()}
    return wrap_results(call(func, bound), level)


def _without_dim(func, level, bound, name, ndim):
    """No dimension given: all of them."""
    first = next(iter(bound))
    value = bound[first]
    if name in _ALL_DIMS:
        method = getattr(_C, name, None) or func
        named = {n: v for n, v in bound.items() if n not in DIMS and n != first}
        return wrap_results(method(value.value, dim=tuple(range(1, ndim + 1)), **named), level)
    if not isinstance(value, Tensor) or name not in _OF_ALL:
        return NotImplemented
    bound = {n: v for n, v in bound.items() if n not in DIMS}
    if bound.pop("keepdim", False):
        return NotImplemented
    flat = value.value.flatten(1)
    if flat.shape[1] == 0:
        return NotImplemented
    result = getattr(_C, _OF_ALL[name] or name)(flat, dim=1, **{n: v for n, v in bound.items() if n != first})
    if isinstance(result, tuple) and name != "aminmax":
        result = result[0]
    return wrap_results(result, level)


# Those that take all elements as one list: the operator that does so along a dimension, None for the same one.
_OF_ALL = dict.fromkeys("prod argmax argmin median nanmedian quantile nanquantile aminmax".split())
_OF_ALL |= {"max": "amax", "min": "amin"}


@rule("view reshape expand view_copy expand_copy broadcast_to sum_to_size repeat tile new_empty new_zeros",
      "new_ones new_full permute permute_copy")  # fmt: skip
def with_shape(func, level, args, kwargs):
    name, x = func.__name__, args[0]
    bound = bind(func, args, kwargs)
    if bound is None or not is_batched(x, level):
        return NotImplemented
    parameter = list(bound)[1] if len(bound) > 1 else None
    size = bound.get(parameter)
    if isinstance(size, int):
        size = (size,)
    if not isinstance(size, (tuple, list)):
        return NotImplemented  # view(dtype)
    size = tuple(size)
    if name.startswith("permute"):
        if len(size) != x.dim():
            return NotImplemented
        size = (0, *(shift(d % x.dim() if d < 0 and x.dim() else d, x.dim()) for d in size))
    elif name in ("expand", "broadcast_to", "expand_copy"):
        value = x.value.reshape(level.size, *[1] * max(len(size) - x.dim(), 0), *x.shape)
        return wrap_results(value.expand(level.size, *size), level)
    elif name == "repeat" or name == "tile":
        more = max(len(size) - x.dim(), 0)
        if name == "tile":
            size = (1,) * (x.dim() - len(size)) + size
        value = x.value.reshape(level.size, *[1] * more, *x.shape)
        return wrap(value.repeat(1, *size), level)
    elif -1 in size and level.size == 0:
        known = -functools.reduce(lambda a, b: a * b, size, 1)
        size = (0, *(x.numel() // known if s == -1 and known else s for s in size))
    else:
        size = (level.size, *size)
    bound[parameter] = size
    bound[next(iter(bound))] = x.value
    return wrap_results(call(func, bound), level)


@rule("unsqueeze unsqueeze_copy")
def unsqueeze(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    return wrap(call(func, {"input": args[0].value, "dim": shift(bound["dim"], args[0].dim() + 1)}), level)


@rule("as_strided as_strided_copy as_strided_scatter")
def as_strided(func, level, args, kwargs):
    """Places in memory count from the beginning of the sample."""
    bound = bind(func, args, kwargs)
    value = spread(bound["input"], level).contiguous()
    step = value.stride()[0] if level.size else 0
    start = value.storage_offset() + (bound.get("storage_offset") or 0)
    source = [spread(bound["src"], level)] if "src" in bound else []
    return wrap(func(value, *source, (level.size, *bound["size"]), (step, *bound["stride"]), start), level)


@rule("view_as reshape_as expand_as")
def like_another(func, level, args, kwargs):
    return getattr(args[0], func.__name__[:-3])(args[1].shape)


@rule("t numpy_T matrix_H t_copy ravel")
def of_few_dims(func, level, args, kwargs):
    x = args[0]
    if func.__name__ == "ravel":
        return x.reshape(-1)
    if func.__name__ == "numpy_T":
        return x.permute(*range(x.dim() - 1, -1, -1))
    if x.dim() != 2:
        return NotImplemented if x.dim() > 2 else x.view_as(x)
    return wrap((Tensor.mH.fget if func.__name__ == "matrix_H" else Tensor.mT.fget)(x.value), level)


def _at_least(x, ndim):
    """Dimensions of size 1 as atleast_1d, atleast_2d and atleast_3d add them."""
    x = x.reshape(1) if x.dim() == 0 else x
    x = x.unsqueeze(0) if x.dim() == 1 and ndim > 1 else x
    return x.unsqueeze(-1) if x.dim() == 2 and ndim > 2 else x


def _joined(tensors, ndim, dim):
    tensors = [_at_least(t, ndim) for t in tensors]
    return _C.cat(tensors, 0 if tensors[0].dim() == 1 else dim)


# Operators as a few others, each with a rule.
_IN_OTHER_WORDS = {
    "fliplr": lambda x: x.flip(1),
    "flipud": lambda x: x.flip(0),
    "msort": lambda x: x.sort(0)[0],
    "trace": lambda x: x.diagonal().sum(),
    "diag": lambda x, diagonal=0: x.diagonal(diagonal) if x.dim() == 2 else x.diag_embed(diagonal),
    "diagflat": lambda x, offset=0: x.flatten().diag_embed(offset),
    "linalg_vecdot": lambda x, y, dim=-1: (x.conj() * y).sum(dim),
    "linalg_multi_dot": lambda tensors: functools.reduce(lambda a, b: a @ b, tensors),
    "dist": lambda x, other, p=2: (x - other).norm(p),
    "hstack": lambda tensors: _joined(tensors, 1, 1),
    "vstack": lambda tensors: _joined(tensors, 2, 0),
    "dstack": lambda tensors: _joined(tensors, 3, 2),
}
_NEEDS_DIMS = {"fliplr": 2, "flipud": 1, "msort": 1, "trace": 2, "diag": 1}


@rule(*_IN_OTHER_WORDS)
def in_other_words(func, level, args, kwargs):
    name = func.__name__
    if kwargs or isinstance(args[0], Tensor) and args[0].dim() < _NEEDS_DIMS.get(name, 0):
        return NotImplemented
    return _IN_OTHER_WORDS[name](*args)


@rule(*[f"fft_{kind}{n}" for kind in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft") for n in ("", "2", "n")],
      "fft_fftshift fft_ifftshift")  # fmt: skip
def fourier(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    if bound is None or bound["input"].dim() == 0:
        return NotImplemented
    ndim, dim, sizes = bound["input"].dim(), bound.get("dim"), bound.get("s")
    if dim is None:  # all of them, or as many of the last as there are sizes
        dim = tuple(range(ndim)[-len(sizes) :] if sizes is not None else range(ndim))
    return wrap(call(func, {**bound, "input": bound["input"].value, "dim": shift(dim, ndim)}), level)


# ---------------------------------------------------------------- operators that take any number of leading dimensions
@rule(
    "tril triu mT mH adjoint linalg_inv linalg_inv_ex inverse linalg_det det linalg_slogdet slogdet logdet",
    "linalg_cholesky linalg_cholesky_ex cholesky linalg_qr linalg_svd svd linalg_svdvals linalg_eigh linalg_eigvalsh",
    "linalg_eig linalg_eigvals linalg_matrix_exp matrix_exp matrix_power linalg_matrix_power linalg_pinv pinverse",
    "pixel_shuffle pixel_unshuffle constant_pad_nd linalg_matrix_rank linalg_lu linalg_lu_factor",
    "cholesky_inverse",
)
def leading(func, level, args, kwargs):
    if tensors_in(args[1:], kwargs) or args[0].dim() < 2 and func.__name__ != "constant_pad_nd":
        return NotImplemented
    return wrap_results(func(args[0].value, *args[1:], **kwargs), level)


@rule("linalg_solve linalg_solve_ex linalg_solve_triangular cholesky_solve")
def solve(func, level, args, kwargs):
    if len(args) != 2 or args[0].dim() < 2 or args[1].dim() != args[0].dim():
        return NotImplemented
    return wrap_results(func(*[spread(a, level) for a in args], **kwargs), level)


@rule("scaled_dot_product_attention")
def attention(func, level, args, kwargs):
    if level.randomness == "error" and (kwargs.get("dropout_p") or len(args) > 4 and args[4]):
        raise RuntimeError(NOT_RANDOM)
    with_same_rank = {t.dim() for t in tensors_in(args[:3], {})}
    if len(with_same_rank) > 1 or kwargs.get("dropout_p") or kwargs.get("attn_mask") is not None or len(args) > 3:
        return NotImplemented
    return wrap(func(*[spread(a, level) for a in args], **kwargs), level)


@rule("layer_norm rms_norm")
def layer_norm(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    weight, bias = bound.pop("weight", None), bound.pop("bias", None)
    if not is_batched(bound["input"], level):
        return NotImplemented
    result = wrap(call(func, {**bound, "input": bound["input"].value}), level)
    result = result if weight is None else result * weight
    return result if bias is None else result + bias


# ---------------------------------------------------------------- products of matrices
@rule("matmul __matmul__ __rmatmul__ mm mv dot bmm inner")
def matmul(func, level, args, kwargs):
    name = func.__name__
    a, b = [*args, *kwargs.values()]
    if name == "__rmatmul__":
        a, b = b, a
    expected = {"mm": (2, 2), "mv": (2, 1), "dot": (1, 1), "bmm": (3, 3)}.get(name)
    if (expected and (a.dim(), b.dim()) != expected) or 0 in (a.dim(), b.dim()):
        return NotImplemented
    if name == "inner":
        b = b.mT if b.dim() > 1 else b
        if a.dim() > 2 or b.dim() > 2:
            return NotImplemented
    return wrap(_product(level, a, b), level)


def _product(level, a, b):
    x, y = unwrap(a, level), unwrap(b, level)
    if not is_batched(b, level) and b.dim() <= 2 and a.dim() >= 1:
        if a.dim() == 1 and b.dim() == 1:
            return x @ y
        if a.dim() <= 2:  # the samples' rows are rows of one matrix
            return (x.flatten(0, -2) @ y).reshape(*x.shape[:-1], *y.shape[1:])
    if a.dim() == 1:
        x = x.unsqueeze(-2)
    if b.dim() == 1:
        y = y.unsqueeze(-1)
    rank = max(a.dim(), b.dim(), 2)
    x, y = (v.reshape(v.shape[0], *[1] * (rank + 1 - v.dim()), *v.shape[1:]) if is_batched(s, level) else v
            for v, s in ((x, a), (y, b)))  # fmt: skip
    result = x @ y
    result = result.squeeze(-2) if a.dim() == 1 else result
    return result.squeeze(-1) if b.dim() == 1 else result


@rule("linear")
def linear(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    x, weight, bias = bound["input"], bound["weight"], bound.get("bias")
    if not is_batched(weight, level) and not is_batched(bias, level):
        return wrap(func(x.value, weight, bias), level)
    result = x @ (weight.mT if weight.dim() == 2 else weight)
    return result if bias is None else result + bias


@rule("addmm addmv addr baddbmm addbmm outer vdot")
def product_and_sum(func, level, args, kwargs):
    name = func.__name__
    bound = bind(func, args, kwargs)
    names = list(bound)
    if name == "outer":
        return args[0].unsqueeze(-1) * bound[names[1]]
    if name == "vdot":
        return (args[0].conj() * bound[names[1]]).sum()
    start, a, b = (bound[n] for n in names[:3])
    beta, alpha = bound.get("beta", 1), bound.get("alpha", 1)
    product = _C.outer(a, b) if name == "addr" else a @ b
    product = product.sum(0) if name == "addbmm" else product
    product = product if alpha == 1 else product * alpha
    return product if beta == 0 else product + (start if beta == 1 else start * beta)


# ---------------------------------------------------------------- looking up
@rule("embedding")
def embedding(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    weight, indices = bound["weight"], bound["indices"]
    if not is_batched(weight, level):
        return wrap(call(func, {**bound, "indices": indices.value}), level)
    if weight.dim() != 2 or bound.get("padding_idx", -1) >= 0 or bound.get("scale_grad_by_freq"):
        return NotImplemented
    rows = weight.shape[0]
    every = spread(indices, level)
    start = _C.arange(level.size, device=every.device) * rows
    every = every + start.reshape(-1, *[1] * indices.dim())
    return wrap(call(func, {**bound, "weight": weight.value.flatten(0, 1), "indices": every}), level)


@rule("index_select")
def index_select(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    x, index = bound["input"], bound["index"]
    if is_batched(index, level) or x.dim() == 0:
        if x.dim() != 1:
            return NotImplemented
        return x.gather(0, index.reshape(-1))
    return wrap(func(x.value, shift(bound["dim"], x.dim()), index), level)


@rule("index_add index_copy index_fill repeat_interleave take_along_dim")
def along_a_dimension(func, level, args, kwargs):
    """An index that is the same for all samples counts along the dimension behind the batch's."""
    bound = bind(func, args, kwargs)
    if bound is None or not isinstance(bound.get("dim"), int) or bound["input"].dim() == 0:
        return NotImplemented
    x, whole = bound["input"], ("source", "indices") if func.__name__ == "take_along_dim" else ("source",)
    if any_batched([v for n, v in bound.items() if n not in ("input", *whole)], level):
        return NotImplemented
    if any(isinstance(v, Tensor) and v.dim() != x.dim() for n, v in bound.items() if n in whole):
        return NotImplemented
    bound = {n: spread(v, level) if n == "input" or n in whole else v for n, v in bound.items()}
    return wrap(call(func, {**bound, "dim": shift(bound["dim"], x.dim())}), level)


def _key_parts(key):
    key = key if isinstance(key, tuple) else (key,)
    return [_C.as_tensor(k) if isinstance(k, list) else k for k in key]


@rule("__getitem__")
def getitem(func, level, args, kwargs):
    x, key = args[0], _key_parts(args[1])
    tensors = [k for k in key if isinstance(k, Tensor)]
    if any(is_batched(k, level) and k.dtype in (_C.bool, _C.uint8) for k in tensors):
        raise RuntimeError(
            "vmap: We do not support batching operators that can support dynamic shape. Attempting to batch over "
            "indexing with a boolean mask."
        )
    if not tensors and not any(isinstance(k, bool) for k in key):
        return wrap(x.value[(slice(None), *key)], level)
    if is_batched(x, level) and not any_batched(tensors, level) and _together(key):
        return wrap(x.value[(slice(None), *key)], level)
    if len(key) == 1 and tensors[0].dtype not in (_C.bool, _C.uint8) and x.dim() > 0:
        return _take_rows(level, x, tensors[0])
    return NotImplemented


def _together(key):
    """Whether the indices that are tensors stand side by side, so that what they select stays in its place."""
    where = [i for i, k in enumerate(key) if isinstance(k, (Tensor, bool))]
    return where == list(range(where[0], where[-1] + 1))


def _take_rows(level, x, index):
    """x[index] where each sample has an index of its own."""
    if not is_batched(x, level):
        return wrap(x[index.value], level)
    samples = _C.arange(level.size, device=index.device).reshape(-1, *[1] * index.dim())
    return wrap(x.value[samples, index.value], level)


@rule("__setitem__")
def setitem(func, level, args, kwargs):
    x, key, value = args[0], _key_parts(args[1]), args[2]
    if not is_batched(x, level):
        raise RuntimeError(NOT_IN_PLACE)
    if any_batched(key, level) or any(isinstance(k, (Tensor, bool)) for k in key) and isinstance(value, Tensor):
        return NotImplemented
    if isinstance(value, Tensor):
        part = x[tuple(key)]
        part.copy_(value.reshape(value.shape[value.dim() - part.dim() :]) if value.dim() > part.dim() else value)
    else:
        x.value[(slice(None), *key)] = value
    return None


# ---------------------------------------------------------------- torch.autograd.grad on samples
@rule("grad")
def autograd_grad(func, level, args, kwargs):
    """Samples do not mix: the gradients of whole batches are those of the samples, where each has inputs of its own."""
    outputs, inputs, cotangents, keep, *options = args
    if all(is_batched(t, level) for t in inputs):
        cotangents = [
            c if c is None and not is_batched(o, level) else spread(_C.ones_like(o) if c is None else c, level)
            for o, c in zip(outputs, cotangents or [None] * len(outputs))
        ]
        found = func([unwrap(o, level) for o in outputs], [t.value for t in inputs], cotangents, keep, *options)
        return tuple(None if g is None else wrap(g, level) for g in found)
    rows = []
    for i in range(level.size):
        (outs, cots), _ = map_arguments(_sample(level, i), [list(outputs), cotangents], {})
        last = i + 1 == level.size
        found = func(outs, [unwrap(t, level) for t in inputs], cots, keep if last else True, *options)
        rows.append([g.select(0, i) if is_batched(t, level) and g is not None else g for g, t in zip(found, inputs)])
    return tuple(None if column[0] is None else wrap(_C.stack(column), level) for column in zip(*rows))
