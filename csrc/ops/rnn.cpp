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

// One direction of one layer. The state c and the biases are undefined where there are none.
struct Layer {
  enum Input : uint32_t { X, H, C, WeightIh, WeightHh, BiasIh, BiasHh, kInputs };
  Cell cell;
  bool reverse;
  bool single;             // one step: x is [batch, input] and so is the output
  TensorList in;

  const Tensor& x() const { return in[X]; }
  int64_t steps() const { return single ? 1 : x().size(0); }
  int64_t batch() const { return x().size(-2); }
  int64_t inputs() const { return x().size(-1); }
  int64_t hidden() const { return in[H].size(-1); }
  int64_t gates() const { return kGates[int(cell)] * hidden(); }
};

// What backward needs besides inputs and output, in the kernel's dtype.
struct LayerState {
  Tensor gates;            // [steps, batch, gates]: activated
  Tensor from_hidden;      // GRU: [steps, batch, gates], the products with the hidden state
  Tensor c;                // LSTM: [steps, batch, hidden]
  Tensor h;                // [steps, batch, hidden]
};

struct LayerResult {
  Tensor output, h, c;
};

template <class T> struct Forward {
  Cell cell;
  bool reverse;
  int64_t steps, batch, inputs, hidden, gates;
  const T *x, *h0, *c0, *w_ih, *w_hh, *b_ih, *b_hh;
  T *g, *hh, *c, *h, *bias;

  void run() const {
    const CellKernels<T>& k = cells<T>();
    std::fill_n(bias, gates, T(0));
    if (b_ih) k.add(gates, b_ih, bias);
    if (b_hh && cell != Cell::Gru) k.add(gates, b_hh, bias);
    product<T>(steps * batch, gates, inputs, x, false, w_ih, true, g, 0, bias);
    const T *h_prev = h0, *c_prev = c0;
    for (int64_t s = 0; s < steps; ++s) {
      const int64_t at = (reverse ? steps - 1 - s : s) * batch;
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
    }
  }
};

template <class T> const T* data_of(const Tensor& t) { return t ? t.ptr<T>() : nullptr; }

LayerResult forward(const Layer& l, LayerState& s) {
  const DType d = kernel_dtype(l.x().dtype()), out = l.x().dtype();
  const int64_t steps = l.steps(), batch = l.batch(), hidden = l.hidden(), gates = l.gates();
  const std::vector<int64_t> sizes = l.single ? std::vector{batch, hidden} : std::vector{steps, batch, hidden};
  const bool lstm = l.cell == Cell::Lstm;
  s.h = empty(sizes, d, l.x().device());
  if (lstm) s.c = empty(sizes, d, l.x().device());
  if (!l.x().is_meta()) {
    s.gates = empty({steps, batch, gates}, d);
    if (l.cell == Cell::Gru) s.from_hidden = empty({steps, batch, gates}, d);
    Tensor in[Layer::kInputs], bias = empty({gates}, d);
    for (uint32_t i = 0; i < Layer::kInputs; ++i) in[i] = kernel_data(l.in[i], d);
    with_float(d, [&](auto t) {
      using T = decltype(t);
      Forward<T> f{l.cell, l.reverse, steps, batch, l.inputs(), hidden, gates, data_of<T>(in[Layer::X]), data_of<T>(in[Layer::H]),
                   data_of<T>(in[Layer::C]), data_of<T>(in[Layer::WeightIh]), data_of<T>(in[Layer::WeightHh]), data_of<T>(in[Layer::BiasIh]),
                   data_of<T>(in[Layer::BiasHh]), s.gates.ptr<T>(), l.cell == Cell::Gru ? s.from_hidden.ptr<T>() : nullptr,
                   lstm ? s.c.ptr<T>() : nullptr, s.h.ptr<T>(), bias.ptr<T>()};
      ReleaseGil free(steps * batch * gates * (hidden + l.inputs()), 1 << 19);
      f.run();
    });
  }
  auto last = [&](const Tensor& t) {
    const int64_t at = l.reverse ? 0 : steps - 1;
    Tensor r = empty({batch, hidden}, out, t.device());
    copy_into(r, alias(t, r.sizes(), r.strides(), at * batch * hidden, d));
    return r;
  };
  LayerResult r;
  r.output = cast(s.h, out);
  if (l.single) {
    if (lstm) r.c = cast(s.c, out);
    return r;
  }
  r.h = last(s.h);
  if (lstm) r.c = last(s.c);
  return r;
}

