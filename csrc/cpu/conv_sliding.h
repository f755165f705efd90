// Convolution without gathering: the image is copied once into rows with room for the padding, and a tile of output
// positions then finds each row of the patch matrix as a run of memory, a fixed offset away from the one of the tap
// before. Positions are numbered along the copied rows, so that a tile may run over the end of a row; what it computes
// between the rows is dropped.
#pragma once
#include <cstring>

#include "cpu/conv_patches.h"

namespace pl {
namespace PL_ISA {

// A tile of sums as compute_tile makes it, where row p of B starts at b + offset[p] and A is packed.
template <class T, int ROWS, int VECS>
void slide_tile(int64_t k, const T* a, const T* b, const int64_t* offset, const TileOutput<T>& out) {
  Vec<T> sum[ROWS][VECS] = {};
#pragma GCC unroll 4
  for (int64_t p = 0; p < k; ++p, a += kTileRows) {
    const T* from = b + offset[p];
    Vec<T> row[VECS];
#pragma GCC unroll 4
    for (int v = 0; v < VECS; ++v) row[v] = load(from + v * kLanes<T>);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; ++r) {
      const Vec<T> x = splat(a[r]);
#pragma GCC unroll 4
      for (int v = 0; v < VECS; ++v) sum[r][v] += x * row[v];
    }
  }
  write_tile<T, ROWS, VECS>(sum, out, Lanes<T>(kLanes<T>));
}

template <class T>
using SlideFn = void (*)(int64_t k, const T* a, const T* b, const int64_t* offset, const TileOutput<T>& out);

template <class T, int VECS>
PL_ALWAYS_INLINE SlideFn<T> pick_slide_rows(int64_t rows) {
  static constexpr SlideFn<T> by_rows[] = {slide_tile<T, 1, VECS>, slide_tile<T, 2, VECS>, slide_tile<T, 3, VECS>,
                                           slide_tile<T, 4, VECS>, slide_tile<T, 5, VECS>, slide_tile<T, 6, VECS>};
  return by_rows[rows - 1];
}

template <class T>
PL_ALWAYS_INLINE SlideFn<T> pick_slide(int64_t rows, int64_t cols) {
  const int64_t vectors = (cols + kLanes<T> - 1) / kLanes<T>;
  if constexpr (kTileVectors == 4) {
    if (vectors == 4) return pick_slide_rows<T, 4>(rows);
    if (vectors == 3) return pick_slide_rows<T, 3>(rows);
  }
  return vectors == 2 ? pick_slide_rows<T, 2>(rows) : pick_slide_rows<T, 1>(rows);
}

// How an image is copied. With a stride, elements whose index leaves the same rest stand together: each phase has rows
// of its own, in which neighbouring positions are neighbours.
template <class T>
struct Sliding {
  const Patches<T>& patches;
  int64_t first[3], rows[3];  // the image index of the copy's first element; copied elements of a phase

  explicit Sliding(const Patches<T>& p) : patches(p) {
    for (int d = 0; d < 3; ++d) {
      const Axis& a = p.axis[d];
      const int64_t reach = larger(a.taps - 1, 0) * a.offset_step;
      first[d] = a.offset + smaller(reach, 0);
      rows[d] = a.positions + (reach < 0 ? -reach : reach) / a.stride;
    }
  }

  int64_t phase_size() const { return rows[0] * rows[1] * rows[2]; }
  int64_t channel_size() const {
    return patches.axis[0].stride * patches.axis[1].stride * patches.axis[2].stride * phase_size();
  }
  // Elements to reserve: a tile may read a whole tile past the end.
  int64_t size(int64_t channels) const { return channels * channel_size() + kTileCols<T>; }
  // Numbers of positions from the first to the last, those between the rows included.
  int64_t length() const {
    const Axis* a = patches.axis;
    return ((a[0].positions - 1) * rows[1] + a[1].positions - 1) * rows[2] + a[2].positions;
  }
  // Nothing to copy: neither padding nor stride, and one tap.
  bool is_in_place() const {
    for (int d = 0; d < 3; ++d)
      if (patches.axis[d].stride != 1 || patches.axis[d].taps != 1 || patches.axis[d].offset != 0 ||
          patches.axis[d].positions != patches.extent[d])
        return false;
    return true;
  }

