// The loops around compute_tile: cache blocks, packing, and the cut into tasks for threads.
#pragma once
#include <new>

#include "core/parallel.h"
#include "cpu/gemm_pack.h"

namespace pl {
namespace PL_ISA {

// Memory of a thread for packed blocks, kept between calls; grows to the largest request.
class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  ~Scratch() { release(); }
  void* get(int64_t bytes) {
    if (bytes > size_) {
      release();
      data_ = operator new(size_t(bytes), std::align_val_t(kVectorBytes));
      size_ = bytes;
    }
    return data_;
  }

 private:
  void release() {
    if (data_) operator delete(data_, std::align_val_t(kVectorBytes));
    data_ = nullptr;
    size_ = 0;
  }
  void* data_ = nullptr;
  int64_t size_ = 0;
};

struct GemmScratch {
  Scratch a, b, sums, weights, image, offsets;
};

inline GemmScratch& gemm_scratch() {
  static thread_local GemmScratch scratch;
  return scratch;
}

// A block of A (kBlockRows x kBlockK) stays in the second-level cache, one of B (kBlockK x kBlockCols) in the third.
constexpr int64_t kBlockK = 256, kBlockRows = 192, kBlockCols = 2048;

constexpr int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }
PL_ALWAYS_INLINE int64_t smaller(int64_t x, int64_t y) { return x < y ? x : y; }
PL_ALWAYS_INLINE int64_t larger(int64_t x, int64_t y) { return x > y ? x : y; }

// The length of the blocks k is cut into. It depends on k only, so that results do not change with the number of
// threads; and it is even, for packers that store pairs.
PL_ALWAYS_INLINE int64_t k_block(int64_t k) {
  const int64_t blocks = (k + kBlockK - 1) / kBlockK;
  return blocks <= 1 ? k : round_up((k + blocks - 1) / blocks, 8);
}

// Rows [i0, i1) and columns [j0, j1) of C.
struct Part {
  int64_t i0, i1, j0, j1;
};

// Where the tile at (i, j) goes, for the first and last of the k-blocks. `whole` describes all of C.
template <class T>
PL_ALWAYS_INLINE TileOutput<T> tile_output(const TileOutput<T>& whole, int64_t i, int64_t j, bool first, bool last) {
  return {whole.c + i * whole.c_rs + j,
          whole.c_rs,
          whole.alpha,
          first ? whole.beta : T(1),
          last && whole.col_bias ? whole.col_bias + j : nullptr,
          last && whole.row_bias ? whole.row_bias + i : nullptr};
}

// The product of one packed block of A, rows [i0, i1), and one of B, columns [j0, j1).
template <class T>
void multiply_blocks(Part block, int64_t kc, const T* packed_a, const T* packed_b, const TileOutput<T>& out, bool first,
                     bool last) {
  for (int64_t j = block.j0; j < block.j1; j += kTileCols<T>)
    for (int64_t i = block.i0; i < block.i1; i += kTileRows) {
      const int64_t rows = smaller(kTileRows, block.i1 - i), cols = smaller(kTileCols<T>, block.j1 - j);
      pick_tile<T, true>(rows, cols)(kc, packed_a + (i - block.i0) * kc, 0, 0, packed_b + (j - block.j0) * kc, 0, cols,
                                     tile_output(out, i, j, first, last));
    }
}

