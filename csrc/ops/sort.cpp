// Sorting and what is found by sorting: order statistics, unique elements, histograms.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include "cpu/kernels.h"
#include "native.h"
#include "ops.h"
#include "ops/reduction.h"

namespace pl {
namespace {

constexpr int64_t kGrain = 4096;             // elements worth a thread: sorting one costs several nanoseconds

void check_count(int64_t n) {
  PL_CHECK(n < INT32_MAX, "sorting more than 2^31 elements along a dimension is not supported");
}

// Keys of 32 bits suffice for float and integers no longer than int32.
bool short_keys(DType d) {
  return info(d).compute == Compute::F32 || (info(d).compute == Compute::I64 && itemsize(d) <= 4 && d != DType::UInt32);
}

template <class K> struct SortApi;
template <> struct SortApi<uint32_t> {
  static constexpr auto keys = &SortKernels::keys32;
  static constexpr auto sort = &SortKernels::sort32;
  static constexpr auto select = &SortKernels::select32;
  static constexpr auto smallest = &SortKernels::smallest32;
};
template <> struct SortApi<uint64_t> {
  static constexpr auto keys = &SortKernels::keys64;
  static constexpr auto sort = &SortKernels::sort64;
  static constexpr auto select = &SortKernels::select64;
  static constexpr auto smallest = &SortKernels::smallest64;
};

// One row's keys and indices, and room to sort them: two of each, and the row converted, in one piece of memory.
template <class K> struct Row {
  const SortKernels& api = cpu().reduce.sort;
  const DType dtype;
  const int64_t n;
  const bool descending;
  K *keys, *key_buffer;
  int32_t *index, *index_buffer;

  static size_t bytes(int64_t n) { return size_t((n + 16) * int64_t(2 * sizeof(K) + 2 * sizeof(int32_t) + 8)); }

  Row(DType d, int64_t count, bool desc, char* memory) : dtype(d), n(count), descending(desc) {
    const int64_t room = n + 16;
    loaded_ = memory;
    keys = reinterpret_cast<K*>(memory + 8 * room);
    key_buffer = keys + room;
    index = reinterpret_cast<int32_t*>(key_buffer + room);
    index_buffer = index + room;
  }

  void load(const char* x, int64_t stride) {
    const Compute c = info(dtype).compute;
    if (stride != itemsize(dtype) || dtype != dtype_for(c)) {
      cpu().copy.load[int(dtype)][int(c)](n, x, stride, loaded_);
      x = loaded_;
    }
    (api.*SortApi<K>::keys)(n, x, c, descending, keys);
  }
  void sort() {
    std::iota(index, index + n, 0);
    (api.*SortApi<K>::sort)(n, keys, index, key_buffer, index_buffer);
  }
  // The first k of the order, without the order of the rest.
  void sort_first(int64_t k) {
    const int64_t room = 2 * k + 128;
    if (k < 1 || 2 * room > n) return sort();
    (api.*SortApi<K>::smallest)(n, keys, k, key_buffer, index, key_buffer + room, index_buffer);
  }
  K select(int64_t k) { return (api.*SortApi<K>::select)(n, keys, k, key_buffer); }
  // NaN has the largest key, whichever the direction before the inversion.
  bool is_nan(K key) const { return is_floating(dtype) && key == (descending ? K(0) : ~K(0)); }
  int64_t count_nan() const { return is_floating(dtype) ? std::count(keys, keys + n, descending ? K(0) : ~K(0)) : 0; }
  int64_t find(K key) const { return std::find(keys, keys + n, key) - keys; }

 private:
  char* loaded_;
};

// The allocator's memory for as long as one operator runs.
class Scratch {
 public:
  explicit Scratch(size_t bytes) : bytes_(bytes), data_(static_cast<char*>(cached_alloc(bytes))) {}
  ~Scratch() { cached_free(data_, bytes_); }
  Scratch(const Scratch&) = delete;
  char* data() const { return data_; }

