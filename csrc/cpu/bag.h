// Bags of rows of an embedding, reduced to one row each.
#pragma once
#include <cstdint>

namespace pl {

enum class BagMode : uint8_t { Sum, Mean, Max };

// Bag b holds the positions [offsets[b], offsets[b + 1]) of `indices`; those that name `padding` count for nothing.
template <class T> struct BagArgs {
  BagMode mode;
  int64_t bags, width, padding;
  const int64_t *indices, *offsets;
  const T* weight;               // rows of `width`
  const T* sample_weights;       // one for each position; null for ones
};

template <class T> struct BagFunctions {
  // `size`: the elements that count; `top`: with Max the row that each element came from, -1 for an empty bag.
  void (*forward)(const BagArgs<T>& a, T* out, int64_t* size, int64_t* top);
  // Adds the gradients of the columns [from, to) of all rows to `d_weight`; `share`: one over a row's frequency, null for one.
  void (*backward)(const BagArgs<T>& a, const T* grad, const int64_t* size, const int64_t* top, const T* share, int64_t from, int64_t to, T* d_weight);
  void (*sample_grads)(const BagArgs<T>& a, const T* grad, T* d_samples);
};

struct BagKernels {
  BagFunctions<float> f32;
  BagFunctions<double> f64;
};

}  // namespace pl
