// The pointwise part of recurrent cells, fused: what stands between two matrix products of a step.
#pragma once
#include <cstdint>

namespace pl {

template <class T> struct CellKernels {
  // LSTM, batch x hidden. gates: batch x 4 hidden, pre-activations in the order i, f, g, o; activated in place. c_prev -> c, h.
  void (*lstm)(int64_t batch, int64_t hidden, T* gates, const T* c_prev, T* c, T* h);
  // dh: gradient of h; dc: gradient of c, replaced by that of c_prev; d_gates: gradient of the pre-activations.
  void (*lstm_backward)(int64_t batch, int64_t hidden, const T* gates, const T* c_prev, const T* c, const T* dh, T* dc, T* d_gates);
  // GRU. x: batch x 3 hidden from the input (r, z, n), hh: batch x 3 hidden from h_prev, biases added. x is replaced by the activated r, z, n.
  void (*gru)(int64_t batch, int64_t hidden, T* x, const T* hh, const T* h_prev, T* h);
  // dh: gradient of h, replaced by the direct part of h_prev's; gates: r, z, n; dx and dhh: gradients of x and hh.
  void (*gru_backward)(int64_t batch, int64_t hidden, const T* gates, const T* hh, const T* h_prev, T* dh, T* dx, T* dhh);
  // A plain RNN: h = tanh(x), or max(x, 0). Backward: from h and its gradient that of x.
  void (*activate[2])(int64_t n, const T* x, T* h);          // [tanh, relu]
  void (*activate_backward[2])(int64_t n, const T* h, const T* dh, T* dx);
  void (*add)(int64_t n, const T* x, T* y);                  // y += x
  void (*column_sums)(int64_t rows, int64_t cols, const T* x, T* sums);
};

struct RnnKernels {
  CellKernels<float> f32;
  CellKernels<double> f64;
};

}  // namespace pl
