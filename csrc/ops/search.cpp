// Searching: isin, searchsorted, bucketize.
#include <algorithm>
#include "ops.h"
#include "ops/pointwise.h"

namespace pl {
namespace {

Tensor beside(const Operand& o, const Operand& tensor) { return o.t ? o.t : scalar_tensor(o.s, o.s.dtype(), tensor.t.device()); }

// The type that numbers of a dtype are compared in.
DType comparing(DType d) { return is_floating(d) ? DType::Float64 : DType::Int64; }

template <class T> Tensor members(const Tensor& elements, const Tensor& tests, bool invert) {
  std::vector<T> sorted(tests.ptr<T>(), tests.ptr<T>() + tests.numel());
  sorted.erase(std::remove_if(sorted.begin(), sorted.end(), [](T x) { return x != x; }), sorted.end());
  std::sort(sorted.begin(), sorted.end());
  Tensor out = empty(elements.sizes(), DType::Bool);
  const T* in = elements.ptr<T>();
  bool* to = out.ptr<bool>();
  ReleaseGil free(elements.numel());
  parallel_for(elements.numel(), 4096, [&](int64_t b, int64_t e) {
    for (int64_t i = b; i < e; ++i) to[i] = (in[i] == in[i] && std::binary_search(sorted.begin(), sorted.end(), in[i])) != invert;
  });
  return out;
}

struct Search {
  Tensor sequence, values, sorter;
  bool right, per_row;
};

// The first place whose element is >= value (> value with `Right`); NaN stands behind every number. The halving takes no
// branches, which random values would make the processor guess wrongly.
template <bool Right, class T> int64_t place_of(const T* sequence, const int64_t* order, int64_t n, T value) {
  auto before = [=](int64_t i) {
    const T x = sequence[order ? order[i] : i];
    return Right ? !(x > value) : !(x >= value);
  };
  if (n == 0) return 0;
  int64_t low = 0;
  for (int64_t length = n; length > 1;) {
    const int64_t half = length / 2;
    low += before(low + half - 1) ? half : 0;
    length -= half;
  }
  return low + before(low);
}

template <class T> void find_places(const Search& s, int64_t* out) {
  const int64_t n = s.sequence.size(-1), total = s.values.numel(), row = s.per_row ? s.values.size(-1) : total;
  const T *sequence = s.sequence.ptr<T>(), *values = s.values.ptr<T>();
  const int64_t* order = s.sorter ? s.sorter.ptr<int64_t>() : nullptr;
  auto find = s.right ? place_of<true, T> : place_of<false, T>;
  ReleaseGil free(total);
  parallel_for(total, 2048, [=](int64_t b, int64_t e) {
    for (int64_t i = b; i < e; ++i) {
      const int64_t start = i / row * n;
      out[i] = find(sequence + start, order ? order + start : nullptr, n, values[i]);
    }
  });
}

void check_sorter(const Tensor& sequence, const Tensor& sorter) {
  if (!sorter) return;
  PL_CHECK(sorter.sizes() == sequence.sizes(), "torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor %s and got sorter tensor %s",
           to_string(sequence.sizes()).c_str(), to_string(sorter.sizes()).c_str());
  PL_CHECK(sorter.dtype() == DType::Int64, "torch.searchsorted(): sorter must be a tensor of long dtype but got dtype %s", info(sorter.dtype()).scalar_name);
  if (sorter.is_meta() || sorter.numel() == 0) return;
  Tensor c = contiguous(sorter);
  auto [low, high] = std::minmax_element(c.ptr<int64_t>(), c.ptr<int64_t>() + c.numel());
  PL_CHECK(*low >= 0 && *high < sequence.size(-1), "torch.searchsorted(): sorter index out of range");
}

void check_shapes(const Tensor& sequence, const Tensor& values) {
  PL_CHECK(sequence.dim() > 0, "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries tensor dim(%d)", 0);
  if (sequence.dim() == 1) return;
  bool same = sequence.dim() == values.dim();
  for (int d = 0; same && d < sequence.dim() - 1; ++d) same = sequence->sizes[d] == values->sizes[d];
  PL_CHECK(values.dim() > 0, "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries tensor dim(%d) and input "
           "value's dim(0) numel(1)", sequence.dim());
  PL_CHECK(same, "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input value tensor must match, but we "
           "got boundaries tensor %s and input value tensor %s", to_string(sequence.sizes()).c_str(), to_string(values.sizes()).c_str());
}

}  // namespace

namespace native {

Tensor isin(const Operand& elements, const Operand& test_elements, bool, bool invert) {
  PL_CHECK(elements.t || test_elements.t, "isin() expects at least one tensor");
  Tensor a = beside(elements, test_elements), b = beside(test_elements, elements);
  DType d = result_type({In(elements), In(test_elements)});
  if (is_complex(d)) not_implemented_for("isin_default", d);
  check_same_device(a, b);
  if (a.is_meta()) return pl::empty(a.sizes(), DType::Bool, a.device());
  DType compute = comparing(d);
  a = pl::contiguous(cast(cast(a, d), compute));
  b = pl::contiguous(cast(cast(b, d), compute));
  return compute == DType::Int64 ? members<int64_t>(a, b, invert) : members<double>(a, b, invert);
}

Tensor searchsorted(const Tensor& sorted_sequence, const Operand& self, bool out_int32, bool right, const std::optional<std::string>& side, const Tensor& sorter) {
  PL_CHECK(!side || *side == "left" || *side == "right", "torch.searchsorted(): side can only be 'left' or 'right' but got %s", side->c_str());
  PL_CHECK(!side || *side == "right" || !right, "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True");
  Tensor values = self.t ? self.t : pl::scalar_tensor(self.s, is_floating(sorted_sequence.dtype()) ? sorted_sequence.dtype() : self.s.dtype());
  check_shapes(sorted_sequence, values);
  check_sorter(sorted_sequence, sorter);
  if (self.t) check_same_device(sorted_sequence, self.t);
  if (sorter) check_same_device(sorted_sequence, sorter);
  PL_CHECK_AS(Runtime, !self.t || self.t.dtype() == sorted_sequence.dtype(), "dtype_mismatch",
              "torch.searchsorted(): boundary tensor and input value tensor should have same dtype, but got boundary tensor dtype %s and input value tensor dtype %s",
              info(sorted_sequence.dtype()).name, info(values.dtype()).name);
  Tensor out = pl::empty(values.sizes(), DType::Int64, sorted_sequence.device());
  const DType compute = is_floating(values.dtype()) ? DType::Float64 : comparing(sorted_sequence.dtype());
  if (!out.is_meta() && out.numel() > 0) {
    Search s{pl::contiguous(cast(sorted_sequence, compute)), pl::contiguous(cast(values, compute)), sorter ? pl::contiguous(sorter) : Tensor(),
             right || (side && *side == "right"), sorted_sequence.dim() > 1};
    compute == DType::Int64 ? find_places<int64_t>(s, out.ptr<int64_t>()) : find_places<double>(s, out.ptr<int64_t>());
  }
  return out_int32 ? cast(out, DType::Int32) : out;
}

Tensor bucketize(const Operand& self, const Tensor& boundaries, bool out_int32, bool right) {
  PL_CHECK(boundaries.dim() == 1, "bucketize(): boundaries tensor must be 1 dimension, but got dim(%d)", boundaries.dim());
  return searchsorted(boundaries, self, out_int32, right, std::nullopt, {});
}

}  // namespace native
}  // namespace pl