 private:
  size_t bytes_;
  char* data_;
};

template <class K, class F> void each_row_by(const Tensor& x, const DimSplit& s, bool descending, F f) {
  const int64_t item = itemsize(x.dtype()), rows = s.outer * s.inner;
  const DType d = x.dtype();
  const char* data = x->data;
  // Every part has a scratch of its own; there are few parts where a row is long.
  const int64_t threads = rows * s.n < 2 * kGrain ? 1 : num_threads(),
                parts = std::min(rows, s.n > (1 << 16) ? threads : 4 * threads);
  const size_t bytes = Row<K>::bytes(s.n);
  const Scratch scratch(bytes * size_t(parts));
  ReleaseGil free(rows * s.n * 8);
  auto part = [&](int64_t p) {
    Row<K> row(d, s.n, descending, scratch.data() + size_t(p) * bytes);
    for (int64_t r = p * rows / parts; r < (p + 1) * rows / parts; ++r) {
      const char* from = data + (r / s.inner * s.n * s.inner + r % s.inner) * item;
      row.load(from, s.inner * item);
      f(row, from, s.inner * item, r);
    }
  };
  if (threads == 1) {
    for (int64_t p = 0; p < parts; ++p) part(p);
    return;
  }
  parallel_for(parts, 1, [&](int64_t b, int64_t e) { for (int64_t p = b; p < e; ++p) part(p); });
}

// The rows of `x` along dim, each handed to f(row, source pointer, source stride, row number). Keys are as long as the
// dtype needs.
template <class F> void each_row(const Tensor& x, const DimSplit& s, bool descending, F f) {
  check_count(s.n);
  short_keys(x.dtype()) ? each_row_by<uint32_t>(x, s, descending, f) : each_row_by<uint64_t>(x, s, descending, f);
}

// values[j] = row[index[j]], and the indices themselves; both results have `count` elements along the dimension.
struct Gathered {
  char* values;
  int64_t* indices;
  int64_t item, inner, count;

  Gathered(const Tensor& v, const Tensor& i, const DimSplit& s, int64_t n)
      : values(v->data), indices(i.ptr<int64_t>()), item(itemsize(v.dtype())), inner(s.inner), count(n) {}

