// Recurrent networks. One node for a whole layer in one direction: the products with the input are one large GEMM, each step is a
// GEMM and a fused cell; backward the weights' gradients are one GEMM each.
#include <algorithm>
#include "cpu/kernels.h"
#include "native.h"
#include "ops/fused.h"

namespace pl {
namespace {

enum class Cell : uint8_t { Lstm, Gru, Tanh, Relu };
constexpr int kGates[] = {4, 3, 1, 1};

template <class T> const CellKernels<T>& cells();
template <> const CellKernels<float>& cells() { return cpu().rnn.f32; }
template <> const CellKernels<double>& cells() { return cpu().rnn.f64; }
void multiply(const GemmArgs& g, float) { cpu().gemm.f32(g); }
void multiply(const GemmArgs& g, double) { cpu().gemm.f64(g); }

// C[m, n] = beta * C + A[m, k] @ B[k, n] of contiguous matrices; with `ta` and `tb` they lie there transposed.
template <class T> void product(int64_t m, int64_t n, int64_t k, const T* a, bool ta, const T* b, bool tb, T* c, double beta, const T* bias = nullptr) {
  GemmArgs g;
  g.m = m, g.n = n, g.k = k;
  g.a = a, g.a_rs = ta ? 1 : k, g.a_cs = ta ? m : 1;
  g.b = b, g.b_rs = tb ? 1 : n, g.b_cs = tb ? k : 1;
  g.c = c, g.c_rs = n;
  g.beta = beta;
  g.epilogue.bias = bias;
  multiply(g, T());
}

// One direction of one layer. The state c and the biases are undefined where there are none. In a packed sequence the samples of a step are
// the first `sizes[step]` of the batch, the longest first, and x holds nothing else: [sum of sizes, inputs].
struct Layer {
  enum Input : uint32_t { X, H, C, WeightIh, WeightHh, BiasIh, BiasHh, kInputs };
  Cell cell;
  bool reverse;
  bool single;             // one step: x is [batch, input] and so is the output
  TensorList in;
  std::vector<int64_t> sizes = {};

  const Tensor& x() const { return in[X]; }
  bool packed() const { return !sizes.empty(); }
  int64_t steps() const { return single ? 1 : packed() ? int64_t(sizes.size()) : x().size(0); }
  int64_t batch() const { return packed() ? sizes[0] : x().size(-2); }
  int64_t rows() const { return packed() ? x().size(0) : steps() * batch(); }      // samples of all steps
  int64_t inputs() const { return x().size(-1); }
  int64_t hidden() const { return in[H].size(-1); }
  int64_t gates() const { return kGates[int(cell)] * hidden(); }
};

// What backward needs besides inputs and output, in the kernel's dtype.
struct LayerState {
  Tensor gates;            // [rows, gates]: activated
  Tensor from_hidden;      // GRU: [rows, gates], the products with the hidden state
  Tensor c;                // LSTM: [steps, batch, hidden]
  Tensor h;                // [steps, batch, hidden]
  Tensor h_before, c_before;      // packed: [rows, hidden], the states before each step
};

struct LayerResult {
  Tensor output, h, c;
};

// The steps of a sequence in the order of the computation: where the rows of each begin, and their number.
struct Steps {
  bool reverse;
  int64_t count, batch;
  const int64_t* sizes;                  // packed; else null
  std::vector<int64_t> begin = {};       // packed

