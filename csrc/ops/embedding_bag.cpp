// Bags of embeddings: the sum, mean or largest element of the rows that each bag names.
#include "cpu/kernels.h"
#include "native.h"
#include "ops/derivatives.h"
#include "ops/fused.h"

namespace pl {
namespace {

constexpr int64_t kGrain = 1 << 14;      // elements worth a thread

template <class T> const BagFunctions<T>& kernels();
template <> const BagFunctions<float>& kernels() { return cpu().bag.f32; }
template <> const BagFunctions<double>& kernels() { return cpu().bag.f64; }

void check_index_type(const Tensor& t, int position, const char* name) {
  PL_CHECK_AS(Runtime, t.dtype() == DType::Int64 || t.dtype() == DType::Int32, "index_dtype",
              "Expected tensor for argument #%d '%s' to have one of the following scalar types: Long, Int; but got torch.%sTensor instead (while checking "
              "arguments for embedding_bag)",
              position, name, info(t.dtype()).scalar_name);
}

// Where each bag begins, and the end of the last one.
Tensor bag_bounds(const Tensor& offsets, int64_t count, bool include_last_offset) {
  const int64_t n = offsets.numel();
  PL_CHECK(!include_last_offset || n >= 1, "include_last_offset: number of offset should be at least 1");
  const int64_t bags = n - include_last_offset;
  Tensor r = empty({bags + 1}, DType::Int64), o = kernel_data(offsets, DType::Int64);
  const int64_t* from = o.ptr<int64_t>();
  int64_t* to = r.ptr<int64_t>();
  PL_CHECK(n == 0 || from[0] == 0, "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got %lld",
           (long long)from[0]);
  for (int64_t i = 0; i < n; ++i)
    PL_CHECK(from[i] >= 0 && from[i] <= count, "offsets[-1] can not be greater than input's length %lld but got offsets[-1] of %lld", (long long)count,
             (long long)from[i]);
  for (int64_t b = 0; b < bags; ++b) to[b] = from[b];
  // As in PyTorch, all that follows the last offset belongs to the last bag.
  to[bags] = count;
  return r;
}

void check_indices(const Tensor& indices, int64_t rows) {
  const int64_t* i = indices.ptr<int64_t>();
  for (int64_t p = 0; p < indices.numel(); ++p)
    PL_CHECK_AS(Runtime, i[p] >= 0 && i[p] < rows, "index_out_of_range", "Index %lld of input takes value %lld which is not in the valid range [0, %lld)", (long long)p,
                (long long)i[p], (long long)rows);
}

struct Bags {
  BagMode mode;
  int64_t padding;
  Tensor indices, bounds, weight, samples;      // of the kernel's dtypes; samples may be undefined

  int64_t count() const { return bounds.numel() - 1; }
  template <class T> BagArgs<T> args() const {
    return {mode, count(), weight.size(1), padding, indices.ptr<int64_t>(), bounds.ptr<int64_t>(), weight.ptr<T>(), samples ? samples.ptr<T>() : nullptr};
  }
};

Bags bags_of(const Tensor& weight, const Tensor& indices, const Tensor& offsets, int64_t mode, const Tensor& samples, bool include_last_offset, int64_t padding) {
  const DType d = kernel_dtype(weight.dtype());
  return {BagMode(mode), padding, kernel_data(indices, DType::Int64), bag_bounds(offsets, indices.numel(), include_last_offset), kernel_data(weight, d),
          kernel_data(samples, d)};
}

// One over how often each row is named.
Tensor shares(const Bags& b, int64_t rows, DType d) {
  Tensor n = zeros({rows}, DType::Float64);
  for (int64_t p = 0; p < b.indices.numel(); ++p) n.ptr<double>()[b.indices.ptr<int64_t>()[p]] += 1;
  return cast(op::reciprocal(n), d);
}

void check_bags(const Tensor& weight, const Tensor& indices, const Tensor& offsets, int64_t mode, const Tensor& samples) {
  check_index_type(indices, 1, "indices");
  check_index_type(offsets, 2, "offsets");
  PL_CHECK(indices.dim() == 1, "input has to be a 1D Tensor, but got Tensor of dimension %d", indices.dim());
  PL_CHECK(offsets.dim() == 1, "offsets has to be a 1D Tensor, but got Tensor of dimension %d", offsets.dim());
  PL_CHECK(weight.dim() == 2, "weight has to be a 2D Tensor, but got Tensor of dimension %d", weight.dim());
  PL_CHECK(mode >= 0 && mode <= 2, "mode has to be 0 (sum), 1 (mean) or 2 (max), but got %lld", (long long)mode);
  PL_CHECK_AS(NotImplemented, is_floating(weight.dtype()), "dtype_unsupported", "\"embedding_bag\" not implemented for '%s'", info(weight.dtype()).scalar_name);
  if (!samples) return;
  PL_CHECK(mode == 0, "embedding_bag: per_sample_weights only supported with mode='sum'");
  PL_CHECK_AS(Runtime, samples.dtype() == weight.dtype(), "dtype_mismatch",
              "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 'per_sample_weights'; but type torch.%sTensor does not "
              "equal torch.%sTensor (while checking arguments for embedding_bag)",
              info(weight.dtype()).scalar_name, info(samples.dtype()).scalar_name);
  PL_CHECK(samples.dim() == 1 && samples.numel() == indices.numel(), "Expected per_sample_weights to have %lld elements, got a tensor of shape %s",
           (long long)indices.numel(), to_string(samples.sizes()).c_str());
}

}  // namespace

namespace native {

std::tuple<Tensor, Tensor, Tensor, Tensor> _embedding_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool, int64_t mode, bool,
                                                          const Tensor& per_sample_weights, bool include_last_offset, int64_t padding_idx) {
  check_bags(weight, indices, offsets, mode, per_sample_weights);
  const int64_t rows = weight.size(0), width = weight.size(1);
  if (weight.is_meta()) {
    const int64_t bags = offsets.numel() - include_last_offset;
    Tensor sizes = empty({bags}, DType::Int64, weight.device()), out = empty({bags, width}, weight.dtype(), weight.device());
    Tensor top = mode == int64_t(BagMode::Max) ? empty({bags, width}, DType::Int64, weight.device()) : sizes;
    return {out, empty(indices.sizes(), DType::Int64, weight.device()), sizes, top};
  }
  const Bags b = bags_of(weight, indices, offsets, mode, per_sample_weights, include_last_offset, padding_idx);
  check_indices(b.indices, rows);
  const DType d = kernel_dtype(weight.dtype());
  Tensor out = empty({b.count(), width}, d), size = empty({b.count()}, DType::Int64), bag = empty(indices.sizes(), DType::Int64);
  Tensor top = mode == int64_t(BagMode::Max) ? empty({b.count(), width}, DType::Int64) : Tensor();
  const int64_t* bounds = b.bounds.ptr<int64_t>();
  for (int64_t i = 0; i < b.count(); ++i)
    for (int64_t p = bounds[i]; p < bounds[i + 1]; ++p) bag.ptr<int64_t>()[p] = i;
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const BagArgs<T> all = b.args<T>();
    T* to = out.ptr<T>();
    int64_t *sizes = size.ptr<int64_t>(), *tops = top ? top.ptr<int64_t>() : nullptr;
    const int64_t work = std::max<int64_t>(1, (indices.numel() + b.count()) * width);
    ReleaseGil free(work);
    parallel_for(all.bags, std::max<int64_t>(1, all.bags * kGrain / work), [&](int64_t from, int64_t end) {
      BagArgs<T> part = all;
      part.bags = end - from;
      part.offsets += from;
      kernels<T>().forward(part, to + from * width, sizes + from, tops ? tops + from * width : nullptr);
    });
  });
  return {cast(out, weight.dtype()), bag, size, top ? top : size};
}