  template <class T> void move(const char* p, int64_t stride, const int32_t* index, T* to) const {
    for (int64_t j = 0; j < count; ++j) to[j * inner] = *reinterpret_cast<const T*>(p + index[j] * stride);
  }
  struct Bytes16 { uint64_t lo, hi; };
  void store(int64_t r, const char* p, int64_t stride, const int32_t* index) const {
    const int64_t at = r / inner * count * inner + r % inner;
    char* to = values + at * item;
    switch (item) {
      case 1: move(p, stride, index, reinterpret_cast<uint8_t*>(to)); break;
      case 2: move(p, stride, index, reinterpret_cast<uint16_t*>(to)); break;
      case 4: move(p, stride, index, reinterpret_cast<uint32_t*>(to)); break;
      default: move(p, stride, index, reinterpret_cast<uint64_t*>(to)); break;
    }
    for (int64_t j = 0; j < count; ++j) indices[at + j * inner] = index[j];
  }
};

using Pair = std::tuple<Tensor, Tensor>;

// Results in the memory order of `like`, when that is not the plain one.
Pair in_order_of(const Tensor& like, Tensor values, Tensor indices) {
  if (like.is_contiguous()) return {values, indices};
  Tensor v = empty_like(like), i = empty_like(like, DType::Int64);
  copy_into(v, values);
  copy_into(i, indices);
  return {v, i};
}

Pair sort_along(const Tensor& self, int64_t dim, bool descending) {
  dim = wrap_dim(dim, self.dim());
  PL_CHECK(!is_complex(self.dtype()), " Sort does not support complex dtypes on CPU");
  if (self.is_meta() || self.numel() == 0) return {empty_like(self), empty_like(self, DType::Int64)};
  Tensor x = contiguous(self), values = empty(x.sizes(), x.dtype()), indices = empty(x.sizes(), DType::Int64);
  const DimSplit s(x, dim);
  const Gathered out(values, indices, s, s.n);
  each_row(x, s, descending, [&](auto& row, const char* p, int64_t stride, int64_t r) {
    row.sort();
    out.store(r, p, stride, row.index);
  });
  return in_order_of(self, values, indices);
}

// One element of each row: pick(row) says which.
template <class F> Pair one_of_each(const Tensor& self, int64_t dim, bool keepdim, F pick) {
  const DimMask mask = self.dim() == 0 ? 0 : DimMask(1) << dim;
  const std::vector<int64_t> shape = reduced_shape(self.sizes(), mask, keepdim);
  Tensor values = empty(shape, self.dtype(), self.device()), indices = empty(shape, DType::Int64, self.device());
  if (self.is_meta() || values.numel() == 0) return {values, indices};
  Tensor x = contiguous(self);
  const DimSplit s(x, dim);
  DimSplit flat = s;
  flat.n = 1;
  const Gathered out(values, indices, flat, 1);
  each_row(x, s, false, [&](auto& row, const char* p, int64_t stride, int64_t r) {
    const int32_t at = int32_t(pick(row));
    out.store(r, p, stride, &at);
  });
  return {values, indices};
}

int64_t checked_dim(const Tensor& self, int64_t dim, const char* name) {
  dim = wrap_dim(dim, self.dim());
  PL_CHECK_AS(Index, self.dim() == 0 || self->sizes[dim] > 0, "",
              "%s(): Expected reduction dim %lld to have non-zero size.", name, (long long)dim);
  return dim;
}

void check_real(const Tensor& self, const char* kernel) {
  if (is_complex(self.dtype())) unsupported(kernel, self.dtype());
}

// The middle element; with NaN, the first NaN unless they are to be left out.
template <bool kSkipNan> struct Middle {
  template <class R> int64_t operator()(R& row) const {
    const int64_t missing = row.count_nan(), n = row.n - (kSkipNan ? missing : 0);
    if (missing > 0 && !kSkipNan) return row.find(row.select(row.n - 1));
    return n == 0 ? 0 : row.find(row.select((n - 1) / 2));
  }
};

template <bool kSkipNan> Pair median_along(const Tensor& self, int64_t dim, bool keepdim) {
  dim = checked_dim(self, dim, "median");
  check_real(self, "median_out");
  return one_of_each(self, dim, keepdim, Middle<kSkipNan>());
}

template <bool kSkipNan> Tensor median_of_all(const Tensor& self) {
  check_real(self, "median_cpu");
  if (self.is_meta()) return empty(Shape(nullptr, 0), self.dtype(), self.device());
  if (self.numel() == 0) {   // NaN, and what NaN becomes when it is converted to an integer
    const int64_t size = itemsize(self.dtype());
    const Scalar least(size == 8 ? INT64_MIN : size == 4 ? int64_t(INT32_MIN) : int64_t(0));
    return scalar_tensor(is_floating(self.dtype()) ? Scalar(std::nan("")) : least, self.dtype());
  }
  Tensor x = contiguous(self);
  return std::get<0>(one_of_each(alias(x, {x.numel()}, {1}, x->offset, x.dtype()), 0, false, Middle<kSkipNan>()));
}

// ---------------------------------------------------------------- unique elements
// What the three results of unique are made of: the first element of each group, each element's group, the groups'
// sizes.
struct Groups {
  std::vector<int64_t> first, counts;
  Tensor inverse;
  Groups(Shape shape, bool with_inverse) : inverse(empty(with_inverse ? shape : Shape({0}), DType::Int64)) {
    if (with_inverse) places_ = inverse.ptr<int64_t>();
  }
  void add(int64_t element, bool starts) {
    if (starts) {
      first.push_back(element);
      counts.push_back(0);
    }
    ++counts.back();
    if (places_) places_[element] = int64_t(first.size()) - 1;
  }

