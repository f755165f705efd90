// Optimizer steps: a kernel updates the n elements of one parameter and of the state that belongs to it. All arrays are
// contiguous in the same order and of the same element type.
#pragma once
#include <cstdint>

namespace pl {

// What each kernel's `k` holds. `sign` is 1, or -1 to climb; `decay` times the parameter is added to the gradient; `shrink`
// multiplies the parameter before the step (1 for none).
enum class OptimKind : uint8_t {
  // sign, decay, lr, momentum, dampening, nesterov (0 or 1); state: the momentum buffer
  Sgd, SgdFirst, SgdMomentum,
  // sign, decay, shrink, lr / (1 - beta1^t), sqrt(1 - beta2^t), 1 - beta1, beta2, 1 - beta2, eps; state: exp_avg, exp_avg_sq
  Adam, Amsgrad,                  // and max_exp_avg_sq
  // sign, decay, lr, rho, 1 - rho, eps; state: square_avg, acc_delta
  Adadelta,
  // sign, decay, lr / (1 + (t - 1) lr_decay), eps; state: sum
  Adagrad,
  // sign, decay, lr, alpha, 1 - alpha, eps, momentum; state: square_avg, then momentum_buffer, then grad_avg
  Rmsprop, RmspropMomentum, RmspropCentered, RmspropCenteredMomentum,
  // sign, decay, lr / (1 - beta1^t), 1 - beta1, beta2, eps; state: exp_avg, exp_inf
  Adamax,
  // sign, decay, shrink, lr (1 - mu) / (1 - mu product), lr mu_next / (1 - mu product mu_next), 1 - beta2^t, 1 - beta1, beta2,
  // 1 - beta2, eps; state: exp_avg, exp_avg_sq
  Nadam,
  // sign, decay, shrink, lr / (1 - beta1^t), rectification sqrt(1 - beta2^t) or 0 for none, 1 - beta1, beta2, 1 - beta2, eps;
  // state: exp_avg, exp_avg_sq
  Radam,
  // sign, least and largest step size, etaminus, etaplus; state: prev, step_size
  Rprop,
  // sign, decay, 1 - lambd eta, eta, mu; state: ax
  Asgd,
  Count
};
constexpr int kOptimKinds = int(OptimKind::Count);
constexpr int kOptimCoefficients = 10;

enum OptimType { kOptimF32, kOptimF64, kOptimF16, kOptimBF16, kOptimTypes };

using OptimKernel = void (*)(int64_t n, void* param, const void* grad, void* const* state, const double* k);

struct OptimKernels {
  OptimKernel step[kOptimKinds][kOptimTypes];
  int states[kOptimKinds];      // how many state arrays each has
};

}  // namespace pl
