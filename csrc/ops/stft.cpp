// The Fourier transform of short pieces of a signal, its inverse, and the windows that the pieces are multiplied by.
#include <cmath>
#include "math/math.h"
#include "native.h"
#include "ops.h"

namespace pl {
namespace {

const Scalar kZero(int64_t(0)), kOne(int64_t(1));

void warn(const char* text) {
  if (PyErr_WarnEx(PyExc_UserWarning, text, 1) < 0) throw PythonError();
}

std::string optional_text(const std::optional<bool>& v) { return v ? std::to_string(int(*v)) : "None"; }
std::string sized_text(const Tensor& t) { return format("torch.%sTensor", info(t.dtype()).scalar_name); }
std::string window_text(const Tensor& w) { return w ? sized_text(w) + "{" + to_string(w.sizes()) + "}" : "None"; }
std::optional<std::string> fft_norm(bool normalized) { return normalized ? std::optional<std::string>("ortho") : std::nullopt; }

// The window in the middle of n_fft points; nothing when all weights are one.
Tensor widened(const Tensor& window, int64_t win_length, int64_t n_fft, DType dtype, Device device) {
  if (win_length == n_fft) return window;
  const int64_t left = (n_fft - win_length) / 2;
  Tensor w = window ? window : pl::full({win_length}, kOne, dtype, device);
  return op::constant_pad_nd(w, {left, n_fft - win_length - left}, kZero);
}

template <class F> Tensor window_of(const char* name, int64_t length, bool periodic, DType dtype, const std::optional<Device>& device, F weight) {
  if (dtype == DType::Undefined) dtype = default_dtype();
  PL_CHECK(is_differentiable(dtype), "%s expects floating point dtypes, got: %s", name, info(dtype).name);
  PL_CHECK_AS(NotImplemented, !is_complex(dtype), "dtype_unsupported", "\"arange_cpu\" not implemented for '%s'", info(dtype).scalar_name);
  PL_CHECK(length >= 0, "%s requires non-negative window_length, got window_length=%lld", name, (long long)length);
  Tensor t = pl::empty({length}, DType::Float64, device ? *device : default_device());
  const double last = double(periodic ? length : length - 1);
  if (!t.is_meta())
    for (int64_t i = 0; i < length; ++i) t.ptr<double>()[i] = length == 1 ? 1.0 : weight(double(i) / last);
  return cast(t, dtype);
}

double cosine(double turns) { return std::cos(2 * M_PI * turns); }

}  // namespace

namespace native {

Tensor stft(const Tensor& self, int64_t n_fft, std::optional<int64_t> hop_length, std::optional<int64_t> win_length, const Tensor& window, bool center,
            const std::string& pad_mode, bool normalized, std::optional<bool> onesided, std::optional<bool> return_complex, std::optional<bool> align_to_window) {
  PL_CHECK(!(center && align_to_window), "stft align_to_window should only be set when center = false");
  const bool complex_signal = is_complex(self.dtype()) || (window && is_complex(window.dtype()));
  if (!window)
    warn("A window was not provided. A rectangular window will be applied,which is known to cause spectral leakage. Other windows such as "
         "torch.hann_window or torch.hamming_window are recommended to reduce spectral leakage.To suppress this warning and use a rectangular window, "
         "explicitly set `window=torch.ones(n_fft, device=<device>)`.");
  PL_CHECK(return_complex || complex_signal, "stft requires the return_complex parameter be given for real inputs, and will further require that "
           "return_complex=True in a future PyTorch release.");
  if (!return_complex.value_or(true))
    warn("stft with return_complex=False is deprecated. In a future pytorch release, stft will return complex tensors for all inputs, and "
         "return_complex=False will raise an error.\nNote: you can still call torch.view_as_real on the complex output to recover the old return format.");
  const int64_t hop = hop_length.value_or(n_fft / 4), width = win_length.value_or(n_fft);
  Tensor x = self;
  if (center) {
    std::vector<int64_t> shape(size_t(std::max(0, 3 - self.dim())), 1);
    shape.insert(shape.end(), self.sizes().begin(), self.sizes().end());
    x = op::pad(op::view(self, shape), {n_fft / 2, n_fft / 2}, pad_mode, std::nullopt);
    x = op::view(x, Shape(x->sizes + (x.dim() - self.dim()), self.dim()));
  }
  auto described = [&] {
    return format("stft(%s%s, n_fft=%lld, hop_length=%lld, win_length=%lld, window=%s, normalized=%d, onesided=%s, return_complex=%s, align_to_window=%s) ",
                  sized_text(x).c_str(), to_string(x.sizes()).c_str(), (long long)n_fft, (long long)hop, (long long)width, window_text(window).c_str(),
                  int(normalized), optional_text(onesided).c_str(), optional_text(return_complex).c_str(), optional_text(align_to_window).c_str());
  };
  PL_CHECK(is_differentiable(x.dtype()), "%s: expected a tensor of floating point or complex values", described().c_str());
  PL_CHECK(x.dim() == 1 || x.dim() == 2, "%s: expected a 1D or 2D tensor", described().c_str());
  if (self.dim() == 1) x = op::unsqueeze(x, 0);
  const int64_t length = x->sizes[1];
  PL_CHECK(n_fft > 0 && n_fft <= length, "%s: expected 0 < n_fft < %lld, but got n_fft=%lld", described().c_str(), (long long)length, (long long)n_fft);
  PL_CHECK(hop > 0, "%s: expected hop_length > 0, but got hop_length=%lld", described().c_str(), (long long)hop);
  PL_CHECK(width > 0 && width <= n_fft, "%s: expected 0 < win_length <= n_fft, but got win_length=%lld", described().c_str(), (long long)width);
  PL_CHECK(!window || (window.dim() == 1 && window->sizes[0] == width), "%s: expected a 1D window tensor of size equal to win_length=%lld, but got window "
           "with size %s", described().c_str(), (long long)width, to_string(window ? window.sizes() : Shape{}).c_str());
  PL_CHECK(!(onesided.value_or(false) && complex_signal), "Cannot have onesided output if window or input is complex");

  const Tensor weights = widened(window, width, n_fft, x.dtype(), x.device());
  if (!center && align_to_window.value_or(false)) {     // time 0 at the beginning of the window, not of the n_fft points around it
    const int64_t left = (n_fft - width) / 2;
    x = op::constant_pad_nd(x, {left, n_fft - width - left}, kZero);
  }
  Tensor pieces = op::unfold(x, 1, n_fft, hop);
  if (weights) pieces = op::mul(pieces, weights);
  Tensor r = onesided.value_or(!complex_signal) ? op::fft_rfft(pieces, std::nullopt, -1, fft_norm(normalized))
                                                : op::fft_fft(pieces, std::nullopt, -1, fft_norm(normalized));
  r = op::transpose(r, 1, 2);
  if (self.dim() == 1) r = op::squeeze_dim(r, 0);
  return return_complex.value_or(true) ? r : op::view_as_real(r);
}

Tensor istft(const Tensor& self, int64_t n_fft, std::optional<int64_t> hop_length, std::optional<int64_t> win_length, const Tensor& window, bool center,
             bool normalized, std::optional<bool> onesided, std::optional<int64_t> length, bool return_complex) {
  if (!window)
    warn("A window was not provided. A rectangular window will be applied.Please provide the same window used by stft to make the inversion lossless."
         "To suppress this warning and use a rectangular window, explicitly set `window=torch.ones(n_fft, device=<device>)`.");
  const int64_t hop = hop_length.value_or(n_fft / 4), width = win_length.value_or(n_fft);
  PL_CHECK(is_complex(self.dtype()), "istft requires a complex-valued input tensor matching the output from stft with return_complex=True.");
  const std::string described = format(
      "istft(CPU%sType%s, n_fft=%lld, hop_length=%lld, win_length=%lld, window=%s, center=%d, normalized=%d, onesided=%s, length=%s, return_complex=%d) ",
      info(self.dtype()).scalar_name, to_string(self.sizes()).c_str(), (long long)n_fft, (long long)hop, (long long)width, window_text(window).c_str(),
      int(center), int(normalized), optional_text(onesided).c_str(), length ? std::to_string(*length).c_str() : "None", int(return_complex));
  const char* what = described.c_str();
  PL_CHECK(self.numel() > 0, "%s: input tensor cannot be empty.", what);
  const int64_t pieces = self.size(-1), frequencies = self.size(-2);
  PL_CHECK(self.dim() <= 3, "%s: expected a tensor with 3 or 4 dimensions, but got %d", what, self.dim() + 1);
  const bool half = onesided.value_or(frequencies != n_fft);
  PL_CHECK(!half || n_fft / 2 + 1 == frequencies, "%s: expected the frequency dimension (3rd to the last) of the input tensor to match n_fft / 2 + 1 when "
           "onesided=True, but got %lld", what, (long long)frequencies);
  PL_CHECK(half || n_fft == frequencies, "%s: expected the frequency dimension (3rd to the last) of the input tensor to match n_fft when onesided=False, "
           "but got %lld", what, (long long)frequencies);
  PL_CHECK(hop > 0 && hop <= width, "%s: expected 0 < hop_length <= win_length", what);
  PL_CHECK(width > 0 && width <= n_fft, "%s: expected 0 < win_length <= n_fft", what);
  PL_CHECK(!window || (window.dim() == 1 && window->sizes[0] == width), "%s: Invalid window shape. window has to be 1D and length of `win_length`", what);
  PL_CHECK(!window || !is_complex(window.dtype()) || return_complex, "Complex windows are incompatible with return_complex=False");
  PL_CHECK(!(return_complex && half), "Cannot have onesided output if window or input is complex");

  Tensor weights = window ? window : pl::full({width}, kOne, real_of(self.dtype()), self.device());
  weights = widened(weights, width, n_fft, weights.dtype(), self.device());
  Tensor x = op::transpose(self.dim() == 2 ? op::unsqueeze(self, 0) : self, 1, 2);
  if (return_complex) {
    x = op::fft_ifft(x, std::nullopt, -1, fft_norm(normalized));
  } else {
    if (!half) x = op::narrow(x, -1, 0, n_fft / 2 + 1);
    x = op::fft_irfft(x, n_fft, -1, fft_norm(normalized));
  }
  x = op::mul(x, weights);
  // The pieces added where they overlap, and divided by the sum of the squared windows that lay over each point.
  const int64_t whole = n_fft + hop * (pieces - 1), batch = x->sizes[0];
  Tensor y = op::unfold_backward(x, {batch, whole}, 1, n_fft, hop);
  Tensor envelope = op::unfold_backward(op::expand(op::mul(weights, weights), {1, pieces, n_fft}, false), {1, whole}, 1, n_fft, hop);
  const int64_t start = center ? n_fft / 2 : 0;
  const int64_t end = length ? start + *length : center ? whole - n_fft / 2 : whole;
  y = op::slice(y, 1, start, end, 1);
  envelope = op::slice(envelope, 1, start, end, 1);
  const bool divisible = envelope.numel() == 0 || envelope.is_meta() || item(op::min(op::abs(envelope))).to_double() >= 1e-11;
  PL_CHECK(divisible, "%swindow overlap add min: 1\n[ CPUBoolType{} ]", what);
  y = op::div(y, envelope, std::nullopt);
  if (self.dim() == 2) y = op::squeeze_dim(y, 0);
  if (end <= whole) return y;
  warn("The length of signal is shorter than the length parameter. Result is being padded with zeros in the tail. Please check your center and "
       "hop_length settings.");
  return op::constant_pad_nd(y, {0, end - whole}, kZero);
}

Tensor hann_window(int64_t length, bool periodic, DType dtype, std::optional<Device> device) {
  return window_of("hann_window", length, periodic, dtype, device, [](double x) { return 0.5 - 0.5 * cosine(x); });
}
Tensor hamming_window(int64_t length, bool periodic, double alpha, double beta, DType dtype, std::optional<Device> device) {
  return window_of("hamming_window", length, periodic, dtype, device, [=](double x) { return alpha - beta * cosine(x); });
}
Tensor blackman_window(int64_t length, bool periodic, DType dtype, std::optional<Device> device) {
  return window_of("blackman_window", length, periodic, dtype, device, [](double x) { return 0.42 - 0.5 * cosine(x) + 0.08 * cosine(2 * x); });
}
Tensor bartlett_window(int64_t length, bool periodic, DType dtype, std::optional<Device> device) {
  return window_of("bartlett_window", length, periodic, dtype, device, [](double x) { return 1 - std::fabs(2 * x - 1); });
}
Tensor kaiser_window(int64_t length, bool periodic, double beta, DType dtype, std::optional<Device> device) {
  return window_of("kaiser_window", length, periodic, dtype, device, [=](double x) {
    return math::i0(beta * std::sqrt(std::fmax(0.0, 1 - (2 * x - 1) * (2 * x - 1)))) / math::i0(beta);
  });
}

}  // namespace native
}  // namespace pl
