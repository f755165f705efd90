// Attention, a tile of the score matrix at a time: what happens between the two matrix products of a tile.
#pragma once
#include <cstdint>

namespace pl {

// Scores of some queries (rows) and some keys (columns).
template <class T> struct ScoreTile {
  T* scores;
  int64_t rows, cols;            // contiguous
  const T* mask;                 // added to the scores; null for none
  int64_t mask_row, mask_col;    // its strides
  int64_t visible;               // row i sees the first `visible + i` columns
};

template <class T> struct AttentionFunctions {
  // Scores become exp(score - top). `top` and `sum` are each row's largest score and sum of weights over the tiles so far; `out` holds
  // rows of `width` sums that belong to the old `top` and are scaled to the new one (null at the first tile).
  void (*weigh)(const ScoreTile<T>& t, T* top, T* sum, T* out, int64_t width);
  // Divides by the sums of weights and gives the logarithm of the sums of exp(score); rows that saw nothing are zero.
  void (*finish)(int64_t rows, int64_t width, const T* top, const T* sum, T* out, T* log_sum);
  // Scores become the final weights again.
  void (*weigh_again)(const ScoreTile<T>& t, const T* log_sum);
  // grad = weights * (grad - offset of its row): the gradient of scores from that of the weights.
  void (*score_grads)(int64_t rows, int64_t cols, const T* weights, const T* offset, T* grad);
};

struct AttentionKernels {
  AttentionFunctions<float> f32;
  AttentionFunctions<double> f64;
};

}  // namespace pl