 private:
  int64_t* places_ = nullptr;
};

Tensor from_vector(const std::vector<int64_t>& v) {
  Tensor t = empty({int64_t(v.size())}, DType::Int64);
  if (!v.empty()) std::memcpy(t->data, v.data(), v.size() * sizeof(int64_t));
  return t;
}

using Triple = std::tuple<Tensor, Tensor, Tensor>;

Triple results_of(const Groups& g, const Tensor& values, bool with_counts) {
  return {values, g.inverse, with_counts ? from_vector(g.counts) : empty({0}, DType::Int64)};
}

Tensor chosen(const Groups& g, const Tensor& flat) {
  Tensor values = empty({int64_t(g.first.size())}, flat.dtype());
  const int64_t item = itemsize(flat.dtype());
  for (size_t i = 0; i < g.first.size(); ++i)
    std::memcpy(values->data + int64_t(i) * item, flat->data + g.first[i] * item, size_t(item));
  return values;
}

// The elements in the compute type: equality and order are decided there.
template <class F> void with_elements(const Tensor& flat, F f) {
  const Compute c = info(flat.dtype()).compute;
  Tensor t = cast(flat, dtype_for(c));
  if (c == Compute::F32) f(t.ptr<float>());
  else if (c == Compute::F64) f(t.ptr<double>());
  else if (c == Compute::I64) f(t.ptr<int64_t>());
  else f(t.ptr<Complex<double>>());
}

// n slices of m elements along dim, dense: what unique over a dimension compares.
Tensor slices_of(const Tensor& self, int64_t dim) {
  PL_CHECK(self.numel() > 0 || self->sizes[dim] == 0,
           "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied");
  return contiguous(op::movedim(self, Shape(&dim, 1), {0}));
}

void check_no_data(const Tensor& self, const char* name) {
  PL_CHECK_AS(NotImplemented, !self.is_meta(), "",
              "%s: the shape of the result depends on data, which a meta tensor has not", name);
}

}  // namespace

namespace native {

// ---------------------------------------------------------------- sorting
Pair sort(const Tensor& self, int64_t dim, bool descending) { return sort_along(self, dim, descending); }
Pair sort_stable(const Tensor& self, std::optional<bool>, int64_t dim, bool descending) {
  return sort_along(self, dim, descending);
}
Tensor argsort(const Tensor& self, int64_t dim, bool descending) {
  return std::get<1>(sort_along(self, dim, descending));
}
Tensor argsort_stable(const Tensor& self, bool, int64_t dim, bool descending) {
  return std::get<1>(sort_along(self, dim, descending));
}
Tensor msort(const Tensor& self) { return std::get<0>(op::sort(self, 0, false)); }

Pair topk(const Tensor& self, int64_t k, int64_t dim, bool largest, bool) {
  dim = wrap_dim(dim, self.dim());
  const int64_t length = self.dim() == 0 ? 1 : self->sizes[dim];
  PL_CHECK(k >= 0 && k <= length, "selected index k out of range");
  PL_CHECK(!is_complex(self.dtype()), " topk does not support complex dtypes on CPU");
  std::vector<int64_t> shape = self.sizes().vec();
  if (self.dim() > 0) shape[size_t(dim)] = k;
  Tensor values = empty(shape, self.dtype(), self.device()), indices = empty(shape, DType::Int64, self.device());
  if (self.is_meta() || values.numel() == 0) return {values, indices};
  Tensor x = contiguous(self);
  const DimSplit s(x, dim);
  const Gathered out(values, indices, s, self.dim() == 0 ? 1 : k);
  each_row(x, s, largest, [&](auto& row, const char* p, int64_t stride, int64_t r) {
    row.sort_first(k);
    out.store(r, p, stride, row.index);
  });
  return {values, indices};
}

// ---------------------------------------------------------------- order statistics
Pair kthvalue(const Tensor& self, int64_t k, int64_t dim, bool keepdim) {
  dim = checked_dim(self, dim, "kthvalue");
  check_real(self, "kthvalue_cpu");
  const int64_t n = self.dim() == 0 ? 1 : self->sizes[dim];
  PL_CHECK(k >= 1 && k <= n, "kthvalue(): selected number k out of range for dimension %lld", (long long)dim);
  return one_of_each(self, dim, keepdim, [k](auto& row) { return row.find(row.select(k - 1)); });
}
Tensor median(const Tensor& self) { return median_of_all<false>(self); }
Tensor nanmedian(const Tensor& self) { return median_of_all<true>(self); }
Pair median_dim(const Tensor& self, int64_t dim, bool keepdim) { return median_along<false>(self, dim, keepdim); }
Pair nanmedian_dim(const Tensor& self, int64_t dim, bool keepdim) { return median_along<true>(self, dim, keepdim); }

Pair mode(const Tensor& self, int64_t dim, bool keepdim) {
  dim = checked_dim(self, dim, "mode");
  check_real(self, "mode_cpu");
  return one_of_each(self, dim, keepdim, [](auto& row) {
    row.sort();
    int64_t best = 0, longest = 0;
    for (int64_t b = 0; b < row.n;) {
      int64_t e = b + 1;
      while (e < row.n && row.keys[e] == row.keys[b]) ++e;
      if (e - b > longest) {
        longest = e - b;
        best = e - 1;
      }
      b = e;
    }
    return row.index[best];
  });
}

Tensor quantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                const std::string& interpolation);
Tensor nanquantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                   const std::string& interpolation);

