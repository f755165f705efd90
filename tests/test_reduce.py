"""Reductions, softmax, running sums, sorting: numbers against NumPy and SciPy, gradients, errors."""

import itertools
import warnings

import numpy as np
import pytest
import scipy.special

import penlight as torch
from penlight.autograd import gradcheck, gradgradcheck

SHAPES = [
    (),
    (1,),
    (7,),
    (64,),
    (1000,),
    (3, 5),
    (17, 33),
    (130, 4),
    (2, 3, 4),
    (5, 1, 6),
    (33, 16, 3),
    (2, 1100),
    (2100, 2),
]
FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
INTEGERS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
TOLERANCE = {
    torch.float16: 4e-3,
    torch.bfloat16: 3e-2,
    torch.float32: 2e-6,
    torch.float64: 1e-12,
    torch.complex64: 2e-6,
    torch.complex128: 1e-12,
}


def numbers(shape, dtype, seed=0):
    """Random numbers that every dtype holds exactly, and the same in NumPy."""
    rng = np.random.default_rng(seed)
    if dtype == torch.bool:
        a = rng.integers(0, 2, shape).astype(bool)
    elif dtype in INTEGERS:
        a = rng.integers(0 if dtype == torch.uint8 else -9, 10, shape)
    elif dtype.is_complex:
        a = rng.integers(-16, 17, shape) / 8 + 1j * rng.integers(-16, 17, shape) / 8
    else:
        a = rng.integers(-32, 33, shape) / 16
    a = np.asarray(a)
    t = torch.tensor(a.tolist(), dtype=dtype).reshape(shape)
    return t, (a.astype(complex) if dtype.is_complex else a.astype(float) if dtype in FLOATS else a)


def layouts(t, a):
    """The same numbers in other memory orders, and every other element."""
    yield t, a
    if t.dim() > 1:
        yield t.transpose(0, -1), a.swapaxes(0, -1)
        yield t[..., ::2], a[..., ::2]
        yield t[1:, ...], a[1:, ...]
    if t.dim() == 2 and t.shape[1] > 1:
        yield t[:, 1].expand(3, t.shape[0]), np.broadcast_to(a[:, 1], (3, t.shape[0]))


def dims_of(t):
    for n in range(1, t.dim() + 1):
        yield from itertools.combinations(range(t.dim()), n)


def close(got, want, dtype=None):
    want = np.asarray(want)
    assert tuple(got.shape) == want.shape
    tolerance = TOLERANCE.get(dtype or got.dtype, 0)
    kind = complex if got.dtype.is_complex else float if got.dtype.is_floating_point else None
    np.testing.assert_allclose(
        np.array(got.tolist(), dtype=kind).reshape(want.shape), want, rtol=tolerance, atol=tolerance
    )


# ---------------------------------------------------------------------------------------------------- sums and products
@pytest.mark.parametrize("dtype", [torch.bool, *INTEGERS, *FLOATS, torch.complex64, torch.complex128])
@pytest.mark.parametrize("shape", SHAPES)
def test_sum(shape, dtype):
    for t, a in layouts(*numbers(shape, dtype)):
        assert t.sum().dtype == (dtype if dtype in TOLERANCE else torch.int64)
        close(t.sum(), a.sum())
        for dims in dims_of(t):
            close(t.sum(dims), a.sum(dims))
            close(t.sum(dims, keepdim=True), a.sum(dims, keepdims=True))


@pytest.mark.parametrize("dtype", [*FLOATS, torch.complex64, torch.complex128])
@pytest.mark.parametrize("shape", SHAPES)
def test_mean_and_variance(shape, dtype):
    for t, a in layouts(*numbers(shape, dtype)):
        close(t.mean(), a.mean())
        close(t.var(correction=0), a.var())
        for dims in dims_of(t):
            close(t.mean(dims), a.mean(dims))
            close(t.var(dims, correction=0, keepdim=True), a.var(dims, keepdims=True))
            close(t.std(dims, correction=0), a.std(dims))
            var, mean = torch.var_mean(t, dims, correction=0)
            close(var, a.var(dims))
            close(mean, a.mean(dims))