  void copy_row(const T* from, bool inside, int64_t phase, T* to) const {
    const int64_t stride = patches.axis[2].stride, extent = patches.extent[2], n = rows[2];
    const int64_t start = first[2] + phase;
    const int64_t begin = inside ? smaller(n, start < 0 ? (-start + stride - 1) / stride : 0) : n;
    const int64_t end = inside ? larger(begin, smaller(n, (extent - start + stride - 1) / stride)) : n;
    for (int64_t q = 0; q < begin; ++q) to[q] = T(0);
    if (stride == 1) std::memcpy(to + begin, from + start + begin, size_t(end - begin) * sizeof(T));
    else
      for (int64_t q = begin; q < end; ++q) to[q] = from[start + q * stride];
    for (int64_t q = end; q < n; ++q) to[q] = T(0);
  }

  void copy_channel(const T* channel, T* to) const {
    const int64_t(&extent)[3] = patches.extent;
    const Axis* a = patches.axis;
    for (int64_t pd = 0; pd < a[0].stride; ++pd)
      for (int64_t ph = 0; ph < a[1].stride; ++ph)
        for (int64_t pw = 0; pw < a[2].stride; ++pw)
          for (int64_t qd = 0; qd < rows[0]; ++qd)
            for (int64_t qh = 0; qh < rows[1]; ++qh, to += rows[2]) {
              const int64_t d = first[0] + pd + qd * a[0].stride, h = first[1] + ph + qh * a[1].stride;
              const bool inside = uint64_t(d) < uint64_t(extent[0]) && uint64_t(h) < uint64_t(extent[1]);
              copy_row(inside ? channel + (d * extent[1] + h) * extent[2] : channel, inside, pw, to);
            }
  }

  void copy(const T* image, int64_t channels, T* to) const {
    const int64_t volume = patches.extent[0] * patches.extent[1] * patches.extent[2];
    for (int64_t c = 0; c < channels; ++c) copy_channel(image + c * volume, to + c * channel_size());
    for (int64_t i = 0; i < kTileCols<T>; ++i) to[channels * channel_size() + i] = T(0);
  }

  // Where the row of each (channel, tap) stands, for position 0.
  void find_offsets(int64_t channels, int64_t* offset) const {
    const Axis* a = patches.axis;
    int64_t phase[3], shift[3];
    const auto place = [&](int d, int64_t tap) {
      const int64_t from = a[d].offset + tap * a[d].offset_step - first[d];
      phase[d] = from % a[d].stride, shift[d] = from / a[d].stride;
    };
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t td = 0; td < a[0].taps; ++td)
        for (int64_t th = 0; th < a[1].taps; ++th)
          for (int64_t tw = 0; tw < a[2].taps; ++tw) {
            place(0, td), place(1, th), place(2, tw);
            const int64_t p = (phase[0] * a[1].stride + phase[1]) * a[2].stride + phase[2];
            *offset++ = c * channel_size() + p * phase_size() + (shift[0] * rows[1] + shift[1]) * rows[2] + shift[2];
          }
  }
};

// Calls run(stage column, output position, count) for the positions of a block that are none of those between rows.
template <class T, class Run>
PL_ALWAYS_INLINE void for_each_run(const Sliding<T>& s, int64_t begin, int64_t end, Run run) {
  const Axis* a = s.patches.axis;
  for (int64_t j = begin; j < end;) {
    const int64_t w = j % s.rows[2], h = j / s.rows[2] % s.rows[1], d = j / s.rows[2] / s.rows[1];
    const int64_t next = smaller(end, j - w + s.rows[2]), count = smaller(next - j, a[2].positions - w);
    if (h < a[1].positions && count > 0) run(j - begin, (d * a[1].positions + h) * a[2].positions + w, count);
    j = next;
  }
}

// Sums wait in a stage until k is through, so many columns of them that the block of A is read from the second-level
// cache seldom, and so few that the stage stays there too.
constexpr int64_t kStageBytes = 256 * 1024;

