"""torch.masked: reductions of the elements that count, and tensors with a mask."""

import math

import numpy as np
import pytest

import penlight as torch
from penlight import masked
from penlight.autograd.gradcheck import gradcheck

X = torch.tensor([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]], dtype=torch.float64)
MASK = torch.tensor([[True, False, True], [True, True, True]])
NOTHING = torch.zeros(2, 3, dtype=torch.bool)
PLAIN = np.ma.MaskedArray(X.numpy(), ~MASK.numpy())


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "amax", "amin", "var", "std"])
@pytest.mark.parametrize("dim", [None, 0, 1, (0, 1)])
@pytest.mark.parametrize("keepdim", [False, True])
def test_reductions(name, dim, keepdim):
    options = {"ddof": 1} if name in ("var", "std") else {}
    reference = getattr(PLAIN, {"amax": "max", "amin": "min"}.get(name, name))
    expected = np.ma.filled(reference(axis=dim, keepdims=keepdim, **options), math.nan)
    found = getattr(masked, name)(X, dim, keepdim=keepdim, mask=MASK)
    if dim == 0 and name in ("var", "std"):
        expected[..., 1] = math.nan  # of one element; NumPy says 0 or masked
    assert np.allclose(found.numpy(), expected, equal_nan=True)


def test_of_nothing():
    for name, value in dict(sum=0, prod=1, amax=-math.inf, amin=math.inf, norm=0, logsumexp=-math.inf).items():
        assert getattr(masked, name)(X, mask=NOTHING).item() == value
    for name in ("mean", "var", "std", "median"):
        assert getattr(masked, name)(X, mask=NOTHING).isnan().all()
    assert masked.amax(torch.arange(3), mask=NOTHING[0]).item() == torch.iinfo(torch.int64).min
    with pytest.raises(ValueError, match="no fully masked out rows"):
        masked.median(torch.arange(3), 0, mask=NOTHING[0])


def test_places_and_middles():
    assert masked.argmax(X, 1, mask=MASK).tolist() == [2, 2]
    assert masked.argmin(-X, 1, mask=MASK).tolist() == [2, 2]
    assert masked.median(X, 1, mask=MASK).tolist() == [1, 4]
    assert masked.norm(X, 1.0, 1, mask=MASK).tolist() == [4, 12]
    assert masked.norm(X, -math.inf, 1, mask=MASK).tolist() == [1, 2]


def test_along_a_dimension():
    assert masked.cumsum(X, 1, mask=MASK).tolist() == [[1, 1, 4], [4, 6, 12]]
    assert masked.cumprod(X, 1, mask=MASK).tolist() == [[1, 1, 3], [4, 8, 48]]
    share = 1 / (1 + math.exp(-2))
    expected = torch.tensor([1 - share, 0, share], dtype=torch.float64)
    assert torch.allclose(masked.softmax(X, 1, mask=MASK)[0], expected)
    assert torch.allclose(masked.softmin(X, 1, mask=MASK)[0], expected.flip((0,)))
    assert torch.allclose(masked.log_softmax(X, 1, mask=MASK)[0], expected.log())
    assert torch.allclose(masked.normalize(X, 1.0, 1, mask=MASK)[0], torch.tensor([0.25, 0, 0.75]).double())
    assert torch.equal(masked.logaddexp(X, X, input_mask=MASK, other_mask=NOTHING)[MASK], X[MASK])


def test_dtypes():
    assert masked.sum(torch.ones(3, dtype=torch.uint8)).dtype is torch.int64
    assert masked.argmax(X, 0).dtype is torch.float64
    assert masked.var(torch.arange(3)).dtype is torch.float32
    with pytest.raises(ValueError, match="Could not infer output dtype. Input dtype must be"):
        masked.mean(torch.arange(3))


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "amax", "var", "std", "norm", "logsumexp"])
def test_gradients(name):
    assert gradcheck(lambda x: getattr(masked, name)(x, dim=1, mask=MASK), [X.clone().requires_grad_()])


def test_bad_masks_and_dimensions():
    with pytest.raises(IndexError, match="mask dimensionality higher than of the input"):
        masked.sum(X[0], mask=MASK)
    with pytest.raises(RuntimeError, match="expanded size"):
        masked.sum(X, mask=MASK[0, :2])
    with pytest.raises(RuntimeError, match="dim=0 appears multiple times"):
        masked.sum(X, (0, 0))
    with pytest.raises(IndexError, match="Dimension out of range"):
        masked.sum(X, 2)


# ---- MaskedTensor
def made():
    return masked.masked_tensor(X, MASK)


def test_prints():
    assert repr(masked.masked_tensor(X.long(), MASK)) == (
        "MaskedTensor(\n  [\n    [1,       --, 3],\n    [4, 2, 6]\n  ]\n)"
    )
    assert repr(made().sum()) == "MaskedTensor( 16.0000, True)"


def test_keeps_its_mask():
    m = made()
    for result in (m + 1, 1 - m, m * m, m.exp(), m < 2, m.double(), m.clone(), torch.maximum(m, m), m.neg_()):
        assert torch.equal(result.get_mask(), MASK)
    assert torch.equal(m.t().get_mask(), MASK.t())
    assert torch.equal(m[0].get_mask(), MASK[0])
    assert torch.equal(torch.cat([m, m]).get_mask(), torch.cat([MASK, MASK]))
    assert made().to_tensor(-1).tolist() == [[1, -1, 3], [4, 2, 6]]
    assert masked.is_masked_tensor(m) and not masked.is_masked_tensor(X)


def test_reduces():
    m = made()
    assert m.sum(1).get_data().tolist() == [4, 12]
    assert m.mean().get_data().item() == 16 / 5
    empty = masked.masked_tensor(X, NOTHING)
    assert not empty.amax(0).get_mask().any()
    assert torch.softmax(m, 1).get_data()[0, 1] == 0
    assert masked.sum(m, 1).tolist() == [4, 12]


def test_gradients_are_masked():
    m = masked.masked_tensor(X, MASK, requires_grad=True)
    (m * m).sum().backward()
    assert m.grad.to_tensor(0).tolist() == [[2, 0, 6], [8, 4, 12]]
    x = X.clone().requires_grad_()
    (masked.as_masked_tensor(x, MASK) * 3).sum().backward()
    assert x.grad.tolist() == [[3, 0, 3], [3, 3, 3]]


def test_refuses():
    with pytest.raises(ValueError, match="Input masks must match"):
        made() + masked.masked_tensor(X, ~MASK)
    with pytest.raises(TypeError, match="torch.sort"):
        torch.sort(made())
    with pytest.raises(TypeError, match="mask must have dtype bool"):
        masked.masked_tensor(X, MASK.long())
    with pytest.raises(ValueError, match=r"data.size\(\) must equal mask.size\(\)"):
        masked.masked_tensor(X, MASK.t())
    with pytest.raises(RuntimeError, match="not supported for tensor subclasses"):
        made().tolist()
    before = made()
    with pytest.raises(TypeError):
        before.fill_(3)
    assert torch.equal(before.get_data(), X)
