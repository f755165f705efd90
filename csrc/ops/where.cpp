// torch.where: bytes are chosen, nothing is computed, so one kernel for each element size serves every dtype.
#include "cpu/kernels.h"
#include "ops/layout.h"
#include "ops/pointwise.h"

namespace pl {

Tensor where_select(const Tensor& condition, const Operand& self, const Operand& other) {
  DType d = result_type({In(self), In(other)});
  auto as_tensor = [&](const Operand& o) { return o.t ? cast(o.t, d) : scalar_tensor(o.s, d, condition.device()); };
  Tensor a = as_tensor(self), b = as_tensor(other);
  for (const Tensor* t : {&a, &b}) if (t->dim() > 0 || t->is_meta()) check_same_device(condition, *t);
  for (const Tensor* t : {&a, &b})
    PL_CHECK_AS(Runtime, t->device() == condition.device(), "device_mismatch",
                "Expected all tensors to be on the same device, but found at least two devices, %s and %s!",
                device_name(condition.device()).c_str(), device_name(t->device()).c_str());
  std::vector<int64_t> shape = broadcast_shapes(broadcast_shapes(condition.sizes(), a.sizes()), b.sizes());
  const TensorImpl* inputs[] = {condition.get(), a.get(), b.get()};
  Tensor out = empty_strided(shape, result_strides(shape, inputs, 3), d, condition.device());
  if (out.is_meta() || out.numel() == 0) return out;
  const TensorImpl* all[] = {out.get(), condition.get(), a.get(), b.get()};
  Loop loop;
  loop.build(shape, all, 4);
  auto select = cpu().index.select[size_class(itemsize(d))];
  int64_t step[4] = {0, 0, 0, 0};
  if (loop.ndim > 0) for (int k = 0; k < 4; ++k) step[k] = loop.strides[k][loop.ndim - 1];
  ReleaseGil free(out.numel());
  parallel_for(out.numel(), 16384, [&](int64_t begin, int64_t end) {
    loop.run(begin, end, [&](int64_t n, char* const* at) { select(n, at[0], step[0], at[1], step[1], at[2], step[2], at[3], step[3]); });
  });
  return out;
}

}  // namespace pl