namespace {

Tensor quantile_of(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                   const std::string& mode, bool skip_nan) {
  PL_CHECK(self.numel() > 0, "quantile() input tensor must be non-empty");
  PL_CHECK(q.dim() <= 1, "quantile() q must be a scalar or 1D tensor");
  PL_CHECK(self.dtype() == DType::Float32 || self.dtype() == DType::Float64,
           "quantile() input tensor must be either float or double dtype");
  PL_CHECK(self.dtype() == q.dtype(), "quantile() q tensor must be same dtype as the input tensor");
  const bool linear = mode == "linear", midpoint = mode == "midpoint";
  PL_CHECK(linear || midpoint || mode == "lower" || mode == "higher" || mode == "nearest",
           "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got %s",
           mode.c_str());
  const int64_t d = dim ? wrap_dim(*dim, self.dim()) : 0;
  // The rank of each quantile in its sorted row. NaN, sorted last, is the answer of a row that has one.
  Tensor x = !dim || self.dim() == 0 ? op::reshape(self, {-1}) : op::movedim(self, Shape(&d, 1), {-1});
  Tensor sorted = std::get<0>(op::sort(x, -1, false)), rank, missing = op::isnan(sorted);
  const Scalar last(double(x.size(-1) - 1));
  if (skip_nan) {
    Tensor count = op::sum_dim_IntList(op::logical_not(missing), Shape({-1}), true, DType::Undefined);
    rank = op::maximum(op::mul(q, op::sub(count, Scalar(int64_t(1)), Scalar(int64_t(1)))), Scalar(0.0));
  } else {
    rank = op::where_self(op::any_dim(missing, -1, true), last, op::mul(q, last));
  }
  if (mode == "lower") rank = op::floor(rank);
  if (mode == "higher") rank = op::ceil(rank);
  if (mode == "nearest") rank = op::round_even(rank);
  rank = cast(rank, self.dtype());
  Tensor below = op::_to_copy(rank, DType::Int64, MemoryFormat::None);
  Tensor r = op::gather(sorted, -1, below, false);
  if (linear || midpoint) {
    Tensor weight = midpoint ? op::full_like(rank, Scalar(0.5), DType::Undefined, {}, MemoryFormat::None)
                             : op::sub(rank, below, Scalar(int64_t(1)));
    Tensor above = op::gather(sorted, -1, op::_to_copy(op::ceil(rank), DType::Int64, MemoryFormat::None), false);
    r = op::lerp(r, above, weight);
  }
  // The quantiles are the last dimension now; they become the first, or go when q is one number.
  std::vector<int64_t> shape = keepdim ? std::vector<int64_t>(size_t(self.dim()), 1) : std::vector<int64_t>();
  if (dim && self.dim() > 0) shape = reduced_shape(self.sizes(), DimMask(1) << d, keepdim);
  if (q.dim() > 0) {
    r = op::movedim(r, {-1}, {0});
    shape.insert(shape.begin(), q.numel());
  }
  return op::reshape(r, shape);
}

void check_q(const Tensor& q) {
  if (q.is_meta() || !is_floating(q.dtype())) return;
  Tensor inside = op::logical_and(op::ge(q, Scalar(0.0)), op::le(q, Scalar(1.0)));
  PL_CHECK(item(op::all(inside)).to_bool(), "quantile() q values must be in the range [0, 1]");
}
Tensor number_q(const Tensor& self, double q) {
  PL_CHECK(q >= 0 && q <= 1, "quantile() q must be in the range [0, 1] but got %g", q);
  return scalar_tensor(Scalar(q), self.dtype(), self.device());
}

}  // namespace

