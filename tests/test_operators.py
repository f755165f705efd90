"""Every operator of the table: its values, in all forms, layouts and dtypes and on the meta device, and its gradient.

What a pointwise operator is called with follows from its schema; the others have arguments in samples.py.
"""

import importlib
import itertools
import math
import re

import numpy as np
import pytest
from samples import SAMPLES, UNPREDICTABLE, Arguments

import penlight as torch
from ops.table import load
from penlight import _C
from penlight.autograd.gradcheck import gradcheck, gradgradcheck

ROWS = load()
PUBLIC = [row for row in ROWS if set(row.forms) & set("fm")]
POINTWISE = [row for row in PUBLIC if row.formula]
FLOATS = (torch.float32, torch.float64)
COMPLEX = (torch.complex64, torch.complex128)
DTYPES = {"i": (torch.int64, torch.bool), "f": FLOATS, "c": COMPLEX}
# The largest relative error: rounding of an operation or two and, for float64, of the reference's.
TOLERANCE = {torch.float32: 1e-6, torch.float64: 2e-14, torch.complex64: 4e-6, torch.complex128: 2e-14}


def over(rows):
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.cname)


def plain_name(row):
    """Give the name under which a row has samples: in-place forms and copies of views share those of the plain form."""
    if row.cname in SAMPLES:
        return row.cname
    return row.name.removesuffix("_").removesuffix("_copy") + ("_" + row.overload if row.overload else "")


def samples(row):
    """Give expressions of arguments for a row."""
    if not row.formula:
        found = SAMPLES.get(plain_name(row), [])
        return [text for text in found if not text[0].isdigit()] if row.inplace else found
    words = {"Tensor": "t(2, 3)", "Operand": "t(2, 3)", "Scalar": "0.5", "int": "2"}
    return [", ".join(words[arg.kind] for arg in row.args if arg.default is None)]


def function(row):
    """Give the operator as a function; an in-place one works on a copy."""
    if row.inplace:
        return lambda self, *args, **kwargs: getattr(self.clone(), row.name)(*args, **kwargs)
    return getattr(_C if "f" in row.forms else torch.Tensor, row.name)


def arguments(text, dtype, layout=lambda x: x):
    return Arguments(torch, dtype, layout).of(text)


def call(row, text, dtype, layout=lambda x: x):
    args, kwargs = arguments(text, dtype, layout)
    return function(row)(*args, **kwargs)


def supported(row, text, dtype):
    """Give the result of a row for a dtype, or None where the operator refuses the dtype."""
    try:
        return call(row, text, dtype)
    except (RuntimeError, NotImplementedError, TypeError, IndexError):
        return None


def accepted_dtype(row, text):
    """Give the first dtype that a row takes a sample in, and the result."""
    for dtype in (torch.float32, torch.int64, torch.complex64):
        result = supported(row, text, dtype)
        if result is not None:
            return dtype, flat(result)
    return pytest.fail(f"{row.cname}({text}) works for no dtype")


def flat(result):
    """Give the tensors of a result."""
    if isinstance(result, torch.Tensor):
        return [result]
    return [t for part in result for t in flat(part)] if isinstance(result, (tuple, list)) else []


def array(tensor):
    return (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).detach().numpy()