def test_sums_of_many_numbers_are_precise():
    a = np.random.default_rng(1).standard_normal(1 << 20).astype(np.float32)
    exact = a.astype(np.float64).sum()
    t = torch.from_numpy(a)
    assert abs(float(t.sum()) - exact) < 1e-3
    assert abs(float(t.reshape(1024, 1024).sum(0).sum()) - exact) < 1e-3
    assert abs(float(torch.full((1 << 24,), 0.1).mean()) - 0.1) < 1e-7
    assert (
        abs(float((t * 1e-3 + 1e3).var()) - (a * np.float32(1e-3) + np.float32(1e3)).astype(np.float64).var(ddof=1))
        < 1e-9
    )


def test_results_do_not_depend_on_the_number_of_threads():
    t = torch.randn(3, 1000, 1000)
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        results.append([t.sum(), t.sum(0), t.sum(1), t.sum((0, 2)), t.var(), t.logsumexp(1), t.norm(), t.softmax(1)])
    torch.set_num_threads(before)
    for r in results[1:]:
        assert all(torch.equal(x, y) for x, y in zip(results[0], r))


@pytest.mark.parametrize(
    "dtype", [torch.bool, torch.int32, torch.int64, torch.float32, torch.float64, torch.complex128]
)
def test_prod(dtype):
    for shape in [(), (3,), (2, 5), (3, 1, 4)]:
        for t, a in layouts(*numbers(shape, dtype)):
            assert t.prod().dtype == (dtype if dtype in TOLERANCE else torch.int64)
            close(t.prod(), a.prod())
            for d in range(t.dim()):
                close(t.prod(d), a.prod(d))


def test_dtype_argument():
    t = torch.tensor([1.7, 2.7])
    assert t.sum(dtype=torch.int64).item() == 3
    assert t.sum(dtype=torch.float64).dtype == torch.float64
    assert torch.tensor([100, 100], dtype=torch.int8).sum(dtype=torch.int8).item() == -56
    assert torch.tensor([1, 2]).mean(dtype=torch.float32).item() == 1.5
    assert t.cumsum(0, dtype=torch.int32).tolist() == [1, 3]


def test_nan_counts_for_nothing_where_asked():
    t = torch.tensor([[1.0, float("nan"), 3.0], [float("nan"), float("nan"), 2.0]])
    assert t.nansum().item() == 6
    assert t.nanmean(1).tolist() == [2, 2]
    assert t.nanmedian(1).values.tolist() == [1, 2]
    assert torch.nanquantile(t, 0.5, dim=1).tolist() == [2, 2]


# ---------------------------------------------------------------------------------------------------- extremes
@pytest.mark.parametrize("dtype", [torch.bool, *INTEGERS, *FLOATS])
@pytest.mark.parametrize("shape", SHAPES)
def test_extremes(shape, dtype):
    for t, a in layouts(*numbers(shape, dtype)):
        close(t.max(), a.max())
        close(t.min(), a.min())
        if dtype != torch.bool:
            assert t.argmax().item() == a.argmax()
        for d in range(t.dim()):
            for name in ("max", "min"):
                values, indices = getattr(t, name)(d)
                close(values, getattr(a, name)(d))
                assert np.array_equal(np.array(indices.tolist()), getattr(a, "arg" + name)(d))
                close(getattr(t, "a" + name)(d, keepdim=True), getattr(a, name)(d, keepdims=True))
        for dims in dims_of(t):
            close(t.amax(dims), a.max(dims))


def test_nan_wins():
    nan = float("nan")
    t = torch.tensor([[1.0, nan, 3.0, nan], [4.0, 5.0, 6.0, 7.0]])
    assert t.max().isnan() and t.amin().isnan()
    assert t.max(1).indices.tolist() == [1, 3] and t.argmin(1).tolist() == [1, 0]
    assert t.argmax(0).tolist() == [1, 0, 1, 0]
    assert t.median(1).values[0].isnan() and t.median(1).indices[0] == 1
    assert t.sort(1).indices[0].tolist() == [0, 2, 1, 3]
    assert t.topk(2, 1).indices[0].tolist() == [1, 3]


def test_named_results():
    t = torch.tensor([[3, 1], [2, 4]])
    r = t.max(0)
    assert r.values.tolist() == [3, 4] and r.indices.tolist() == [0, 1]
    assert type(r).__name__ == "max" or "max" in str(type(r))
    low, high = torch.aminmax(t)
    assert (low.item(), high.item()) == (1, 4)


