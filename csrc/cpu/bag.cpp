#include "cpu/bag.h"
#include "cpu/lanes.h"

namespace pl {
namespace PL_ISA {
namespace {

// The first row that counts is copied, so that a bag of NaN or -inf keeps them.
template <class T> void largest_row(const BagArgs<T>& a, int64_t b, T* out, int64_t* size, int64_t* top) {
  for (int64_t p = a.offsets[b]; p < a.offsets[b + 1]; ++p) {
    const int64_t row = a.indices[p];
    if (row == a.padding) continue;
    const T* w = a.weight + row * a.width;
    for (int64_t j = 0; j < a.width; ++j)
      if (*size == 0 || w[j] > out[j]) out[j] = w[j], top[j] = row;
    ++*size;
  }
}

template <class T> void forward(const BagArgs<T>& a, T* out, int64_t* size, int64_t* top) {
  for (int64_t b = 0; b < a.bags; ++b, out += a.width) {
    for (int64_t j = 0; j < a.width; ++j) out[j] = T(0);
    size[b] = 0;
    if (a.mode == BagMode::Max) {
      int64_t* from = top + b * a.width;
      for (int64_t j = 0; j < a.width; ++j) from[j] = -1;
      largest_row(a, b, out, size + b, from);
      continue;
    }
    for (int64_t p = a.offsets[b]; p < a.offsets[b + 1]; ++p) {
      if (a.indices[p] == a.padding) continue;
      const T s = a.sample_weights ? a.sample_weights[p] : T(1);
      map_row(a.width, out, [s](T o, T w) { return o + s * w; }, static_cast<const T*>(out), a.weight + a.indices[p] * a.width);
      ++size[b];
    }
    if (a.mode == BagMode::Mean && size[b] > 1) {
      const T n = T(size[b]);
      map_row(a.width, out, [n](T o) { return o / n; }, static_cast<const T*>(out));
    }
  }
}

template <class T>
void backward(const BagArgs<T>& a, const T* grad, const int64_t* size, const int64_t* top, const T* share, int64_t from, int64_t to, T* d_weight) {
  for (int64_t b = 0; b < a.bags; ++b, grad += a.width) {
    if (a.mode == BagMode::Max) {
      for (int64_t j = from; j < to; ++j)
        if (top[b * a.width + j] >= 0) d_weight[top[b * a.width + j] * a.width + j] += grad[j];
      continue;
    }
    for (int64_t p = a.offsets[b]; p < a.offsets[b + 1]; ++p) {
      const int64_t row = a.indices[p];
      if (row == a.padding) continue;
      T s = a.sample_weights ? a.sample_weights[p] : T(1);
      if (a.mode == BagMode::Mean) s /= T(size[b]);
      if (share) s *= share[row];
      T* to_row = d_weight + row * a.width;
      for (int64_t j = from; j < to; ++j) to_row[j] += s * grad[j];
    }
  }
}

template <class T> void sample_grads(const BagArgs<T>& a, const T* grad, T* d_samples) {
  for (int64_t b = 0; b < a.bags; ++b, grad += a.width)
    for (int64_t p = a.offsets[b]; p < a.offsets[b + 1]; ++p) {
      if (a.indices[p] == a.padding) continue;
      const T* w = a.weight + a.indices[p] * a.width;
      T sum = 0;
      for (int64_t j = 0; j < a.width; ++j) sum += grad[j] * w[j];
      d_samples[p] = sum;
    }
}

}  // namespace

void fill_bag(BagKernels& k) {
  k.f32 = {forward<float>, backward<float>, sample_grads<float>};
  k.f64 = {forward<double>, backward<double>, sample_grads<double>};
}

}  // namespace PL_ISA
}  // namespace pl