  explicit Steps(const Layer& l) : reverse(l.reverse), count(l.steps()), batch(l.batch()), sizes(l.packed() ? l.sizes.data() : nullptr) {
    int64_t at = 0;
    for (int64_t n : l.sizes) begin.push_back(at), at += n;
  }
  int64_t step(int64_t s) const { return reverse ? count - 1 - s : s; }
  int64_t row(int64_t s) const { return sizes ? begin[size_t(step(s))] : step(s) * batch; }
  int64_t rows(int64_t s) const { return sizes ? sizes[step(s)] : batch; }
};

template <class T> struct Forward {
  Cell cell;
  Steps steps;
  int64_t rows, inputs, hidden, gates;
  const T *x, *h0, *c0, *w_ih, *w_hh, *b_ih, *b_hh;
  T *g, *hh, *c, *h, *bias;
  T *h_before, *c_before, *h_now, *c_now;      // packed: the states before all steps, and those of the whole batch, which end as the last ones

  void run() const {
    const CellKernels<T>& k = cells<T>();
    std::fill_n(bias, gates, T(0));
    if (b_ih) k.add(gates, b_ih, bias);
    if (b_hh && cell != Cell::Gru) k.add(gates, b_hh, bias);
    product<T>(rows, gates, inputs, x, false, w_ih, true, g, 0, bias);
    const T *h_prev = h0, *c_prev = c0;
    for (int64_t s = 0; s < steps.count; ++s) {
      const int64_t at = steps.row(s), batch = steps.rows(s);
      if (h_before) {
        h_prev = std::copy_n(h_now, batch * hidden, h_before + at * hidden) - batch * hidden;
        if (c) c_prev = std::copy_n(c_now, batch * hidden, c_before + at * hidden) - batch * hidden;
      }
      T *gate = g + at * gates, *h_next = h + at * hidden;
      if (cell == Cell::Gru) {
        product<T>(batch, gates, hidden, h_prev, false, w_hh, true, hh + at * gates, 0, b_hh);
        k.gru(batch, hidden, gate, hh + at * gates, h_prev, h_next);
      } else {
        product<T>(batch, gates, hidden, h_prev, false, w_hh, true, gate, 1);
        if (cell == Cell::Lstm) k.lstm(batch, hidden, gate, c_prev, c + at * hidden, h_next);
        else k.activate[cell == Cell::Relu](batch * hidden, gate, h_next);
      }
      h_prev = h_next;
      if (c) c_prev = c + at * hidden;
      if (h_before) std::copy_n(h_prev, batch * hidden, h_now);
      if (h_before && c) std::copy_n(c_prev, batch * hidden, c_now);
    }
  }
};

template <class T> const T* data_of(const Tensor& t) { return t ? t.ptr<T>() : nullptr; }

LayerResult forward(const Layer& l, LayerState& s) {
  const DType d = kernel_dtype(l.x().dtype()), out = l.x().dtype();
  const int64_t steps = l.steps(), batch = l.batch(), hidden = l.hidden(), gates = l.gates(), rows = l.rows();
  const std::vector<int64_t> sizes = l.single ? std::vector{batch, hidden} : l.packed() ? std::vector{rows, hidden} : std::vector{steps, batch, hidden};
  Tensor last_h, last_c;      // packed
  const bool lstm = l.cell == Cell::Lstm;
  s.h = empty(sizes, d, l.x().device());
  if (lstm) s.c = empty(sizes, d, l.x().device());
  if (!l.x().is_meta()) {
    s.gates = empty({rows, gates}, d);
    if (l.cell == Cell::Gru) s.from_hidden = empty({rows, gates}, d);
    Tensor in[Layer::kInputs], bias = empty({gates}, d);
    for (uint32_t i = 0; i < Layer::kInputs; ++i) in[i] = kernel_data(l.in[i], d);
    if (l.packed()) {
      s.h_before = empty({rows, hidden}, d);
      last_h = op::clone(in[Layer::H], MemoryFormat::Contiguous);
      if (lstm) s.c_before = empty({rows, hidden}, d), last_c = op::clone(in[Layer::C], MemoryFormat::Contiguous);
    }
    auto optional = [](const Tensor& t, auto type) { return t ? t.ptr<decltype(type)>() : nullptr; };
    with_float(d, [&](auto t) {
      using T = decltype(t);
      Forward<T> f{l.cell, Steps(l), rows, l.inputs(), hidden, gates, data_of<T>(in[Layer::X]), data_of<T>(in[Layer::H]),
                   data_of<T>(in[Layer::C]), data_of<T>(in[Layer::WeightIh]), data_of<T>(in[Layer::WeightHh]), data_of<T>(in[Layer::BiasIh]),
                   data_of<T>(in[Layer::BiasHh]), s.gates.ptr<T>(), l.cell == Cell::Gru ? s.from_hidden.ptr<T>() : nullptr,
                   lstm ? s.c.ptr<T>() : nullptr, s.h.ptr<T>(), bias.ptr<T>(), optional(s.h_before, t), optional(s.c_before, t), optional(last_h, t),
                   optional(last_c, t)};
      ReleaseGil free(rows * gates * (hidden + l.inputs()), 1 << 19);
      f.run();
    });
  }
  auto last = [&](const Tensor& t) {
    const int64_t at = l.reverse ? 0 : steps - 1;
    Tensor r = empty({batch, hidden}, out, t.device());
    if (t.is_meta()) return r;
    copy_into(r, alias(t, r.sizes(), r.strides(), at * batch * hidden, d));
    return r;
  };
  LayerResult r;
  r.output = cast(s.h, out);
  if (l.single) {
    if (lstm) r.c = cast(s.c, out);
    return r;
  }
  if (l.packed() && !l.x().is_meta()) {
    r.h = cast(last_h, out);
    if (lstm) r.c = cast(last_c, out);
    return r;
  }
  r.h = last(s.h);
  if (lstm) r.c = last(s.c);
  return r;
}

// ---- backward
template <class T> struct Backward {
  Cell cell;
  Steps steps;
  int64_t inputs, hidden, gates, rows;
  const T *x, *h0, *c0, *w_ih, *w_hh, *h, *c, *hh;
  const T *h_before, *c_before;      // packed
  const T* gate;                     // activated gates
  T *g, *dhh;              // gradients of the pre-activations, and of the hidden state's part in them (the same but for a GRU)
  const T* d_output;       // null for none
  T *dh, *dc;              // come in as the gradients of the last states, leave as those of the first
  T *dx, *dw_ih, *dw_hh, *db_ih, *db_hh;

  void run() const {
    for (int64_t s = steps.count - 1; s >= 0; --s) step(s);
    if (dx) product<T>(rows, inputs, gates, g, false, w_ih, false, dx, 0);
    if (dw_ih) product<T>(gates, inputs, rows, g, true, x, false, dw_ih, 0);
    if (dw_hh) hidden_weights();
    const CellKernels<T>& k = cells<T>();
    if (db_ih) k.column_sums(rows, gates, g, db_ih);
    if (db_hh) k.column_sums(rows, gates, dhh, db_hh);
  }

 private:
  void step(int64_t s) const {
    const CellKernels<T>& k = cells<T>();
    const int64_t at = steps.row(s), batch = steps.rows(s), n = batch * hidden;
    const T* activated = gate + at * gates;
    T *dgate = g + at * gates, *dprev = dhh + at * gates;
    const T *h_prev = h0, *c_prev = c0;
    if (h_before) h_prev = h_before + at * hidden, c_prev = c_before + at * hidden;
    else if (s) h_prev = h + steps.row(s - 1) * hidden, c_prev = c + steps.row(s - 1) * hidden;
    if (d_output) k.add(n, d_output + at * hidden, dh);
    if (cell == Cell::Lstm) k.lstm_backward(batch, hidden, activated, c_prev, c + at * hidden, dh, dc, dgate);
    else if (cell == Cell::Gru) k.gru_backward(batch, hidden, activated, hh + at * gates, h_prev, dh, dgate, dprev);
    else k.activate_backward[cell == Cell::Relu](n, h + at * hidden, dh, dgate);
    product<T>(batch, hidden, gates, dprev, false, w_hh, false, dh, cell == Cell::Gru ? 1 : 0);
  }

  // The gradient of a step's pre-activations meets the hidden state before it: the sequence shifted by one step, and h0.
  void hidden_weights() const {
    if (h_before) return product<T>(gates, hidden, rows, dhh, true, h_before, false, dw_hh, 0);
    const int64_t batch = steps.batch, n = (steps.count - 1) * batch, first = steps.row(0);
    const bool reverse = steps.reverse;
    product<T>(gates, hidden, batch, dhh + first * gates, true, h0, false, dw_hh, 0);
    if (n) product<T>(gates, hidden, n, dhh + (reverse ? 0 : batch) * gates, true, h + (reverse ? batch : 0) * hidden, false, dw_hh, 1);
  }
};

// Results for those inputs of the layer that are wanted.
void backward(const Layer& l, const LayerState& s, const Tensor* grads, const bool* wanted, Tensor* results) {
  const DType d = kernel_dtype(l.x().dtype());
  const int64_t batch = l.batch(), hidden = l.hidden(), gates = l.gates(), rows = l.rows();
  const bool lstm = l.cell == Cell::Lstm, gru = l.cell == Cell::Gru;
  Tensor in[Layer::kInputs];
  for (uint32_t i = 0; i < Layer::kInputs; ++i) in[i] = kernel_data(l.in[i], d);
  Tensor d_output = kernel_data(grads[0], d);
  auto state_grad = [&](const Tensor& g) {
    Tensor r = g ? empty({batch, hidden}, d) : zeros({batch, hidden}, d);
    if (g) copy_into(r, g);
    return r;
  };
  Tensor dh = state_grad(grads[1]), dc = lstm ? state_grad(grads[2]) : Tensor();
  Tensor g = empty(s.gates.sizes(), d), dhh = gru ? empty(g.sizes(), d) : g;
  Tensor out[Layer::kInputs];
  for (uint32_t i = 0; i < Layer::kInputs; ++i)
    if (wanted[i] && i != Layer::H && i != Layer::C) out[i] = empty(l.in[i].sizes(), d);
  out[Layer::H] = dh;
  out[Layer::C] = dc;
  with_float(d, [&](auto t) {
    using T = decltype(t);
    auto to = [&](uint32_t i) { return wanted[i] ? out[i].ptr<T>() : nullptr; };
    Backward<T> b{l.cell, Steps(l), l.inputs(), hidden, gates, rows, data_of<T>(in[Layer::X]), data_of<T>(in[Layer::H]),
                  data_of<T>(in[Layer::C]), data_of<T>(in[Layer::WeightIh]), data_of<T>(in[Layer::WeightHh]), s.h.ptr<T>(),
                  lstm ? s.c.ptr<T>() : nullptr, gru ? s.from_hidden.ptr<T>() : nullptr, data_of<T>(s.h_before), data_of<T>(s.c_before), s.gates.ptr<T>(), g.ptr<T>(), dhh.ptr<T>(), data_of<T>(d_output),
                  dh.ptr<T>(), lstm ? dc.ptr<T>() : nullptr, to(Layer::X), to(Layer::WeightIh), to(Layer::WeightHh), to(Layer::BiasIh),
                  to(Layer::BiasHh)};
    ReleaseGil free(rows * gates * (hidden + l.inputs()), 1 << 18);
    b.run();
  });
  for (uint32_t i = 0; i < Layer::kInputs; ++i)
    if (wanted[i] && out[i]) results[i] = cast(i == Layer::H || i == Layer::C ? op::view(out[i], l.in[i].sizes()) : out[i], l.in[i].dtype());
}

// ---- the same as a chain of operators: for second derivatives and for projections
Tensor plus(const Tensor& a, const Tensor& b) { return op::add(a, b, Scalar(1)); }

// g: what comes from the input. Gives the next hidden state and changes c.
Tensor next_hidden(Cell cell, const Tensor& g, const Tensor& from_hidden, const Tensor& h, Tensor& c) {
  if (cell == Cell::Tanh) return op::tanh(plus(g, from_hidden));
  if (cell == Cell::Relu) return op::relu(plus(g, from_hidden));
  if (cell == Cell::Lstm) {
    TensorList p = op::chunk(plus(g, from_hidden), 4, -1);
    c = plus(op::mul(op::sigmoid(p[1]), c), op::mul(op::sigmoid(p[0]), op::tanh(p[2])));
    return op::mul(op::sigmoid(p[3]), op::tanh(c));
  }
  TensorList a = op::chunk(g, 3, -1), b = op::chunk(from_hidden, 3, -1);
  Tensor r = op::sigmoid(plus(a[0], b[0])), z = op::sigmoid(plus(a[1], b[1])), n = op::tanh(plus(a[2], op::mul(r, b[2])));
  return plus(n, op::mul(z, op::sub(h, n, Scalar(1))));
}

// The first rows of a state replaced.
Tensor with_first(const Tensor& state, const Tensor& first) {
  const int64_t n = first.size(0), all = state.size(0);
  return n == all ? first : op::cat({first, op::narrow(state, 0, n, all - n)}, 0);
}

TensorList packed_by_operators(const Layer& l, const TensorList& in, const Tensor& projection, const Tensor& g, Tensor h, Tensor c) {
  const Steps steps(l);
  TensorList outputs(size_t(steps.count));
  for (int64_t s = 0; s < steps.count; ++s) {
    const int64_t n = steps.rows(s);
    Tensor before = op::narrow(h, 0, 0, n), cell = c ? op::narrow(c, 0, 0, n) : Tensor();
    Tensor now = next_hidden(l.cell, op::narrow(g, 0, steps.row(s), n), op::linear(before, in[Layer::WeightHh], in[Layer::BiasHh]), before, cell);
    if (projection) now = op::linear(now, projection, Tensor());
    outputs[size_t(steps.step(s))] = now;
    h = with_first(h, now);
    if (c) c = with_first(c, cell);
  }
  return {op::cat(outputs, 0), h, c};
}

TensorList by_operators(const Layer& l, const TensorList& in, const Tensor& projection) {
  Tensor g = op::linear(in[Layer::X], in[Layer::WeightIh], in[Layer::BiasIh]), h = in[Layer::H], c = in[Layer::C];
  const int64_t steps = l.steps();
  TensorList outputs(static_cast<size_t>(steps));
  if (l.packed()) return packed_by_operators(l, in, projection, g, h, c);
  for (int64_t s = 0; s < steps; ++s) {
    const int64_t at = l.reverse ? steps - 1 - s : s;
    h = next_hidden(l.cell, l.single ? g : op::select(g, 0, at), op::linear(h, in[Layer::WeightHh], in[Layer::BiasHh]), h, c);
    if (projection) h = op::linear(h, projection, Tensor());
    outputs[size_t(at)] = h;
  }
  return {l.single ? h : op::stack(outputs, 0), h, c};
}

struct LayerNode final : Node {
  Cell cell;
  bool reverse, single;
  std::vector<int64_t> sizes;
  SavedTensor inputs_[Layer::kInputs];
  SavedTensor output_, last_c_;  // where these are what the caller was given, they stand here and not in state_
  LayerState state_;

