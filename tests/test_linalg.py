"""Products of matrices and vectors agree with NumPy in every dtype, layout and shape; so do their gradients."""

import numpy as np
import pytest

import penlight as torch

FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128]
INTS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
TOLERANCE = {torch.float16: 2e-3, torch.bfloat16: 2e-2, torch.float32: 1e-5, torch.complex64: 1e-5}


def numbers(*shape, dtype=torch.float64):
    if dtype in INTS:
        return torch.randint(0, 9, shape).to(dtype)
    return torch.randn(shape, dtype=dtype if dtype.is_complex else torch.float64).to(dtype)


def array(t):
    t = t.detach().resolve_conj() if hasattr(t, "resolve_conj") else t.detach()
    return (t.double() if t.dtype in (torch.bfloat16, torch.float16) else t).numpy()


def close(t, a):
    assert tuple(t.shape) == np.shape(a)
    a = np.asarray(a)
    bound = TOLERANCE.get(t.dtype, 1e-11 if t.dtype in FLOATS else 0)
    np.testing.assert_allclose(
        array(t), a.astype(array(t).dtype), rtol=bound, atol=bound * max(1, float(np.abs(a).max(initial=0)))
    )


def turned(x):
    """The same numbers, with the last two dimensions exchanged in memory."""
    return x.mT.contiguous().mT if x.dim() > 1 else x


