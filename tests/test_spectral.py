"""Fourier transforms of short pieces, windows, and what the table's tests do not see of torch.fft."""

import math

import numpy as np
import pytest

import penlight as torch
from penlight.autograd.gradcheck import gradcheck, gradgradcheck


def numbers(*shape, dtype=torch.float64):
    made = torch.from_numpy(np.random.RandomState(3).uniform(-1, 1, (*shape, 2)))
    return made[..., 0].to(dtype) if not dtype.is_complex else torch.view_as_complex(made).to(dtype)


# ---- torch.fft
def test_every_name_is_there():
    pairs = [prefix + suffix for prefix in ("fft", "rfft", "hfft") for suffix in ("", "2", "n")]
    names = [*pairs, *("i" + name for name in pairs), "fftfreq", "rfftfreq", "fftshift", "ifftshift"]
    assert sorted(names) == sorted(torch.fft.__all__)


def test_dtypes_follow_the_input():
    assert torch.fft.fft(torch.ones(4)).dtype is torch.complex64
    assert torch.fft.fft(torch.ones(4).double()).dtype is torch.complex128
    assert torch.fft.irfft(torch.ones(4, dtype=torch.complex64)).dtype is torch.float32
    assert torch.fft.rfft(torch.arange(4)).dtype is torch.complex64
    for dtype in (torch.float16, torch.bfloat16):
        with pytest.raises(RuntimeError, match="Unsupported dtype"):
            torch.fft.fft(torch.ones(4, dtype=dtype))


@pytest.mark.parametrize("name", ["hfftn", "ihfftn"])
def test_hermitian_transforms_of_several_dimensions(name):
    # numpy has them for one dimension: the others are plain complex transforms.
    x = numbers(3, 4, dtype=torch.complex128)
    if name == "hfftn":
        expected = np.fft.hfft(np.fft.fft(x.numpy(), axis=0), axis=1)
    else:
        x = x.real
        expected = np.fft.ifft(np.fft.ihfft(x.numpy(), axis=1), axis=0)
    assert np.allclose(getattr(torch.fft, name)(x).numpy(), expected)


def test_strides_put_the_transformed_dimension_last():
    x = torch.ones(3, 4, 5)
    assert torch.fft.fft(x, dim=0).stride() == (1, 15, 3)
    assert torch.fft.rfft(x, dim=1).stride() == (15, 1, 3)
    assert torch.fft.irfftn(x, dim=(0, 1)).stride() == (6, 1, 18)