@pytest.mark.parametrize(
    "dtype", [torch.bool, torch.uint8, torch.int64, torch.float32, torch.bfloat16, torch.complex64]
)
def test_logic(dtype):
    for shape in SHAPES:
        for t, a in layouts(*numbers(shape, dtype)):
            assert t.any().dtype == (torch.uint8 if dtype == torch.uint8 else torch.bool)
            assert bool(t.any()) == bool(a.any()) and bool(t.all()) == bool(a.all())
            assert t.count_nonzero().item() == np.count_nonzero(a)
            for dims in dims_of(t):
                assert np.array_equal(np.array(t.any(dims).tolist(), dtype=bool), a.any(dims))
                assert np.array_equal(np.array(t.all(dims).tolist(), dtype=bool), a.all(dims))


# ---------------------------------------------------------------------------------------------------- norms
@pytest.mark.parametrize("p", [0, 0.5, 1, 1.5, 2, 3, float("inf"), -float("inf"), -2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64, torch.complex128])
def test_vector_norm(p, dtype):
    for shape in [(5,), (4, 6), (40, 70), (3, 4, 5)]:
        for t, a in layouts(*numbers(shape, dtype)):
            with np.errstate(divide="ignore"):
                close(torch.linalg_vector_norm(t, p), np.linalg.norm(a.ravel(), p), dtype)
                for d in range(t.dim()):
                    close(torch.linalg_vector_norm(t, p, d), np.linalg.norm(a, p, d), dtype)


def test_matrix_norm():
    t, a = numbers((4, 5), torch.float64)
    for p in (1, -1, float("inf"), -float("inf"), "fro"):
        close(torch.linalg_norm(t, p), np.linalg.norm(a, p))
    close(t.norm("fro", (0, 1)), np.linalg.norm(a))
    close(t.norm(), np.linalg.norm(a))
    close(torch.dist(t, t + 1, 1), np.abs(a - (a + 1)).sum())


# ---------------------------------------------------------------------------------------------------- softmax
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(1,), (10,), (300,), (7, 10), (3, 1030), (1030, 3), (3, 40, 5), (2, 3, 300)])
def test_softmax(shape, dtype):
    for t, a in layouts(*numbers(shape, dtype)):
        for d in range(t.dim()):
            close(t.softmax(d), scipy.special.softmax(a, d))
            close(t.log_softmax(d), scipy.special.log_softmax(a, d))
            close(t.logsumexp(d), scipy.special.logsumexp(a, d))


def test_softmax_of_infinities():
    inf = float("inf")
    t = torch.tensor([[0.0, -inf, 0.0], [1000.0, 0.0, -1000.0], [-inf, -inf, -inf], [inf, 0.0, 0.0]])
    p = t.softmax(1)
    assert p[0].tolist() == [0.5, 0, 0.5] and p[1].tolist() == [1, 0, 0] and p[2].isnan().all()
    assert t.logsumexp(1)[1:].tolist() == [1000, -inf, inf]
    assert t.t().logsumexp(0)[1:].tolist() == [1000, -inf, inf]


# ---------------------------------------------------------------------------------------------------- running results
@pytest.mark.parametrize("dtype", [torch.int32, torch.float32, torch.float64, torch.complex128])
def test_running_results(dtype):
    for shape in [(6,), (3, 4), (2, 3, 5), (300, 3)]:
        for t, a in layouts(*numbers(shape, dtype)):
            for d in range(t.dim()):
                close(t.cumsum(d), a.cumsum(d))
                if a.shape[d] < 10:
                    close(t.cumprod(d), a.cumprod(d))
                if not dtype.is_complex:
                    close(t.cummax(d).values, np.maximum.accumulate(a, d))
                    close(t.cummin(d).values, np.minimum.accumulate(a, d))
                    close(t.gather(d, t.cummax(d).indices), np.maximum.accumulate(a, d))
                if dtype.is_floating_point:
                    close(t.logcumsumexp(d), np.logaddexp.accumulate(a, d))
    assert torch.ones(3, dtype=torch.bool).cumsum(0).tolist() == [1, 2, 3]
    x = torch.ones(3)
    assert x.cumsum_(0) is x and x.tolist() == [1, 2, 3]


# ---------------------------------------------------------------------------------------------------- sorting
@pytest.mark.parametrize("dtype", [torch.bool, *INTEGERS, *FLOATS])
@pytest.mark.parametrize("n", [1, 2, 20, 50, 300, 600, 3000])
def test_sort(n, dtype):
    for shape in [(n,), (3, n), (n, 3)]:
        for t, a in layouts(*numbers(shape, dtype)):
            for d in range(t.dim()):
                values, indices = t.sort(d)
                order = a.argsort(d, kind="stable")
                assert np.array_equal(np.array(indices.tolist()).reshape(order.shape), order)
                close(values, np.take_along_axis(a, order, d))
                down = t.argsort(dim=d, descending=True, stable=True)
                want = (-a.astype(float)).argsort(d, kind="stable")
                assert np.array_equal(np.array(down.tolist()).reshape(want.shape), want)


