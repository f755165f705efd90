"""cdist, pdist, segment_reduce, hash_tensor, frexp and ldexp, float_power, unravel_index, resize_as_; bools that are no numbers."""

import math

import numpy as np
import pytest

import penlight as torch


def test_distances_against_numpy():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 7, 3)), rng.normal(size=(5, 3))
    differences = np.abs(a[:, :, None] - b[None, None])
    for p, want in (
        (2.0, np.sqrt((differences**2).sum(-1))),
        (1.0, differences.sum(-1)),
        (math.inf, differences.max(-1)),
        (3.0, (differences**3).sum(-1) ** (1 / 3)),
    ):
        got = torch.cdist(torch.tensor(a), torch.tensor(b), p)
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-13)
    for mode in ("use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist", 0):
        got = torch.cdist(torch.tensor(a), torch.tensor(b), compute_mode=mode)
        np.testing.assert_allclose(got.numpy(), np.sqrt((differences**2).sum(-1)), rtol=1e-10)
    x = torch.tensor(b)
    pairs = torch.triu_indices(5, 5, 1)
    assert torch.allclose(torch.pdist(x), torch.cdist(x, x)[pairs[0], pairs[1]], rtol=1e-12)
    assert torch.equal(torch.pdist(x[:1]), torch.empty(0, dtype=torch.float64))


def test_many_rows_come_in_pieces():
    x = torch.rand(3000, 40)
    far = torch.cdist(x, x[:50], 1.0)  # 6 million differences: more than are held at a time
    assert far.shape == (3000, 50)
    assert torch.allclose(far[2999], (x[2999] - x[:50]).abs().sum(1), rtol=1e-5)


