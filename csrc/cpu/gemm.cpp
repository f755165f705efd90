#include "cpu/gemm.h"

#include "cpu/gemm_core.h"

namespace pl {
namespace PL_ISA {
namespace {

// ---- one matrix product of floats or doubles ----

template <class T>
struct Product {
  int64_t m, n, k;
  Matrix<T> a, b;
  TileOutput<T> out;
};

template <class T>
PL_ALWAYS_INLINE T finish(T sum, const TileOutput<T>& out, int64_t i, int64_t j) {
  T x = sum * out.alpha;
  if (out.beta != T(0)) x += out.beta * out.c[i * out.c_rs + j];
  if (out.col_bias) x += out.col_bias[j];
  if (out.row_bias) x += out.row_bias[i];
  return x;
}

// ROWS x COLS dot products of contiguous vectors at once; the rest of k after whole vectors is read under a mask.
template <class T, int ROWS, int COLS>
PL_ALWAYS_INLINE void dot_tile(int64_t k, const T* a, int64_t a_rs, const T* b, int64_t b_cs, T (&result)[ROWS][COLS]) {
  constexpr int L = kLanes<T>;
  // Few products at once leave the adders idle for want of independent sums: then each has several.
  constexpr int CHAINS = ROWS * COLS == 1 ? 4 : ROWS * COLS <= 4 ? 2 : 1;
  Vec<T> sum[CHAINS][ROWS][COLS] = {};
  int64_t p = 0;
  for (; p + CHAINS * L <= k; p += CHAINS * L)
#pragma GCC unroll 4
    for (int s = 0; s < CHAINS; ++s)
#pragma GCC unroll 4
      for (int c = 0; c < COLS; ++c) {
        const Vec<T> y = load(b + c * b_cs + p + s * L);
#pragma GCC unroll 4
        for (int r = 0; r < ROWS; ++r) sum[s][r][c] += load(a + r * a_rs + p + s * L) * y;
      }
  for (; p < k; p += L) {
    const Lanes<T> lanes(smaller(k - p, L));
#pragma GCC unroll 4
    for (int c = 0; c < COLS; ++c) {
      const Vec<T> y = load(b + c * b_cs + p, lanes);
#pragma GCC unroll 4
      for (int r = 0; r < ROWS; ++r) sum[0][r][c] += load(a + r * a_rs + p, lanes) * y;
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < ROWS; ++r)
#pragma GCC unroll 4
    for (int c = 0; c < COLS; ++c) {
      Vec<T> x = sum[0][r][c];
      if constexpr (CHAINS == 2) x += sum[1][r][c];
      if constexpr (CHAINS == 4) x = (x + sum[1][r][c]) + (sum[2][r][c] + sum[3][r][c]);
      result[r][c] = horizontal_sum<T>(x);
    }
}

constexpr int kDotCols = 4, kDotRows = kVectorBytes == 32 ? 2 : 4;

template <class T, int ROWS, int COLS>
PL_ALWAYS_INLINE void write_dot_tile(const Product<T>& g, int64_t i, int64_t j) {
  T sum[ROWS][COLS];
  dot_tile<T, ROWS, COLS>(g.k, g.a.at(i, 0), g.a.rs, g.b.at(0, j), g.b.cs, sum);
  for (int r = 0; r < ROWS; ++r)
    for (int c = 0; c < COLS; ++c) g.out.c[(i + r) * g.out.c_rs + j + c] = finish(sum[r][c], g.out, i + r, j + c);
}

template <class T, int COLS>
PL_ALWAYS_INLINE void dot_strip(const Product<T>& g, Part part, int64_t j) {
  int64_t i = part.i0;
  for (; i + kDotRows <= part.i1; i += kDotRows) write_dot_tile<T, kDotRows, COLS>(g, i, j);
  for (; i < part.i1; ++i) write_dot_tile<T, 1, COLS>(g, i, j);
}

// k runs along memory in both factors: dot products at memory speed, without a transposed copy.
template <class T>
void multiply_dots(const Product<T>& g, Part part) {
  int64_t j = part.j0;
  for (; j + kDotCols <= part.j1; j += kDotCols) dot_strip<T, kDotCols>(g, part, j);
  for (; j < part.j1; ++j) dot_strip<T, 1>(g, part, j);
}

// Adds a combination of ROWS rows of B to the sums of one row of C. The rows to come are asked for early: the hardware
// prefetches along a row only.
template <class T, int ROWS>
PL_ALWAYS_INLINE void add_rows(const Product<T>& g, int64_t p, int64_t j, int64_t cols, T* sums) {
  Vec<T> x[ROWS];
#pragma GCC unroll 4
  for (int r = 0; r < ROWS; ++r) x[r] = splat(*g.a.at(0, p + r));
  const T* b = g.b.at(p, j);
  for (int64_t c = 0; c < cols; c += kLanes<T>) {
    const Lanes<T> lanes(smaller(cols - c, kLanes<T>));
    Vec<T> sum = load(sums + c);
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; ++r) {
      __builtin_prefetch(b + (r + 8) * g.b.rs + c, 0, 2);
      sum += x[r] * load(b + r * g.b.rs + c, lanes);
    }
    store(sums + c, sum);
  }
}

// One row of C: B is read row by row, in the order of memory, and the sums stay in the first-level cache.
template <class T>
void multiply_row(const Product<T>& g, Part part) {
  constexpr int64_t kCols = 4096 / sizeof(T), L = kLanes<T>;
  alignas(kVectorBytes) T sums[kCols];
  for (int64_t j = part.j0; j < part.j1; j += kCols) {
    const int64_t cols = smaller(kCols, part.j1 - j);
    for (int64_t c = 0; c < cols; c += L) store(sums + c, Vec<T>{});
    int64_t p = 0;
    for (; p + 4 <= g.k; p += 4) add_rows<T, 4>(g, p, j, cols, sums);
    for (; p < g.k; ++p) add_rows<T, 1>(g, p, j, cols, sums);
    for (int64_t c = 0; c < cols; c += L) {
      Vec<T> sum[1][1] = {{load(sums + c)}};
      write_tile<T, 1, 1>(sum, tile_output(g.out, 0, j + c, true, true), Lanes<T>(smaller(L, cols - c)));
    }
  }
}

template <class T>
void multiply_blocked(const Product<T>& g, Part part) {
  multiply_packed<T>(part, g.k, PackRows<T, T>{g.a}, PackCols<T, T>{g.b}, g.out);
}

template <class T>
void multiply_few_columns(const Product<T>& g, Part part) {
  multiply_panels<T>(part, g.k, RowsInPlace<T>{g.a}, PackCols<T, T>{g.b}, g.out);
}

template <class T>
void multiply_small(const Product<T>& g, Part part) {
  multiply_panels<T>(part, g.k, RowsInPlace<T>{g.a}, ColsInPlace<T>{g.b}, g.out);
}

template <class T>
using ProductFn = void (*)(const Product<T>&, Part);

// Depends on shape and strides only.
template <class T>
PL_ALWAYS_INLINE ProductFn<T> choose(const Product<T>& g) {
  constexpr int64_t L = kLanes<T>;
  const bool rows_of_b = g.b.cs == 1 || g.n == 1;
  const bool along_k = (g.a.cs == 1 || g.k == 1) && (g.b.rs == 1 || g.k == 1);
  if (g.k == 0) return multiply_small<T>;
  if (along_k && (g.n == 1 || (g.m <= 8 && !rows_of_b && (g.m == 1 || g.k >= 8 * L)))) return multiply_dots<T>;
  if (rows_of_b && g.m == 1) return multiply_row<T>;
  if (rows_of_b && (g.m <= 2 * kTileRows || g.n * g.k <= 64 * 128)) return multiply_small<T>;
  return g.n <= 2 * kTileCols<T> ? multiply_few_columns<T> : multiply_blocked<T>;
}

// ---- batches and threads ----

template <class T>
PL_ALWAYS_INLINE T* at_batch(const void* data, const int64_t (&strides)[2], int64_t outer, int64_t inner) {
  return static_cast<T*>(const_cast<void*>(data)) + outer * strides[0] + inner * strides[1];
}

// Calls run(a, b, c, part) for every part of every matrix of the batch. T is what C is computed in, m x n x k the
// product as it is computed.
template <class T, class S, class Run>
PL_ALWAYS_INLINE void for_each_matrix(const GemmArgs& g, int64_t m, int64_t n, int64_t k, Run run) {
  for_each_part<T>(g.batch[0] * g.batch[1], m, n, k, [&](int64_t index, Part part) {
    const int64_t outer = index == 0 ? 0 : index / g.batch[1], inner = index - outer * g.batch[1];
    run(at_batch<const S>(g.a, g.a_batch, outer, inner), at_batch<const S>(g.b, g.b_batch, outer, inner),
        at_batch<S>(g.c, g.c_batch, outer, inner), part);
  });
}

template <class T>
PL_ALWAYS_INLINE const T* col_bias(const GemmArgs& g) {
  return g.epilogue.bias_along_rows ? nullptr : static_cast<const T*>(g.epilogue.bias);
}
template <class T>
PL_ALWAYS_INLINE const T* row_bias(const GemmArgs& g) {
  return g.epilogue.bias_along_rows ? static_cast<const T*>(g.epilogue.bias) : nullptr;
}

template <class T>
PL_ALWAYS_INLINE T scalar(const GemmScalar& x) {
  if constexpr (T(1) / T(2) == T(0)) return T(x.integer);
  else return T(x.re);
}

// A column of C whose elements lie one after the other is a row of its transpose, which the kernels write whole.
PL_ALWAYS_INLINE bool is_column(const GemmArgs& g) { return g.n == 1 && g.m > 1 && (g.c_rs == 1) && g.a_cs != 1; }

GemmArgs transposed(const GemmArgs& g) {
  GemmArgs t = g;
  t.m = g.n, t.n = g.m, t.c_rs = g.m;
  t.a = g.b, t.a_rs = g.b_cs, t.a_cs = g.b_rs;
  t.b = g.a, t.b_rs = g.a_cs, t.b_cs = g.a_rs;
  for (int d = 0; d < 2; ++d) t.a_batch[d] = g.b_batch[d], t.b_batch[d] = g.a_batch[d];
  t.epilogue.bias_along_rows = !g.epilogue.bias_along_rows;
  return t;
}

template <class T>
void gemm_float(const GemmArgs& args) {
  if (is_column(args)) return gemm_float<T>(transposed(args));
  Product<T> shape{
      args.m,
      args.n,
      args.k,
      {nullptr, args.a_rs, args.a_cs},
      {nullptr, args.b_rs, args.b_cs},
      {nullptr, args.c_rs, scalar<T>(args.alpha), scalar<T>(args.beta), col_bias<T>(args), row_bias<T>(args)}};
  const ProductFn<T> multiply = choose(shape);
  for_each_matrix<T, T>(args, args.m, args.n, args.k, [&](const T* a, const T* b, T* c, Part part) {
    Product<T> g = shape;
    g.a.data = a, g.b.data = b, g.out.c = c;
    multiply(g, part);
  });
}

// ---- integers: the packed kernel in unsigned arithmetic, which wraps ----

template <class T>
void gemm_integer(const GemmArgs& args) {
  for_each_matrix<T, T>(args, args.m, args.n, args.k, [&](const T* a, const T* b, T* c, Part part) {
    const TileOutput<T> out{
        c, args.c_rs, scalar<T>(args.alpha), scalar<T>(args.beta), col_bias<T>(args), row_bias<T>(args)};
    multiply_packed<T>(part, args.k, PackRows<T, T>{{a, args.a_rs, args.a_cs}},
                       PackCols<T, T>{{b, args.b_rs, args.b_cs}}, out);
  });
}

// ---- types that are summed in another type than they are stored in ----

PL_ALWAYS_INLINE void narrow(Half& y, float x) { y = to_half(x); }
PL_ALWAYS_INLINE void narrow(BFloat16& y, float x) { y = to_bfloat16(x); }
PL_ALWAYS_INLINE void narrow(uint8_t& y, uint32_t x) { y = uint8_t(x); }
PL_ALWAYS_INLINE void narrow(uint16_t& y, uint32_t x) { y = uint16_t(x); }

// float16 and bfloat16 summed in float, bytes and shorts in 32 bits, whose low part wraps as theirs would.
template <class T, class S>
void gemm_narrow(const GemmArgs& args) {
  const T alpha = scalar<T>(args.alpha), beta = scalar<T>(args.beta);
  const S *bias_j = col_bias<S>(args), *bias_i = row_bias<S>(args);
  for_each_matrix<T, S>(args, args.m, args.n, args.k, [&](const S* a, const S* b, S* c, Part part) {
    const PackRows<T, S> pack_a{{a, args.a_rs, args.a_cs}};
    const PackCols<T, S> pack_b{{b, args.b_rs, args.b_cs}};
    const auto multiply = [&](Part block, const TileOutput<T>& out) {
      multiply_packed<T>(block, args.k, pack_a, pack_b, out);
    };
    multiply_staged<T>(part, multiply, [&](const T* sums, int64_t stride, Part block) {
      for (int64_t i = block.i0; i < block.i1; ++i, sums += stride) {
        S* row = c + i * args.c_rs + block.j0;
        for (int64_t j = 0; j < block.j1 - block.j0; ++j) {
          T x = sums[j] * alpha;
          if (beta != T(0)) x += beta * convert<T>(row[j]);
          if (bias_j) x += convert<T>(bias_j[block.j0 + j]);
          if (bias_i) x += convert<T>(bias_i[i]);
          narrow(row[j], x);
        }
      }
    });
  });
}

// A complex product is a real one of twice the size: each element a + bi of A stays the pair (a, b) along k, each c +
// di of B becomes the 2 x 2 block (c, d; -d, c), and C comes out as pairs.
template <class T>
struct PackComplexRows {
  Matrix<Complex<T>> a;
  void operator()(T* dst, int64_t i, int64_t rows, int64_t p, int64_t count) const {
    for (int64_t r = 0; r < rows; ++r) {
      const Complex<T>* src = a.at(i + r, p / 2);
      for (int64_t q = 0; q < count; q += 2, src += a.cs) {
        dst[q * kTileRows + r] = src->re;
        dst[(q + 1) * kTileRows + r] = src->im;
      }
    }
  }
};

template <class T>
struct PackComplexCols {
  Matrix<Complex<T>> b;
  void operator()(T* dst, int64_t p, int64_t count, int64_t j, int64_t cols) const {
    for (int64_t q = 0; q < count; q += 2, dst += 2 * kTileCols<T>) {
      const Complex<T>* src = b.at((p + q) / 2, j / 2);
      T* next = dst + kTileCols<T>;
      for (int64_t c = 0; c < kTileCols<T>; c += 2) {
        const bool inside = c < cols;
        const T re = inside ? src[c / 2 * b.cs].re : T(0), im = inside ? src[c / 2 * b.cs].im : T(0);
        dst[c] = re, dst[c + 1] = im;
        next[c] = -im, next[c + 1] = re;
      }
    }
  }
};

template <class T>
PL_ALWAYS_INLINE void add_product(Complex<T>& sum, T re, T im, Complex<T> x) {
  sum.re += re * x.re - im * x.im;
  sum.im += re * x.im + im * x.re;
}

template <class T>
void gemm_complex(const GemmArgs& args) {
  using C = Complex<T>;
  const T alpha = T(args.alpha.re), alpha_im = T(args.alpha.im), beta = T(args.beta.re), beta_im = T(args.beta.im);
  const C *bias_j = col_bias<C>(args), *bias_i = row_bias<C>(args);
  for_each_matrix<T, C>(args, args.m, 2 * args.n, 2 * args.k, [&](const C* a, const C* b, C* c, Part part) {
    const PackComplexRows<T> pack_a{{a, args.a_rs, args.a_cs}};
    const PackComplexCols<T> pack_b{{b, args.b_rs, args.b_cs}};
    const auto multiply = [&](Part block, const TileOutput<T>& out) {
      multiply_packed<T>(block, 2 * args.k, pack_a, pack_b, out);
    };
    multiply_staged<T>(part, multiply, [&](const T* sums, int64_t stride, Part block) {
      for (int64_t i = block.i0; i < block.i1; ++i, sums += stride)
        for (int64_t j = block.j0 / 2; j < block.j1 / 2; ++j) {
          C& element = c[i * args.c_rs + j];
          const C sum{sums[2 * j - block.j0], sums[2 * j - block.j0 + 1]};
          C x = sum;
          if (alpha != T(1) || alpha_im != T(0)) x = C{T(0), T(0)}, add_product(x, alpha, alpha_im, sum);
          if (beta != T(0) || beta_im != T(0)) add_product(x, beta, beta_im, element);
          if (bias_j) x.re += bias_j[j].re, x.im += bias_j[j].im;
          if (bias_i) x.re += bias_i[i].re, x.im += bias_i[i].im;
          element = x;
        }
    });
  });
}

// ---- dot products ----

template <class T>
T dot_piece(int64_t n, const T* x, int64_t x_stride, const T* y, int64_t y_stride) {
  if (x_stride == 1 && y_stride == 1) {
    T sum[1][1];
    dot_tile<T, 1, 1>(n, x, 0, y, 0, sum);
    return sum[0][0];
  }
  T sum[8] = {};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int s = 0; s < 8; ++s) sum[s] += x[(i + s) * x_stride] * y[(i + s) * y_stride];
  for (; i < n; ++i) sum[0] += x[i * x_stride] * y[i * y_stride];
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

// Long vectors are cut into at most 64 pieces, whose sums are added in order: the cut depends on n only.
template <class T>
T dot(int64_t n, const T* x, int64_t x_stride, const T* y, int64_t y_stride) {
  constexpr int64_t kPieces = 64, kShortest = 1 << 15;
  if (n <= kShortest) return dot_piece(n, x, x_stride, y, y_stride);
  const int64_t size = larger(kShortest, round_up((n + kPieces - 1) / kPieces, kLanes<T>)),
                pieces = (n + size - 1) / size;
  T sums[kPieces] = {};
  parallel_for(pieces, larger(1, 4 * kShortest / size), [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p)
      sums[p] =
          dot_piece(smaller(size, n - p * size), x + p * size * x_stride, x_stride, y + p * size * y_stride, y_stride);
  });
  T sum = sums[0];
  for (int64_t p = 1; p < pieces; ++p) sum += sums[p];
  return sum;
}

}  // namespace

void fill_gemm(GemmKernels& k) {
  k.f32 = gemm_float<float>;
  k.f64 = gemm_float<double>;
  k.f16 = gemm_narrow<float, Half>;
  k.bf16 = gemm_narrow<float, BFloat16>;
  k.i64 = gemm_integer<uint64_t>;
  k.i32 = gemm_integer<uint32_t>;
  k.i16 = gemm_narrow<uint32_t, uint16_t>;
  k.i8 = gemm_narrow<uint32_t, uint8_t>;
  k.c64 = gemm_complex<float>;
  k.c128 = gemm_complex<double>;
  k.dot_f32 = dot<float>;
  k.dot_f64 = dot<double>;
}

}  // namespace PL_ISA
}  // namespace pl