@pytest.mark.parametrize("k", [1, 3, 40, 100])
def test_topk_and_order_statistics(k):
    for t, a in [numbers((4, 100), torch.float32), numbers((4, 100), torch.int64), numbers((4, 100), torch.float64)]:
        for largest in (True, False):
            values, indices = t.topk(k, largest=largest)
            want = -np.sort(-a, 1)[:, :k] if largest else np.sort(a, 1)[:, :k]
            close(values, want)
            close(t.gather(1, indices), want)
            assert all(len(set(row)) == k for row in indices.tolist())
        values, indices = t.kthvalue(k)
        close(values, np.sort(a, 1)[:, k - 1])
        close(t.gather(1, indices.unsqueeze(1)).squeeze(1), np.sort(a, 1)[:, k - 1])
        close(t.median(1).values, np.sort(a, 1)[:, 49])
        close(t.median(), np.sort(a, None)[199])


def test_sort_extremes_of_integers():
    t = torch.tensor([2**63 - 1, -(2**63), 0, -1])
    assert t.sort().indices.tolist() == [1, 3, 2, 0]
    assert t.max().item() == 2**63 - 1 and t.argmin().item() == 1


def test_mode():
    values, indices = torch.tensor([[1, 2, 2, 3, 3], [5, 5, 5, 1, 1]]).mode(1)
    assert values.tolist() == [2, 5]
    assert indices[0] in (1, 2) and indices[1] in (0, 1, 2)


@pytest.mark.parametrize("dtype", [torch.bool, torch.int32, torch.int64, torch.float32, torch.float64])
def test_unique(dtype):
    for shape in [(50,), (6, 7), (0,)]:
        t, a = numbers(shape, dtype)
        want, inverse, counts = np.unique(a, return_inverse=True, return_counts=True)
        values, places, sizes = torch.unique(t, return_inverse=True, return_counts=True)
        close(values, want)
        assert np.array_equal(np.array(places.tolist()), inverse.reshape(shape)) and sizes.tolist() == counts.tolist()
    t = torch.tensor([[1, 2, 1], [1, 2, 1], [0, 5, 0]])
    rows, places = t.unique(dim=0, return_inverse=True)
    assert rows.tolist() == [[0, 5, 0], [1, 2, 1]] and places.tolist() == [1, 1, 0]
    assert t.unique(dim=1).tolist() == [[1, 2], [1, 2], [0, 5]]
    assert torch.tensor([1, 1, 2, 2, 1]).unique_consecutive(return_counts=True)[1].tolist() == [2, 2, 1]
    assert t.unique_consecutive(dim=0).tolist() == [[1, 2, 1], [0, 5, 0]]
    assert len(torch.tensor([float("nan")] * 2).unique()) == 2


def test_counting():
    t = torch.tensor([1, 3, 3, 0])
    assert t.bincount().tolist() == [1, 1, 0, 2]
    assert t.bincount(minlength=6).tolist() == [1, 1, 0, 2, 0, 0]
    assert t.bincount(torch.tensor([0.5, 1.0, 2.0, 4.0])).tolist() == [4, 0.5, 0, 3]
    x, a = numbers((500,), torch.float32)
    assert x.histc(7, -2, 2).tolist() == np.histogram(a, 7, (-2, 2))[0].tolist()
    assert x.histc(5).tolist() == np.histogram(a, 5)[0].tolist()