// One thread's product of packed rows and the copied image; write(first row, rows, sums, row stride, stage column,
// output position, count) takes the sums where they belong.
template <class T, class Write>
void multiply_sliding(Part part, int64_t k, const PackedRows<T>& a, const Sliding<T>& s, const T* image,
                      const int64_t* offset, Write write) {
  const int64_t kc_max = k_block(k), height = part.i1 - part.i0;
  const int64_t fitting = kStageBytes / int64_t(sizeof(T)) / larger(height, 1) / kTileCols<T> * kTileCols<T>;
  const int64_t width = smaller(round_up(part.j1 - part.j0, kTileCols<T>), larger(fitting, kTileCols<T>));
  T* stage = static_cast<T*>(gemm_scratch().sums.get(height * width * int64_t(sizeof(T))));
  for (int64_t jb = part.j0; jb < part.j1; jb += width) {
    const int64_t j_end = smaller(jb + width, part.j1);
    for (int64_t pc = 0; pc < k; pc += kc_max) {
      const int64_t kc = smaller(kc_max, k - pc);
      for (int64_t j = jb; j < j_end; j += kTileCols<T>)
        for (int64_t i = part.i0; i < part.i1; i += kTileRows)
          pick_slide<T>(smaller(kTileRows, part.i1 - i), smaller(kTileCols<T>, j_end - j))(
              kc, a.at(i, pc), image + j, offset + pc,
              {stage + (i - part.i0) * width + j - jb, width, T(1), pc == 0 ? T(0) : T(1), nullptr, nullptr});
    }
    for_each_run(s, jb, j_end, [&](int64_t column, int64_t position, int64_t count) {
      for (int64_t i = part.i0; i < part.i1; ++i)
        write(i, stage + (i - part.i0) * width + column, position, count);
    });
  }
}

// Gathering panels costs as much as so many rows of a product; the positions between the rows cost their share.
template <class T>
bool slides(const Sliding<T>& s, int64_t rows) {
  constexpr double kRowsOfGathering = 38;
  return double(s.length()) * double(rows) <= (double(rows) + kRowsOfGathering) * double(s.patches.positions());
}

// The product for every image and group: image_of(index) gives its memory, packed_of(index) its rows of A.
template <class T, class Image, class Packed, class Write>
void multiply_images(int64_t count, int64_t rows, int64_t channels, const Patches<T>& shape, Image image_of,
                     Packed packed_of, Write write) {
  const Sliding<T> s(shape);
  const int64_t k = channels * shape.taps(), size = s.size(channels);
  GemmScratch& scratch = gemm_scratch();
  int64_t* offset = static_cast<int64_t*>(scratch.offsets.get(k * int64_t(sizeof(int64_t))));
  s.find_offsets(channels, offset);
  // Few images are cut into parts, which share a copy; else each thread copies its images for itself.
  const bool is_shared = num_threads() > 1 && count < 2 * num_threads();
  T* shared = nullptr;
  if (is_shared) {
    shared = static_cast<T*>(scratch.image.get(count * size * int64_t(sizeof(T))));
    parallel_for(count * channels, larger(1, kSerialWork / 8 / larger(1, s.channel_size())), [&](int64_t begin, int64_t end) {
      const int64_t volume = shape.extent[0] * shape.extent[1] * shape.extent[2];
      for (int64_t t = begin; t < end; ++t)
        s.copy_channel(image_of(t / channels) + t % channels * volume, shared + t / channels * size + t % channels * s.channel_size());
    });
  }
  for_each_part<T>(count, rows, s.length(), k, [&](int64_t index, Part part) {
    T* copy = shared + index * size;
    if (!is_shared) {
      copy = static_cast<T*>(gemm_scratch().image.get(size * int64_t(sizeof(T))));
      s.copy(image_of(index), channels, copy);
    }
    multiply_sliding<T>(part, k, packed_of(index), s, copy, offset,
                        [&](int64_t i, const T* sums, int64_t position, int64_t n) { write(index, i, sums, position, n); });
  });
}

}  // namespace PL_ISA
}  // namespace pl