Tensor quantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                const std::string& interpolation) {
  check_q(q);
  return quantile_of(self, q, dim, keepdim, interpolation, false);
}
Tensor nanquantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                   const std::string& interpolation) {
  check_q(q);
  return quantile_of(self, q, dim, keepdim, interpolation, true);
}
Tensor quantile_scalar(const Tensor& self, double q, std::optional<int64_t> dim, bool keepdim,
                       const std::string& interpolation) {
  return quantile_of(self, number_q(self, q), dim, keepdim, interpolation, false);
}
Tensor nanquantile_scalar(const Tensor& self, double q, std::optional<int64_t> dim, bool keepdim,
                          const std::string& interpolation) {
  return quantile_of(self, number_q(self, q), dim, keepdim, interpolation, true);
}

// ---------------------------------------------------------------- unique
Triple _unique2(const Tensor& self, bool, bool return_inverse, bool return_counts) {
  check_no_data(self, "unique");
  check_real(self, "unique");
  Tensor x = contiguous(self);
  Groups groups(self.sizes(), return_inverse);
  DimSplit s(x, 0);
  s.outer = s.inner = 1;
  s.n = x.numel();
  if (s.n > 0)
    each_row(x, s, false, [&](auto& row, const char*, int64_t, int64_t) {
      row.sort();
      for (int64_t i = 0; i < row.n; ++i)
        groups.add(row.index[i], i == 0 || row.keys[i] != row.keys[i - 1] || row.is_nan(row.keys[i]));
    });
  return results_of(groups, chosen(groups, x), return_counts);
}

Triple _unique_consecutive(const Tensor& self, bool return_inverse, bool return_counts, std::optional<int64_t> dim) {
  check_no_data(self, "unique_consecutive");
  if (dim) {
    self.size(*dim);      // raises for a tensor without dimensions
    const int64_t d = wrap_dim(*dim, self.dim());
    Tensor x = slices_of(self, d);
    const int64_t n = x->sizes[0], m = n ? x.numel() / n : 0;
    Groups groups({n}, return_inverse);
    with_elements(x, [&](auto* v) {
      for (int64_t i = 0; i < n; ++i) groups.add(i, i == 0 || !std::equal(v + i * m, v + (i + 1) * m, v + (i - 1) * m));
    });
    return results_of(groups, op::index_select(self, d, from_vector(groups.first)), return_counts);
  }
  Tensor x = contiguous(self);
  Groups groups(self.sizes(), return_inverse);
  with_elements(x, [&](auto* v) {
    for (int64_t i = 0; i < x.numel(); ++i) groups.add(i, i == 0 || v[i] != v[i - 1]);
  });
  return results_of(groups, chosen(groups, x), return_counts);
}

