"""Covariances, histograms, numerical derivatives, grids and sums of products."""

import doctest
import importlib

import numpy as np
import pytest

import penlight as torch
from penlight.autograd.gradcheck import gradcheck, gradgradcheck


def numbers(*shape):
    return torch.from_numpy(np.random.RandomState(5).uniform(-1, 1, shape))


# ---- cov and corrcoef
def test_cov_with_weights():
    x, often, important = numbers(3, 4), torch.tensor([1, 2, 3, 4]), torch.tensor([0.1, 0.2, 0.3, 0.4]).double()
    for options in ({}, {"fweights": often}, {"aweights": important}, {"fweights": often, "aweights": important}):
        expected = np.cov(x.numpy(), **{k: v.numpy() for k, v in options.items()})
        assert np.allclose(torch.cov(x, **options).numpy(), expected)
        assert np.allclose(x.cov(correction=0, **options).numpy(), np.cov(x, ddof=0, **options))
    assert torch.cov(x[0]).shape == ()


def test_cov_and_corrcoef_of_complex_numbers():
    z = torch.complex(numbers(3, 4), numbers(4, 3).t())
    assert np.allclose(torch.cov(z).numpy(), np.cov(z.numpy()))
    assert np.allclose(torch.corrcoef(z).numpy(), np.corrcoef(z.numpy()))


def test_gradients_of_cov():
    x = numbers(2, 4).requires_grad_()
    assert gradcheck(torch.cov, [x]) and gradgradcheck(torch.corrcoef, [x])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fweights": torch.ones(4)}, "expected fweights to have integral dtype but got fweights with Float dtype"),
        ({"aweights": torch.ones(3)}, "the same numel as there are observations in the input but got 3 != 4"),
        ({"fweights": torch.tensor([1, 1, 1, -1])}, "fweights cannot be negative"),
        ({"fweights": torch.tensor([0, 0, 0, 0])}, "weights sum to zero"),
    ],
)
def test_bad_weights(options, message):
    with pytest.raises(RuntimeError, match=message):
        torch.cov(torch.ones(3, 4), **options)


# ---- histograms
def test_histogram():
    x, weight = numbers(50), numbers(50)
    for options in ({}, {"range": (-0.5, 0.7)}, {"weight": weight}, {"density": True}):
        theirs = {{"weight": "weights"}.get(k, k): v for k, v in options.items()}
        expected, edges = np.histogram(x.numpy(), 7, **theirs)
        found = torch.histogram(x, 7, **options)
        assert np.allclose(found.hist.numpy(), expected) and np.allclose(found.bin_edges.numpy(), edges)
    uneven = torch.tensor([-1.0, -0.2, 0.5, 0.6]).double()
    assert np.allclose(x.histogram(uneven).hist.numpy(), np.histogram(x.numpy(), uneven.numpy())[0])


def test_histogram_at_its_borders():
    assert torch.histogram(torch.tensor([0.0, 0.5, 1.0, 1.5]), 2, range=(0.0, 1.0)).hist.tolist() == [1, 2]
    assert torch.histogram(torch.ones(3), 2).bin_edges.tolist() == [0.5, 1.0, 1.5]
    assert torch.histogram(torch.empty(0), 2).bin_edges.tolist() == [0, 0.5, 1]
    assert torch.histogram(torch.tensor([float("nan"), 1.0]), 1, range=(0.0, 1.0)).hist.tolist() == [1]


def test_histogramdd():
    x, weight = numbers(4, 10, 2), numbers(4, 10)
    expected, edges = np.histogramdd(x.numpy().reshape(-1, 2), (3, 4), weights=weight.numpy().ravel())
    found = torch.histogramdd(x, [3, 4], weight=weight)
    assert np.allclose(found.hist.numpy(), expected)
    assert all(np.allclose(a.numpy(), b) for a, b in zip(found.bin_edges, edges))
    again = torch.histogramdd(x, found.bin_edges, weight=weight, density=True)
    expected, _ = np.histogramdd(x.numpy().reshape(-1, 2), (3, 4), weights=weight.numpy().ravel(), density=True)
    assert np.allclose(again.hist.numpy(), expected)


def test_bad_histograms():
    x = torch.ones(3, 2)
    for call, message in (
        (lambda: torch.histogram(x, 0), "bins must be > 0"),
        (lambda: torch.histogram(x, 2, range=(2.0, 1.0)), "min should not exceed max"),
        (lambda: torch.histogram(x * float("nan"), 2), "is not finite"),
        (
            lambda: torch.histogram(x, 2, weight=torch.ones(4)),
            "weight tensor is provided it should have the same shape",
        ),
        (lambda: torch.histogram(x, torch.ones(2, 2)), "should have one dimension"),
        (lambda: torch.histogramdd(x, [2]), "must be equal to the innermost dimension"),
        (lambda: torch.histogramdd(x, 2, range=(0.0, 1.0)), "range should have 4 elements, but got 2"),
        (lambda: torch.histogram(x.long(), 2), "not implemented for 'Long'"),
    ):
        with pytest.raises(RuntimeError, match=message):
            call()


