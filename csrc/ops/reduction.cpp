#include "ops/reduction.h"
#include <algorithm>
#include <cstring>
#include "cpu/kernels.h"

namespace pl {
namespace {

constexpr int64_t kOutTile = 1024;        // results whose states are kept at hand
constexpr int64_t kTile = 4096;           // elements converted or gathered at a time
constexpr int64_t kGrain = 1 << 17;       // elements worth a thread of their own
constexpr int64_t kPiece = 1 << 18;       // elements of one piece of a reduction that is cut
constexpr int64_t kMaxPieces = 64;
constexpr int64_t kFewUnits = 16;         // with fewer units of results the reduced elements are cut into pieces
constexpr int64_t kNarrow = 128;          // columns: narrower blocks are folded to be wide enough for vectors

struct Axis {
  int64_t size, in, out;                  // strides: in bytes, out elements
};

// The largest steps first; steps of zero (expanded dimensions) are outermost, where they cost least.
bool outside(const Axis& a, const Axis& b) {
  auto rank = [](const Axis& x) { return x.in == 0 ? INT64_MAX : std::abs(x.in); };
  return rank(a) > rank(b);
}

int merge_axes(Axis* a, int n) {
  int m = 0;
  for (int i = 0; i < n; ++i) {
    if (m > 0 && a[m - 1].in == a[i].in * a[i].size && a[m - 1].out == a[i].out * a[i].size)
      a[m - 1] = {a[m - 1].size * a[i].size, a[i].in, a[i].out};
    else
      a[m++] = a[i];
  }
  return m;
}

struct Plan {
  const Reducer& r;
  const Compute compute;
  const DType dtype, native;              // of the memory; what the kernel reads
  ReduceParams params;
  const char* in;
  char* out[2] = {nullptr, nullptr};
  DType out_dtype[2];
  Axis kept[kMaxDims], reduced[kMaxDims];
  int n_kept = 0, n_reduced = 0;          // after the two axes below are taken out
  Axis lane{1, 0, 0};                     // the kept axis a kernel call runs over
  Axis run{1, 0, 0};                      // the reduced axis a kernel call runs over
  bool columns, direct;
  int64_t tile, units, tiles, total;      // results of a unit, units, tiles of the lane axis, elements of one result

  Plan(const Reducer& reducer, Compute c, DType read, const Tensor& t, DimMask mask)
      : r(reducer), compute(c), dtype(t.dtype()), native(read), in(t->data) {
    const int64_t item = itemsize(dtype);
    int64_t step = 1;
    for (int d = t.dim() - 1; d >= 0; --d) {
      const int64_t size = t->sizes[d];
      if (mask >> d & 1) {
        if (size != 1) reduced[n_reduced++] = {size, t->strides[d] * item, 0};
      } else {
        if (size != 1) kept[n_kept++] = {size, t->strides[d] * item, step};
        step *= size;
      }
    }
    std::reverse(kept, kept + n_kept);
    std::reverse(reduced, reduced + n_reduced);
    if (n_kept > 1) std::stable_sort(kept, kept + n_kept, outside);
    if (r.reorders && n_reduced > 1) std::stable_sort(reduced, reduced + n_reduced, outside);
    n_kept = merge_axes(kept, n_kept);
    n_reduced = merge_axes(reduced, n_reduced);
    choose_axes(item);
    count_work();
  }

  void choose_axes(int64_t item) {
    total = 1;
    for (int i = 0; i < n_reduced; ++i) total *= reduced[i].size;
    if (n_reduced > 0) run = reduced[--n_reduced];
    if (n_kept > 0) lane = kept[--n_kept];
    columns = lane.size > 1 && lane.in != 0 && (run.size == 1 || std::abs(lane.in) < std::abs(run.in));
    const bool in_place = dtype == native;
    direct = in_place && (columns ? lane.in == item && run.in % item == 0
                                  : (run.in == item || run.size == 1) && lane.in % item == 0);
  }

  void count_work() {
    tile = columns ? kOutTile : std::clamp<int64_t>(kGrain / 2 / std::max<int64_t>(total, 1), 1, kOutTile);
    tile = std::min(tile, lane.size);
    tiles = (lane.size + tile - 1) / tile;
    units = tiles;
    for (int i = 0; i < n_kept; ++i) units *= kept[i].size;
  }

  // Input and output offsets of a unit, and how many results it has.
  int64_t locate(int64_t unit, const char*& src, int64_t& dst) const {
    const int64_t first = unit % tiles * tile;
    unit /= tiles;
    src = in + first * lane.in;
    dst = first * lane.out;
    for (int i = n_kept - 1; i >= 0; --i) {
      const int64_t at = unit % kept[i].size;
      unit /= kept[i].size;
      src += at * kept[i].in;
      dst += at * kept[i].out;
    }
    return std::min(tile, lane.size - first);
  }