std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool scale_grad_by_freq,
                                                         int64_t mode, bool sparse, const Tensor& per_sample_weights, bool include_last_offset,
                                                         std::optional<int64_t> padding_idx) {
  int64_t padding = -1;
  if (padding_idx) {
    const int64_t rows = weight.size(0);
    PL_CHECK(*padding_idx >= -rows && *padding_idx < rows, "padding_idx must be within the number of embeddings, -%lld through %lld, but got %lld",
             (long long)rows, (long long)rows - 1, (long long)*padding_idx);
    padding = *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
  }
  return op::_embedding_bag(weight, indices, offsets, scale_grad_by_freq, mode, sparse, per_sample_weights, include_last_offset, padding);
}

}  // namespace native

Tensor embedding_bag_weight_grad(const Tensor& grad, const Tensor& weight, const Tensor& indices, const Tensor& offsets, const Tensor& size, const Tensor& top,
                                 bool scale_grad_by_freq, int64_t mode, const Tensor& samples, bool include_last_offset, int64_t padding) {
  const DType d = kernel_dtype(weight.dtype());
  Tensor r = zeros(weight.sizes(), d, weight.device());
  if (!weight.is_meta() && r.numel()) {
    const Bags b = bags_of(weight, indices, offsets, mode, samples, include_last_offset, padding);
    const int64_t width = weight.size(1);
    Tensor g = kernel_data(grad, d), share = scale_grad_by_freq ? shares(b, weight.size(0), d) : Tensor();
    with_float(d, [&](auto t) {
      using T = decltype(t);
      const BagArgs<T> a = b.args<T>();
      const T *gp = g.ptr<T>(), *sp = share ? share.ptr<T>() : nullptr;
      T* to = r.ptr<T>();
      const int64_t *sizes = size.ptr<int64_t>(), *tops = mode == int64_t(BagMode::Max) ? top.ptr<int64_t>() : nullptr;
      ReleaseGil free(indices.numel() * width);
      // By columns: bags may name one row several times.
      parallel_for(width, std::max<int64_t>(16, kGrain / std::max<int64_t>(1, indices.numel())),
                   [&](int64_t from, int64_t end) { kernels<T>().backward(a, gp, sizes, tops, sp, from, end, to); });
    });
  }
  return without_derivative(cast(r, weight.dtype()), {grad, weight, samples}, "_embedding_bag_backward");
}

Tensor embedding_bag_sample_grad(const Tensor& grad, const Tensor& weight, const Tensor& indices, const Tensor& offsets, const Tensor& samples,
                                 bool include_last_offset, int64_t padding) {
  const DType d = kernel_dtype(weight.dtype());
  Tensor r = zeros(indices.sizes(), d, weight.device());
  if (!weight.is_meta() && r.numel()) {
    const Bags b = bags_of(weight, indices, offsets, 0, samples, include_last_offset, padding);
    Tensor g = kernel_data(grad, d);
    with_float(d, [&](auto t) {
      using T = decltype(t);
      const BagArgs<T> a = b.args<T>();
      const T* gp = g.ptr<T>();
      T* to = r.ptr<T>();
      ReleaseGil free(indices.numel() * weight.size(1));
      kernels<T>().sample_grads(a, gp, to);
    });
  }
  return without_derivative(cast(r, samples.dtype()), {grad, weight, samples}, "_embedding_bag_per_sample_weights_backward");
}

}  // namespace pl
