#include "cpu/attention.h"
#include "cpu/lanes.h"

namespace pl {
namespace PL_ISA {
namespace {

constexpr int64_t kChunk = 1024;     // elements summed in the element's own precision

// Adds the mask and gives the number of columns that row i sees.
template <class T> PL_ALWAYS_INLINE int64_t masked_row(const ScoreTile<T>& t, int64_t i) {
  T* s = t.scores + i * t.cols;
  const int64_t seen = t.visible + i, n = seen < 0 ? 0 : seen < t.cols ? seen : t.cols;
  if (t.mask) {
    const T* m = t.mask + i * t.mask_row;
    if (t.mask_col == 1)
      for (int64_t j = 0; j < n; ++j) s[j] += m[j];
    else
      for (int64_t j = 0; j < n; ++j) s[j] += m[j * t.mask_col];
  }
  for (int64_t j = n; j < t.cols; ++j) s[j] = T(0);
  return n;
}

template <class T> void weigh(const ScoreTile<T>& t, T* top, T* sum, T* out, int64_t width) {
  const ExtremeOf<T, true> larger;
  for (int64_t i = 0; i < t.rows; ++i) {
    const int64_t n = masked_row(t, i);
    T *s = t.scores + i * t.cols, best = out ? top[i] : lowest<T>();
    for (int64_t b = 0; b < n; b += kChunk) best = larger.join(best, fold_chunk(larger, s + b, n - b < kChunk ? n - b : kChunk));
    // A row of -inf only, which sees nothing, keeps finite arithmetic: its weights are zero.
    const T shift = best == lowest<T>() ? T(0) : best;
    const T kept = out ? exp_of_negative(top[i] - shift) : T(0);
    map_row(n, s, [shift](T v) { return exp_of_negative(v - shift); }, s);
    double total = 0;
    for (int64_t b = 0; b < n; b += kChunk) total += double(fold_chunk(SumOf<T>(), s + b, n - b < kChunk ? n - b : kChunk));
    sum[i] = T(out ? double(sum[i]) * double(kept) + total : total);
    top[i] = best;
    if (out && kept != T(1)) map_row(width, out + i * width, [kept](T v) { return v * kept; }, out + i * width);
  }
}

template <class T> void finish(int64_t rows, int64_t width, const T* top, const T* sum, T* out, T* log_sum) {
  for (int64_t i = 0; i < rows; ++i) {
    const bool nothing = sum[i] == T(0);
    const T scale = nothing ? T(0) : T(1) / sum[i];
    T* o = out + i * width;
    map_row(width, o, [scale](T v) { return v * scale; }, o);
    if (log_sum) log_sum[i] = nothing ? math::infinity<T>() : top[i] + math::log(sum[i]);
  }
}

template <class T> void weigh_again(const ScoreTile<T>& t, const T* log_sum) {
  for (int64_t i = 0; i < t.rows; ++i) {
    const int64_t n = masked_row(t, i);
    T* s = t.scores + i * t.cols;
    const T shift = log_sum[i];
    map_row(n, s, [shift](T v) { return exp_of_negative(v - shift); }, s);
  }
}

template <class T> void score_grads(int64_t rows, int64_t cols, const T* weights, const T* offset, T* grad) {
  for (int64_t i = 0; i < rows; ++i) {
    const T o = offset[i];
    map_row(cols, grad + i * cols, [o](T w, T g) { return w * (g - o); }, weights + i * cols, grad + i * cols);
  }
}

}  // namespace

void fill_attention(AttentionKernels& k) {
  k.f32 = {weigh<float>, finish<float>, weigh_again<float>, score_grads<float>};
  k.f64 = {weigh<double>, finish<double>, weigh_again<double>, score_grads<double>};
}

}  // namespace PL_ISA
}  // namespace pl
