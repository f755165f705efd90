"""Every row of the table that names a NumPy or SciPy reference, called with what hypothesis makes up.

Shapes of 0 to 4 dimensions, among them empty ones, permuted, sliced, shifted and expanded layouts, all dtypes, mixed
dtypes, broadcasting, Python scalars, NaN, infinities and the limits of the dtype: the result has the reference's
values, shape and dtype, and out= and in-place forms give the same. TABLE_EXAMPLES is the number of calls of each row,
TABLE_SEED makes other ones.
"""

import math
import os
import warnings

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from test_operators import (
    ABSOLUTE,
    OWN_CORNERS,
    POINTWISE,
    PUBLIC,
    TOLERANCE,
    array,
    flat,
    function,
    reference,
)

import penlight as torch

EXAMPLES, SEED = int(os.environ.get("TABLE_EXAMPLES", 12)), int(os.environ.get("TABLE_SEED", 0))
INTEGERS = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8]
FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
COMPLEX = [torch.complex64, torch.complex128]
EVERY = [*FLOATS, *INTEGERS, torch.bool, *COMPLEX]
RELATIVE = {torch.float16: 1e-3, torch.bfloat16: 8e-3} | TOLERANCE
SMALLEST = {torch.float16: 1.2e-7, torch.bfloat16: 2e-38, torch.float32: 2e-38, torch.complex64: 2e-38}


def over(rows):
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.cname)


def examples(test):
    test = settings(
        max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate, Phase.shrink], print_blob=False
    )(test)
    return seeded(SEED)(test)