Triple unique_dim(const Tensor& self, int64_t dim, bool, bool return_inverse, bool return_counts) {
  check_no_data(self, "unique_dim");
  check_real(self, "unique_dim");
  self.size(dim);         // raises for a tensor without dimensions
  const int64_t d = wrap_dim(dim, self.dim());
  Tensor x = slices_of(self, d);
  const int64_t n = x->sizes[0], m = n ? x.numel() / n : 0;
  Groups groups({n}, return_inverse);
  with_elements(x, [&](auto* v) {
    if constexpr (!std::is_same_v<decltype(v), Complex<double>*>) {
      std::vector<int64_t> order(static_cast<size_t>(n));
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return std::lexicographical_compare(v + a * m, v + (a + 1) * m, v + b * m, v + (b + 1) * m);
      });
      for (int64_t i = 0; i < n; ++i) {
        const int64_t a = order[size_t(i)];
        groups.add(a, i == 0 || !std::equal(v + a * m, v + (a + 1) * m, v + order[size_t(i - 1)] * m));
      }
    }
  });
  return results_of(groups, op::index_select(self, d, from_vector(groups.first)), return_counts);
}

// ---------------------------------------------------------------- counting
namespace {

// f(position, length, elements) for a 1-d tensor of integers, piece by piece.
template <class F> void each_tile(const Tensor& t, F f) {
  constexpr int64_t tile = 2048;
  int64_t v[tile];
  const int64_t step = t->strides[0] * itemsize(t.dtype()), n = t.numel();
  for (int64_t i = 0; i < n; i += tile) {
    const int64_t m = std::min(tile, n - i);
    cpu().copy.load[int(t.dtype())][int(Compute::I64)](m, t->data + i * step, step, v);
    f(i, m, v);
  }
}

// Few bins are counted in four tables in turn: increments of one counter would wait for each other.
void count_into(const Tensor& t, int64_t bins, int64_t* count) {
  constexpr int64_t few = 1024;
  if (bins > few)
    return each_tile(t, [&](int64_t, int64_t m, const int64_t* v) {
      for (int64_t i = 0; i < m; ++i) ++count[v[i]];
    });
  int64_t table[4][few] = {};
  each_tile(t, [&](int64_t, int64_t m, const int64_t* v) {
    for (int64_t i = 0; i < m; ++i) ++table[i & 3][v[i]];
  });
  for (int64_t b = 0; b < bins; ++b) count[b] = table[0][b] + table[1][b] + table[2][b] + table[3][b];
}

}  // namespace

Tensor bincount(const Tensor& self, const Tensor& weights, int64_t minlength) {
  check_no_data(self, "bincount");
  if (!is_integral(self.dtype(), false)) unsupported("bincount_cpu", self.dtype());
  PL_CHECK(minlength >= 0, "minlength should be >= 0");
  if (self.dim() == 1 && self.numel() == 0) return zeros({minlength}, DType::Int64);
  const bool fits = self.dim() == 1 && item(native::min(self)).to_int() >= 0;
  PL_CHECK(fits, "bincount only supports 1-d non-negative integral inputs.");
  const int64_t n = self.numel();
  PL_CHECK(!weights || (weights.dim() == 1 && weights.numel() == n),
           "weights should be 1-d and have the same length as input");
  const int64_t bins = std::max(minlength, item(native::max(self)).to_int() + 1);
  if (!weights) {
    Tensor r = zeros({bins}, DType::Int64);
    count_into(self, bins, r.ptr<int64_t>());
    return r;
  }
  Tensor w = contiguous(cast(weights, DType::Float64)), r = zeros({bins}, DType::Float64);
  const double* each = w.ptr<double>();
  double* sums = r.ptr<double>();
  each_tile(self, [&](int64_t first, int64_t m, const int64_t* v) {
    for (int64_t i = 0; i < m; ++i) sums[v[i]] += each[first + i];
  });
  return cast(r, weights.dtype() == DType::Float32 ? DType::Float32 : DType::Float64);
}