  void keep(const LayerResult& r) {
    if (state_.h.get() == r.output.get()) {
      output_.save_output(r.output);
      state_.h = Tensor();
    }
    if (r.c && state_.c.get() == r.c.get()) {
      last_c_.save_output(r.c, 2);
      state_.c = Tensor();
    }
  }

  const char* name() const override {
    static const char* const names[] = {"LstmBackward0", "GruBackward0", "RnnTanhBackward0", "RnnReluBackward0"};
    return names[int(cell)];
  }
  void release_saved() override {
    for (SavedTensor& t : inputs_) t.reset();
    output_.reset();
    last_c_.reset();
    state_ = LayerState();
  }
  void saved(std::function<void(const char*, const Tensor&)> f) override {
    static const char* const names[] = {"input", "hx", "cx", "weight_ih", "weight_hh", "bias_ih", "bias_hh"};
    for (uint32_t i = 0; i < Layer::kInputs; ++i) if (Tensor t = inputs_[i].unpack(this, names[i])) f(names[i], t);
  }
  void backward(const Tensor* grads, Tensor* results) override {
    if (!grads[0] && !grads[1] && !grads[2]) return;
    Layer l{cell, reverse, single, {}, sizes};
    for (SavedTensor& t : inputs_) l.in.push_back(t.unpack(this, "input"));
    if (meta_gradients(l.in, *this, results)) return;
    bool wanted[Layer::kInputs];
    for (uint32_t i = 0; i < Layer::kInputs; ++i) wanted[i] = needs(i);
    if (!grad_enabled) {
      LayerState s = state_;
      if (!s.h) s.h = output_.unpack(this, "output");
      if (cell == Cell::Lstm && !s.c) s.c = last_c_.unpack(this, "cy");
      return pl::backward(l, s, grads, wanted, results);
    }
    TensorList r = differentiable_gradients(l.in, grads, [&](const TensorList& in) { return by_operators(l, in, Tensor()); });
    for (uint32_t i = 0; i < Layer::kInputs; ++i) if (wanted[i]) results[i] = r[i];
  }
};

void check_layer(const Layer& l) {
  const Tensor &x = l.x(), &h = l.in[Layer::H], &w = l.in[Layer::WeightIh], &u = l.in[Layer::WeightHh];
  const int dims = l.single || l.packed() ? 2 : 3;
  PL_CHECK(x.dim() == dims && h.dim() == 2, "input must have %d dimensions, got %d", dims, x.dim());
  for (const Tensor& t : l.in)
    PL_CHECK_AS(Value, !t || t.dtype() == x.dtype(), "dtype_mismatch", "RNN input dtype (%s) does not match weight dtype (%s)", info(x.dtype()).name,
                info(t.dtype()).name);
  PL_CHECK_AS(NotImplemented, is_floating(x.dtype()), "dtype_unsupported", "\"rnn\" not implemented for '%s'", info(x.dtype()).scalar_name);
  PL_CHECK(h.size(0) == l.batch(), "Expected hidden size %s, got %s", to_string(Shape({l.batch(), l.hidden()})).c_str(), to_string(h.sizes()).c_str());
  PL_CHECK(!l.in[Layer::C] || l.in[Layer::C].sizes() == h.sizes(), "Expected hidden[1] size %s, got %s", to_string(h.sizes()).c_str(),
           to_string(l.in[Layer::C].sizes()).c_str());
  PL_CHECK(w.sizes() == Shape({l.gates(), l.inputs()}) && u.sizes() == Shape({l.gates(), l.hidden()}),
           "recurrent weights of shapes %s and %s do not fit an input of size %lld and a hidden state of size %lld", to_string(w.sizes()).c_str(),
           to_string(u.sizes()).c_str(), (long long)l.inputs(), (long long)l.hidden());
  for (uint32_t i : {Layer::BiasIh, Layer::BiasHh})
    PL_CHECK(!l.in[i] || l.in[i].sizes() == Shape({l.gates()}), "a recurrent bias has shape %s, expected [%lld]", to_string(l.in[i].sizes()).c_str(),
             (long long)l.gates());
  PL_CHECK(l.steps() > 0, "Expected sequence length to be larger than 0 in RNN");
}

LayerResult run_layer(const Layer& l) {
  check_layer(l);
  if (!(grad_enabled && requires_grad(l.in))) {
    LayerState s;
    return forward(l, s);
  }
  NodeRef<LayerNode> node(new LayerNode);
  set_edges(node.get(), l.in);
  node->cell = l.cell;
  node->reverse = l.reverse;
  node->single = l.single;
  node->sizes = l.sizes;
  for (uint32_t i = 0; i < Layer::kInputs; ++i) node->inputs_[i].save(l.in[i]);
  node->n_inputs = 3;
  LayerResult r = [&] {
    NoGrad no_grad;
    return forward(l, node->state_);
  }();
  node->keep(r);
  set_history(r.output, node.get(), 0);
  if (r.h) set_history(r.h, node.get(), 1);
  if (r.c) set_history(r.c, node.get(), 2);
  return r;
}

// ---- several layers and directions
struct Stack {
  Cell cell;
  const TensorList& params;
  bool has_biases;
  int64_t layers;
  double dropout;
  bool train, bidirectional, batch_first;
  std::vector<int64_t> sizes = {};       // of a packed sequence's steps
};

Tensor joined(const TensorList& l, int64_t dim) { return l.size() == 1 ? l[0] : op::cat(l, dim); }
Tensor stacked(const TensorList& l) { return l.size() == 1 ? op::unsqueeze(l[0], 0) : op::stack(l, 0); }

LayerResult run_projected(const Layer& l, const Tensor& projection) {
  TensorList r = by_operators(l, l.in, projection);
  return {r[0], r[1], r[2]};
}

LayerResult run_stack(const Stack& s, const Tensor& input, const Tensor& hx, const Tensor& cx) {
  const int64_t directions = 1 + s.bidirectional, count = checked_mul(s.layers, directions);
  const bool projected = cx && cx.size(-1) != hx.size(-1);
  const int64_t each = (s.has_biases ? 4 : 2) + projected;
  PL_CHECK(int64_t(s.params.size()) == checked_mul(count, each), "got an incorrect number of RNN parameters");
  const int dims = s.sizes.empty() ? 3 : 2;
  PL_CHECK(input.dim() == dims, "input must have %d dimensions, got %d", dims, input.dim());
  PL_CHECK(hx.dim() == 3 && hx.size(0) == count && (!cx || (cx.dim() == 3 && cx.size(0) == count)), "Expected hidden size [%lld, %lld, ...], got %s",
           (long long)count, (long long)(s.sizes.empty() ? input.size(s.batch_first ? 0 : 1) : s.sizes[0]), to_string(hx.sizes()).c_str());
  Tensor x = s.batch_first ? op::transpose(input, 0, 1) : input;
  TensorList hs, cs;
  for (int64_t layer = 0; layer < s.layers; ++layer) {
    TensorList outputs;
    for (int64_t direction = 0; direction < directions; ++direction) {
      const int64_t i = layer * directions + direction;
      const Tensor* p = &s.params[size_t(i * each)];
      Layer l{s.cell, direction == 1, false, {x, op::select(hx, 0, i), cx ? op::select(cx, 0, i) : Tensor(), p[0], p[1],
                                              s.has_biases ? p[2] : Tensor(), s.has_biases ? p[3] : Tensor()}, s.sizes};
      LayerResult r = projected ? run_projected(l, p[each - 1]) : run_layer(l);
      outputs.push_back(r.output);
      hs.push_back(r.h);
      if (cx) cs.push_back(r.c);
    }
    x = joined(outputs, -1);
    if (s.dropout > 0 && s.train && layer + 1 < s.layers) x = native::dropout(x, s.dropout, true);
  }
  return {s.batch_first ? op::transpose(x, 0, 1) : x, stacked(hs), cx ? stacked(cs) : Tensor()};
}

// The samples of each step: positive, never more than before, and as many rows as there are.
std::vector<int64_t> step_sizes(const Tensor& batch_sizes, const Tensor& data) {
  PL_CHECK(batch_sizes.dim() == 1 && batch_sizes.dtype() == DType::Int64 && batch_sizes.numel() > 0, "batch_sizes should be a 1D CPU int64 tensor");
  Tensor b = kernel_data(batch_sizes, DType::Int64);
  std::vector<int64_t> r(b.ptr<int64_t>(), b.ptr<int64_t>() + b.numel());
  int64_t sum = 0;
  for (size_t i = 0; i < r.size(); ++i) {
    PL_CHECK(r[i] > 0 && (i == 0 || r[i] <= r[i - 1]), "batch_sizes must be positive and must not increase");
    sum = checked_add(sum, r[i]);
  }
  PL_CHECK(data.dim() >= 1 && sum == data.size(0), "batch_sizes add up to %lld, but data has shape %s", (long long)sum, to_string(data.sizes()).c_str());
  return r;
}

std::tuple<Tensor, Tensor> run_simple(const Stack& s, const Tensor& input, const Tensor& hx) {
  LayerResult r = run_stack(s, input, hx, Tensor());
  return {r.output, r.h};
}

LayerResult run_cell(Cell cell, const Tensor& input, const Tensor& h, const Tensor& c, const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih,
                     const Tensor& b_hh) {
  // The kernels take both biases or none.
  Tensor bias_ih = b_ih, bias_hh = b_hh;
  if (b_ih && !b_hh) bias_hh = op::zeros_like(b_ih, DType::Undefined, {}, MemoryFormat::None);
  if (b_hh && !b_ih) bias_ih = op::zeros_like(b_hh, DType::Undefined, {}, MemoryFormat::None);
  return run_layer({cell, false, true, {input, h, c, w_ih, w_hh, bias_ih, bias_hh}});
}

}  // namespace

namespace native {

std::tuple<Tensor, Tensor, Tensor> lstm_data(const Tensor& data, const Tensor& batch_sizes, const TensorList& hx, const TensorList& params, bool has_biases,
                                             int64_t num_layers, double dropout, bool train, bool bidirectional) {
  PL_CHECK(hx.size() == 2, "lstm expects two hidden states");
  LayerResult r = run_stack({Cell::Lstm, params, has_biases, num_layers, dropout, train, bidirectional, false, step_sizes(batch_sizes, data)}, data, hx[0], hx[1]);
  return {r.output, r.h, r.c};
}
#define PL_PACKED(name, cell)                                                                                                                              \
  std::tuple<Tensor, Tensor> name##_data(const Tensor& data, const Tensor& batch_sizes, const Tensor& hx, const TensorList& params, bool has_biases,       \
                                         int64_t num_layers, double dropout, bool train, bool bidirectional) {                                             \
    return run_simple({cell, params, has_biases, num_layers, dropout, train, bidirectional, false, step_sizes(batch_sizes, data)}, data, hx);              \
  }
PL_PACKED(gru, Cell::Gru)
PL_PACKED(rnn_tanh, Cell::Tanh)
PL_PACKED(rnn_relu, Cell::Relu)
#undef PL_PACKED
std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& input, const TensorList& hx, const TensorList& params, bool has_biases, int64_t num_layers,
                                        double dropout, bool train, bool bidirectional, bool batch_first) {
  PL_CHECK(hx.size() == 2, "lstm expects two hidden states");
  LayerResult r = run_stack({Cell::Lstm, params, has_biases, num_layers, dropout, train, bidirectional, batch_first}, input, hx[0], hx[1]);
  return {r.output, r.h, r.c};
}
std::tuple<Tensor, Tensor> gru(const Tensor& input, const Tensor& hx, const TensorList& params, bool has_biases, int64_t num_layers, double dropout,
                               bool train, bool bidirectional, bool batch_first) {
  return run_simple({Cell::Gru, params, has_biases, num_layers, dropout, train, bidirectional, batch_first}, input, hx);
}
std::tuple<Tensor, Tensor> rnn_tanh(const Tensor& input, const Tensor& hx, const TensorList& params, bool has_biases, int64_t num_layers, double dropout,
                                    bool train, bool bidirectional, bool batch_first) {
  return run_simple({Cell::Tanh, params, has_biases, num_layers, dropout, train, bidirectional, batch_first}, input, hx);
}
std::tuple<Tensor, Tensor> rnn_relu(const Tensor& input, const Tensor& hx, const TensorList& params, bool has_biases, int64_t num_layers, double dropout,
                                    bool train, bool bidirectional, bool batch_first) {
  return run_simple({Cell::Relu, params, has_biases, num_layers, dropout, train, bidirectional, batch_first}, input, hx);
}

std::tuple<Tensor, Tensor> lstm_cell(const Tensor& input, const TensorList& hx, const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih,
                                     const Tensor& b_hh) {
  PL_CHECK(hx.size() == 2, "lstm_cell expects two hidden states");
  LayerResult r = run_cell(Cell::Lstm, input, hx[0], hx[1], w_ih, w_hh, b_ih, b_hh);
  return {r.output, r.c};
}
Tensor gru_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih, const Tensor& b_hh) {
  return run_cell(Cell::Gru, input, hx, Tensor(), w_ih, w_hh, b_ih, b_hh).output;
}
Tensor rnn_tanh_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih, const Tensor& b_hh) {
  return run_cell(Cell::Tanh, input, hx, Tensor(), w_ih, w_hh, b_ih, b_hh).output;
}
Tensor rnn_relu_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih, const Tensor& b_hh) {
  return run_cell(Cell::Relu, input, hx, Tensor(), w_ih, w_hh, b_ih, b_hh).output;
}

}  // namespace native
}  // namespace pl