# ---- what calls are made of
class Maker:
    """Draws the parts of a call; what one example needs to be repeated is in hypothesis's hands."""

    def __init__(self, data):
        self.data = data

    def int(self, low, high):
        return self.data.draw(st.integers(low, high))

    def one(self, choices):
        return choices[self.int(0, len(choices) - 1)]

    def shape(self, low=0, high=4, smallest=0):
        return tuple(self.int(smallest, 3) for _ in range(self.int(low, high)))

    def beside(self, shape):
        """Give a shape that broadcasts with another."""
        kept = shape[self.int(0, len(shape)) :]
        return tuple(1 if self.int(0, 2) == 0 else n for n in kept)

    def dim(self, x):
        return self.int(-x.dim(), x.dim() - 1)

    def dims(self, x, least=0):
        chosen = [d for d in range(x.dim()) if self.int(0, 1)]
        return chosen if len(chosen) >= least else list(range(x.dim()))

    def values(self, count, dtype, special):
        """Give numbers: small ones, and the corners of the dtype where special asks for "all" or the "infinite"."""
        random = np.random.RandomState(self.int(0, 2**32 - 1))
        if dtype is torch.bool:
            return torch.from_numpy(random.randint(0, 2, count) == 1)
        if dtype in INTEGERS:
            limits = torch.iinfo(dtype)
            made = random.randint(max(limits.min, -9), 10, count).astype(np.int64)
            corners = [limits.min, limits.max, limits.min + 1, limits.max - 1, limits.max // 2 + 1]
        else:
            made = random.uniform(-3, 3, count) * random.choice([1, 1, 1, 7], count)
            made = np.where(random.uniform(size=count) < 0.3, np.rint(made), made)
            if dtype.is_complex:
                made = made + 1j * random.uniform(-3, 3, count)
                return torch.from_numpy(made).to(dtype)
            limits = torch.finfo(dtype)
            corners = [math.nan, math.inf, -math.inf, -0.0, 0.0]
            if special == "all":
                corners += [
                    limits.max,
                    limits.min,
                    limits.tiny,
                    -limits.tiny / 2,
                    limits.smallest_normal * 1.5,
                    limits.eps,
                ]
        if (special and dtype not in INTEGERS) or special == "all":
            at = random.uniform(size=count) < random.choice([0, 0.2, 0.6])
            made = np.where(at, np.asarray(corners, dtype=made.dtype)[random.randint(0, len(corners), count)], made)
        return torch.from_numpy(np.ascontiguousarray(made)).to(dtype)

    def tensor(self, shape, dtype, special=""):
        """Give a tensor of a shape, in one of the layouts that views have."""
        layout = self.one(["plain", "permuted", "sliced", "behind", "expanded"])
        rank = len(shape)
        if layout == "permuted":
            order = self.data.draw(st.permutations(range(rank)))
            made = self.values(math.prod(shape), dtype, special).reshape([shape[d] for d in order])
            return made.permute([order.index(d) for d in range(rank)])
        if layout == "sliced":
            made = self.values(math.prod(2 * n + 1 for n in shape), dtype, special)
            return made.reshape([2 * n + 1 for n in shape])[(slice(1, None, 2),) * rank]
        if layout == "behind":
            return self.values(math.prod(shape) + 1, dtype, special)[1:].view(shape)
        if layout == "expanded":
            stored = [1 if n and self.int(0, 1) else n for n in shape]
            return self.values(math.prod(stored), dtype, special).reshape(stored).expand(shape)
        return self.values(math.prod(shape), dtype, special).reshape(shape)


# ---- comparing
def assert_same(ours, theirs, dtype, relative, absolute):
    """Compares with a reference of more digits; where that is beyond the dtype, infinity and the limit are both right."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape, (ours.shape, theirs.shape)
    if not (dtype.is_floating_point or dtype.is_complex):
        np.testing.assert_array_equal(ours, theirs)
        return
    if dtype.is_complex:
        both = np.isnan(ours) & np.isnan(theirs)
        error = np.abs(ours - theirs)
        assert (both | (error <= absolute + relative * np.abs(theirs))).all(), (ours, theirs)
        return
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    with np.errstate(all="ignore"):
        ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
        largest = torch.finfo(dtype).max
        a, b = np.clip(ours, -largest, largest), np.clip(theirs, -largest, largest)
        wrong = np.abs(a / 2 - b / 2) > (absolute + relative * np.abs(b)) / 2
        wrong |= np.isinf(ours) & (np.abs(theirs) < largest * (1 - relative))
        wrong |= np.isinf(theirs) & ~np.isinf(ours)
    assert not wrong.any(), (ours[wrong][:4], theirs[wrong][:4], np.argwhere(wrong)[:4])


def assert_forms(row, args, kwargs, results, maker):
    """The in-place form and out= give, bit for bit, what the function gave."""
    equal = lambda a, b: np.testing.assert_array_equal(array(a), array(b))
    if "o" in row.forms:
        outs = [maker.tensor(tuple(r.shape), r.dtype).clone() for r in results]
        outs = [out.t().contiguous().t() if out.dim() == 2 else out for out in outs]
        function(row)(*args, **kwargs, out=outs[0] if len(outs) == 1 else tuple(outs))
        for out, result in zip(outs, results, strict=True):
            equal(out, result)
    fits = lambda x, r: isinstance(x, torch.Tensor) and x.shape == r.shape and torch.can_cast(r.dtype, x.dtype)
    if "i" in row.forms and fits(args[0], results[0]) and not (row.name == "abs" and args[0].is_complex()):
        x = args[0].clone()
        with_self = [x if a is args[0] else a for a in args]
        assert getattr(x, row.name + "_")(*with_self[1:], **kwargs) is x
        equal(x, results[0].to(x.dtype))


# ---- pointwise rows
DIVISIONS = {"floor_divide", "remainder", "fmod"}
SCALARS = {"f": [0.5, -2.0, 3.0, 0.0, 1, True, math.inf, math.nan], "i": [0, 1, 2, 3, 100, True]}


def operands(row, maker):
    """Give the tensors and scalars of a call."""
    kinds = [kind for kind in "ifc" if kind in row.types] + ["i"] * (row.dtype in ("float", "float_real"))
    pools = {"i": [*INTEGERS, torch.bool], "f": FLOATS, "c": COMPLEX}
    dtype = maker.one(pools[maker.one(kinds)])
    special = "" if row.name in OWN_CORNERS or row.name in CALM and dtype in INTEGERS else "all"
    shape = maker.shape()
    made = [maker.tensor(shape, dtype, special)]
    for arg in row.tensors[1:]:
        if arg.kind == "Operand" and maker.int(0, 3) == 0 and dtype is not torch.bool and not dtype.is_complex:
            made.append(maker.one(SCALARS["f" if dtype.is_floating_point else "i"]))
            continue
        other = dtype
        if row.name not in SAME_DTYPE and maker.int(0, 3) == 0:
            other = maker.one(pools[maker.one(kinds)])
        made.append(maker.tensor(maker.one([shape, maker.beside(shape)]), other, special))
    if len(made) == 2 and made[0].dim() and isinstance(made[1], torch.Tensor) and maker.int(0, 1):
        made.reverse()
    return made


# The shifts, and integer formulas that the reference does not compute at the limits of a dtype.
CALM = {"gcd", "lcm", "bitwise_left_shift", "bitwise_right_shift", *DIVISIONS}
SAME_DTYPE = {"gcd", "lcm", "hypot", "nextafter", "heaviside", "logaddexp", "logaddexp2"}


def common_dtype(row, args):
    """Give the dtype that the operands of a pointwise row are converted to."""
    common = args[0].dtype if len(args) == 1 else torch.result_type(*args)
    whole = not (common.is_floating_point or common.is_complex)
    return torch.float32 if whole and row.dtype in ("float", "float_real") else common


def wide(value, common):
    """Give a NumPy array of what an operand is after conversion: integers of their dtype, floats in float64."""
    value = torch.as_tensor(value).to(common)
    if common.is_floating_point:
        return value.double().numpy()
    return (value.to(torch.complex128) if common.is_complex else value).numpy()


def sensible(row, args, common):
    """What this makes of its operands is for the reference to say too."""
    with np.errstate(all="ignore"):
        arrays = [wide(a, common) for a in args]
    whole = arrays[0].dtype.kind in "biu"
    if row.name in DIVISIONS and whole:
        return arrays[1].all()
    if "shift" in row.name:
        return common is torch.bool or (arrays[1] >= 0).all() and (arrays[1] < 8).all()
    if row.name == "sinc":  # pi x overflows near the limit of float64, where NumPy says NaN and zero is right
        return not (np.isfinite(arrays[0]) & (np.abs(arrays[0]) > 1e300)).any()
    if row.name in ("digamma", "lgamma"):
        return (arrays[0] > 0).all()
    if row.name in OWN_CORNERS:
        return (arrays[0] != 0).all()
    return True


@over([row for row in POINTWISE if row.ref and row.name != "round_even"])
@examples
@given(data=st.data())
def test_pointwise(row, data):
    maker = Maker(data)
    args = operands(row, maker)
    common = common_dtype(row, args)
    assume(sensible(row, args, common))
    try:
        result = function(row)(*args)
    except (RuntimeError, NotImplementedError, TypeError) as error:
        refused = torch.bool in [a.dtype for a in args if isinstance(a, torch.Tensor)] or common in COMPLEX
        assert refused or "not implemented for" in str(error) or "scalar" in str(error), error
        return
    inexact = common.is_floating_point or common.is_complex
    expected = {
        "bool": torch.bool,
        "real": common.to_real() if common.is_complex else common,
        "float_real": common.to_real() if common.is_complex else common,
    }.get(row.dtype, common)
    assert result.dtype is expected
    with np.errstate(all="ignore"):
        own = common in (torch.float32, torch.float64) and row.name == "nextafter"
        arrays = [array(a) if own else wide(a, common) for a in args]
        if row.name == "nextafter" and not own:
            return
        module, _, name = row.ref.rpartition(".")
        try:
            theirs = getattr(__import__(module, fromlist=[name]), name)(*arrays)
        except TypeError:
            assert not inexact or common in COMPLEX or row.name.startswith("bitwise")
            return
    relative = RELATIVE.get(result.dtype, 0)
    absolute = max(ABSOLUTE.get(row.name, 0), SMALLEST.get(result.dtype, 1e-300))
    assert_same(array(result), theirs, result.dtype, relative, absolute)
    assert_forms(row, args, {}, [result], maker)


# ---- the others: what each is called with, m being a Maker, x a tensor of the dtype and d one of its dimensions
MOVES = {
    "reshape": lambda m, x: (x, m.one([(-1,), tuple(reversed(x.shape)), (1, *x.shape), (x.numel(), 1)])),
    "permute": lambda m, x: (x, m.data.draw(st.permutations(range(x.dim())))),
    "movedim": lambda m, x: (x, *([m.dim(x)] * 2 if m.int(0, 1) else (m.dim(x), m.dim(x)))),
    "unsqueeze": lambda m, x: (x, m.int(-x.dim() - 1, x.dim())),
    "broadcast_to": lambda m, x: (x, (*m.shape(0, 2), *x.shape)),
    "diagonal": lambda m, x: (x, m.int(-4, 4), *m.data.draw(st.permutations(range(x.dim())))[:2]),
    "tensor_split": lambda m, x: (x, m.int(1, 4), m.dim(x)),
    "cat": lambda m, x: ([x, *(m.tensor(x.shape, x.dtype, "all") for _ in range(m.int(0, 2)))], m.dim(x)),
    "stack": lambda m, x: ([x, m.tensor(x.shape, x.dtype, "all")], m.int(-x.dim() - 1, x.dim())),
    **{
        name: lambda m, x: ([x, m.tensor(x.shape, x.dtype, "all")],)
        for name in ("hstack", "vstack", "dstack", "column_stack")
    },
    "repeat": lambda m, x: (x, [m.int(0, 2) for _ in range(x.dim() + m.int(0, 1))]),
    "tile": lambda m, x: (x, [m.int(0, 2) for _ in range(m.int(0, x.dim() + 1))]),
    "repeat_interleave": lambda m, x: (x, m.int(0, 3), m.one([None, m.dim(x)])),
    "roll": lambda m, x: (x, m.int(-5, 5), m.dim(x)),
    "flip": lambda m, x: (x, m.dims(x)),
    "fliplr": lambda m, x: (x,),
    "flipud": lambda m, x: (x,),
    "rot90": lambda m, x: (x, m.int(-5, 5), m.data.draw(st.permutations(range(x.dim())))[:2]),
    "tril": lambda m, x: (x, m.int(-4, 4)),
    "triu": lambda m, x: (x, m.int(-4, 4)),
    "diag": lambda m, x: (x, m.int(-4, 4)),
    "diagflat": lambda m, x: (x, m.int(-4, 4)),
    **{f"atleast_{n}d": lambda m, x: (x,) for n in (1, 2, 3)},
    "positive": lambda m, x: (x,),
    "index_select": lambda m, x: (x, d := m.dim(x), indices(m, x.shape[d], (m.int(0, 4),))),
    "gather": lambda m, x: (
        x,
        d := m.dim(x),
        indices(m, x.shape[d], (*x.shape[: d % x.dim()], m.int(0, 4), *x.shape[d % x.dim() + 1 :])),
    ),
    "take_along_dim": lambda m, x: (x, indices(m, x.numel(), (m.int(0, 4),))),
    "take": lambda m, x: (x, indices(m, x.numel(), m.shape(0, 3))),
    "nonzero": lambda m, x: (x,),
    "argwhere": lambda m, x: (x,),
}
ALONG = lambda m, x: (x, m.dim(x))
ALL = lambda m, x: (x,)
KEEPING = lambda m, x: (x, tuple(m.dims(x, 1)), bool(m.int(0, 1)))
REDUCTIONS = {
    **dict.fromkeys(("sum", "mean", "prod", "any", "all", "max", "min", "trace"), ALL),
    **dict.fromkeys(("nansum", "nanmean", "amax", "amin", "logsumexp"), KEEPING),
    **dict.fromkeys(("cumsum", "cumprod", "softmax_int", "log_softmax_int"), ALONG),
    **dict.fromkeys(("argmax", "argmin"), lambda m, x: (x, m.dim(x), bool(m.int(0, 1)))),
    "count_nonzero": lambda m, x: (x, m.one([None, m.dim(x)])),
    "var": lambda m, x: (x, bool(m.int(0, 1))),
    "std": lambda m, x: (x, bool(m.int(0, 1))),
    "linalg_vector_norm": lambda m, x: (x, m.one([0, 1, 2, 3, 0.5, math.inf, -math.inf]), m.one([None, m.dim(x)])),
    "diff": lambda m, x: (x, m.int(0, 3), m.dim(x)),
    "isin": lambda m, x: (x, m.tensor(m.shape(), x.dtype)),
    "bincount": lambda m, x: (x if x.dtype is torch.bool else x.abs() % 5, None, m.int(0, 7)),
    "square": ALL,
    "bitwise_not": ALL,
    "nan_to_num": ALL,
    "logit": ALL,
    "fft_fftshift": ALONG,
    "fft_ifftshift": ALONG,
}
PRODUCTS = {
    **dict.fromkeys(("mm", "linalg_matmul"), lambda m, x: (x, m.tensor((x.shape[-1], m.int(0, 3)), x.dtype))),
    "bmm": lambda m, x: (x, m.tensor((x.shape[0], x.shape[2], m.int(0, 3)), x.dtype)),
    "mv": lambda m, x: (x, m.tensor(x.shape[-1:], x.dtype)),
    **dict.fromkeys(("dot", "vdot"), lambda m, x: (x, m.tensor(x.shape, x.dtype))),
    "matmul": lambda m, x: (
        x,
        m.tensor(m.one([x.shape[-1:], (*m.beside(x.shape[:-2]), x.shape[-1], m.int(0, 3))]), x.dtype),
    ),
    "outer": lambda m, x: (x, m.tensor(m.shape(1, 1), x.dtype)),
    "inner": lambda m, x: (x, m.tensor((*m.shape(0, 2), x.shape[-1]), x.dtype)),
    "kron": lambda m, x: (x, m.tensor(m.shape(0, 3), x.dtype)),
    "tensordot": lambda m, x: (x, m.tensor((*x.shape[x.dim() - 1 :], *m.shape(0, 2)), x.dtype), 1),
    "vander": lambda m, x: (x, m.int(0, 4), bool(m.int(0, 1))),
}
TRANSFORMS = {
    f"fft_{name}": lambda m, x: (x, m.one([None, m.int(1, 6)]), m.dim(x), m.one([None, "ortho", "forward", "backward"]))
    for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
}
RANKS = {"mm": (2, 2), "bmm": (3, 3), "mv": (2, 2), "dot": (1, 1), "vdot": (1, 1), "outer": (1, 1), "vander": (1, 1)}
RANKS |= {
    "bincount": (1, 1),
    "trace": (2, 2),
    "diag": (1, 2),
    "linalg_matmul": (2, 4),
    "diagonal": (2, 4),
    "rot90": (2, 4),
}
RANKS |= {"tril": (2, 4), "triu": (2, 4), "fliplr": (2, 4)}
RANKS |= dict.fromkeys(("sum", "mean", "prod", "any", "all", "max", "min", "unsqueeze", "stack", "take"), (0, 4))
RANKS |= dict.fromkeys(
    ("hstack", "vstack", "dstack", "atleast_1d", "atleast_2d", "atleast_3d", "nonzero", "argwhere"), (0, 4)
)
RANKS |= dict.fromkeys(
    ("reshape", "permute", "broadcast_to", "square", "bitwise_not", "nan_to_num", "kron", "positive"), (0, 4)
)
CALLS = MOVES | REDUCTIONS | PRODUCTS | TRANSFORMS
# Reductions of an empty tensor that have no value, and transforms of no numbers: NumPy's error is of another kind.
FILLED = {
    "max",
    "min",
    "amax",
    "amin",
    "argmax",
    "argmin",
    "logsumexp",
    "rot90",
    "linalg_vector_norm",
    "softmax",
    "log_softmax",
    *TRANSFORMS,
}
TO_INT64 = {"argmax", "argmin", "count_nonzero", "bincount", "nonzero", "argwhere"}
WIDEN = {"sum", "nansum", "prod", "cumsum", "cumprod", "trace", "vander"}  # small integers become int64
REFUSALS = (
    "not implemented for",
    "not supported",
    "does not support",
    "dtype",
    "Boolean",
    "boolean",
    "bool",
    "complex",
    "real input",
    "Invalid number of data points",
)


def indices(m, size, shape):
    assume(size or not math.prod(shape))
    return torch.tensor([m.int(0, max(size - 1, 0)) for _ in range(math.prod(shape))], dtype=torch.int64).reshape(shape)


def widened(value):
    """Give halves as float64: the reference computes in it."""
    if isinstance(value, list):
        return [widened(v) for v in value]
    return value.double() if isinstance(value, torch.Tensor) and value.is_floating_point() else value


def result_dtype(row, dtype):
    whole = not (dtype.is_floating_point or dtype.is_complex)
    if row.name in TO_INT64 or row.name in WIDEN and whole or row.name == "square" and dtype is torch.bool:
        return torch.int64
    if row.name in ("any", "all", "isin"):
        return torch.uint8 if dtype is torch.uint8 and row.name != "isin" else torch.bool
    if row.name in ("var", "std", "linalg_vector_norm") and dtype.is_complex:
        return dtype.to_real()
    if row.name in ("logsumexp", "logit") and whole:
        return torch.float32
    return dtype


@pytest.mark.filterwarnings("ignore:.*degrees of freedom")
@over([row for row in PUBLIC if row.ref and row.cname in CALLS])
@examples
@given(data=st.data())
def test_others(row, data):
    maker = Maker(data)
    low, high = RANKS.get(row.name, (1, 4))
    dtype = maker.one(EVERY)
    moves = row.name in MOVES
    special = (
        "all" if moves else "infinite" if row.name in REDUCTIONS and row.name not in ("nan_to_num", "logit") else ""
    )
    x = maker.tensor(maker.shape(low, high, int(row.name in FILLED)), dtype, special)
    args = CALLS[row.cname](maker, x)
    try:
        result = function(row)(*args)
    except (RuntimeError, NotImplementedError, TypeError) as error:
        assert any(words in str(error) for words in REFUSALS), error
        return
    results = flat(result)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs = reference(row, [widened(a) for a in args], {})
        except TypeError:
            assert dtype is torch.bool or dtype.is_complex
            return
    if not row.name.startswith("fft_"):
        assert [r.dtype for r in results] == [result_dtype(row, dtype)] * len(results)
    for ours, expected in zip(results, theirs if isinstance(theirs, (tuple, list)) else [theirs], strict=True):
        if moves:
            assert_same(
                array(ours), np.asarray(expected), ours.dtype, 0, 0
            ) if not ours.is_complex() else np.testing.assert_array_equal(array(ours), expected)
        else:
            relative = RELATIVE.get(ours.dtype, 0)
            assert_same(array(ours), expected, ours.dtype, 16 * relative, 16 * relative)
    assert_forms(row, args, {}, results, maker)
