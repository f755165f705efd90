#include "core/dtype.h"

namespace pl {

static DType current_default = DType::Float32;
DType default_dtype() { return current_default; }
void set_default_dtype(DType d) { current_default = d; }

DType complex_of(DType d) {
  return d == DType::Float64 || d == DType::Complex128 ? DType::Complex128 : DType::Complex64;
}

DType real_of(DType d) {
  return d == DType::Complex64 ? DType::Float32 : d == DType::Complex128 ? DType::Float64 : d;
}

static DType promote_integers(DType a, DType b) {
  if (a == DType::Bool) return b;
  if (b == DType::Bool) return a;
  bool sa = info(a).is_signed, sb = info(b).is_signed;
  if (sa == sb) return itemsize(a) >= itemsize(b) ? a : b;
  DType s = sa ? a : b, u = sa ? b : a;
  if (itemsize(s) > itemsize(u)) return s;
  // A signed type that holds every value of the unsigned one; PyTorch has no integer beyond int64.
  return itemsize(u) == 1 ? DType::Int16 : itemsize(u) == 2 ? DType::Int32 : DType::Int64;
}

DType promote(DType a, DType b) {
  if (a == b || b == DType::Undefined) return a;
  if (a == DType::Undefined) return b;
  int ca = category(a), cb = category(b);
  if (ca < 2 && cb < 2) return promote_integers(a, b);
  if (ca == 3 || cb == 3) {
    bool wide = a == DType::Complex128 || b == DType::Complex128 || a == DType::Float64 || b == DType::Float64;
    return wide ? DType::Complex128 : DType::Complex64;
  }
  if (ca != cb) return ca > cb ? a : b;
  if (itemsize(a) == itemsize(b)) return DType::Float32;  // float16 with bfloat16
  return itemsize(a) > itemsize(b) ? a : b;
}

}  // namespace pl