def assert_close(ours, theirs, relative=0.0, absolute=0.0):
    """Compares two arrays; NaN equals NaN, infinities must be equal, complex numbers are compared as a whole."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    if ours.dtype.kind not in "fc":
        np.testing.assert_array_equal(ours, theirs)
        return
    with np.errstate(all="ignore"):
        theirs = theirs.astype(ours.dtype)
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
        finite = np.isfinite(ours) & np.isfinite(theirs)
        if ours.dtype.kind == "f":
            np.testing.assert_array_equal(np.where(finite, 0, ours), np.where(finite, 0, theirs))
        else:
            np.testing.assert_array_equal(np.isfinite(ours), np.isfinite(theirs))
        error = np.abs(np.where(finite, ours, 0) - np.where(finite, theirs, 0))
        wrong = error > absolute + relative * np.abs(np.where(finite, theirs, 0))
    assert not wrong.any(), (np.argwhere(wrong)[:5], ours[wrong][:5], theirs[wrong][:5])


# ---- what a row says of itself
@over(PUBLIC)
def test_documentation(row):
    """A row, or the first of its overloads, has a sentence; the docstring begins with the signature."""
    assert any(other.doc for other in ROWS if other.name == row.name)
    function_doc = getattr(_C, row.name).__doc__ if "f" in row.forms else getattr(torch.Tensor, row.name).__doc__
    signature, sentence = function_doc.splitlines()[0], function_doc.splitlines()[-1]
    assert signature.startswith(row.name + "(") and signature.endswith(")")
    assert sentence and not sentence.startswith(row.name + "(")


def test_every_row_has_samples():
    """A new row that is not pointwise gets samples; random ones have tests of their own."""
    lacking = [
        row.cname
        for row in PUBLIC
        if not samples(row)
        and plain_name(row) not in UNPREDICTABLE
        and not any(arg.name == "generator" for arg in row.args)
    ]
    assert not lacking


@over([row for row in PUBLIC if samples(row)])
def test_every_sample_is_accepted(row):
    """Each is right for some dtype, and nothing but the dtype is what the others are refused for."""
    for text in samples(row):
        accepted = [dtype for dtype in (*FLOATS, *DTYPES["i"], *COMPLEX) if supported(row, text, dtype) is not None]
        if not accepted:
            call(row, text, torch.float32)


# ---- references
def reference_of(row):
    module, _, name = row.ref.rpartition(".")
    return getattr(importlib.import_module(module), name)


# Where the reference's arguments are not ours under NumPy's names.
ADAPTED = {
    "var": lambda f, x, unbiased=True: f(x, ddof=int(unbiased)),
    "std": lambda f, x, unbiased=True: f(x, ddof=int(unbiased)),
    "logspace": lambda f, start, end, steps: f(start, end, steps),
    "bucketize": lambda f, x, bounds: f(x, bounds, right=True),
    "linalg_vector_norm": lambda f, x, ord=2, dim=None, keepdim=False: f(
        x if dim is not None else x.ravel(), ord, dim, keepdim
    ),
    "norm": lambda f, x, p=2, dim=None: f(x, p, axis=dim),
    "logit": lambda f, x, eps=None: f(x if eps is None else np.clip(x, eps, 1 - eps)),
    "diff": lambda f, x, n=1, dim=-1, *ends: f(x, n, dim, *ends),
    "isin": lambda f, x, of, **kwargs: f(x, of, **kwargs),
    "trace": lambda f, x: f(x, dtype=x.dtype),
    "take_along_dim": lambda f, x, index, dim=None: f(x, index, axis=dim),
}


def to_numpy(value):
    if isinstance(value, torch.Tensor):
        wide = value.double() if value.dtype is torch.float32 else value
        wide = value.to(torch.complex128) if value.dtype is torch.complex64 else wide
        return wide.numpy()
    if isinstance(value, list) and value and isinstance(value[0], torch.Tensor):
        return [to_numpy(v) for v in value]
    return None if isinstance(value, torch.dtype) else value


def reference(row, args, kwargs):
    """Call the reference as the row was called: dim is axis there, keepdim keepdims."""
    f = reference_of(row)
    if row.name in ADAPTED:
        return ADAPTED[row.name](f, *map(to_numpy, args), **{k: to_numpy(v) for k, v in kwargs.items()})
    if row.name.startswith("fft_"):  # the same arguments in the same order, under other names
        return f(*map(to_numpy, args))
    positional, named = [], {}
    given = dict(zip((arg.name for arg in row.args), args)) | kwargs
    for arg in row.args:
        name = {"dim": "axis", "keepdim": "keepdims"}.get(arg.name, arg.name)
        if arg.name in given and name != arg.name:
            named[name] = given[arg.name]
        elif arg.name in given:
            positional.append(to_numpy(given[arg.name]))
    return f(*positional, **named)


NUMBERS = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    -2.0,
    3.0,
    1e-3,
    -7.25,
    20.5,
    -90.0,
    1e-30,
    1e30,
    math.inf,
    -math.inf,
    math.nan,
]


def numbers(dtype):
    """Give a vector of numbers that meets a formula's corners."""
    if dtype is torch.bool:
        return torch.tensor([True, False])
    if not (dtype.is_floating_point or dtype.is_complex):
        return torch.tensor([0, 1, -1, 2, -2, 3, 7, -7, 100, 2**31, -(2**31) - 1, 2**53 + 1], dtype=dtype)
    if dtype.is_complex:
        return torch.tensor(
            [complex(a, b) for a, b in itertools.product([0.3, -0.7, 2.0, -1.5], [0.4, -0.9, 1.5, -2.0])], dtype=dtype
        )
    return torch.cat([torch.tensor(NUMBERS, dtype=dtype), Arguments(torch, dtype).t(40) * 2])