// One thread's product through packed blocks. The packers are called with positions in the whole matrices.
template <class T, class PackA, class PackB>
void multiply_packed(Part part, int64_t k, const PackA& pack_a, const PackB& pack_b, const TileOutput<T>& out) {
  const int64_t kc_max = k_block(k);
  const int64_t cols_max = smaller(round_up(part.j1 - part.j0, kTileCols<T>), kBlockCols);
  const int64_t rows_max = smaller(round_up(part.i1 - part.i0, kTileRows), kBlockRows);
  GemmScratch& scratch = gemm_scratch();
  T* packed_b = static_cast<T*>(scratch.b.get(kc_max * cols_max * int64_t(sizeof(T))));
  T* packed_a = static_cast<T*>(scratch.a.get(kc_max * rows_max * int64_t(sizeof(T)) + kVectorBytes));
  for (int64_t jc = part.j0; jc < part.j1; jc += kBlockCols) {
    const int64_t j_end = smaller(jc + kBlockCols, part.j1);
    int64_t pc = 0;
    do {
      const int64_t kc = smaller(kc_max, k - pc);
      const bool first = pc == 0, last = pc + kc == k;
      for (int64_t j = jc; j < j_end; j += kTileCols<T>)
        pack_b(packed_b + (j - jc) * kc, pc, kc, j, smaller(kTileCols<T>, j_end - j));
      for (int64_t ic = part.i0; ic < part.i1; ic += kBlockRows) {
        const int64_t i_end = smaller(ic + kBlockRows, part.i1);
        for (int64_t i = ic; i < i_end; i += kTileRows)
          pack_a(packed_a + (i - ic) * kc, i, smaller(kTileRows, i_end - i), pc, kc);
        multiply_blocks<T>({ic, i_end, jc, j_end}, kc, packed_a, packed_b, out, first, last);
      }
      pc += kc;
    } while (pc < k);
  }
}

// Tiles of A for multiply_panels: a matrix where it lies, or all of it packed by pack_all_rows.
template <class T>
struct RowsInPlace {
  static constexpr bool kPacked = false;
  Matrix<T> a;
  PL_ALWAYS_INLINE const T* at(int64_t i, int64_t p) const { return a.at(i, p); }
  PL_ALWAYS_INLINE int64_t rs() const { return a.rs; }
  PL_ALWAYS_INLINE int64_t cs() const { return a.cs; }
};

template <class T>
struct PackedRows {
  static constexpr bool kPacked = true;
  const T* data;
  int64_t k;
  PL_ALWAYS_INLINE const T* at(int64_t i, int64_t p) const { return data + i * k + p * kTileRows; }
  PL_ALWAYS_INLINE int64_t rs() const { return 1; }
  PL_ALWAYS_INLINE int64_t cs() const { return kTileRows; }
};

// B where it lies, rows contiguous, in place of a packer.
template <class T>
struct ColsInPlace {
  Matrix<T> b;
};

// One thread's product without blocks of A: one panel of B at a time, packed or in place, meets all rows of A. For few
// columns, whose work would not repay packing A; for small factors; and for an A that is packed already.
template <class T, class Rows, class PackB>
void multiply_panels(Part part, int64_t k, const Rows& a, const PackB& pack_b, const TileOutput<T>& out) {
  constexpr bool kPackB = !__is_same(PackB, ColsInPlace<T>);
  const int64_t kc_max = k_block(k);
  T* panel = nullptr;
  if constexpr (kPackB) panel = static_cast<T*>(gemm_scratch().b.get((kc_max + 1) * kTileCols<T> * int64_t(sizeof(T))));
  int64_t pc = 0;
  do {
    const int64_t kc = smaller(kc_max, k - pc);
    const bool first = pc == 0, last = pc + kc == k;
    for (int64_t j = part.j0; j < part.j1; j += kTileCols<T>) {
      const int64_t cols = smaller(kTileCols<T>, part.j1 - j);
      const T* b = panel;
      int64_t b_rs = kTileCols<T>;
      if constexpr (kPackB) pack_b(panel, pc, kc, j, cols);
      else b = pack_b.b.at(pc, j), b_rs = pack_b.b.rs;
      for (int64_t i = part.i0; i < part.i1; i += kTileRows)
        pick_tile<T, kPackB && Rows::kPacked>(smaller(kTileRows, part.i1 - i), cols)(
            kc, a.at(i, pc), a.rs(), a.cs(), b, b_rs, cols, tile_output(out, i, j, first, last));
    }
    pc += kc;
  } while (pc < k);
}

