"""assert_close's verdicts and explanations, and make_tensor."""

import numpy as np
import pytest

import penlight as torch
from penlight.testing import assert_close, make_tensor

T = torch.tensor


@pytest.mark.parametrize(
    "actual, expected",
    [
        (T([1.0]), T([1.0 + 1e-6])),
        ([T(1.0), {"a": 2}], (T(1.0), {"a": 2})),
        (np.array([1.0]), np.array([1.0])),
        (torch.nn.Parameter(torch.ones(2)), torch.ones(2)),
        (None, None),
        (np.float64(1), 1.0),
        (T([1.0]).half(), T([1.0009]).half()),
        (torch.empty(0), torch.empty(0)),
    ],
)
def test_close(actual, expected):
    assert_close(actual, expected)


@pytest.mark.parametrize(
    "actual, expected, text",
    [
        (
            T([1.0, 2.0, 3.0]),
            T([1.0, 2.5, 3.0]),
            "Tensor-likes are not close!\n\nMismatched elements: 1 / 3 (33.3%)\n"
            "Greatest absolute difference: 0.5 at index (1,) (up to 1e-05 allowed)\n"
            "Greatest relative difference: 0.20000000298023224 at index (1,) (up to 1.3e-06 allowed)",
        ),
        (
            T([[1, 2], [3, 4]]),
            T([[1, 2], [5, 4]]),
            "Tensor-likes are not equal!\n\nMismatched elements: 1 / 4 (25.0%)\n"
            "Greatest absolute difference: 2 at index (1, 0)\n"
            "Greatest relative difference: 0.4000000059604645 at index (1, 0)",
        ),
        (
            [T(1.0), [T(2.0)]],
            [T(1.0), [T(3.0)]],
            "Scalars are not close!\n\nExpected 3.0 but got 2.0.\nAbsolute difference: 1.0 (up to 1e-05 allowed)\n"
            "Relative difference: 0.3333333333333333 (up to 1.3e-06 allowed)\n\nThe failure occurred for item [1][0]",
        ),
        (True, False, "Booleans mismatch: True is not False"),
        (1, 1.0, "The (d)types do not match: <class 'int'> != <class 'float'>."),
        (None, 1, "None mismatch: None is not 1"),
        (
            {"a": 1},
            {"b": 1},
            "The keys of the mappings do not match:\nMissing keys in the actual mapping: ['b']\n"
            "Additional keys in the actual mapping: ['a']",
        ),
        ([1], [1, 2], "The length of the sequences mismatch: 1 != 2"),
        (
            torch.ones(2),
            torch.ones(3),
            "The values for attribute 'shape' do not match: torch.Size([2]) != torch.Size([3]).",
        ),
        (
            torch.ones(2),
            torch.ones(2, dtype=torch.float64),
            "The values for attribute 'dtype' do not match: torch.float32 != torch.float64.",
        ),
    ],
)
def test_explanations(actual, expected, text):
    with pytest.raises(AssertionError) as caught:
        assert_close(actual, expected)
    assert str(caught.value) == text


def test_sparse_tensors():
    s = torch.eye(2).to_sparse()
    assert_close(s, torch.eye(2).to_sparse())
    with pytest.raises(AssertionError, match="Sparse COO values are not close!"):
        assert_close(s * 2, s)
    with pytest.raises(AssertionError, match="attribute 'layout'"):
        assert_close(s, torch.eye(2))


def test_options():
    nan = T([float("nan")])
    assert_close(nan, nan, equal_nan=True)
    assert_close(T([1.0]), T([1.05]), rtol=0.1, atol=0)
    assert_close(T([1.0]), T([1.0]).double(), check_dtype=False)
    with pytest.raises(AssertionError):
        assert_close(nan, nan)
    with pytest.raises(AssertionError, match="before Tensor-likes"):
        assert_close(T([1.0]), T([2.0]), msg=lambda text: "before " + text)
    with pytest.raises(AssertionError, match="stride"):
        assert_close(torch.ones(2, 2), torch.ones(2, 2).t(), check_stride=True)
    with pytest.raises(ValueError, match="but got no atol"):
        assert_close(1.0, 1.0, rtol=1)
    with pytest.raises(TypeError, match="No comparison pair was able to handle"):
        assert_close(T([1.0]), 1.0)


def test_made_tensors():
    torch.manual_seed(0)
    x = make_tensor((2, 3), dtype=torch.float32, device="cpu")
    assert np.allclose(x.numpy().ravel()[:3], [-0.06738138, 4.82799244, -7.40740633])
    for dtype in (torch.bool, torch.uint8, torch.int64, torch.bfloat16, torch.complex64):
        x = make_tensor(4, 5, dtype=dtype, device="cpu", exclude_zero=True, noncontiguous=True)
        assert x.dtype == dtype and x.shape == (4, 5) and x.stride() == (10, 2) and bool((x != 0).all())
    assert make_tensor(9, dtype=torch.int32, device="cpu", low=3, high=5).unique().tolist() == [3, 4]
    with pytest.raises(ValueError, match="`low` must be less than `high`"):
        make_tensor(2, dtype=torch.float32, device="cpu", low=5, high=1)
    with pytest.raises(ValueError, match="not supported for boolean and integral"):
        make_tensor(2, dtype=torch.int64, device="cpu", requires_grad=True)