# Near the zeros of these a relative error says nothing: absolute errors.
ABSOLUTE = {"digamma": 1e-13, "lgamma": 1e-13, "xlogy": 1e-12, "sinc": 2e-16, "logaddexp2": 1e-15}
# What these make of infinity, NaN or -0 is PyTorch's choice and not NumPy's.
OWN_CORNERS = {"sign", "heaviside", "lgamma", "i0", "special_i1", "angle"}
# int64 corners that NumPy answers with a warning and a number of its own.
SMALL_INTEGERS_ONLY = {"floor_divide", "remainder", "fmod", "bitwise_left_shift", "bitwise_right_shift", "lcm", "gcd"}


@over([row for row in POINTWISE if row.ref])
@pytest.mark.parametrize("kind", "ifc")
def test_pointwise_reference(row, kind):
    if kind not in row.types and not (kind == "i" and row.dtype in ("float", "float_real")):
        pytest.skip("not for these dtypes")
    for dtype in DTYPES[kind]:
        x = numbers(dtype)
        if row.name in SMALL_INTEGERS_ONLY and kind == "i":
            x = torch.tensor([1, 2, 3, 7, 20])
        if row.name in OWN_CORNERS and kind == "f":
            x = x[torch.isfinite(x) & (x != 0)]
        if row.name == "digamma" and kind == "f":  # beside a pole the last bit of x moves the result by far more
            x = x[(x > 0) | ((x - x.round()).abs() > 0.01) | (x == 0)]
        operands = [x] if len(row.tensors) == 1 else [x.reshape(-1, 1), x.flip((0,))]
        try:
            ours = function(row)(*operands)
        except (RuntimeError, NotImplementedError):
            assert dtype is torch.bool  # as -x and x - y in PyTorch
            continue
        if kind == "i" and ours.dtype is torch.float32:  # integers become float32 before anything is computed
            operands = [operand.float() for operand in operands]
        convert = array if row.name == "nextafter" else to_numpy  # a question of the dtype itself
        try:
            with np.errstate(all="ignore"):
                theirs = reference_of(row)(*map(convert, operands))
        except TypeError:
            assert (
                dtype is torch.bool or dtype.is_complex or row.dtype == "float"
            )  # NumPy does not do it with bools, or halves
            continue
        assert_close(
            array(ours),
            theirs,
            TOLERANCE.get(ours.dtype, 0),
            ABSOLUTE.get(row.name, 1e-300 if ours.dtype is torch.float64 else 2e-38),
        )


@over([row for row in PUBLIC if row.ref and not row.formula])
def test_reference(row):
    for text, dtype in itertools.product(samples(row), (*FLOATS, torch.int64, torch.bool, torch.complex64)):
        ours = supported(row, text, dtype)
        if ours is None:
            continue
        args, kwargs = arguments(text, dtype)
        try:
            with np.errstate(all="ignore"):
                theirs = reference(row, args, kwargs)
        except TypeError:
            assert dtype in (torch.bool, torch.complex64)  # NumPy does not do it
            continue
        many = isinstance(theirs, (tuple, list))
        for a, b in zip(flat(ours), theirs if many else [theirs], strict=True):
            assert_close(
                array(a),
                b,
                4 * TOLERANCE.get(a.dtype, 0),
                1e-6 if a.dtype in (torch.float32, torch.complex64) else 1e-14,
            )


