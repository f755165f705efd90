// torch.where: bytes are chosen, nothing is computed, so one loop for each element size serves every dtype.
#include <cstring>
#include "ops/layout.h"
#include "ops/pointwise.h"

namespace pl {
namespace {

template <class T>
void choose(const Loop& loop, int64_t begin, int64_t end) {
  const int last = loop.ndim - 1;
  int64_t step[4] = {0, 0, 0, 0};
  for (int k = 0; k < 4; ++k) step[k] = last >= 0 ? loop.strides[k][last] : 0;
  bool dense = step[0] == int64_t(sizeof(T)) && step[1] == 1 && step[2] == int64_t(sizeof(T)) && step[3] == int64_t(sizeof(T));
  loop.run(begin, end, [&](int64_t n, char* const* at) {
    if (dense) {
      T* out = reinterpret_cast<T*>(at[0]);
      const uint8_t* c = reinterpret_cast<const uint8_t*>(at[1]);
      const T *a = reinterpret_cast<const T*>(at[2]), *b = reinterpret_cast<const T*>(at[3]);
      for (int64_t i = 0; i < n; ++i) out[i] = c[i] ? a[i] : b[i];
    } else {
      for (int64_t i = 0; i < n; ++i)
        std::memcpy(at[0] + i * step[0], at[1][i * step[1]] ? at[2] + i * step[2] : at[3] + i * step[3], sizeof(T));
    }
  });
}

struct Bytes16 { uint64_t lo, hi; };

}  // namespace

Tensor where_select(const Tensor& condition, const Operand& self, const Operand& other) {
  DType d = result_type({In(self), In(other)});
  Device device = self.t ? self.t.device() : other.t ? other.t.device() : condition.device();
  auto as_tensor = [&](const Operand& o) { return o.t ? cast(o.t, d) : scalar_tensor(o.s, d, device); };
  Tensor a = as_tensor(self), b = as_tensor(other);
  std::vector<int64_t> shape = broadcast_shapes(broadcast_shapes(condition.sizes(), a.sizes()), b.sizes());
  const TensorImpl* inputs[] = {condition.get(), a.get(), b.get()};
  Tensor out = empty_strided(shape, result_strides(shape, inputs, 3), d, condition.device());
  if (out.is_meta() || out.numel() == 0) return out;
  const TensorImpl* all[] = {out.get(), condition.get(), a.get(), b.get()};
  Loop loop;
  loop.build(shape, all, 4);
  int64_t n = out.numel(), size = itemsize(d);
  ReleaseGil free(n);
  parallel_for(n, 65536, [&](int64_t begin, int64_t end) {
    switch (size) {
      case 1: return choose<uint8_t>(loop, begin, end);
      case 2: return choose<uint16_t>(loop, begin, end);
      case 4: return choose<uint32_t>(loop, begin, end);
      case 8: return choose<uint64_t>(loop, begin, end);
      default: return choose<Bytes16>(loop, begin, end);
    }
  });
  return out;
}

}  // namespace pl