// ---- backward
template <class T> struct Backward {
  Cell cell;
  bool reverse;
  int64_t steps, batch, inputs, hidden, gates;
  const T *x, *h0, *c0, *w_ih, *w_hh, *h, *c, *hh;
  const T* gate;           // activated gates
  T *g, *dhh;              // gradients of the pre-activations, and of the hidden state's part in them (the same but for a GRU)
  const T* d_output;       // null for none
  T *dh, *dc;              // come in as the gradients of the last states, leave as those of the first
  T *dx, *dw_ih, *dw_hh, *db_ih, *db_hh;

  int64_t row(int64_t s) const { return (reverse ? steps - 1 - s : s) * batch; }

  void run() const {
    for (int64_t s = steps - 1; s >= 0; --s) step(row(s), s ? row(s - 1) : -1);
    const int64_t n = steps * batch;
    if (dx) product<T>(n, inputs, gates, g, false, w_ih, false, dx, 0);
    if (dw_ih) product<T>(gates, inputs, n, g, true, x, false, dw_ih, 0);
    if (dw_hh) hidden_weights();
    const CellKernels<T>& k = cells<T>();
    if (db_ih) k.column_sums(n, gates, g, db_ih);
    if (db_hh) k.column_sums(n, gates, dhh, db_hh);
  }

 private:
  void step(int64_t at, int64_t before) const {
    const CellKernels<T>& k = cells<T>();
    const int64_t n = batch * hidden;
    const T* activated = gate + at * gates;
    T *dgate = g + at * gates, *dprev = dhh + at * gates;
    const T *h_prev = before < 0 ? h0 : h + before * hidden, *c_prev = before < 0 ? c0 : c + before * hidden;
    if (d_output) k.add(n, d_output + at * hidden, dh);
    if (cell == Cell::Lstm) k.lstm_backward(batch, hidden, activated, c_prev, c + at * hidden, dh, dc, dgate);
    else if (cell == Cell::Gru) k.gru_backward(batch, hidden, activated, hh + at * gates, h_prev, dh, dgate, dprev);
    else k.activate_backward[cell == Cell::Relu](n, h + at * hidden, dh, dgate);
    product<T>(batch, hidden, gates, dprev, false, w_hh, false, dh, cell == Cell::Gru ? 1 : 0);
  }

  // The gradient of a step's pre-activations meets the hidden state before it: the sequence shifted by one step, and h0.
  void hidden_weights() const {
    const int64_t n = (steps - 1) * batch, first = row(0);
    product<T>(gates, hidden, batch, dhh + first * gates, true, h0, false, dw_hh, 0);
    if (n) product<T>(gates, hidden, n, dhh + (reverse ? 0 : batch) * gates, true, h + (reverse ? batch : 0) * hidden, false, dw_hh, 1);
  }
};

// Results for those inputs of the layer that are wanted.
void backward(const Layer& l, const LayerState& s, const Tensor* grads, const bool* wanted, Tensor* results) {
  const DType d = kernel_dtype(l.x().dtype());
  const int64_t steps = l.steps(), batch = l.batch(), hidden = l.hidden(), gates = l.gates();
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
    Backward<T> b{l.cell, l.reverse, steps, batch, l.inputs(), hidden, gates, data_of<T>(in[Layer::X]), data_of<T>(in[Layer::H]),
                  data_of<T>(in[Layer::C]), data_of<T>(in[Layer::WeightIh]), data_of<T>(in[Layer::WeightHh]), s.h.ptr<T>(),
                  lstm ? s.c.ptr<T>() : nullptr, gru ? s.from_hidden.ptr<T>() : nullptr, s.gates.ptr<T>(), g.ptr<T>(), dhh.ptr<T>(), data_of<T>(d_output),
                  dh.ptr<T>(), lstm ? dc.ptr<T>() : nullptr, to(Layer::X), to(Layer::WeightIh), to(Layer::WeightHh), to(Layer::BiasIh),
                  to(Layer::BiasHh)};
    ReleaseGil free(steps * batch * gates * (hidden + l.inputs()), 1 << 18);
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

TensorList by_operators(const Layer& l, const TensorList& in, const Tensor& projection) {
  Tensor g = op::linear(in[Layer::X], in[Layer::WeightIh], in[Layer::BiasIh]), h = in[Layer::H], c = in[Layer::C];
  const int64_t steps = l.steps();
  TensorList outputs(static_cast<size_t>(steps));
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
  SavedTensor inputs_[Layer::kInputs];
  SavedTensor output_, last_c_;  // where these are what the caller was given, they stand here and not in state_
  LayerState state_;

  void keep(const LayerResult& r) {
    if (state_.h.get() == r.output.get()) {
      output_.save_output(r.output);
      state_.h = Tensor();
    }
    if (r.c && state_.c.get() == r.c.get()) {
      last_c_.save_output(r.c);
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
    Layer l{cell, reverse, single, {}};
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
  PL_CHECK(x.dim() == (l.single ? 2 : 3) && h.dim() == 2, "input must have %d dimensions, got %d", l.single ? 2 : 3, x.dim());
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
  PL_CHECK(input.dim() == 3, "input must have 3 dimensions, got %d", input.dim());
  PL_CHECK(hx.dim() == 3 && hx.size(0) == count && (!cx || (cx.dim() == 3 && cx.size(0) == count)), "Expected hidden size [%lld, %lld, ...], got %s",
           (long long)count, (long long)input.size(s.batch_first ? 0 : 1), to_string(hx.sizes()).c_str());
  Tensor x = s.batch_first ? op::transpose(input, 0, 1) : input;
  TensorList hs, cs;
  for (int64_t layer = 0; layer < s.layers; ++layer) {
    TensorList outputs;
    for (int64_t direction = 0; direction < directions; ++direction) {
      const int64_t i = layer * directions + direction;
      const Tensor* p = &s.params[size_t(i * each)];
      Layer l{s.cell, direction == 1, false, {x, op::select(hx, 0, i), cx ? op::select(cx, 0, i) : Tensor(), p[0], p[1],
                                              s.has_biases ? p[2] : Tensor(), s.has_biases ? p[3] : Tensor()}};
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