# ---- dtypes
@over(POINTWISE)
def test_result_dtype(row):
    for dtype in (torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16, *FLOATS, torch.complex64):
        try:
            result = call(row, samples(row)[0], dtype)
        except (RuntimeError, NotImplementedError):
            assert dtype not in FLOATS or row.types in ("i", "c")
            continue
        inexact = dtype if dtype.is_floating_point or dtype.is_complex else torch.float32
        expected = {
            "bool": torch.bool,
            "float": inexact,
            "real": dtype.to_real() if dtype.is_complex else dtype,
            "float_real": inexact.to_real() if dtype.is_complex else inexact,
        }.get(row.dtype, dtype)
        assert result.dtype in (expected, inexact if row.dtype == "promote" and "i" not in row.types else expected)


@over([row for row in POINTWISE if "f" in row.types])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_narrow_floats_compute_in_float32(row, dtype):
    text = samples(row)[0]
    narrow = arguments(text, dtype)[0]
    wide = [a.float() if isinstance(a, torch.Tensor) else a for a in narrow]
    expected = function(row)(*wide)
    expected = expected if expected.dtype is torch.bool else expected.to(dtype)
    if row.name == "nextafter":  # the next number of another grid
        return
    assert_close(array(function(row)(*narrow)), array(expected))


# ---- layouts and shapes
def turned(x):
    """The same numbers, with strides in the opposite order."""
    return x.permute(tuple(range(x.dim()))[::-1]).contiguous().permute(tuple(range(x.dim()))[::-1])


def gappy(x):
    """The same numbers with gaps between them, behind an offset."""
    buffer = torch.zeros([2 * size + 1 for size in x.shape], dtype=x.dtype)
    view = buffer[tuple(slice(1, None, 2) for _ in x.shape)]
    return view.copy_(x)


BOUND_TO_STRIDES = {"view", "view_as", "view_dtype", "view_as_complex", "as_strided", "as_strided_scatter"}


@over(PUBLIC)
@pytest.mark.parametrize("layout", [turned, gappy])
def test_layout_does_not_matter(row, layout):
    for text, dtype in itertools.product(samples(row), (torch.float32, torch.int64)):
        expected = supported(row, text, dtype)
        if expected is None or plain_name(row) in BOUND_TO_STRIDES:
            continue
        for a, b in zip(flat(call(row, text, dtype, layout)), flat(expected), strict=True):
            assert_close(array(a), array(b), 0 if row.formula else 1e-5, 0 if row.formula else 1e-6)


@over(POINTWISE)
def test_shapes(row):
    """Shapes with and without elements broadcast, and every element is as if computed alone."""
    tensors = len(row.tensors)
    scalars = ["0.5"] * sum(arg.kind == "Scalar" and arg.default is None for arg in row.args)
    dtype = torch.float64 if "f" in row.types else torch.int64 if "i" in row.types else torch.complex128
    for shapes in (
        ["()"] * 3,
        ["(0,)"] * 3,
        ["(2, 0, 3)"] * 3,
        ["(2, 1, 3)", "(4, 1)", "()"],
        ["()", "(3,)", "(2, 3)"],
        ["(0, 1)", "(3,)", "(1,)"],
        ["(1, 2, 1, 2, 1, 2, 1)", "(2, 1, 2, 1, 1, 1)", "(2,)"],
    ):
        text = ", ".join([f"t(*{shape})" for shape in shapes[:tensors]] + scalars)
        args, _ = arguments(text, dtype)
        result = function(row)(*args)
        assert result.shape == np.broadcast_shapes(*[a.shape for a in args if isinstance(a, torch.Tensor)])
        if result.numel():
            expanded = [a.expand(result.shape) if isinstance(a, torch.Tensor) else a for a in args]
            last = tuple(size - 1 for size in result.shape)
            alone = function(row)(*[a[last] if isinstance(a, torch.Tensor) else a for a in expanded])
            assert_close(array(result[last]), array(alone), 1e-15)


def test_shapes_that_do_not_broadcast():
    for row in POINTWISE:
        if len(row.tensors) == 2:
            with pytest.raises(RuntimeError, match="must match the size"):
                function(row)(
                    *(torch.ones(n, dtype=torch.int64 if "i" in row.types else torch.float32) for n in (2, 3))
                )