@pytest.mark.parametrize("interpolation", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_quantile(interpolation):
    t, a = numbers((7, 9), torch.float64)
    for d in (None, 0, 1):
        close(torch.quantile(t, 0.3, d, interpolation=interpolation), np.quantile(a, 0.3, d, method=interpolation))
        q = torch.tensor([0.0, 0.25, 1.0], dtype=torch.float64)
        close(
            torch.quantile(t, q, d, keepdim=True, interpolation=interpolation),
            np.quantile(a, q.tolist(), d, keepdims=True, method=interpolation),
        )
    t[2, 3] = float("nan")
    assert torch.quantile(t, 0.5, 1).isnan().tolist() == [i == 2 for i in range(7)]


def test_diff_and_trace():
    t, a = numbers((4, 6), torch.float64)
    for n in (0, 1, 2, 5, 7):
        close(t.diff(n), np.diff(a, n) if n < 6 else np.zeros((4, 0)))
    close(
        torch.diff(t, dim=0, prepend=torch.zeros(1, 6, dtype=torch.float64)),
        np.diff(a, axis=0, prepend=np.zeros((1, 6))),
    )
    assert torch.tensor([True, False, False]).diff().tolist() == [True, False]
    close(t.trace(), np.trace(a))


# ---------------------------------------------------------------------------------- empty, 0-dimensional, meta
def test_empty():
    e = torch.zeros(2, 0)
    assert e.sum().item() == 0 and e.prod().item() == 1 and e.sum(1).tolist() == [0, 0] and e.sum(0).shape == (0,)
    assert e.mean().isnan() and e.any().item() is False and e.all().item() is True
    assert e.logsumexp(1).tolist() == [-float("inf")] * 2
    assert e.cumsum(1).shape == (2, 0) and e.sort().values.shape == (2, 0) and e.max(0).values.shape == (0,)
    assert torch.zeros(0).median().isnan() and torch.zeros(0).unique().shape == (0,)


def test_zero_dimensions():
    s = torch.tensor(3.0)
    for d in (0, -1):
        assert (
            s.sum(d).item() == 3
            and s.max(d).indices.item() == 0
            and s.softmax(d).item() == 1
            and s.cumsum(d).item() == 3
        )
        assert s.sort(d).values.item() == 3 and s.argmax(d).shape == () and s.topk(1, d).values.shape == ()


def test_meta():
    m = torch.zeros(3, 4, device="meta")
    assert m.sum().is_meta and m.sum(0, keepdim=True).shape == (1, 4) and m.max(1).indices.dtype == torch.int64
    assert (
        m.softmax(1).is_meta
        and m.sort().values.shape == (3, 4)
        and m.topk(2).values.shape == (3, 2)
        and m.var(0).shape == (4,)
    )


# ---------------------------------------------------------------------------------------------------- errors
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x, e: e.max(), RuntimeError, "max(): Expected reduction dim to be specified for input.numel() == 0."),
        (
            lambda x, e: e.argmax(),
            IndexError,
            "argmax(): Expected reduction dim to be specified for input.numel() == 0.",
        ),
        (lambda x, e: e.max(1), IndexError, "max(): Expected reduction dim 1 to have non-zero size."),
        (lambda x, e: e.amax(1), IndexError, "amax(): Expected reduction dim 1 to have non-zero size."),
        (lambda x, e: x.sum(2), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
        (lambda x, e: x.sum((0, -2)), RuntimeError, "dim 0 appears multiple times in the list of dims"),
        (
            lambda x, e: x.long().mean(),
            RuntimeError,
            "mean(): could not infer output dtype. Input dtype must be either a floating point",
        ),
        (lambda x, e: x.long().std(), RuntimeError, "std and var only support floating point and complex dtypes"),
        (
            lambda x, e: x.long().softmax(1),
            NotImplementedError,
            "\"softmax_lastdim_kernel_impl\" not implemented for 'Long'",
        ),
        (
            lambda x, e: x.long().norm(),
            RuntimeError,
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got Long",
        ),
        (lambda x, e: x.to(torch.complex64).max(0), RuntimeError, "max(): does not support complex input"),
        (lambda x, e: x.topk(5), RuntimeError, "selected index k out of range"),
        (lambda x, e: x.kthvalue(5), RuntimeError, "kthvalue(): selected number k out of range for dimension 1"),
        (lambda x, e: x.sum_to_size(2, 4), RuntimeError, "size {[2, 4]} is not expandable to size {[3, 4]}."),
        (lambda x, e: x.quantile(2.0), RuntimeError, "quantile() q must be in the range [0, 1] but got 2"),
        (
            lambda x, e: torch.tensor([-1]).bincount(),
            RuntimeError,
            "bincount only supports 1-d non-negative integral inputs.",
        ),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error) as caught:
        call(torch.rand(3, 4), torch.zeros(2, 0))
    assert text in str(caught.value)


def test_too_few_elements_for_a_variance():
    with pytest.warns(UserWarning, match="degrees of freedom is <= 0"):
        assert torch.ones(1).var().isnan()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.ones(1).var(correction=0).item() == 0