  // Adds the elements [begin, end) of m results to their states.
  void accumulate(const char* src, int64_t m, int64_t begin, int64_t end, char* states) const {
    for (int64_t at = begin; at < end;) {
      int64_t outer = at / run.size;
      const int64_t i = at - outer * run.size, n = std::min(run.size - i, end - at);
      const char* p = src + i * run.in;
      for (int k = n_reduced - 1; k >= 0; --k) {
        p += outer % reduced[k].size * reduced[k].in;
        outer /= reduced[k].size;
      }
      if (columns) add_columns(p, m, n, at, states);
      else add_rows(p, m, n, at, states);
      at += n;
    }
  }

  auto loader() const { return cpu().copy.load[int(dtype)][int(compute)]; }

  void add_rows(const char* p, int64_t m, int64_t n, int64_t first, char* states) const {
    const int64_t item = itemsize(dtype);
    if (direct) return r.rows(m, n, p, lane.in / item, first, states, params);
    alignas(64) char buffer[kTile * 16];
    const auto load = loader();
    if (n <= kTile / 2 && (lane.in == n * run.in || m == 1)) {   // several rows in one go
      const int64_t group = kTile / n;
      for (int64_t i = 0; i < m; i += group) {
        const int64_t c = std::min(group, m - i);
        load(c * n, p + i * lane.in, run.in, buffer);
        r.rows(c, n, buffer, n, first, states + i * r.state, params);
      }
      return;
    }
    for (int64_t i = 0; i < m; ++i)
      for (int64_t b = 0; b < n; b += kTile) {
        const int64_t c = std::min(kTile, n - b);
        load(c, p + i * lane.in + b * run.in, run.in, buffer);
        r.rows(1, c, buffer, c, first + b, states + i * r.state, params);
      }
  }

  void add_columns(const char* p, int64_t m, int64_t n, int64_t first, char* states) const {
    const int64_t item = itemsize(dtype);
    if (direct) {
      if (r.reorders && m < kNarrow && run.in == m * item && n >= 2 * (kNarrow / m)) return add_folded(p, m, n, states);
      return r.cols(n, m, p, run.in / item, first, states, params);
    }
    alignas(64) char buffer[kTile * 16];
    const auto load = loader();
    const int64_t size = itemsize(dtype_for(compute)), group = std::max<int64_t>(1, kTile / m);
    for (int64_t i = 0; i < n; i += group) {
      const int64_t c = std::min(group, n - i);
      if (run.in == m * lane.in)
        load(c * m, p + i * run.in, lane.in, buffer);
      else
        for (int64_t k = 0; k < c; ++k) load(m, p + (i + k) * run.in, lane.in, buffer + k * m * size);
      r.cols(c, m, buffer, m, first + i, states, params);
    }
  }

  // Narrow blocks without gaps: several rows count as one long row, whose states are merged afterwards.
  void add_folded(const char* p, int64_t m, int64_t n, char* states) const {
    alignas(64) char wide[2 * kNarrow * kMaxState];
    const int64_t fold = (kNarrow + m - 1) / m, rows = n / fold, item = itemsize(dtype);
    r.init(fold * m, wide);
    r.cols(rows, fold * m, p, fold * m, 0, wide, params);
    for (int64_t k = 0; k < fold; ++k) r.merge(m, wide + k * m * r.state, states);
    if (n > rows * fold) r.cols(n - rows * fold, m, p + rows * fold * m * item, m, 0, states, params);
  }

  void finish(int64_t m, const char* states, int64_t dst) const {
    alignas(64) char buffer[2][kOutTile * 16];
    char* to[2];
    bool stored[2];
    for (int k = 0; k < 2; ++k) {
      const int64_t item = itemsize(out_dtype[k]);
      stored[k] = out[k] && out_dtype[k] == dtype_for(r.out[k]) && (lane.out == 1 || m == 1);
      to[k] = stored[k] ? out[k] + dst * item : out[k] || k == 0 ? buffer[k] : nullptr;
    }
    r.finish(m, states, params, to[0], to[1]);
    for (int k = 0; k < 2; ++k)
      if (out[k] && !stored[k]) {
        const int64_t item = itemsize(out_dtype[k]);
        cpu().copy.store[int(out_dtype[k])][int(r.out[k])](m, to[k], out[k] + dst * item, lane.out * item);
      }
  }

  void unit(int64_t u) const {
    alignas(64) char states[kOutTile * kMaxState];
    const char* src;
    int64_t dst;
    const int64_t m = locate(u, src, dst);
    r.init(m, states);
    accumulate(src, m, 0, total, states);
    finish(m, states, dst);
  }

  // One unit whose elements are cut into pieces, each with its own states, merged in order.
  void cut_unit(int64_t u, int64_t pieces, char* states) const {
    const char* src;
    int64_t dst;
    const int64_t m = locate(u, src, dst), size = (total + pieces - 1) / pieces;
    r.init(m * pieces, states);
    parallel_for(pieces, 1, [&](int64_t b, int64_t e) {
      for (int64_t i = b; i < e; ++i)
        accumulate(src, m, i * size, std::min(total, (i + 1) * size), states + i * m * r.state);
    });
    for (int64_t i = 1; i < pieces; ++i) r.merge(m, states + i * m * r.state, states);
    finish(m, states, dst);
  }