# ---- forms
@over([row for row in PUBLIC if {"f", "m"} <= set(row.forms)])
def test_method_equals_function(row):
    for text in samples(row):
        result = supported(row, text, torch.float32)
        args, kwargs = arguments(text, torch.float32)
        if result is None or not isinstance(args[0], torch.Tensor):
            continue
        method = getattr(args[0], row.name)(*args[1:], **kwargs)
        for a, b in zip(flat(method), flat(result), strict=True):
            assert_close(array(a), array(b))


@over([row for row in PUBLIC if "i" in row.forms])
def test_in_place_equals_plain(row):
    for text, dtype in itertools.product(samples(row), (torch.float32, torch.int64)):
        expected = supported(row, text, dtype)
        args, kwargs = arguments(text, dtype)
        x = args[0]
        if expected is None or not isinstance(x, torch.Tensor):
            continue
        if expected.shape != x.shape or not torch.can_cast(expected.dtype, dtype):
            with pytest.raises(RuntimeError):
                getattr(x, row.name + "_")(*args[1:], **kwargs)
            continue
        version = x._version
        assert getattr(x, row.name + "_")(*args[1:], **kwargs) is x
        assert x.dtype is dtype and x._version == version + 1
        assert_close(array(x), array(expected.to(dtype)))


def outs_like(results, fill):
    outs = tuple(fill(r) for r in results)
    return outs if len(outs) > 1 else outs[0]


@over([row for row in PUBLIC if "o" in row.forms])
def test_out(row):
    for text in samples(row):
        dtype, expected = accepted_dtype(row, text)
        args, kwargs = arguments(text, dtype)
        for fill in (torch.empty_like, lambda r: torch.empty(0, dtype=r.dtype), lambda r: turned(torch.empty_like(r))):
            out = outs_like(expected, fill)
            result = function(row)(*args, **kwargs, out=out)
            for a, b, c in zip(flat(result), flat(out), expected, strict=True):
                assert a is b or len(expected) > 1
                assert_close(array(b), array(c))
        if expected[0].dtype.is_floating_point and not row.factory:  # factories compute in the dtype of out
            with pytest.raises(
                RuntimeError, match=re.escape(row.exact_out.split("{")[0]) if row.exact_out else "can't be cast"
            ):
                function(row)(
                    *args, **kwargs, out=outs_like(expected, lambda r: torch.empty(r.shape, dtype=torch.int64))
                )


@over([row for row in PUBLIC if "o" in row.forms and row.grad])
def test_out_refuses_gradients(row):
    args, kwargs = arguments(samples(row)[0] if samples(row) else "pos(3)", torch.float32)
    args = [a.requires_grad_() if isinstance(a, torch.Tensor) and a.is_floating_point() else a for a in args]
    try:
        expected = flat(function(row)(*args, **kwargs))
    except (RuntimeError, NotImplementedError, TypeError):
        return  # random rows, and such for integers
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        function(row)(*args, **kwargs, out=outs_like(expected, lambda r: torch.empty_like(r.detach())))


@over(PUBLIC)
def test_meta_device(row):
    """Shapes and dtypes are found without data, or the operator says that it needs the data."""
    for text in samples(row):
        dtype, expected = accepted_dtype(row, text)
        args, kwargs = arguments(text, dtype, lambda x: x.to("meta"))
        if row.factory:
            kwargs["device"] = "meta"
        try:
            results = flat(function(row)(*args, **kwargs))
        except (RuntimeError, NotImplementedError) as error:
            assert "meta" in str(error) or "without data" in str(error), (text, error)
            continue
        for a, b in zip(results, expected, strict=True):
            assert a.is_meta and (a.shape, a.dtype) == (b.shape, b.dtype), text