@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("n", [4, 5])
def test_gradients_of_real_transforms(norm, n):
    x = numbers(2, 5).requires_grad_()
    z = numbers(2, 3, dtype=torch.complex128).requires_grad_()
    for f, argument in ((torch.fft.rfft, x), (torch.fft.ihfft, x), (torch.fft.irfft, z), (torch.fft.hfft, z)):
        assert gradcheck(lambda t, f=f: f(t, n, norm=norm), [argument])
    assert gradgradcheck(lambda t: torch.fft.irfft(t, n, norm=norm) ** 2, [z])
    assert gradgradcheck(lambda t: torch.fft.rfft(t, n, norm=norm).abs() ** 2, [x])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: torch.fft.fft(x, 0), RuntimeError, r"Invalid number of data points \(0\)"),
        (lambda x: torch.fft.fft(x, norm="other"), RuntimeError, 'Invalid normalization mode: "other"'),
        (lambda x: torch.fft.fft(x, dim=2), IndexError, "Dimension out of range"),
        (lambda x: torch.fft.fft(x.sum()), IndexError, "tensor has no dimensions"),
        (lambda x: torch.fft.fftn(x.sum(), dim=(0,)), IndexError, "tensor has no dimensions"),
        (lambda x: torch.fft.fftn(x, dim=(0, -2)), RuntimeError, "FFT dims must be unique"),
        (lambda x: torch.fft.fftn(x, (1, 2), (0,)), RuntimeError, "must have the same length"),
        (lambda x: torch.fft.fftn(x, (1, 2, 3)), RuntimeError, "Got shape with 3 values"),
        (lambda x: torch.fft.rfft(x + 0j), RuntimeError, "rfft expects a real input tensor, but got ComplexFloat"),
        (lambda x: torch.fft.rfftn(x, dim=()), RuntimeError, "must transform at least one axis"),
        (lambda x: torch.fft.irfft(x[:, :1]), RuntimeError, r"Invalid number of data points \(0\)"),
        (lambda x: torch._fft_r2c(x, (2,), 0, True), IndexError, "Dimension out of range"),
        (lambda x: torch._fft_c2c(x + 0j, (0, 0), 0, True), RuntimeError, "FFT dims must be unique"),
        (lambda x: torch.fft.fftfreq(3, dtype=torch.int64), RuntimeError, "floating point or complex dtype"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call(torch.ones(2, 3))


# ---- stft and istft
def pieces(x, n_fft, hop, window):
    count = 1 + (len(x) - n_fft) // hop
    return np.stack([np.fft.rfft(x[i * hop : i * hop + n_fft] * window) for i in range(count)], 1)


def test_stft_is_the_transform_of_pieces():
    x, window = numbers(40), torch.hann_window(8, dtype=torch.float64)
    found = torch.stft(x, 8, 3, window=window, center=False, return_complex=True)
    assert np.allclose(found.numpy(), pieces(x.numpy(), 8, 3, window.numpy()))
    padded = np.pad(x.numpy(), 4, mode="reflect")
    found = torch.stft(x, 8, window=window, return_complex=True)
    assert np.allclose(found.numpy(), pieces(padded, 8, 2, window.numpy()))
    short = np.pad(np.hamming(5), (1, 2))
    found = torch.stft(x, 8, 3, 5, torch.from_numpy(np.hamming(5)), center=False, return_complex=True)
    assert np.allclose(found.numpy(), pieces(x.numpy(), 8, 3, short))


@pytest.mark.parametrize("onesided", [True, False])
@pytest.mark.parametrize("normalized", [True, False])
def test_istft_undoes_stft(onesided, normalized):
    x, window = numbers(2, 40), torch.hann_window(8, dtype=torch.float64)
    spectrum = torch.stft(x, 8, window=window, onesided=onesided, normalized=normalized, return_complex=True)
    back = torch.istft(spectrum, 8, window=window, onesided=onesided, normalized=normalized, length=40)
    assert torch.allclose(back, x)
    assert torch.allclose(spectrum.istft(8, window=window, onesided=onesided, normalized=normalized), x)


def test_gradients_of_stft_and_istft():
    x, window = numbers(12).requires_grad_(), (numbers(4) + 2).requires_grad_()
    assert gradcheck(lambda x, w: torch.stft(x, 4, window=w, return_complex=True), [x, window])
    z = numbers(3, 4, dtype=torch.complex128).requires_grad_()
    assert gradcheck(lambda z, w: torch.istft(z, 4, window=w), [z, window])


def test_istft_wants_windows_that_cover_the_signal():
    z = numbers(3, 4, dtype=torch.complex128)
    with pytest.raises(RuntimeError, match="window overlap add min"):
        torch.istft(z, 4, window=torch.zeros(4))
    with pytest.raises(RuntimeError, match="match n_fft / 2"):
        torch.istft(z, 6, window=torch.ones(6))
    with pytest.warns(UserWarning, match="padded with zeros"):
        assert torch.istft(z, 4, window=torch.ones(4), length=9)[-3:].abs().sum() == 0


def test_bad_arguments_of_stft():
    x, window = torch.ones(20), torch.ones(8)
    with pytest.raises(RuntimeError, match="requires the return_complex parameter"):
        torch.stft(x, 8, window=window)
    with pytest.raises(RuntimeError, match="expected 0 < n_fft < 20, but got n_fft=30"):
        torch.stft(x, 30, window=torch.ones(30), center=False, return_complex=True)
    with pytest.raises(RuntimeError, match="expected hop_length > 0"):
        torch.stft(x, 8, 0, window=window, return_complex=True)
    with pytest.raises(RuntimeError, match="window tensor of size equal to win_length=8"):
        torch.stft(x, 8, window=torch.ones(7), return_complex=True)


# ---- windows
REFERENCES = {"hann": np.hanning, "hamming": np.hamming, "blackman": np.blackman, "bartlett": np.bartlett}


@pytest.mark.parametrize("name", [*REFERENCES, "kaiser"])
@pytest.mark.parametrize("M", [0, 1, 2, 7])
def test_windows(name, M):
    reference = REFERENCES.get(name, lambda n: np.kaiser(n, 12.0))
    plain, modern = getattr(torch, name + "_window"), getattr(torch.signal.windows, name)
    whole = reference(M) if M else np.ones(0)
    assert np.allclose(plain(M, False, dtype=torch.float64).numpy(), whole)
    assert np.allclose(modern(M, dtype=torch.float64).numpy(), whole)
    periodic = whole if M < 2 else reference(M + 1)[:-1]
    assert np.allclose(plain(M, dtype=torch.float64).numpy(), periodic)
    assert np.allclose(modern(M, sym=False, dtype=torch.float64).numpy(), periodic)


def test_other_windows():
    k = np.arange(6)
    windows = torch.signal.windows
    assert np.allclose(windows.gaussian(6, std=2.0).numpy(), np.exp(-0.5 * ((k - 2.5) / 2.0) ** 2))
    assert np.allclose(windows.cosine(6).numpy(), np.sin(math.pi / 6 * (k + 0.5)))
    assert np.allclose(windows.exponential(6, center=1, tau=3, sym=False).numpy(), np.exp(-np.abs(k - 1) / 3))
    assert np.allclose(windows.general_hamming(6, alpha=0.6).numpy(), 0.6 - 0.4 * np.cos(2 * math.pi * k / 5))
    assert torch.allclose(windows.nuttall(6)[0], torch.tensor(0.0003628))
    assert windows.hann(4, requires_grad=True).requires_grad


def test_bad_windows():
    windows = torch.signal.windows
    with pytest.raises(ValueError, match="hann_window|requires non-negative window length, got M=-1"):
        windows.hann(-1)
    with pytest.raises(ValueError, match="expects float32 or float64 dtypes, got: torch.int64"):
        windows.kaiser(3, dtype=torch.int64)
    with pytest.raises(ValueError, match="Tau must be positive"):
        windows.exponential(3, tau=0)
    with pytest.raises(ValueError, match="Coefficients cannot be empty"):
        windows.general_cosine(3, a=[])
    with pytest.raises(RuntimeError, match="hann_window requires non-negative window_length"):
        torch.hann_window(-1)
    with pytest.raises(RuntimeError, match="bartlett_window expects floating point dtypes"):
        torch.bartlett_window(3, dtype=torch.int64)