@pytest.mark.parametrize("dtype", FLOATS + INTS, ids=str)
@pytest.mark.parametrize(
    "a, b",
    [
        ((3, 4), (4, 5)),
        ((4,), (4,)),
        ((3, 4), (4,)),
        ((4,), (4, 5)),
        ((2, 3, 4), (4, 5)),
        ((2, 3, 4), (4,)),
        ((4,), (2, 4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (5, 4, 2)),
        ((2, 3, 0), (0, 2)),
        ((0, 3), (3, 2)),
        ((2, 2, 2, 2, 3, 4), (2, 1, 2, 1, 4, 2)),
        ((1, 1), (1, 33)),
        ((70, 130), (130, 40)),
    ],
    ids=str,
)
def test_matmul(a, b, dtype):
    x, y = numbers(*a, dtype=dtype), numbers(*b, dtype=dtype)
    expected = np.matmul(array(x), array(y))
    for p in (x, turned(x)):
        for q in (y, turned(y)):
            close(p @ q, expected)
            assert (p @ q).dtype == dtype


def test_batches_of_views_are_not_copied():
    x = torch.randn(2, 5, 3, 4)
    q, k = x.transpose(1, 2), x.permute(0, 2, 3, 1)
    close(q @ k, array(q) @ array(k))
    close(torch.matmul(x[:, ::2], x[:, ::2].mT), array(x[:, ::2]) @ array(x[:, ::2]).swapaxes(-1, -2))
    close(x[:1].expand(3, 5, 3, 4) @ x[0, 0].t(), array(x[:1].expand(3, 5, 3, 4)) @ array(x[0, 0]).T)


@pytest.mark.parametrize("dtype", FLOATS + [torch.int64], ids=str)
@pytest.mark.parametrize("shape", [(3, 5), (5,), (1, 5), (3, 1), ()], ids=str)
@pytest.mark.parametrize("beta, alpha", [(1, 1), (0, 1), (2, 3), (1, 0)])
def test_addmm(shape, dtype, beta, alpha):
    c, x, y = numbers(*shape, dtype=dtype), numbers(3, 4, dtype=dtype), numbers(4, 5, dtype=dtype)
    expected = beta * array(c) + alpha * (array(x) @ array(y))
    close(torch.addmm(c, x, y, beta=beta, alpha=alpha), np.broadcast_to(expected, (3, 5)))
    close(torch.addmm(c, turned(x), turned(y), beta=beta, alpha=alpha), np.broadcast_to(expected, (3, 5)))


def test_beta_of_zero_ignores_nan():
    nan = torch.full((2, 2), float("nan"))
    x = torch.ones(2, 2)
    assert torch.addmm(nan, x, x, beta=0).tolist() == [[2, 2], [2, 2]]
    assert torch.baddbmm(nan, x[None], x[None], beta=0).tolist() == [[[2, 2], [2, 2]]]
    assert torch.addmv(nan[0], x, x[0], beta=0).tolist() == [2, 2]
    assert torch.addr(nan, x[0], x[0], beta=0).tolist() == [[1, 1], [1, 1]]


def test_small_products():
    x, y, z = numbers(3, 4), numbers(4), numbers(3)
    b, d = numbers(2, 3, 4), numbers(2, 4, 5)
    c = numbers(3, 5)
    close(torch.mv(x, y), array(x) @ array(y))
    close(torch.dot(y, y), array(y) @ array(y))
    close(torch.vdot(y * 1j, y + 0j), np.vdot(array(y) * 1j, array(y)))
    close(torch.outer(z, y), np.outer(array(z), array(y)))
    close(torch.ger(z, y), np.outer(array(z), array(y)))
    close(torch.inner(x, b), np.inner(array(x), array(b)))
    close(torch.bmm(b, d), array(b) @ array(d))
    close(torch.baddbmm(c, b, d, beta=2, alpha=3), 2 * array(c) + 3 * (array(b) @ array(d)))
    close(torch.addbmm(c, b, d, beta=2, alpha=3), 2 * array(c) + 3 * (array(b) @ array(d)).sum(0))
    close(torch.addmv(z, x, y, beta=2, alpha=3), 2 * array(z) + 3 * (array(x) @ array(y)))
    close(torch.addr(x, z, y, beta=2, alpha=3), 2 * array(x) + 3 * np.outer(array(z), array(y)))
    close(torch.kron(x, z), np.kron(array(x), array(z)))
    close(torch.tensordot(b, d, dims=([2], [1])), np.tensordot(array(b), array(d), ([2], [1])))
    close(torch.tensordot(b, d, dims=([0, 2], [0, 1])), np.tensordot(array(b), array(d), ([0, 2], [0, 1])))
    close(torch.tensordot(x, x.t(), 1), array(x) @ array(x).T)
    close(torch.cross(numbers(2, 3)[:, :], numbers(2, 3), dim=1).sum(1) * 0, np.zeros(2))
    p, q = numbers(4, 3), numbers(4, 3)
    close(torch.cross(p, q, dim=1), np.cross(array(p), array(q)))
    s = numbers(2, 3, 3)
    for n in range(5):
        close(torch.matrix_power(s, n), np.linalg.matrix_power(array(s), n))
    m = [numbers(3, 10), numbers(10, 2), numbers(2, 7), numbers(7, 1)]
    close(torch.chain_matmul(*m), array(m[0]) @ array(m[1]) @ array(m[2]) @ array(m[3]))


# ---------------------------------------------------------------- linear
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("shape", [(4,), (1, 4), (3, 4), (2, 3, 4), (0, 4)], ids=str)
@pytest.mark.parametrize("with_bias", [True, False])
def test_linear(shape, dtype, with_bias):
    x, w, b = numbers(*shape, dtype=dtype), numbers(5, 4, dtype=dtype), numbers(5, dtype=dtype) if with_bias else None
    expected = array(x) @ array(w).T + (array(b) if with_bias else 0)
    close(torch.nn.functional.linear(x, w, b), expected)
    close(torch.nn.functional.linear(turned(x), turned(w), b), expected)


@pytest.mark.parametrize("shape", [(4,), (1, 4), (3, 4), (2, 3, 4), (40, 4)], ids=str)
@pytest.mark.parametrize("with_bias", [True, False])
def test_linear_gradients_without_create_graph(shape, with_bias):
    x, w, b = numbers(*shape).requires_grad_(), numbers(5, 4).requires_grad_(), numbers(5).requires_grad_()
    g = numbers(*shape[:-1], 5)
    for weighted in (g, g.mT.contiguous().mT if g.dim() > 1 else g, g[..., :1].expand_as(g)):
        x.grad = w.grad = b.grad = None
        torch.nn.functional.linear(x, w, b if with_bias else None).backward(weighted)
        rows, inputs = array(weighted).reshape(-1, 5), array(x).reshape(-1, 4)
        close(x.grad, (rows @ array(w)).reshape(shape))
        close(w.grad, rows.T @ inputs)
        if with_bias:
            close(b.grad, rows.sum(0))


def test_linear_nodes_are_named_as_pytorch_names_them():
    x, w, b = torch.ones(2, 3), torch.ones(4, 3, requires_grad=True), torch.ones(4, requires_grad=True)
    assert torch.nn.functional.linear(x, w, b).grad_fn.name() == "AddmmBackward0"
    assert torch.nn.functional.linear(x, w).grad_fn.name() == "MmBackward0"
    assert (x @ w.t()).grad_fn.name() == "MmBackward0"
    assert torch.bmm(x[None], w.t()[None]).grad_fn.name() == "BmmBackward0"


GRADIENTS = {
    "mm": (lambda x, y: x[0] @ y[0], (2, 3, 4), (2, 4, 5)),
    "mv": (lambda x, y: x @ y, (3, 4), (4,)),
    "dot": (torch.dot, (4,), (4,)),
    "vecmat": (lambda x, y: x @ y, (3,), (3, 4)),
    "bmm": (torch.bmm, (2, 3, 4), (2, 4, 5)),
    "fold": (lambda x, y: x @ y, (2, 3, 4), (4, 2)),
    "broadcast": (lambda x, y: x @ y, (2, 1, 3, 4), (5, 4, 2)),
    "left": (lambda x, y: x @ y, (3, 4), (2, 4, 2)),
    "addmm": (lambda x, y: torch.addmm(x[0], x, y, beta=2, alpha=3), (4, 4), (4, 4)),
    "baddbmm": (lambda x, y: torch.baddbmm(x[0], x, y, beta=2, alpha=3), (2, 3, 3), (2, 3, 3)),
    "addmv": (lambda x, y: torch.addmv(y, x, y, beta=2, alpha=3), (4, 4), (4,)),
    "outer": (torch.outer, (3,), (4,)),
    "inner": (torch.inner, (2, 3), (4, 3)),
    "kron": (torch.kron, (2, 3), (2, 2)),
    "cross": (lambda x, y: torch.cross(x, y, dim=1), (2, 3), (2, 3)),
    "tensordot": (lambda x, y: torch.tensordot(x, y, 2), (2, 3, 4), (3, 4, 2)),
    "linear": (lambda x, y: torch.nn.functional.linear(x, y, y[:, 0]), (2, 3), (4, 3)),
    "linear3": (lambda x, y: torch.nn.functional.linear(x, y), (2, 2, 3), (4, 3)),
    "linear1": (lambda x, y: torch.nn.functional.linear(x, y, y[:, 0]), (3,), (4, 3)),
}


@pytest.mark.parametrize("name", GRADIENTS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128], ids=str)
def test_gradients(name, dtype):
    f, a, b = GRADIENTS[name]
    x, y = numbers(*a, dtype=dtype).requires_grad_(), numbers(*b, dtype=dtype).requires_grad_()
    assert torch.autograd.gradcheck(f, (x, y))
    assert torch.autograd.gradgradcheck(f, (x, y))


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda x: x @ x, r"mat1 and mat2 shapes cannot be multiplied \(3x2 and 3x2\)"),
        (lambda x: x @ x[:, 0], r"size mismatch, got input \(3\), mat \(3x2\), vec \(3\)"),
        (lambda x: x[0] @ torch.ones(5), "inconsistent tensor size"),
        (lambda x: x @ torch.tensor(1.0), "both arguments to matmul need to be at least 1D, but they are 2D and 0D"),
        (
            lambda x: x[None] @ x[None],
            r"Expected size for first two dimensions of batch2 tensor to be: \[1, 2\] but got: \[1, 3\]",
        ),
        (lambda x: torch.mm(x, x.double().t()), "to have the same dtype, but got"),
        (lambda x: torch.mm(x, x[0]), "mat2 must be a matrix"),
        (lambda x: torch.bmm(x, x), "batch1 must be a 3D tensor"),
        (lambda x: torch.dot(x, x), "1D tensors expected, but got 2D and 2D tensors"),
        (
            lambda x: torch.nn.functional.linear(torch.ones(32, 256), torch.ones(10, 128), torch.ones(10)),
            r"mat1 and mat2 shapes cannot be multiplied \(32x256 and 128x10\)",
        ),
        (
            lambda x: torch.nn.functional.linear(x.double(), torch.ones(4, 2), torch.ones(4)),
            "mat1 and mat2 must have the same dtype, but got Double and Float",
        ),
        (
            lambda x: torch.addmm(torch.ones(4), x, x.t()),
            r"The expanded size of the tensor \(3\) must match the existing size \(4\)",
        ),
        (lambda x: x @ x.t().to("meta"), "same device"),
        (lambda x: torch.nn.functional.linear(x, torch.ones(4, 2, device="meta")), "same device"),
    ],
)
def test_errors(call, text):
    with pytest.raises(RuntimeError, match=text):
        call(torch.ones(3, 2))


def test_bool_has_no_product():
    with pytest.raises(NotImplementedError, match="not implemented for 'Bool'"):
        torch.ones(2, 2, dtype=torch.bool) @ torch.ones(2, 2, dtype=torch.bool)


def test_meta():
    x, w = torch.empty(2, 3, 4, device="meta"), torch.empty(5, 4, device="meta")
    assert torch.nn.functional.linear(x, w).shape == (2, 3, 5)
    assert (x @ w.t()).shape == (2, 3, 5) and (x @ x.mT).shape == (2, 3, 3)
    assert torch.addmm(w[:, 0], x[0], w.t()).is_meta


def test_results_do_not_depend_on_the_number_of_threads():
    x, w, b = torch.randn(300, 200), torch.randn(150, 200), torch.randn(150)
    threads, results = torch.get_num_threads(), []
    try:
        for n in (1, 2):
            torch.set_num_threads(n)
            results.append(torch.nn.functional.linear(x, w, b))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*results)