constexpr int64_t kStageRows = 384, kStageCols = 512;

// For a C that tiles cannot write: compute(block, out) fills a small matrix of sums, which write(sums, row stride,
// block) takes where it belongs.
template <class T, class Compute, class Write>
void multiply_staged(Part part, Compute compute, Write write) {
  const int64_t rows = smaller(kStageRows, part.i1 - part.i0), cols = smaller(kStageCols, part.j1 - part.j0);
  T* sums = static_cast<T*>(gemm_scratch().sums.get(rows * cols * int64_t(sizeof(T))));
  for (int64_t j = part.j0; j < part.j1; j += cols)
    for (int64_t i = part.i0; i < part.i1; i += rows) {
      const Part block{i, smaller(i + rows, part.i1), j, smaller(j + cols, part.j1)};
      compute(block, TileOutput<T>{sums - i * cols - j, cols, T(1), T(0), nullptr, nullptr});
      write(sums, cols, block);
    }
}

// The cut of C into parts for threads: part sizes are multiples of a tile (and of the four rows that dot products take
// at a time), so that every tile, and every bit, is the same however many parts there are.
constexpr int64_t kPartRows = 2 * kTileRows;
struct Grid {
  int64_t rows, cols;            // parts along m and n
  int64_t part_rows, part_cols;  // size of a part
  PL_ALWAYS_INLINE Part part(int64_t index, int64_t m, int64_t n) const {
    const int64_t i = index / cols * part_rows, j = index % cols * part_cols;
    return {i, smaller(i + part_rows, m), j, smaller(j + part_cols, n)};
  }
};

// Below this many multiply-adds a product is not worth waking the pool: about 15 us of one AVX-512 core.
constexpr int64_t kSerialWork = int64_t(1) << 21;

// Cuts C into about `wanted` parts. Each part packs its own blocks of A and B: few cuts along m pack B seldom, few
// along n pack A seldom.
template <class T>
Grid cut(int64_t m, int64_t n, int64_t wanted) {
  int64_t best_rows = 1, best_cols = 1, best_cost = -1;
  for (int64_t rows = 1; rows <= wanted; ++rows) {
    const int64_t cols = (wanted + rows - 1) / rows, cost = rows * n + cols * m;
    if (rows * kPartRows > m && rows > 1) break;
    if (best_cost >= 0 && cost >= best_cost) continue;
    best_rows = rows, best_cols = cols, best_cost = cost;
  }
  const int64_t part_rows = round_up((m + best_rows - 1) / best_rows, kPartRows);
  const int64_t part_cols = round_up((n + best_cols - 1) / best_cols, kTileCols<T>);
  return {(m + part_rows - 1) / part_rows, (n + part_cols - 1) / part_cols, part_rows, part_cols};
}

// Calls run(index in the batch, part) for every part of a batch of products, on all threads.
template <class T, class Run>
PL_ALWAYS_INLINE void for_each_part(int64_t batch, int64_t m, int64_t n, int64_t k, Run run) {
  const int64_t work = m * n * larger(k, 1);
  if (batch * work == 0) return;
  const bool short_work = work < kSerialWork;
  if (batch == 1 && short_work && !worth_sharing(15.0 * double(work) / kSerialWork)) return run(int64_t(0), Part{0, m, 0, n});
  const int64_t threads = num_threads();
  const int64_t worth = short_work && batch == 1 ? threads : 2 * work / kSerialWork;
  const int64_t wanted = threads == 1 ? 1 : smaller((2 * threads + batch - 1) / batch, worth);
  const Grid grid = cut<T>(m, n, larger(wanted, 1));
  const int64_t parts = grid.rows * grid.cols;
  const int64_t grain = short_work && batch == 1 ? 1 : larger(1, kSerialWork * parts / (2 * work));
  parallel_for(batch * parts, grain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) run(t / parts, grid.part(t % parts, m, n));
  });
}

}  // namespace PL_ISA
}  // namespace pl