# ---------------------------------------------------------------------------------------------------- gradients
def spread_out(*shape):
    """Numbers none of which are near each other or zero, in random order."""
    n = int(np.prod(shape))
    return ((torch.randperm(n).double() + 1.3) * 0.37 - n * 0.17).reshape(shape).requires_grad_()


GRADIENTS = {
    "sum": lambda x: x.sum(),
    "sum dims": lambda x: x.sum((0, 2)),
    "sum dtype": lambda x: x.sum(1, dtype=torch.float64),
    "nansum": lambda x: x.nansum(1),
    "mean": lambda x: x.mean(),
    "mean dim": lambda x: x.mean(1, keepdim=True),
    "nanmean": lambda x: x.nanmean(0),
    "prod": lambda x: (x / 4).prod(),
    "prod dim": lambda x: x.prod(1),
    "max": lambda x: x.max(),
    "max dim": lambda x: x.max(1).values,
    "amin": lambda x: x.amin((0, 1)),
    "aminmax": lambda x: torch.aminmax(x, dim=2),
    "var": lambda x: x.var(),
    "var dim": lambda x: x.var(1, correction=0),
    "std": lambda x: x.std((0, 2), keepdim=True),
    "std_mean": lambda x: torch.std_mean(x, 1),
    "var_mean": lambda x: torch.var_mean(x),
    "norm": lambda x: x.norm(),
    "norm 1": lambda x: x.norm(1, 1),
    "norm 3": lambda x: x.norm(3, (0, 1)),
    "norm 1.5": lambda x: x.norm(1.5, 2),
    "norm 0.5": lambda x: x.norm(0.5, 2),
    "norm inf": lambda x: x.norm(float("inf"), 1),
    "dist": lambda x: torch.dist(x, x.flip(0) * 2, 3),
    "softmax": lambda x: x.softmax(1),
    "log_softmax": lambda x: x.log_softmax(2),
    "logsumexp": lambda x: x.logsumexp((0, 1)),
    "cumsum": lambda x: x.cumsum(1),
    "cumprod": lambda x: x.cumprod(1),
    "cummax": lambda x: x.cummax(1).values,
    "logcumsumexp": lambda x: x.logcumsumexp(1),
    "sort": lambda x: x.sort(1).values,
    "topk": lambda x: x.topk(2, 2).values,
    "kthvalue": lambda x: x.kthvalue(2, 0).values,
    "median": lambda x: x.median(),
    "median dim": lambda x: x.median(1).values,
    "quantile": lambda x: x.quantile(0.3, 1),
    "diff": lambda x: x.diff(dim=1),
    "trace": lambda x: x[0].trace(),
    "sum_to_size": lambda x: x.sum_to_size(3, 1),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name):
    assert gradcheck(GRADIENTS[name], (spread_out(2, 3, 4),))
    assert gradgradcheck(GRADIENTS[name], (spread_out(2, 3, 4),))


@pytest.mark.parametrize("name", ["prod", "prod dim", "cumprod"])
@pytest.mark.parametrize("zeros", [1, 2, 5])
def test_gradients_of_products_with_zeros(name, zeros):
    x = spread_out(2, 3, 4).detach()
    x.view(-1)[torch.randperm(24)[:zeros]] = 0
    x[1, :, 0] = 0
    assert gradcheck(GRADIENTS[name], (x.requires_grad_(),))


def test_equal_extremes_share_the_gradient():
    x = torch.tensor([1.0, 3.0, 3.0], requires_grad=True)
    x.max().backward()
    assert x.grad.tolist() == [0, 0.5, 0.5]
    x.grad = None
    x.amax(0).backward()
    assert x.grad.tolist() == [0, 0.5, 0.5]
    x.grad = None
    x.max(0).values.backward()
    assert x.grad.tolist() == [0, 1, 0]


def test_node_names():
    x = torch.rand(3, 4, requires_grad=True)
    names = {
        "SumBackward0": x.sum(),
        "SumBackward1": x.sum(0),
        "MeanBackward1": x.mean(0),
        "MaxBackward1": x.max(),
        "MaxBackward0": x.max(0)[0],
        "LinalgVectorNormBackward0": x.norm(),
        "StdBackward0": x.std(),
        "VarBackward0": x.var(0),
        "SoftmaxBackward0": x.softmax(0),
        "LogSoftmaxBackward0": x.log_softmax(0),
        "CumsumBackward0": x.cumsum(0),
        "SortBackward0": x.sort()[0],
        "MedianBackward1": x.median(0)[0],
    }
    for name, t in names.items():
        assert t.grad_fn.name() == name