# ---- gradients
def smooth_points(row, dtype):
    """Give arguments of a pointwise row at which the result and its gradients are finite, and not on a kink."""
    pool = Arguments(torch, dtype)
    tensors = [pool.t(60) for _ in row.tensors]
    scalars = [0.3 for arg in row.args if arg.kind == "Scalar" and arg.default is None]
    lacking = ["no_derivative" in row.grad.get(arg.name, "") for arg in row.tensors]
    leaves = [t.requires_grad_() for t, lacks in zip(tensors, lacking, strict=True) if not lacks]
    result = function(row)(*tensors, *scalars)
    grads = torch.autograd.grad(result, leaves, torch.ones_like(result), allow_unused=True)
    good = np.isfinite(array(result))
    for grad in grads:
        good &= True if grad is None else np.isfinite(array(grad)) & (np.abs(array(grad)) < 1e3)
    chosen = np.flatnonzero(good)[:4].tolist()
    assert chosen, "no point where the gradient is finite"
    return [t.detach()[chosen].clone().requires_grad_(not lacks) for t, lacks in zip(tensors, lacking)], scalars


def differentiable(row, dtype):
    return row.grad and not row.not_diff and {torch.float64: "f", torch.complex128: "c"}[dtype] in row.types


POINTWISE_GRADIENTS = [row for row in POINTWISE if row.grad and "f" in row.types]


@over(POINTWISE_GRADIENTS)
def test_pointwise_gradient(row):
    for dtype in (torch.float64, torch.complex128):
        if differentiable(row, dtype):
            tensors, scalars = smooth_points(row, dtype)
            gradcheck(lambda *t, s=scalars: function(row)(*t, *s), tensors)


@over(POINTWISE_GRADIENTS)
def test_pointwise_second_gradient(row):
    tensors, scalars = smooth_points(row, torch.float64)
    gradgradcheck(
        lambda *t: function(row)(*t, *scalars),
        [t.detach()[:2].clone().requires_grad_(t.requires_grad) for t in tensors],
    )


def leaves_and_call(row, text):
    """Give the differentiable tensors of a call, also those in lists, and the function of them."""
    args, kwargs = arguments(text, torch.float64)
    wanted = lambda a: isinstance(a, torch.Tensor) and a.is_floating_point() and not hasattr(a, "constant")
    leaves = [t for t in flat(list(args)) if wanted(t)]

    def f(*values):
        values = iter(values)
        swap = lambda a: next(values) if wanted(a) else a
        filled = [[swap(b) for b in a] if isinstance(a, list) else swap(a) for a in args]
        return tuple(t for t in flat(function(row)(*filled, **kwargs)) if t.is_floating_point() or t.is_complex())

    return [leaf.requires_grad_() for leaf in leaves], f


# PyTorch's gradients of these are not the derivatives; its numbers are kept. (ctc_loss: right for what log_softmax gave.)
# Those of functions of Hermitian or triangular matrices are derivatives along such matrices only (tests/test_lapack.py).
OWN_GRADIENTS = {
    "_ctc_loss",
    "as_strided_scatter",
    "ctc_loss",
    "cholesky",
    "cholesky_inverse",
    "linalg_cholesky_ex",
    "linalg_eig",
    "linalg_ldl_factor_ex",
}
SAMPLED_GRADIENTS = [
    row
    for row in PUBLIC
    if not row.formula and not row.not_diff and not row.factory and samples(row) and row.name not in OWN_GRADIENTS
]


@over(SAMPLED_GRADIENTS)
def test_gradient(row):
    checked = False
    for text in samples(row):
        leaves, f = leaves_and_call(row, text)
        if supported(row, text, torch.float64) is None or not any(t.requires_grad for t in f(*leaves)):
            continue
        try:
            gradcheck(lambda *t, f=f: tuple(r for r in f(*t) if r.requires_grad), leaves)
        except RuntimeError as error:
            assert "derivative" in str(error)  # is not implemented, as the message goes on, and not in PyTorch
        checked = True
    assert checked or not row.grad or supported(row, samples(row)[0], torch.float64) is None


@over([row for row in SAMPLED_GRADIENTS if row.grad])
def test_second_gradient(row):
    leaves, f = leaves_and_call(row, samples(row)[0])
    if supported(row, samples(row)[0], torch.float64) is None or any(leaf.numel() > 24 for leaf in leaves):
        return
    if any(t.requires_grad for t in f(*leaves)):
        try:
            gradgradcheck(lambda *t: tuple(r for r in f(*t) if r.requires_grad), leaves)
        except RuntimeError as error:
            assert "derivative" in str(error)