  void execute() const {
    const int64_t work = tile * total;
    const int64_t pieces = units < kFewUnits ? std::clamp<int64_t>(work / kPiece, 1, kMaxPieces) : 1;
    if (pieces == 1) {
      ReleaseGil free(units * work);
      parallel_for(units, std::max<int64_t>(1, kGrain / std::max<int64_t>(work, 1)), [&](int64_t b, int64_t e) {
        for (int64_t u = b; u < e; ++u) unit(u);
      });
      return;
    }
    const size_t bytes = size_t(pieces * tile * r.state);
    char* states = static_cast<char*>(cached_alloc(bytes));
    {
      ReleaseGil free(units * work);
      for (int64_t u = 0; u < units; ++u) cut_unit(u, pieces, states);
    }
    cached_free(states, bytes);
  }
};

// A whole contiguous tensor of the compute type, in one piece.
bool reduce_simple(const Reducer& r, const Tensor& t, const ReduceParams& p, DType in, const Tensor& out) {
  if (!t.is_contiguous() || t.dtype() != in || dtype_for(info(in).compute) != in || t.numel() > kTile ||
      out.dtype() != dtype_for(r.out[0]))
    return false;
  alignas(16) char state[kMaxState];
  r.init(1, state);
  r.rows(1, t.numel(), t->data, 0, 0, state, p);
  r.finish(1, state, p, out->data, nullptr);
  return true;
}

}  // namespace

DimMask reduced_dims(Shape dims, int ndim) {
  if (dims.n == 0) return every_dim(ndim);
  DimMask mask = 0;
  for (int64_t d : dims) {
    const int64_t w = wrap_dim(d, ndim);
    PL_CHECK(!(mask >> w & 1), "dim %lld appears multiple times in the list of dims", (long long)w);
    mask |= DimMask(1) << w;
  }
  return ndim == 0 ? 0 : mask;
}

namespace {
int reduce_sizes(Shape sizes, DimMask mask, bool keepdim, int64_t* to) {
  int n = 0;
  for (int d = 0; d < sizes.n; ++d)
    if (!(mask >> d & 1)) to[n++] = sizes[d];
    else if (keepdim) to[n++] = 1;
  return n;
}
}  // namespace

std::vector<int64_t> reduced_shape(Shape sizes, DimMask mask, bool keepdim) {
  int64_t s[kMaxDims];
  return {s, s + reduce_sizes(sizes, mask, keepdim, s)};
}

int64_t reduced_count(Shape sizes, DimMask mask) {
  int64_t n = 1;
  for (int d = 0; d < sizes.n; ++d) if (mask >> d & 1) n *= sizes[d];
  return n;
}

std::tuple<Tensor, Tensor> reduce(const Tensor& self, const ReduceCall& call, bool values) {
  const Compute compute = info(call.in).compute;
  const Reducer& r = cpu().reduce.reducers[int(call.kind)][int(compute)];
  if (!r.rows) unsupported(call.name, call.in);
  const bool whole = call.mask == every_dim(self.dim());
  Tensor out, second;
  int64_t sizes[kMaxDims];
  const Shape shape(sizes, reduce_sizes(self.sizes(), call.mask, call.keepdim, sizes));
  if (values) out = empty(shape, call.out, self.device());
  if (call.second != DType::Undefined) second = empty(shape, call.second, self.device());
  const Tensor& made = out ? out : second;
  if (self.is_meta() || made.numel() == 0) return {out, second};
  ReduceParams params;
  params.n = whole ? self.numel() : reduced_count(self.sizes(), call.mask);
  params.p = call.p;
  if (whole && out && !second && reduce_simple(r, self, params, call.in, out)) return {out, second};
  // Positions of a flattened tensor are counted in the order of its indices; a dtype asked for is what elements are
  // cast to before.
  Tensor source = !r.reorders && whole ? contiguous(self) : self;
  const bool narrowed =
      call.in != self.dtype() && dtype_for(compute) != call.in && category(call.in) <= category(self.dtype());
  if (narrowed) source = cast(source, call.in);
  auto run = [&](Plan&& plan) {
    plan.params = params;
    plan.out[0] = out ? out->data : nullptr;
    plan.out[1] = second ? second->data : nullptr;
    plan.out_dtype[0] = call.out;
    plan.out_dtype[1] = second ? call.second : call.out;
    plan.execute();
  };
  const Reducer& bytes = cpu().reduce.reducers[int(call.kind)][kBytes];
  if (source.dtype() == DType::Bool && bytes.rows && compute == Compute::I64) {
    Plan plan(bytes, compute, DType::Bool, source, call.mask);
    if (plan.direct) {
      run(std::move(plan));
      return {out, second};
    }
  }
  run(Plan(r, compute, dtype_for(compute), source, call.mask));
  return {out, second};
}

void unsupported(const char* kernel, DType d) {
  fail(ErrorType::NotImplemented, "dtype_unsupported", "\"%s\" not implemented for '%s'", kernel, info(d).scalar_name);
}

DimSplit::DimSplit(const Tensor& t, int64_t dim) {
  if (t.dim() == 0) return;
  for (int d = 0; d < t.dim(); ++d) (d < dim ? outer : d == dim ? n : inner) *= t->sizes[d];
}

}  // namespace pl
