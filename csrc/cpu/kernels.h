// The table of CPU kernels. Each ISA's copy of csrc/cpu fills one; the one for this machine is chosen at import.
#pragma once
#include <cstdint>
#include "cpu/attention.h"
#include "cpu/bag.h"
#include "cpu/conv.h"
#include "cpu/copy.h"
#include "cpu/gemm.h"
#include "cpu/grid.h"
#include "cpu/loss.h"
#include "cpu/norm.h"
#include "cpu/pool.h"
#include "cpu/index.h"
#include "cpu/optim.h"
#include "cpu/random.h"
#include "cpu/reduce.h"
#include "cpu/resample.h"
#include "cpu/rnn.h"

namespace pl {

// out = ptr[0], inputs = ptr[1..]: contiguous arrays of n elements of the compute type; params: the call's numbers in it.
using PointwiseKernel = void (*)(int64_t n, char* const* ptr, const void* params);

struct Kernels {
  const PointwiseKernel (*pointwise)[4];   // [operator][compute type], nullptr where the operator lacks the type
  CopyKernels copy;
  GemmKernels gemm;
  ConvKernels conv;
  IndexKernels index;
  ReduceKernels reduce;
  RandomKernels random;
  RnnKernels rnn;
  LossKernels loss;
  NormKernels norm;
  PoolKernels pool;
  ResampleKernels resample;
  AttentionKernels attention;
  BagKernels bag;
  GridKernels grid;
  OptimKernels optim;
};

const Kernels& cpu();          // csrc/core/isa.cpp
const char* cpu_isa();         // "avx512"

}  // namespace pl
