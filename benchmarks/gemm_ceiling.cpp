// How close matrix multiplication comes to what the CPU can do. Prints, for each instruction set, the rate of
// multiply-adds that never leave registers, then GFLOP/s (or GB/s, for the shapes bound by memory) of the GEMM kernels
// on one thread and on all.
//
//   gemm_ceiling [avx2|avx512] [m n k [tA] [tB]]
//
// Links csrc/cpu/gemm.cpp compiled for both instruction sets, csrc/core/parallel.cpp and csrc/core/error.cpp.
#include <immintrin.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/parallel.h"
#include "cpu/gemm.h"

namespace {

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// The least time of a call, over rounds that last some 20 ms each.
template <class F>
double best_time(F&& f) {
  f();
  double t = seconds();
  f();
  const int calls = 1 + int(0.02 / (seconds() - t + 1e-9));
  double best = 1e9;
  for (int round = 0; round < 10; ++round) {
    t = seconds();
    for (int i = 0; i < calls; ++i) f();
    t = (seconds() - t) / calls;
    if (t < best) best = t;
  }
  return best;
}

constexpr int kSteps = 100000, kChains = 12;  // two units of latency 4 need 8 independent sums; 12 leave some slack

__attribute__((target("avx512f"))) float fma_avx512() {
  __m512 sum[kChains], x = _mm512_set1_ps(1e-9f);
  for (auto& s : sum) s = _mm512_set1_ps(1);
  for (int i = 0; i < kSteps; ++i) {
#pragma GCC unroll 12
    for (auto& s : sum) s = _mm512_fmadd_ps(s, x, x);
    asm volatile("" : "+v"(x));
  }
  for (int i = 1; i < kChains; ++i) sum[0] = _mm512_add_ps(sum[0], sum[i]);
  return _mm512_cvtss_f32(sum[0]);
}

__attribute__((target("avx2,fma"))) float fma_avx2() {
  __m256 sum[kChains], x = _mm256_set1_ps(1e-9f);
  for (auto& s : sum) s = _mm256_set1_ps(1);
  for (int i = 0; i < kSteps; ++i) {
#pragma GCC unroll 12
    for (auto& s : sum) s = _mm256_fmadd_ps(s, x, x);
    asm volatile("" : "+x"(x));
  }
  for (int i = 1; i < kChains; ++i) sum[0] = _mm256_add_ps(sum[0], sum[i]);
  return _mm256_cvtss_f32(sum[0]);
}

struct Shape {
  int64_t m, n, k;
  bool ta, tb;
};

constexpr Shape kShapes[] = {
    {1, 32, 1, false, true},         {1, 64, 32, false, true},         {629, 64, 32, false, true},
    {629, 64, 32, false, false},     {629, 32, 64, false, true},       {32, 64, 629, true, false},
    {32, 32, 32, false, false},      {64, 64, 64, false, false},       {64, 64, 64, false, true},
    {128, 128, 128, false, false},   {128, 128, 128, false, true},     {256, 256, 256, false, false},
    {512, 512, 512, false, false},   {1024, 1024, 1024, false, false}, {1024, 1024, 1024, true, false},
    {1024, 1024, 1024, false, true}, {2048, 2048, 2048, false, false}, {64, 512, 784, false, false},
    {64, 512, 784, false, true},     {1, 4096, 4096, false, false},    {1, 4096, 4096, false, true},
    {4096, 1, 4096, false, false},   {4096, 1, 4096, true, false},     {8, 2048, 2048, false, true},
    {8, 2048, 2048, false, false},   {32, 2048, 2048, false, true},    {4096, 4096, 64, false, false},
    {512, 3072, 768, false, true},   {1000, 10, 64, false, true},      {64, 10, 1000, true, false}};

template <class T>
void measure(pl::GemmKernels::Gemm gemm, const char* type, const Shape& s) {
  std::vector<T> a(size_t(s.m * s.k), T(1)), b(size_t(s.k * s.n), T(1)), c(size_t(s.m * s.n));
  pl::GemmArgs g;
  g.m = s.m, g.n = s.n, g.k = s.k;
  g.a = a.data(), g.a_rs = s.ta ? 1 : s.k, g.a_cs = s.ta ? s.m : 1;
  g.b = b.data(), g.b_rs = s.tb ? 1 : s.n, g.b_cs = s.tb ? s.k : 1;
  g.c = c.data(), g.c_rs = s.n;
  const double flops = 2.0 * double(s.m) * double(s.n) * double(s.k);
  const double bytes = double(sizeof(T)) * double(a.size() + b.size() + c.size());
  std::printf("  %s %5ld x%5ld x%5ld %s%s", type, long(s.m), long(s.n), long(s.k), s.ta ? "tA" : "  ",
              s.tb ? "tB" : "  ");
  const int all = pl::num_threads();
  for (int threads = 1; threads <= all; threads += all > 1 ? all - 1 : 1) {
    pl::set_num_threads(threads);
    const double t = best_time([&] { gemm(g); });
    std::printf("  | %d threads %9.2f us %7.1f GFLOP/s %6.1f GB/s", threads, t * 1e6, flops / t * 1e-9,
                bytes / t * 1e-9);
  }
  pl::set_num_threads(all);
  std::printf("\n");
}

void run(const char* isa, void (*fill)(pl::GemmKernels&), float (*fma)(), int lanes, int argc, char** argv) {
  volatile float sink = 0;
  const double t = best_time([&] { sink = fma(); });
  std::printf("%s: registers only, float: %.1f GFLOP/s\n", isa, 2.0 * kSteps * kChains * lanes / t * 1e-9);
  pl::GemmKernels kernels;
  fill(kernels);
  if (argc > 4) {
    Shape s{std::atol(argv[2]), std::atol(argv[3]), std::atol(argv[4]), false, false};
    for (int i = 5; i < argc; ++i) (std::strcmp(argv[i], "tA") == 0 ? s.ta : s.tb) = true;
    measure<float>(kernels.f32, "f32", s);
    return;
  }
  for (const Shape& s : kShapes) measure<float>(kernels.f32, "f32", s);
  const Shape cube{1024, 1024, 1024, false, false};
  measure<double>(kernels.f64, "f64 ", cube);
  measure<uint16_t>(kernels.bf16, "bf16", cube);
  measure<uint16_t>(kernels.f16, "f16 ", cube);
  measure<int64_t>(kernels.i64, "i64 ", {512, 512, 512, false, false});
}

}  // namespace

int main(int argc, char** argv) {
  const char* only = argc > 1 ? argv[1] : "";
  if (std::strcmp(only, "avx2") != 0 && __builtin_cpu_supports("avx512f"))
    run("avx512", pl::avx512::fill_gemm, fma_avx512, 16, argc, argv);
  if (std::strcmp(only, "avx512") != 0) run("avx2", pl::avx2::fill_gemm, fma_avx2, 8, argc, argv);
  return 0;
}
