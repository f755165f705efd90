#include "cpu/rnn.h"
#include "math/math.h"

namespace pl {
namespace PL_ISA {
namespace {

template <class T> void lstm(int64_t batch, int64_t n, T* gates, const T* c_prev, T* c, T* h) {
  for (int64_t b = 0; b < batch; ++b, gates += 4 * n, c_prev += n, c += n, h += n) {
    T *gi = gates, *gf = gates + n, *gg = gates + 2 * n, *go = gates + 3 * n;
#pragma GCC ivdep
    for (int64_t k = 0; k < n; ++k) {
      T i = math::sigmoid(gi[k]), f = math::sigmoid(gf[k]), g = math::tanh(gg[k]), o = math::sigmoid(go[k]);
      T cell = f * c_prev[k] + i * g;
      gi[k] = i;
      gf[k] = f;
      gg[k] = g;
      go[k] = o;
      c[k] = cell;
      h[k] = o * math::tanh(cell);
    }
  }
}

template <class T>
void lstm_backward(int64_t batch, int64_t n, const T* gates, const T* c_prev, const T* c, const T* dh, T* dc, T* d_gates) {
  for (int64_t b = 0; b < batch; ++b, gates += 4 * n, d_gates += 4 * n, c_prev += n, c += n, dh += n, dc += n) {
    const T *gi = gates, *gf = gates + n, *gg = gates + 2 * n, *go = gates + 3 * n;
    T *di = d_gates, *df = d_gates + n, *dg = d_gates + 2 * n, *d_o = d_gates + 3 * n;
#pragma GCC ivdep
    for (int64_t k = 0; k < n; ++k) {
      const T i = gi[k], f = gf[k], g = gg[k], o = go[k], t = math::tanh(c[k]);
      const T d = dc[k] + dh[k] * o * (T(1) - t * t);
      d_o[k] = dh[k] * t * o * (T(1) - o);
      di[k] = d * g * i * (T(1) - i);
      df[k] = d * c_prev[k] * f * (T(1) - f);
      dg[k] = d * i * (T(1) - g * g);
      dc[k] = d * f;
    }
  }
}

template <class T> void gru(int64_t batch, int64_t n, T* x, const T* hh, const T* h_prev, T* h) {
  for (int64_t b = 0; b < batch; ++b, x += 3 * n, hh += 3 * n, h_prev += n, h += n) {
#pragma GCC ivdep
    for (int64_t k = 0; k < n; ++k) {
      T r = math::sigmoid(x[k] + hh[k]), z = math::sigmoid(x[n + k] + hh[n + k]);
      T a = math::tanh(x[2 * n + k] + r * hh[2 * n + k]);
      x[k] = r;
      x[n + k] = z;
      x[2 * n + k] = a;
      h[k] = a + z * (h_prev[k] - a);
    }
  }
}

template <class T>
void gru_backward(int64_t batch, int64_t n, const T* gates, const T* hh, const T* h_prev, T* dh, T* dx, T* dhh) {
  for (int64_t b = 0; b < batch; ++b, gates += 3 * n, hh += 3 * n, h_prev += n, dh += n, dx += 3 * n, dhh += 3 * n) {
#pragma GCC ivdep
    for (int64_t k = 0; k < n; ++k) {
      const T r = gates[k], z = gates[n + k], a = gates[2 * n + k], d = dh[k];
      const T da = d * (T(1) - z) * (T(1) - a * a);
      const T dz = d * (h_prev[k] - a) * z * (T(1) - z);
      const T dr = da * hh[2 * n + k] * r * (T(1) - r);
      dx[k] = dhh[k] = dr;
      dx[n + k] = dhh[n + k] = dz;
      dx[2 * n + k] = da;
      dhh[2 * n + k] = da * r;
      dh[k] = d * z;
    }
  }
}

template <class T> void activate_tanh(int64_t n, const T* x, T* h) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) h[i] = math::tanh(x[i]);
}

template <class T> void activate_relu(int64_t n, const T* x, T* h) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) h[i] = x[i] < T(0) ? T(0) : x[i];
}

template <class T> void tanh_backward(int64_t n, const T* h, const T* dh, T* dx) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) dx[i] = dh[i] * (T(1) - h[i] * h[i]);
}

template <class T> void relu_backward(int64_t n, const T* h, const T* dh, T* dx) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) dx[i] = h[i] > T(0) ? dh[i] : T(0);
}

template <class T> void add(int64_t n, const T* x, T* y) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

// Blocks of rows are summed on their own first, which keeps the rounding error of long sequences small.
template <class T> void column_sums(int64_t rows, int64_t cols, const T* x, T* sums) {
  constexpr int64_t kTile = 256, kBlock = 64;
  T part[kTile];
  for (int64_t j0 = 0; j0 < cols; j0 += kTile) {
    const int64_t w = cols - j0 < kTile ? cols - j0 : kTile;
    for (int64_t j = 0; j < w; ++j) sums[j0 + j] = 0;
    for (int64_t b = 0; b < rows; b += kBlock) {
      for (int64_t j = 0; j < w; ++j) part[j] = 0;
      for (int64_t i = b; i < rows && i < b + kBlock; ++i) add(w, x + i * cols + j0, part);
      add(w, part, sums + j0);
    }
  }
}

template <class T> void fill_cells(CellKernels<T>& k) {
  k.lstm = lstm<T>;
  k.lstm_backward = lstm_backward<T>;
  k.gru = gru<T>;
  k.gru_backward = gru_backward<T>;
  k.activate[0] = activate_tanh<T>;
  k.activate[1] = activate_relu<T>;
  k.activate_backward[0] = tanh_backward<T>;
  k.activate_backward[1] = relu_backward<T>;
  k.add = add<T>;
  k.column_sums = column_sums<T>;
}

}  // namespace

void fill_rnn(RnnKernels& k) {
  fill_cells(k.f32);
  fill_cells(k.f64);
}

}  // namespace PL_ISA
}  // namespace pl
