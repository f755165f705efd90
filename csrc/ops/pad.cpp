// Padding, and rearranging channels into space.
#include "native.h"
#include "ops/fused.h"

namespace pl {
namespace {

using Sizes = std::vector<int64_t>;

// The padding of dimension d before [0] and after [1] it: `pad` begins with the last dimension.
int64_t padding_of(Shape pad, int ndim, int d, int side) {
  const int at = 2 * (ndim - 1 - d) + side;
  const int64_t padding = at < pad.n ? pad[at] : 0, most = int64_t(1) << 56;
  PL_CHECK(padding > -most && padding < most, "padding of %lld is too large", (long long)padding);
  return padding;
}

void check_pad(const Tensor& self, Shape pad) {
  PL_CHECK(pad.n % 2 == 0, "Length of pad must be even but instead it equals %d", pad.n);
  PL_CHECK(pad.n <= 2 * self.dim(), "Length of pad should be no more than twice the number of dimensions of the input. Pad length is %d while the input has "
           "%d dimensions.", pad.n, self.dim());
}

// The part of t within its first sign * pad elements and last ones: of a padded tensor (1) its inside, of an input (-1) what cropping leaves.
Tensor overlap(const Tensor& t, Shape pad, int sign) {
  Sizes sizes = t.sizes().vec();
  int64_t offset = t->offset;
  for (int d = 0; d < t.dim(); ++d) {
    const int64_t before = std::max<int64_t>(0, sign * padding_of(pad, t.dim(), d, 0)), after = std::max<int64_t>(0, sign * padding_of(pad, t.dim(), d, 1));
    sizes[size_t(d)] = std::max<int64_t>(0, sizes[size_t(d)] - before - after);
    offset += before * t.strides()[d];
  }
  return alias(t, sizes, t.strides(), offset, t.dtype());
}

enum class Border { Reflect, Replicate, Circular };

int64_t source_of(Border border, int64_t i, int64_t n) {
  if (border == Border::Replicate) return std::clamp<int64_t>(i, 0, n - 1);
  if (border == Border::Circular) return ((i % n) + n) % n;
  if (i < 0) i = -i;
  return i < n ? i : 2 * (n - 1) - i;
}

void check_border(const Tensor& self, Border border, int d, int64_t before, int64_t after) {
  const int64_t n = self.size(d);
  PL_CHECK(n > 0, "Expected a non-empty dimension %d to pad, got input of size: %s", d, to_string(self.sizes()).c_str());
  if (border == Border::Reflect)
    PL_CHECK(before < n && after < n, "Argument #4: Padding size should be less than the corresponding input dimension, but got: padding (%lld, %lld) at "
             "dimension %d of input %s", (long long)before, (long long)after, d, to_string(self.sizes()).c_str());
  if (border == Border::Circular) PL_CHECK(before <= n && after <= n, "Padding value causes wrapping around more than once.");
  PL_CHECK(n + before + after > 0, "negative padding leaves nothing of dimension %d of input %s", d, to_string(self.sizes()).c_str());
}

Tensor pad_border(const Tensor& self, Shape pad, Border border) {
  Tensor r = self;
  for (int d = self.dim() - pad.n / 2; d < self.dim(); ++d) {
    const int64_t before = padding_of(pad, self.dim(), d, 0), after = padding_of(pad, self.dim(), d, 1), n = self.size(d);
    check_border(self, border, d, before, after);
    if (before == 0 && after == 0) continue;
    Tensor index = empty({n + before + after}, DType::Int64);
    for (int64_t i = 0; i < index.numel(); ++i) index.ptr<int64_t>()[i] = source_of(border, i - before, n);
    r = op::index_select(r, d, index);
  }
  return r;
}

}  // namespace

namespace native {

Tensor constant_pad_nd(const Tensor& self, Shape pad, const Scalar& value) {
  check_pad(self, pad);
  Sizes sizes = self.sizes().vec();
  for (int d = 0; d < self.dim(); ++d) {
    const int64_t before = padding_of(pad, self.dim(), d, 0), after = padding_of(pad, self.dim(), d, 1);
    sizes[size_t(d)] += before + after;
    PL_CHECK(sizes[size_t(d)] >= 0, "The input size %lld, plus negative padding %lld and %lld resulted in a negative output size, which is invalid. Check "
             "dimension %d of your input.", (long long)self.size(d), (long long)before, (long long)after, d);
  }
  Tensor r = is_channels_last(self) ? pl::empty_strided(sizes, channels_last_strides(sizes), self.dtype(), self.device()) : pl::full(sizes, value, self.dtype(), self.device());
  if (!r.is_contiguous() && !r.is_meta()) copy_into(r, pl::scalar_tensor(value, self.dtype()));
  Tensor from = overlap(self, pad, -1), to = overlap(r, pad, 1);
  if (from.numel()) copy_into(to, from);
  return r;
}

Tensor pad(const Tensor& self, Shape pad, const std::string& mode, std::optional<double> value) {
  if (mode == "constant") return op::constant_pad_nd(self, pad, Scalar(value.value_or(0)));
  PL_CHECK(!value || *value == 0, "Padding mode \"%s\" doesn't take in value argument", mode.c_str());
  check_pad(self, pad);
  const bool known = mode == "reflect" || mode == "replicate" || mode == "circular";
  PL_CHECK_AS(NotImplemented, known, "", "Unrecognised padding mode %s", mode.c_str());
  const int dims = pad.n / 2;
  PL_CHECK_AS(NotImplemented, dims >= 1 && dims <= 3 && (self.dim() == dims + 1 || self.dim() == dims + 2), "",
              "Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now");
  if (mode == "circular") {
    // What negative numbers cut off does not come back on the other side.
    Sizes cut = pad.vec(), add = cut;
    for (int64_t& n : cut) n = std::min<int64_t>(n, 0);
    for (int64_t& n : add) n = std::max<int64_t>(n, 0);
    return pad_border(add == pad.vec() ? self : op::constant_pad_nd(self, cut, Scalar(int64_t(0))), add, Border::Circular);
  }
  return pad_border(self, pad, mode == "reflect" ? Border::Reflect : Border::Replicate);
}

constexpr int64_t kMaxFactor = 1 << 15;    // its square times a number of channels stays far from overflow

Tensor pixel_shuffle(const Tensor& self, int64_t upscale_factor) {
  const int64_t r = upscale_factor, n = self.dim();
  PL_CHECK(n >= 3, "pixel_shuffle expects input to have at least 3 dimensions, but got input with %lld dimension(s)", (long long)n);
  PL_CHECK(r > 0, "pixel_shuffle expects a positive upscale_factor, but got %lld", (long long)r);
  PL_CHECK(r <= kMaxFactor, "pixel_shuffle: the upscale_factor %lld is too large", (long long)r);
  const int64_t c = self.size(-3), h = self.size(-2), w = self.size(-1);
  PL_CHECK(c % (r * r) == 0, "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but input.size(-3)=%lld "
           "is not divisible by %lld", (long long)c, (long long)(r * r));
  if (r == 1) return op::clone(self, MemoryFormat::None);
  Sizes split(self.sizes().begin(), self.sizes().end() - 3), order, joined = split;
  for (int64_t d = 0; d < n - 3; ++d) order.push_back(d);
  for (int64_t v : {c / (r * r), r, r, h, w}) split.push_back(v);
  for (int64_t v : {0, 3, 1, 4, 2}) order.push_back(n - 3 + v);
  for (int64_t v : {c / (r * r), h * r, w * r}) joined.push_back(v);
  Tensor image = op::reshape(op::permute(op::reshape(self, split), order), joined);
  return r == 1 ? op::clone(image, MemoryFormat::Contiguous) : image;      // never the memory of the input
}

Tensor pixel_unshuffle(const Tensor& self, int64_t downscale_factor) {
  const int64_t r = downscale_factor, n = self.dim();
  PL_CHECK(n >= 3, "pixel_unshuffle expects input to have at least 3 dimensions, but got input with %lld dimension(s)", (long long)n);
  PL_CHECK(r > 0, "pixel_unshuffle expects a positive downscale_factor, but got %lld", (long long)r);
  PL_CHECK(r <= kMaxFactor, "pixel_unshuffle: the downscale_factor %lld is too large", (long long)r);
  const int64_t c = self.size(-3), h = self.size(-2), w = self.size(-1);
  PL_CHECK(h % r == 0, "pixel_unshuffle expects height to be divisible by downscale_factor, but input.size(-2)=%lld is not divisible by %lld", (long long)h,
           (long long)r);
  PL_CHECK(w % r == 0, "pixel_unshuffle expects width to be divisible by downscale_factor, but input.size(-1)=%lld is not divisible by %lld", (long long)w,
           (long long)r);
  Sizes split(self.sizes().begin(), self.sizes().end() - 3), order, joined = split;
  for (int64_t d = 0; d < n - 3; ++d) order.push_back(d);
  for (int64_t v : {c, h / r, r, w / r, r}) split.push_back(v);
  for (int64_t v : {0, 2, 4, 1, 3}) order.push_back(n - 3 + v);
  for (int64_t v : {c * r * r, h / r, w / r}) joined.push_back(v);
  return op::reshape(op::permute(op::reshape(self, split), order), joined);
}

Tensor channel_shuffle(const Tensor& self, int64_t groups) {
  PL_CHECK(self.dim() > 2, "channel_shuffle expects input with > 2 dims, but got input with sizes %s", to_string(self.sizes()).c_str());
  const int64_t c = self.size(1);
  PL_CHECK(groups > 0, "Number of groups to divide channels in must be positive. Value of groups:%lld", (long long)groups);
  PL_CHECK(c % groups == 0, "Number of channels must be divisible by groups. Got %lld channels and %lld groups.", (long long)c, (long long)groups);
  Sizes split = self.sizes().vec();
  split[1] = c / groups;
  split.insert(split.begin() + 1, groups);
  return op::reshape(op::transpose(op::reshape(self, split), 1, 2), self.sizes());
}

}  // namespace native
}  // namespace pl