# ---- gradient
@pytest.mark.parametrize("edge_order", [1, 2])
def test_gradient(edge_order):
    x, rows, columns = numbers(4, 5), np.array([0.0, 1, 3, 4]), np.array([0.0, 0.5, 2, 3, 7])
    expected = np.gradient(x.numpy(), rows, columns, edge_order=edge_order)
    spacing = [torch.from_numpy(rows), torch.from_numpy(columns)]
    found = torch.gradient(x, spacing=spacing, edge_order=edge_order)
    assert all(np.allclose(a.numpy(), b) for a, b in zip(found, expected))
    expected = np.gradient(x.numpy(), 2.0, 3.0, edge_order=edge_order)
    found = torch.gradient(x, spacing=(2.0, 3.0), edge_order=edge_order)
    assert all(np.allclose(a.numpy(), b) for a, b in zip(found, expected))
    (found,) = torch.gradient(x, dim=-1, edge_order=edge_order)
    assert np.allclose(found.numpy(), np.gradient(x.numpy(), axis=1, edge_order=edge_order))
    assert gradcheck(lambda t: torch.gradient(t, dim=0, edge_order=edge_order)[0], [x.requires_grad_()])


def test_bad_arguments_of_gradient():
    x = torch.ones(3, 4)
    for options, message in (
        ({"edge_order": 3}, "only supports edge_order=1 and edge_order=2"),
        ({"spacing": (1.0,)}, "a list of length equal to 'self.dim\\(\\) = 2'"),
        ({"spacing": (1.0, 2.0), "dim": 0}, "to have the same length"),
        ({"dim": (0, 0)}, "dim 0 appears multiple times"),
    ):
        with pytest.raises(RuntimeError, match=message):
            torch.gradient(x, **options)
    with pytest.raises(RuntimeError, match="at least edge_order"):
        torch.gradient(x[:1])
    with pytest.raises(IndexError, match="Dimension out of range"):
        torch.gradient(x, dim=2)


# ---- grids
def test_grids_and_blocks():
    x, y = torch.arange(3), torch.arange(2)
    for indexing in ("xy", "ij"):
        expected = np.meshgrid(x.numpy(), y.numpy(), indexing=indexing)
        found = torch.meshgrid(x, y, indexing=indexing)
        assert all(np.array_equal(a.numpy(), b) for a, b in zip(found, expected))
    assert torch.cartesian_prod(y, y).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    with pytest.raises(RuntimeError, match="Expect a 1D vector"):
        torch.cartesian_prod(y, torch.ones(2, 2))
    assert torch.block_diag(x, torch.tensor(5)).tolist() == [[0, 1, 2, 0], [0, 0, 0, 5]]
    with pytest.raises(RuntimeError, match="Input 1 has 3 dimensions"):
        torch.block_diag(x, torch.ones(1, 1, 1))


# ---- einsum
EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ij->", (2, 3)),
    ("ii->i", (3, 3)),
    ("iij->ji", (2, 2, 3)),
    ("...ij,...jk->...ik", (5, 2, 3), (1, 3, 4)),
    ("i...->...", (2, 3)),
    ("ij,kl->likj", (2, 3), (4, 5)),
    ("ij,ij->ij", (2, 3), (2, 3)),
    ("bn,anm,bm->ba", (2, 3), (5, 3, 4), (2, 4)),
    ("ab,bc,cd,de->ae", (2, 3), (3, 4), (4, 2), (2, 5)),
    (",ij->j", (), (2, 3)),
    ("ij,j,i->", (2, 3), (3,), (2,)),
]


@pytest.mark.parametrize("case", EQUATIONS, ids=lambda case: case[0])
def test_einsum(case):
    equation, *shapes = case
    operands = [numbers(*shape) for shape in shapes]
    expected = np.einsum(equation, *[t.numpy() for t in operands])
    assert np.allclose(torch.einsum(equation, *operands).numpy(), expected)
    assert np.allclose(torch.einsum(equation, operands).numpy(), expected)
    torch.backends.opt_einsum.enabled = False
    try:
        assert np.allclose(torch.einsum(equation, *operands).numpy(), expected)
    finally:
        torch.backends.opt_einsum.enabled = True
    assert gradcheck(lambda *t: torch.einsum(equation, *t), [t.requires_grad_() for t in operands])


def test_einsum_with_lists():
    a, b = numbers(2, 3), numbers(3, 4)
    assert torch.allclose(torch.einsum(a, [0, 1], b, [1, 2], [2, 0]), (a @ b).t())
    assert torch.allclose(torch.einsum(a, [..., 1], [...]), a.sum(1))


def test_einsum_takes_the_cheap_way():
    # From left to right the first product has 10^10 elements; from the right everything is small.
    column, row = torch.ones(100_000, 1), torch.ones(1, 100_000)
    assert torch.einsum("ij,jk,kl->il", column, row, column).shape == (100_000, 1)


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("ij,jk", "fewer operands were provided"),
        ("ijk", "does not match the number of dimensions"),
        ("ij->iz", "output subscript z does not appear"),
        ("ij->ii", "appears more than once in the output"),
        ("i1", "invalid subscript given at index 1"),
        ("i.j", "found '.' for operand 0 that is not part of any ellipsis"),
        ("...i...", "for which an ellipsis was already found"),
        ("ii", "subscript i is repeated for operand 0 but the sizes don't match, 3 != 2"),
    ],
)
def test_bad_equations(equation, message):
    with pytest.raises(RuntimeError, match=message):
        torch.einsum(equation, torch.ones(2, 3))


def test_einsum_wants_sizes_that_fit():
    with pytest.raises(RuntimeError, match="subscript j has size 2 for operand 1 which does not broadcast"):
        torch.einsum("ij,jk", torch.ones(2, 3), torch.ones(2, 3))


# ---- examples
@pytest.mark.parametrize("name", ["_einsum", "_numeric", "fft", "signal.windows", "masked", "masked.maskedtensor"])
def test_examples(name):
    result = doctest.testmod(importlib.import_module("penlight." + name), extraglobs={"penlight": torch})
    assert result.failed == 0 and result.attempted > 0