def test_distance_gradient_at_zero_is_zero():
    x = torch.ones(30, 2, dtype=torch.float64, requires_grad=True)
    for mode in (1, 2):
        (grad,) = torch.autograd.grad(torch.cdist(x, x.detach(), compute_mode=mode).sum(), x)
        assert torch.equal(grad, torch.zeros_like(grad))


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda x: torch.cdist(x, x[:, :1]), RuntimeError, "same number of columns. X1: 2 X2: 1"),
        (lambda x: torch.cdist(x[0], x), RuntimeError, "at least 2D tensors, X1 got: 1D"),
        (lambda x: torch.cdist(x, x, -1.0), RuntimeError, "non-negative p values"),
        (lambda x: torch.cdist(x, x, compute_mode="no"), ValueError, "not a valid value for compute_mode"),
        (lambda x: torch.pdist(x[0]), RuntimeError, "pdist only supports 2D tensors, got: 1D"),
        (lambda x: torch.frexp(x.long()), RuntimeError, "only supports floating-point dtypes"),
        (lambda x: x.float_power_(2), RuntimeError, "has dtype Float but the operation's result requires dtype Double"),
        (
            lambda x: torch.float_power(x, 2, out=torch.empty(0)),
            RuntimeError,
            "output given to float_power has dtype Float",
        ),
        (lambda x: torch.unravel_index(x, (2, 3)), TypeError, "expected 'indices' to be integer dtype"),
        (lambda x: torch.unravel_index(x.long(), (2, -3)), ValueError, "cannot have negative values"),
        (lambda x: torch.hash_tensor(x, mode=1), RuntimeError, "Unknown hash_tensor mode: 1"),
        (lambda x: torch.hash_tensor(x[:0]), RuntimeError, "Expected reduction dim to be specified"),
        (lambda x: torch.segment_reduce(x, "sum"), RuntimeError, "Either lengths or offsets must be defined"),
        (lambda x: torch.segment_reduce(x, "sum", lengths=torch.tensor([1, 1])), RuntimeError, "when !unsafe"),
        (
            lambda x: torch.segment_reduce(x, "sum", lengths=torch.tensor([-1, 4])),
            RuntimeError,
            "contains negative value",
        ),
        (lambda x: torch.segment_reduce(x, "sum", offsets=torch.tensor([0, 2, 1])), RuntimeError, "decrease"),
        (
            lambda x: torch.segment_reduce(x, "sum", offsets=torch.tensor([0, 9]), unsafe=True),
            RuntimeError,
            "when !unsafe",
        ),
        (
            lambda x: torch.segment_reduce(x, "no", lengths=torch.tensor([3])),
            RuntimeError,
            "reduce argument must be either",
        ),
        (lambda x: torch.empty_permuted((2, 3), (0, 0)), RuntimeError, "Duplicate dim not allowed"),
        (lambda x: torch.empty_permuted((2, 3), (0, -1)), RuntimeError, "negative dims not currently supported"),
        (lambda x: -(x > 0), RuntimeError, "Negation, the `-` operator, on a bool tensor"),
        (lambda x: torch.sub(x, True), RuntimeError, "Subtraction, the `-` operator, with a bool tensor"),
        (lambda x: torch.rsub(x > 0, x > 0), RuntimeError, "with two bool tensors"),
        (lambda x: torch.amin(x, 0, out=torch.empty(2, dtype=torch.float64)), RuntimeError, "Double for out's dtype"),
        (lambda x: torch.linspace(x, 1, 3), RuntimeError, "only supports 0-dimensional start and end tensors"),
        (lambda x: torch.linspace(0, 1, 3.0), TypeError, "invalid combination of arguments"),
        (lambda x: torch.sin(x.long() + 1j * x).floor(), NotImplementedError, "not implemented for 'ComplexFloat'"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call(torch.arange(6.0).reshape(3, 2))


def test_segments():
    x = torch.tensor([1.0, 2, 3, math.nan, 5])
    lengths = torch.tensor([2, 0, 3])
    reduced = lambda how, **k: torch.segment_reduce(x, how, lengths=lengths, **k).tolist()  # noqa: E731
    assert reduced("sum")[:2] == [3.0, 0.0] and math.isnan(reduced("sum")[2])
    assert reduced("max")[:2] == [2.0, -math.inf] and math.isnan(reduced("max")[2])
    assert reduced("prod", initial=4)[:2] == [8.0, 4.0]
    assert reduced("mean", initial=1)[:2] == [2.0, 1.0] and math.isnan(reduced("mean")[1])
    rows = torch.arange(12.0).reshape(2, 6).requires_grad_()
    sums = torch.segment_reduce(rows, "max", lengths=torch.tensor([[2, 4], [3, 3]]), axis=1)
    assert sums.tolist() == [[1, 5], [8, 11]]
    sums.sum().backward()
    assert rows.grad.tolist() == [[0, 1, 0, 0, 0, 1], [0, 0, 1, 0, 0, 1]]
    ties = torch.tensor([2.0, 2.0, 0.0], requires_grad=True)
    for how, want in (("max", [0.5, 0.5, 0]), ("prod", [0, 0, 4.0]), ("mean", [1 / 3] * 3)):
        (grad,) = torch.autograd.grad(torch.segment_reduce(ties, how, lengths=torch.tensor([3])).sum(), ties)
        assert grad.tolist() == pytest.approx(want)


def test_hash_is_the_exclusive_or_of_the_bits():
    x = torch.tensor([[1.5, -0.0, 3.0], [2.0, 7.0, 1e300]], dtype=torch.float64)
    bits = x.numpy().view(np.uint64)
    assert torch.hash_tensor(x, 1).numpy().tolist() == np.bitwise_xor.reduce(bits, 1).tolist()
    assert torch.hash_tensor(x).numpy() == np.bitwise_xor.reduce(bits.ravel())
    assert torch.hash_tensor(x.int()[:, :2], 0, keepdim=True).numpy().tolist() == [[1 ^ 2, 7]]
    assert torch.hash_tensor(torch.tensor(5), 0).dtype is torch.uint64


def test_parts_of_floats():
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        tiny = torch.finfo(dtype).tiny
        x = torch.tensor([0.0, -0.0, 1.0, -6.5, tiny / 2, math.inf, 3e4], dtype=dtype)
        mantissa, exponent = torch.frexp(x)
        assert mantissa.dtype is dtype and exponent.dtype is torch.int32
        want = np.frexp(x.double().numpy())
        assert mantissa.tolist() == want[0].tolist() and exponent.tolist()[:5] == want[1].tolist()[:5]
        assert torch.ldexp(mantissa, exponent).tolist() == x.tolist()
    assert torch.ldexp(torch.tensor(1e-30), torch.tensor(200)).item() == pytest.approx(1.6069380e30)
    assert torch.ldexp(torch.tensor(5e-324, dtype=torch.float64), torch.tensor(2097)).item() == math.ldexp(5e-324, 2097)
    assert torch.ldexp(torch.tensor([1, 3]), torch.tensor([1, -1])).tolist() == [2.0, 1.5]
    assert torch.float_power(torch.tensor([2, 3]), -1).dtype is torch.float64


def test_places_and_shapes():
    assert [c.tolist() for c in torch.unravel_index(torch.tensor([5, -7]), (2, 3))] == [[1, 1], [2, 2]]
    assert torch.empty_permuted((2, 3, 4), (0, 2, 1)).stride() == (12, 1, 3)
    x = torch.arange(6).resize_as_(torch.zeros(2, 2))
    assert x.tolist() == [[0, 1], [2, 3]]
    assert torch.arange(0.0, -8.000001, -4.0, dtype=torch.int64).tolist() == [0, -4]
    assert torch.linspace(4.9, 0, 3, dtype=torch.int64).tolist() == [4, 2, 0]
    assert torch.logspace(4.3, -3, 2, 3.0, dtype=torch.int64).tolist() == [81, 0]
    assert torch.take_along_dim(torch.arange(3), torch.tensor([-1]), 0).tolist() == [2]
    assert torch.gather(torch.arange(3), 0, torch.tensor([2], dtype=torch.int32)).tolist() == [2]
    x, y = torch.meshgrid(torch.arange(3), torch.arange(2), indexing="xy")
    assert x.tolist() == [[0, 1, 2]] * 2 and y.tolist() == [[0] * 3, [1] * 3]
