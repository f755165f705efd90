// The front of the fused optimizer steps: parameters, gradients and state as tensors, updated all at once.
#pragma once
#include "cpu/optim.h"
#include "ops/common.h"

namespace pl {

struct OptimSettings {
  OptimKind kind;
  double k[kOptimCoefficients];    // cpu/optim.h says what they are
};

// One parameter's part of a step. The state's tensors have the parameter's shape and dtype.
struct OptimItem {
  Tensor param;
  Tensor grad;
  Tensor state[3];
  int settings = 0;                // which of the settings given to the step applies
};

void optimizer_step(std::vector<OptimItem>& items, const std::vector<OptimSettings>& settings);

}  // namespace pl
