// Fills this ISA's table of kernels.
#include "cpu/kernels.h"

namespace pl {
namespace PL_ISA {

void fill_copy(CopyKernels&);
void fill_gemm(GemmKernels&);
void fill_conv(ConvKernels&);
void fill_index(IndexKernels&);
void fill_reduce(ReduceKernels&);
void fill_random(RandomKernels&);
void fill_rnn(RnnKernels&);
void fill_loss(LossKernels&);
void fill_norm(NormKernels&);
void fill_pool(PoolKernels&);
void fill_resample(ResampleKernels&);
void fill_attention(AttentionKernels&);
void fill_bag(BagKernels&);
void fill_grid(GridKernels&);
void fill_optim(OptimKernels&);
extern const PointwiseKernel pointwise_table[][4];   // generated

void fill_kernels(Kernels& k) {
  k.pointwise = pointwise_table;
  fill_copy(k.copy);
  fill_gemm(k.gemm);
  fill_conv(k.conv);
  fill_index(k.index);
  fill_reduce(k.reduce);
  fill_random(k.random);
  fill_rnn(k.rnn);
  fill_loss(k.loss);
  fill_norm(k.norm);
  fill_pool(k.pool);
  fill_resample(k.resample);
  fill_attention(k.attention);
  fill_bag(k.bag);
  fill_grid(k.grid);
  fill_optim(k.optim);
}

}  // namespace PL_ISA
}  // namespace pl
