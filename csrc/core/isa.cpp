// Chooses the kernels for this CPU, once, when the library is loaded.
#include <cstdlib>
#include <cstring>
#include "core/error.h"
#include "cpu/kernels.h"

namespace pl {

#if defined(__x86_64__)
namespace avx2 { void fill_kernels(Kernels&); }
namespace avx512 { void fill_kernels(Kernels&); }
#elif defined(__aarch64__)
namespace neon { void fill_kernels(Kernels&); }
#endif

namespace {

Kernels kernels;
const char* chosen = nullptr;

#if defined(__x86_64__)
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"); }
bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd");
}

void choose() {
  __builtin_cpu_init();
  const char* wanted = std::getenv("PENLIGHT_ISA");
  PL_CHECK(!wanted || !std::strcmp(wanted, "avx2") || !std::strcmp(wanted, "avx512"),
           "PENLIGHT_ISA is '%s'; this build has avx2 and avx512", wanted);
  PL_CHECK(has_avx2(), "Penlight needs a CPU with AVX2 and FMA (any x86 CPU since 2013)");
  PL_CHECK(!wanted || std::strcmp(wanted, "avx512") || has_avx512(), "PENLIGHT_ISA=avx512, but this CPU lacks AVX-512");
  bool wide = wanted ? !std::strcmp(wanted, "avx512") : has_avx512();
  wide ? avx512::fill_kernels(kernels) : avx2::fill_kernels(kernels);
  chosen = wide ? "avx512" : "avx2";
}
#elif defined(__aarch64__)
void choose() {
  neon::fill_kernels(kernels);
  chosen = "neon";
}
#endif

}  // namespace

const Kernels& cpu() {
  if (__builtin_expect(!chosen, 0)) choose();
  return kernels;
}

const char* cpu_isa() { return cpu(), chosen; }

}  // namespace pl
