// Connectionist temporal classification (Graves et al. 2006): the probability that a sequence of symbols and blanks reads as a target,
// summed over all alignments. Sums run over `states`: a target of S symbols with a blank before, between and behind them, 2 S + 1 in all.
#include <cmath>
#include "native.h"
#include "ops/derivatives.h"
#include "ops/fused.h"

namespace pl {
namespace {

using Lengths = std::vector<int64_t>;

template <class T> T log_add(T a, T b) {
  const T top = std::max(a, b);
  return top == -INFINITY ? top : top + std::log(std::exp(a - top) + std::exp(b - top));
}

// Where each target begins, and how far its symbols are apart.
struct Targets {
  Tensor symbols;            // int64
  Lengths begin;
  int64_t stride, longest;
};

Targets targets_of(const Tensor& targets, Shape lengths) {
  Targets r{kernel_data(targets, DType::Int64), {}, 1, 0};
  int64_t at = 0;
  for (int i = 0; i < lengths.n; ++i) {
    r.begin.push_back(targets.dim() == 1 ? at : i * targets.size(1));
    at += lengths[i];
    r.longest = std::max(r.longest, lengths[i]);
  }
  return r;
}

void check_lengths(const char* name, Shape lengths, int64_t batch, int64_t most) {
  PL_CHECK(lengths.n == batch, "%s must be of size batch_size", name);
  for (int64_t n : lengths) {
    PL_CHECK(n >= 0, "Expected %s to have value at least 0, but got value %lld (while checking arguments for ctc_loss_allocate_outputs)", name, (long long)n);
    PL_CHECK(n <= most, "Expected %s to have value at most %lld, but got value %lld (while checking arguments for ctc_loss_allocate_outputs)", name, (long long)most,
             (long long)n);
  }
}

void check_ctc(const Tensor& log_probs, const Tensor& targets, Shape input_lengths, Shape target_lengths, int64_t blank) {
  PL_CHECK(log_probs.numel() > 0, "log_probs tensor must not be empty");
  PL_CHECK(log_probs.dim() == 3, "log_probs must have 3 dimensions (T, N, C), got %d", log_probs.dim());
  PL_CHECK_AS(NotImplemented, log_probs.dtype() == DType::Float32 || log_probs.dtype() == DType::Float64, "dtype_unsupported",
              "\"ctc_loss_cpu\" not implemented for '%s'", info(log_probs.dtype()).scalar_name);
  const int64_t batch = log_probs.size(1);
  PL_CHECK(blank >= 0 && blank < log_probs.size(2), "blank must be in label range");
  check_lengths("input_lengths", input_lengths, batch, log_probs.size(0));
  check_lengths("target_lengths", target_lengths, batch, INT32_MAX);
  PL_CHECK(targets.dim() == 1 || (targets.dim() == 2 && targets.size(0) == batch), "targets must have shape (N, S) or (sum of target_lengths,), got %s",
           to_string(targets.sizes()).c_str());
  int64_t sum = 0, longest = 0;
  for (int64_t n : target_lengths) sum += n, longest = std::max(longest, n);
  if (targets.dim() == 1)
    PL_CHECK(targets.numel() == sum,
             "Expected tensor to have size %lld at dimension 0, but got size %lld for argument #2 'targets' (while checking arguments for ctc_loss_allocate_outputs)",
             (long long)sum, (long long)targets.numel());
  else
    PL_CHECK(targets.size(1) >= longest,
             "Expected tensor to have size at least %lld at dimension 1, but got size %lld for argument #2 'targets' (while checking arguments for "
             "ctc_loss_allocate_outputs)",
             (long long)longest, (long long)targets.size(1));
}

void check_symbols(const Targets& t, Shape lengths, int64_t classes) {
  for (int i = 0; i < lengths.n; ++i)
    for (int64_t s = 0; s < lengths[i]; ++s) {
      const int64_t symbol = t.symbols.ptr<int64_t>()[t.begin[size_t(i)] + s];
      PL_CHECK(symbol >= 0 && symbol < classes, "ctc_loss: a target of %lld is not one of the %lld classes", (long long)symbol, (long long)classes);
    }
}

// One sample: log_probs at [step * step_stride + class].
template <class T> struct Sample {
  const T* log_probs;
  int64_t step_stride, steps, length, blank;
  const int64_t* target;

  int64_t states() const { return 2 * length + 1; }
  int64_t symbol(int64_t state) const { return state % 2 ? target[state / 2] : blank; }
  T log_prob(int64_t step, int64_t state) const { return log_probs[step * step_stride + symbol(state)]; }
  // Whether an alignment may go from the symbol before to this one without a blank.
  bool may_skip(int64_t state) const { return state % 2 && state > 1 && symbol(state) != symbol(state - 2); }

  // Logarithms of the sums over beginnings that end in a state, [steps, states]. Gives -log of the whole.
  T forward(T* alpha, int64_t row) const {
    if (steps == 0) return length == 0 ? T(0) : T(INFINITY);
    for (int64_t s = 0; s < states(); ++s) alpha[s] = s < 2 ? log_prob(0, s) : T(-INFINITY);
    for (int64_t t = 1; t < steps; ++t) {
      const T* before = alpha + (t - 1) * row;
      for (int64_t s = 0; s < states(); ++s) {
        T sum = before[s];
        if (s > 0) sum = log_add(sum, before[s - 1]);
        if (may_skip(s)) sum = log_add(sum, before[s - 2]);
        alpha[t * row + s] = sum + log_prob(t, s);
      }
    }
    const T* last = alpha + (steps - 1) * row + states() - 1;
    return -(length ? log_add(last[0], last[-1]) : last[0]);
  }

  // The gradient with respect to scores whose log_softmax are the log_probs: PyTorch's too. d and the buffers: zeros and -inf.
  void backward(const T* alpha, int64_t row, T loss, T grad, int64_t classes, T* d, T* beta, T* both) const {
    for (int64_t t = steps - 1; t >= 0; --t) {
      T* after = beta + (t + 1) % 2 * row;
      T* now = beta + t % 2 * row;
      for (int64_t c = 0; c < classes; ++c) both[c] = T(-INFINITY);
      for (int64_t s = states() - 1; s >= 0; --s) {
        T sum;
        if (t == steps - 1) {
          sum = s >= states() - 2 ? T(0) : T(-INFINITY);
        } else {
          sum = after[s];
          if (s + 1 < states()) sum = log_add(sum, after[s + 1]);
          if (s + 2 < states() && may_skip(s + 2)) sum = log_add(sum, after[s + 2]);
        }
        now[s] = sum + log_prob(t, s);
        T& b = both[symbol(s)];
        b = log_add(b, alpha[t * row + s] + now[s]);
      }
      const T* p = log_probs + t * step_stride;
      for (int64_t c = 0; c < classes; ++c) d[t * step_stride + c] = (std::exp(p[c]) - std::exp(both[c] + loss - p[c])) * grad;
    }
  }
};

template <class T> Sample<T> sample(const T* log_probs, const Tensor& sizes, int64_t i, Shape input_lengths, Shape target_lengths, const Targets& t, int64_t blank) {
  const int64_t classes = sizes.size(2);
  return {log_probs + i * classes, sizes.size(1) * classes, input_lengths[int(i)], target_lengths[int(i)], blank, t.symbols.ptr<int64_t>() + t.begin[size_t(i)]};
}

int64_t samples_a_thread(const Tensor& log_probs, int64_t states) {
  return std::max<int64_t>(1, (1 << 12) / std::max<int64_t>(1, log_probs.size(0) * states));      // a state costs some 20 ns
}

Lengths lengths_of(const char* name, const Tensor& t) {
  PL_CHECK(is_integral(t.dtype(), false), "%s must be integral", name);
  Tensor l = kernel_data(t, DType::Int64);
  return {l.ptr<int64_t>(), l.ptr<int64_t>() + l.numel()};
}

}  // namespace

namespace native {

std::tuple<Tensor, Tensor> _ctc_loss(const Tensor& log_probs, const Tensor& targets, Shape input_lengths, Shape target_lengths, int64_t blank, bool) {
  check_ctc(log_probs, targets, input_lengths, target_lengths, blank);
  const int64_t steps = log_probs.size(0), batch = log_probs.size(1);
  Targets t = targets_of(targets, target_lengths);
  check_symbols(t, target_lengths, log_probs.size(2));
  const int64_t row = 2 * t.longest + 1;
  Tensor x = kernel_data(log_probs, log_probs.dtype()), loss = empty({batch}, log_probs.dtype());
  Tensor alpha = full({batch, steps, row}, Scalar(-INFINITY), log_probs.dtype());
  with_float(log_probs.dtype(), [&](auto type) {
    using T = decltype(type);
    const T* p = x.ptr<T>();
    T *l = loss.ptr<T>(), *a = alpha.ptr<T>();
    ReleaseGil free(alpha.numel());
    parallel_for(batch, samples_a_thread(log_probs, row), [&](int64_t b, int64_t e) {
      for (int64_t i = b; i < e; ++i) l[i] = sample(p, x, i, input_lengths, target_lengths, t, blank).forward(a + i * steps * row, row);
    });
  });
  return {loss, alpha};
}

std::tuple<Tensor, Tensor> _ctc_loss_Tensor(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths, const Tensor& target_lengths, int64_t blank,
                                            bool zero_infinity) {
  return op::_ctc_loss(log_probs, targets, lengths_of("input_lengths", input_lengths), lengths_of("target_lengths", target_lengths), blank, zero_infinity);
}

Tensor ctc_loss_IntList(const Tensor& log_probs, const Tensor& targets, Shape input_lengths, Shape target_lengths, int64_t blank, int64_t reduction,
                        bool zero_infinity) {
  const bool batched = log_probs.dim() == 3;
  Tensor loss = std::get<0>(op::_ctc_loss(batched ? log_probs : op::unsqueeze(log_probs, 1), targets, input_lengths, target_lengths, blank, zero_infinity));
  if (zero_infinity) loss = op::where_self(op::eq(loss, Scalar(INFINITY)), Scalar(0.0), loss);
  if (reduction == 1) {
    Tensor lengths = empty({target_lengths.n}, loss.dtype());
    for (int i = 0; i < target_lengths.n; ++i) store_scalar(lengths->data + i * itemsize(loss.dtype()), loss.dtype(), Scalar(double(std::max<int64_t>(target_lengths[i], 1))));
    return op::mean(op::true_divide(loss, lengths), DType::Undefined);
  }
  if (reduction == 2) return op::sum(loss, DType::Undefined);
  return batched ? loss : op::squeeze_dim(loss, 0);
}

Tensor ctc_loss_Tensor(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths, const Tensor& target_lengths, int64_t blank, int64_t reduction,
                       bool zero_infinity) {
  return native::ctc_loss_IntList(log_probs, targets, lengths_of("input_lengths", input_lengths), lengths_of("target_lengths", target_lengths), blank, reduction,
                                  zero_infinity);
}

}  // namespace native

Tensor ctc_loss_grad(const Tensor& grad, const Tensor& log_probs, const Tensor& targets, Shape input_lengths, Shape target_lengths, const Tensor& loss,
                     const Tensor& log_alpha, int64_t blank, bool zero_infinity) {
  const DType d = log_probs.dtype();
  const int64_t steps = log_probs.size(0), batch = log_probs.size(1), classes = log_probs.size(2), row = log_alpha.size(2);
  Targets t = targets_of(targets, target_lengths);
  Tensor x = kernel_data(log_probs, d), g = kernel_data(grad, d), dx = zeros(log_probs.sizes(), d);
  with_float(d, [&](auto type) {
    using T = decltype(type);
    const T *p = x.ptr<T>(), *gp = g.ptr<T>(), *l = loss.ptr<T>(), *a = log_alpha.ptr<T>();
    T* to = dx.ptr<T>();
    ReleaseGil free(log_alpha.numel());
    parallel_for(batch, samples_a_thread(log_probs, row), [&](int64_t b, int64_t e) {
      std::vector<T> beta(size_t(2 * row)), both(static_cast<size_t>(classes));
      for (int64_t i = b; i < e; ++i) {
        if (zero_infinity && l[i] == T(INFINITY)) continue;
        sample(p, x, i, input_lengths, target_lengths, t, blank)
            .backward(a + i * steps * row, row, l[i], gp[i], classes, to + i * classes, beta.data(), both.data());
      }
    });
  });
  return without_derivative(dx, {grad, log_probs}, "_ctc_loss_backward");
}

}  // namespace pl
