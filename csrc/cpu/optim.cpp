// Optimizer steps in one pass over memory. Half-width types compute in float; the order of operations is PyTorch's, so that
// float32 results agree to rounding.
#include "cpu/optim.h"
#include "core/dtype.h"

namespace pl {
namespace PL_ISA {
namespace {

PL_ALWAYS_INLINE float read(float x) { return x; }
PL_ALWAYS_INLINE double read(double x) { return x; }
PL_ALWAYS_INLINE float read(Half x) { return to_float(x); }
PL_ALWAYS_INLINE float read(BFloat16 x) { return to_float(x); }

PL_ALWAYS_INLINE void write(float& to, float x) { to = x; }
PL_ALWAYS_INLINE void write(double& to, double x) { to = x; }
PL_ALWAYS_INLINE void write(Half& to, float x) { to = to_half(x); }
PL_ALWAYS_INLINE void write(BFloat16& to, float x) { to = to_bfloat16(x); }

PL_ALWAYS_INLINE float root(float x) { return __builtin_sqrtf(x); }
PL_ALWAYS_INLINE double root(double x) { return __builtin_sqrt(x); }
PL_ALWAYS_INLINE float absolute(float x) { return __builtin_fabsf(x); }
PL_ALWAYS_INLINE double absolute(double x) { return __builtin_fabs(x); }
template <class T> PL_ALWAYS_INLINE T larger(T a, T b) { return a > b || a != a ? a : b; }   // NaN wins, as in torch.maximum
template <class T> PL_ALWAYS_INLINE T sign_of(T x) { return x > 0 ? T(1) : x < 0 ? T(-1) : T(0); }

// The gradient with its sign and weight decay. Without decay an infinite parameter must not make it NaN.
template <class T> PL_ALWAYS_INLINE T gradient(T g, T p, const T* k) { return k[1] != 0 ? k[0] * g + k[1] * p : k[0] * g; }

// ---- one element: p and the state s change; k as the header says ----
template <int kind> struct Sgd {   // 0 no momentum, 1 the first step, 2 later ones
  static constexpr int kStates = kind != 0;
  template <class T> static PL_ALWAYS_INLINE void apply(T& p, T grad, T* s, const T* k) {
    const T g = gradient(grad, p, k);
    T v = g;
    if constexpr (kind != 0) {
      s[0] = kind == 1 ? g : k[3] * s[0] + (1 - k[4]) * g;
      v = k[5] != 0 ? g + k[3] * s[0] : s[0];
    }
    p -= k[2] * v;
  }
};

template <bool amsgrad> struct Adam {
  static constexpr int kStates = amsgrad ? 3 : 2;
  template <class T> static PL_ALWAYS_INLINE void apply(T& p, T grad, T* s, const T* k) {
    const T g = gradient(grad, p, k);
    s[0] += k[5] * (g - s[0]);
    s[1] = k[6] * s[1] + k[7] * g * g;
    T square = s[1];
    if constexpr (amsgrad) square = s[2] = larger(s[2], s[1]);
    p = p * k[2] - k[3] * s[0] / (root(square) / k[4] + k[8]);
  }
};

struct Adadelta {
  static constexpr int kStates = 2;
  template <class T> static PL_ALWAYS_INLINE void apply(T& p, T grad, T* s, const T* k) {
    const T g = gradient(grad, p, k);
    s[0] = k[3] * s[0] + k[4] * g * g;
    const T delta = root(s[1] + k[5]) / root(s[0] + k[5]) * g;
    s[1] = k[3] * s[1] + k[4] * delta * delta;
    p -= k[2] * delta;
  }
};

struct Adagrad {
  static constexpr int kStates = 1;
  template <class T> static PL_ALWAYS_INLINE void apply(T& p, T grad, T* s, const T* k) {
    const T g = gradient(grad, p, k);
    s[0] += g * g;
    p -= k[2] * g / (root(s[0]) + k[3]);
  }
};

template <bool momentum, bool centered> struct Rmsprop {
  static constexpr int kStates = 1 + momentum + centered;
  template <class T> static PL_ALWAYS_INLINE void apply(T& p, T grad, T* s, const T* k) {
    const T g = gradient(grad, p, k);
    s[0] = k[3] * s[0] + k[4] * g * g;
    T square = s[0];
    if constexpr (centered) {
      T& mean = s[1 + momentum];
      mean += k[4] * (g - mean);
      square -= mean * mean;
    }
    const T step = g / (root(square) + k[5]);
    if constexpr (momentum) {
      s[1] = k[6] * s[1] + step;
      p -= k[2] * s[1];
    } else {
      p -= k[2] * step;
    }
  }
};

struct Adamax {
  static constexpr int kStates = 2;
  template <class T> static PL_ALWAYS_INLINE void apply(T& p, T grad, T* s, const T* k) {
    const T g = gradient(grad, p, k);
    s[0] += k[3] * (g - s[0]);
    s[1] = larger(k[4] * s[1], absolute(g) + k[5]);
    p -= k[2] * s[0] / s[1];
  }
};

struct Nadam {
  static constexpr int kStates = 2;
  template <class T> static PL_ALWAYS_INLINE void apply(T& p, T grad, T* s, const T* k) {
    const T g = gradient(grad, p, k);
    s[0] += k[6] * (g - s[0]);
    s[1] = k[7] * s[1] + k[8] * g * g;
    const T scale = root(s[1] / k[5]) + k[9];
    p = p * k[2] - k[3] * g / scale;
    p -= k[4] * s[0] / scale;
  }
};

struct Radam {
  static constexpr int kStates = 2;
  template <class T> static PL_ALWAYS_INLINE void apply(T& p, T grad, T* s, const T* k) {
    const T g = gradient(grad, p, k);
    s[0] += k[5] * (g - s[0]);
    s[1] = k[6] * s[1] + k[7] * g * g;
    const T step = k[3] * s[0];
    p = p * k[2] - (k[4] != 0 ? step * k[4] / (root(s[1]) + k[8]) : step);
  }
};

struct Rprop {
  static constexpr int kStates = 2;
  template <class T> static PL_ALWAYS_INLINE void apply(T& p, T grad, T* s, const T* k) {
    const T signed_grad = k[0] * grad, agreement = signed_grad * s[0];
    const T factor = agreement > 0 ? k[4] : agreement < 0 ? k[3] : T(1);
    const T size = s[1] * factor, above = size < k[1] ? k[1] : size;
    s[1] = above > k[2] ? k[2] : above;
    s[0] = agreement < 0 ? T(0) : signed_grad;
    p -= sign_of(s[0]) * s[1];
  }
};

struct Asgd {
  static constexpr int kStates = 1;
  template <class T> static PL_ALWAYS_INLINE void apply(T& p, T grad, T* s, const T* k) {
    const T g = gradient(grad, p, k);
    p = p * k[2] - k[3] * g;
    s[0] = k[4] == 1 ? p : s[0] + (p - s[0]) * k[4];
  }
};

// ---- all elements ----
template <class F, class E> void loop(int64_t n, void* param, const void* grad, void* const* state, const double* coefficients) {
  using T = decltype(read(E()));
  T k[kOptimCoefficients];
  for (int i = 0; i < kOptimCoefficients; ++i) k[i] = T(coefficients[i]);
  E* __restrict p = static_cast<E*>(param);
  const E* __restrict g = static_cast<const E*>(grad);
  E* __restrict s0 = F::kStates > 0 ? static_cast<E*>(state[0]) : nullptr;
  E* __restrict s1 = F::kStates > 1 ? static_cast<E*>(state[1]) : nullptr;
  E* __restrict s2 = F::kStates > 2 ? static_cast<E*>(state[2]) : nullptr;
  for (int64_t i = 0; i < n; ++i) {
    T x = read(p[i]), s[3];
    if constexpr (F::kStates > 0) s[0] = read(s0[i]);
    if constexpr (F::kStates > 1) s[1] = read(s1[i]);
    if constexpr (F::kStates > 2) s[2] = read(s2[i]);
    F::apply(x, T(read(g[i])), s, k);
    write(p[i], x);
    if constexpr (F::kStates > 0) write(s0[i], s[0]);
    if constexpr (F::kStates > 1) write(s1[i], s[1]);
    if constexpr (F::kStates > 2) write(s2[i], s[2]);
  }
}

template <class F> void add(OptimKernels& kernels, OptimKind kind) {
  auto& step = kernels.step[int(kind)];
  step[kOptimF32] = loop<F, float>;
  step[kOptimF64] = loop<F, double>;
  step[kOptimF16] = loop<F, Half>;
  step[kOptimBF16] = loop<F, BFloat16>;
  kernels.states[int(kind)] = F::kStates;
}

}  // namespace

void fill_optim(OptimKernels& k) {
  add<Sgd<0>>(k, OptimKind::Sgd);
  add<Sgd<1>>(k, OptimKind::SgdFirst);
  add<Sgd<2>>(k, OptimKind::SgdMomentum);
  add<Adam<false>>(k, OptimKind::Adam);
  add<Adam<true>>(k, OptimKind::Amsgrad);
  add<Adadelta>(k, OptimKind::Adadelta);
  add<Adagrad>(k, OptimKind::Adagrad);
  add<Rmsprop<false, false>>(k, OptimKind::Rmsprop);
  add<Rmsprop<true, false>>(k, OptimKind::RmspropMomentum);
  add<Rmsprop<false, true>>(k, OptimKind::RmspropCentered);
  add<Rmsprop<true, true>>(k, OptimKind::RmspropCenteredMomentum);
  add<Adamax>(k, OptimKind::Adamax);
  add<Nadam>(k, OptimKind::Nadam);
  add<Radam>(k, OptimKind::Radam);
  add<Rprop>(k, OptimKind::Rprop);
  add<Asgd>(k, OptimKind::Asgd);
}

}  // namespace PL_ISA
}  // namespace pl
