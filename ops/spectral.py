"""Fourier transforms, the short-time transform and its windows."""
from ops.table import op

# ---- the three transforms that all others are made of. dim: transformed in this order; normalization: 0 none, 1 divided by
# the square root of the number of points, 2 divided by it.
op("_fft_c2c(Tensor self, int[] dim, int normalization, bool forward) -> Tensor", forms="f", node="FftC2CBackward0",
   grad={"self": "_fft_c2c(grad, dim, normalization, not forward)"}, doc="The transform of complex numbers.")
op("_fft_r2c(Tensor self, int[] dim, int normalization, bool onesided) -> Tensor", forms="f", node="FftR2CBackward0",
   grad={"self": "fft_r2c_backward(grad, dim, normalization, onesided, self.shape)"}, doc="The transform of real numbers, whole or without the half that mirrors the other.")
op("_fft_c2r(Tensor self, int[] dim, int normalization, int last_dim_size) -> Tensor", forms="f", node="FftC2RBackward0",
   grad={"self": "fft_c2r_backward(grad, dim, normalization)"}, doc="The inverse transform of half of a symmetric spectrum, to real numbers.")

# ---- torch.fft
for name, doc in {
    "fft": "The discrete Fourier transform along one dimension.",
    "ifft": "The inverse of fft.",
    "rfft": "The Fourier transform of real numbers, without the half that mirrors the other.",
    "irfft": "The inverse of rfft: real numbers from half of a spectrum.",
    "hfft": "The Fourier transform, real, of half of a signal that is symmetric up to conjugation.",
    "ihfft": "The inverse of hfft.",
}.items():
    op(f"fft_{name}(Tensor self, int? n=None, int dim=-1, str? norm=None) -> Tensor", forms="fo", ref=f"numpy.fft.{name}", doc=doc)
for name, doc in {
    "fft": "The discrete Fourier transform along {}.",
    "ifft": "The inverse of fft{}.",
    "rfft": "The Fourier transform of real numbers along {}, half of the last one.",
    "irfft": "The inverse of rfft{}: real numbers from half of a spectrum.",
    "hfft": "The Fourier transform, real, along {}, of half of a signal that is symmetric up to conjugation.",
    "ihfft": "The inverse of hfft{}.",
}.items():
    ref = "" if "hfft" in name else f"numpy.fft.{name}"
    op(f"fft_{name}2(Tensor self, int[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> Tensor", forms="fo", ref=ref and ref + "2",
       doc=doc.format("two dimensions" if "{}" in doc and "along" in doc else "2"))
    op(f"fft_{name}n(Tensor self, int[1]? s=None, int[1]? dim=None, str? norm=None) -> Tensor", forms="fo", ref=ref and ref + "n",
       doc=doc.format("several dimensions" if "along" in doc else "n"))
op("fft_fftfreq(int n, float d=1.0, *, FACTORY) -> Tensor", forms="fo", ref="numpy.fft.fftfreq", doc="The frequencies of fft's results, in cycles for each unit of d.")
op("fft_rfftfreq(int n, float d=1.0, *, FACTORY) -> Tensor", forms="fo", ref="numpy.fft.rfftfreq", doc="The frequencies of rfft's results, in cycles for each unit of d.")
op("fft_fftshift(Tensor self, int[1]? dim=None) -> Tensor", forms="f", ref="numpy.fft.fftshift", doc="Moves frequency zero to the middle.")
op("fft_ifftshift(Tensor self, int[1]? dim=None) -> Tensor", forms="f", ref="numpy.fft.ifftshift", doc="Undoes fftshift.")

# ---- the transform of short pieces of a signal
op("stft(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool center=True, str pad_mode='reflect', "
   "bool normalized=False, bool? onesided=None, bool? return_complex=None, bool? align_to_window=None) -> Tensor", forms="fm",
   doc="The Fourier transforms of overlapping pieces of a signal (short-time Fourier transform): frequencies by pieces.")
op("istft(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool center=True, bool normalized=False, "
   "bool? onesided=None, int? length=None, bool return_complex=False) -> Tensor", forms="fm", doc="The signal that stft was taken of.")
for name, extra, doc in (
    ("hann", "", "half a cosine's period up and down, 0 at the ends"),
    ("hamming", "float alpha=0.54, float beta=0.46, ", "alpha - beta * cos"),
    ("blackman", "", "a sum of two cosines, 0 at the ends"),
    ("bartlett", "", "a triangle, 0 at the ends"),
    ("kaiser", "float beta=12.0, ", "a Bessel function; the larger beta, the narrower"),
):
    op(f"{name}_window(int window_length, bool periodic=True, {extra}*, FACTORY) -> Tensor", forms="f",
       doc=f"The {name.capitalize()} window: {doc}. A periodic one leaves out the last of window_length + 1 points.")