Tensor histc(const Tensor& self, int64_t bins, const Scalar& min, const Scalar& max) {
  if (!is_floating(self.dtype())) unsupported("histogram_cpu", self.dtype());
  PL_CHECK(bins > 0, "torch.histogram(): bins must be > 0, but got %lld for dimension 0", (long long)bins);
  if (self.is_meta()) return empty({bins}, self.dtype(), self.device());
  double low = min.to_double(), high = max.to_double();
  if (low == high && self.numel() > 0) {
    low = item(native::min(self)).to_double();
    high = item(native::max(self)).to_double();
  }
  if (low == high) {
    low -= 1;
    high += 1;
  }
  PL_CHECK(std::isfinite(low) && std::isfinite(high), "torch.histc: range of [%g, %g] is not finite", low, high);
  PL_CHECK(low < high, "torch.histc: max must be larger than min");
  const DType d = self.dtype() == DType::Float64 ? DType::Float64 : DType::Float32;
  Tensor x = contiguous(cast(self, d)), r = zeros({bins}, DType::Float64);
  double* count = r.ptr<double>();
  // PyTorch finds the places of halves in their own precision.
  const bool half = itemsize(self.dtype()) == 2;
  const Scalar one(int64_t(1)), span(high - low);
  Tensor scaled = half ? op::true_divide(op::mul(op::sub(self, Scalar(low), one), Scalar(bins)), span) : Tensor();
  const Tensor places = half ? contiguous(cast(scaled, DType::Float32)) : Tensor();
  auto run = [&](auto* v) {
    using T = std::remove_const_t<std::remove_reference_t<decltype(*v)>>;
    const T a = T(low), b = T(high), n = T(bins);
    for (int64_t i = 0; i < x.numel(); ++i) {
      if (!(v[i] >= a && v[i] <= b)) continue;
      const int64_t at = half ? int64_t(places.ptr<float>()[i]) : int64_t((v[i] - a) * n / (b - a));
      count[std::min(at, bins - 1)] += 1;
    }
  };
  d == DType::Float64 ? run(x.ptr<double>()) : run(x.ptr<float>());
  return cast(r, self.dtype());
}

// ---------------------------------------------------------------- differences
Tensor diff(const Tensor& self, int64_t n, int64_t dim, const Tensor& prepend, const Tensor& append) {
  PL_CHECK(self.dim() > 0, "diff expects input to be at least one-dimensional");
  PL_CHECK(n >= 0, "order must be non-negative but got %lld", (long long)n);
  dim = wrap_dim(dim, self.dim());
  TensorList parts;
  if (prepend) parts.push_back(prepend);
  parts.push_back(self);
  if (append) parts.push_back(append);
  for (const Tensor& t : parts)
    PL_CHECK(t.dim() == self.dim(), "diff expects prepend or append to be the same dimension as input");
  Tensor r = parts.size() > 1 && n > 0 ? op::cat(parts, dim) : self;
  const int64_t times = std::min(n, r->sizes[dim]);
  for (int64_t i = 0; i < times; ++i) {
    const int64_t m = r->sizes[dim] - 1;
    Tensor later = op::narrow(r, dim, 1, m), earlier = op::narrow(r, dim, 0, m);
    r = r.dtype() == DType::Bool ? op::logical_xor(later, earlier) : op::sub(later, earlier, Scalar(int64_t(1)));
  }
  return n == 0 ? op::clone(self, MemoryFormat::None) : r;
}

}  // namespace native
}  // namespace pl
