// Helpers that the gradient expressions of the operator table call.
#pragma once
#include "ops.h"
#include "ops/common.h"

namespace pl {
namespace op {
// Of a number too, which stays exact: as a tensor it would have the default dtype.
inline Operand conj(const Operand& o) {
  return o.t ? Operand(conj(o.t)) : o.s.is_complex() ? Operand(Scalar(o.s.d, -o.s.im)) : o;
}
}  // namespace op

// ---- pointwise (derivatives_pointwise.cpp)
Tensor scaled(const Tensor& grad, const Scalar& factor);       // grad * conj(factor); grad itself for 1
Tensor floor_quotient(const Operand& a, const Operand& b);
Tensor trunc_quotient(const Operand& a, const Operand& b);
Tensor pow_grad_self(const Tensor& grad, const Operand& self, const Operand& exponent);
Tensor pow_grad_exponent(const Tensor& grad, const Operand& self, const Operand& exponent, const Tensor& result);
Tensor where_grad(const Tensor& condition, const Tensor& grad, Shape shape, DType dtype, bool on_true);
Tensor larger_share(const Tensor& grad, const Tensor& self, const Tensor& other);
Tensor clamp_grad(const Tensor& grad, const Tensor& self, const Operand& min, const Operand& max);
Tensor clamp_grad_min(const Tensor& grad, const Tensor& self, const Operand& min, const Operand& max);
Tensor clamp_grad_max(const Tensor& grad, const Tensor& self, const Operand& min, const Operand& max);
Tensor abs_grad(const Tensor& grad, const Tensor& self);
Tensor sgn_grad(const Tensor& grad, const Tensor& self);
Tensor copysign_grad(const Tensor& grad, const Tensor& self, const Tensor& result);
Tensor sinc_slope(const Tensor& self);
Tensor polygamma_next(const Scalar& n, const Tensor& self);
Tensor xlogy_slope(const Operand& self, const Operand& other);
Tensor mish_slope(const Tensor& self);
Tensor gelu_tanh_slope(const Tensor& self);
Tensor logit_grad(const Tensor& grad, const Tensor& self, const Scalar& eps);
Tensor angle_grad(const Tensor& grad, const Tensor& self);
Tensor grad_to(const Tensor& grad, DType dtype);               // cast; the real part where a real gradient is wanted
Tensor copy_grad(const Tensor& grad, Shape shape, DType dtype);
Tensor fill_grad(const Tensor& grad);
Tensor real_part(const Tensor& grad);
Tensor imag_part(const Tensor& grad);

// ---- special functions (special.cpp)
[[noreturn]] Tensor no_derivative(const Tensor& grad, const char* of);
Tensor i1_slope(const Tensor& self, const Tensor& result);
Tensor i1e_slope(const Tensor& self, const Tensor& result);
Tensor xlog1py_slope(const Operand& self, const Operand& other);
Tensor zeta_slope(const Operand& self, const Operand& other);
Tensor gamma_density(const Operand& self, const Operand& other);
Tensor mvlgamma_slope(const Tensor& self, const Scalar& p);
Tensor segment_reduce_backward(const Tensor& grad, const Tensor& result, const Tensor& data, const std::string& reduce, const Tensor& lengths,
                               const Tensor& offsets, int64_t axis, const std::optional<Scalar>& initial);    // segment.cpp

// ---- views (derivatives_view.cpp)
// Gradient of as_strided: offsets count from the storage's beginning, as the tensors' own do.
Tensor as_strided_backward(const Tensor& grad, Shape base_sizes, Shape base_strides, int64_t base_offset, Shape sizes, Shape strides,
                           int64_t offset);

// ---- reductions, scans and sorting (derivatives_reduce.cpp)
using OptShape = std::optional<Shape>;
// Puts the reduced dimensions back as ones, for broadcasting.
Tensor with_dims(const Tensor& t, int64_t ndim, const OptShape& dim, bool keepdim);
Tensor sum_backward(const Tensor& grad, Shape sizes, const OptShape& dim, bool keepdim, DType dtype);
Tensor mean_backward(const Tensor& grad, Shape sizes, const OptShape& dim, bool keepdim, DType dtype);
Tensor nansum_backward(const Tensor& grad, const Tensor& self, const OptShape& dim, bool keepdim);
Tensor prod_backward(const Tensor& grad, const Tensor& self, const Tensor& result);
Tensor prod_dim_backward(const Tensor& grad, const Tensor& self, const Tensor& result, int64_t dim, bool keepdim);
Tensor evenly_to_extremes(const Tensor& grad, const Tensor& self, const Tensor& result, const OptShape& dim, bool keepdim);
Tensor aminmax_backward(const Tensor& grad_min, const Tensor& grad_max, const Tensor& self, const Tensor& min, const Tensor& max,
                        std::optional<int64_t> dim, bool keepdim);
Tensor selected_backward(const Tensor& grad, Shape sizes, const Tensor& index, int64_t dim, bool keepdim);
Tensor var_backward(const Tensor& grad, const Tensor& self, const OptShape& dim, const std::optional<Scalar>& correction, bool keepdim);
Tensor std_backward(const Tensor& grad, const Tensor& self, const Tensor& result, const OptShape& dim, const std::optional<Scalar>& correction,
                    bool keepdim);
Tensor var_mean_backward(const Tensor& grad_var, const Tensor& grad_mean, const Tensor& self, const OptShape& dim,
                         const std::optional<Scalar>& correction, bool keepdim);
Tensor std_mean_backward(const Tensor& grad_std, const Tensor& grad_mean, const Tensor& self, const Tensor& result, const OptShape& dim,
                         const std::optional<Scalar>& correction, bool keepdim);
Tensor vector_norm_backward(const Tensor& grad, const Tensor& self, const Tensor& result, const Scalar& ord, const OptShape& dim, bool keepdim);
Tensor dist_backward(const Tensor& grad, const Tensor& self, const Tensor& other, const Tensor& result, const Scalar& p, Shape shape, bool negate);
Tensor logsumexp_backward(const Tensor& grad, const Tensor& self, const Tensor& result, Shape dim, bool keepdim);
Tensor softmax_output_grad(const Tensor& grad, const Tensor& grad_output, const Tensor& output, int64_t dim);
Tensor log_softmax_output_grad(const Tensor& grad, const Tensor& grad_output, const Tensor& output, int64_t dim);
Tensor cumsum_backward(const Tensor& grad, int64_t dim, DType dtype);
Tensor cumprod_backward(const Tensor& grad, const Tensor& self, const Tensor& result, int64_t dim);
Tensor logcumsumexp_backward(const Tensor& grad, const Tensor& self, const Tensor& result, int64_t dim);
Tensor trace_backward(const Tensor& grad, Shape sizes);

// ---- joining and splitting (join.cpp); `grads` are those of all pieces, undefined where unused
std::vector<int64_t> inverse_order(Shape dims);
std::vector<int64_t> negated(Shape values);
Tensor unbind_backward(const Tensor* grads, Shape shape, int64_t dim);
Tensor split_backward(const Tensor* grads, Shape shape, int64_t split_size, int64_t dim);
Tensor split_with_sizes_backward(const Tensor* grads, Shape shape, Shape split_sizes, int64_t dim);
Tensor repeat_backward(const Tensor& grad, Shape repeats, Shape shape);
Tensor repeat_slices_backward(const Tensor& grad, Shape shape, int64_t repeats, int64_t dim);

// ---- indexing (index.cpp, scatter.cpp, mask.cpp)
Tensor index_cleared(const Tensor& grad, const TensorList& indices);
Tensor index_values_grad(const Tensor& grad, const TensorList& indices, Shape shape);
Tensor index_select_backward(const Tensor& grad, Shape shape, int64_t dim, const Tensor& index);
Tensor index_fill_value_grad(const Tensor& grad, int64_t dim, const Tensor& index, Shape shape);      // an index counts once
Tensor slices_at(const Tensor& grad, int64_t dim, const Tensor& index, Shape shape);
Tensor embedding_backward(const Tensor& grad, const Tensor& indices, Shape shape, int64_t padding_idx, bool scale_grad_by_freq);
Tensor embedding_rows_grad(const Tensor& grad, const Tensor& indices, int64_t padding_idx, bool scale_grad_by_freq);
Tensor embedding_scale(const Tensor& indices, int64_t num_weights, DType dtype);
Tensor masked_fill_self_grad(const Tensor& grad, const Tensor& mask, Shape shape);
Tensor masked_fill_value_grad(const Tensor& grad, const Tensor& mask);
Tensor masked_select_backward(const Tensor& grad, const Tensor& mask, Shape shape);
Tensor masked_scatter_backward(const Tensor& grad, const Tensor& mask, Shape shape);
Tensor gather_backward(const Tensor& grad, Shape shape, int64_t dim, const Tensor& index);
Tensor no_scatter_gradient(const Tensor& grad);
Tensor scatter_reduce_self_grad(const Tensor& grad, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, const std::string& reduce,
                                bool include_self, const Tensor& result);
Tensor scatter_reduce_src_grad(const Tensor& grad, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, const std::string& reduce,
                               bool include_self, const Tensor& result);
Tensor index_reduce_self_grad(const Tensor& grad, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source, const std::string& reduce,
                              bool include_self, const Tensor& result);
Tensor index_reduce_source_grad(const Tensor& grad, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source, const std::string& reduce,
                                bool include_self, const Tensor& result);
Tensor take_backward(const Tensor& grad, Shape shape, const Tensor& index);
Tensor put_cleared(const Tensor& grad, const Tensor& index);

// ---- products (linalg.cpp)
Tensor mm_grad(const Tensor& left, const Tensor& right, bool of_left);     // of a product's left factor: left @ right^H; else left^H @ right

// ---- linear algebra (derivatives_linalg.cpp); of_a, of_tau: which of two arguments the gradient is of
[[noreturn]] Tensor no_derivative(const char* name);
Tensor cholesky_backward(const Tensor& grad, const Tensor& factor, bool upper);
Tensor cholesky_inverse_backward(const Tensor& grad, const Tensor& factor, const Tensor& inverse, bool upper);
Tensor cholesky_solve_backward(const Tensor& grad, const Tensor& factor, const Tensor& solution, bool upper);
Tensor lu_factor_backward(const Tensor& grad, const Tensor& lu, const Tensor& pivots);
Tensor lu_solve_backward(const Tensor& grad, const Tensor& lu, const Tensor& pivots, const Tensor& solution, bool left, bool adjoint);
Tensor qr_backward(const Tensor& grad_q, const Tensor& grad_r, const Tensor& q, const Tensor& r, const std::string& mode, Shape sizes);
Tensor householder_backward(const Tensor& grad, const Tensor& q, const Tensor& vectors, const Tensor& tau, bool of_tau);
Tensor ormqr_backward(const Tensor& grad, const Tensor& vectors, const Tensor& tau, const Tensor& other, bool left, bool transpose, bool of_tau);
Tensor solve_backward(const Tensor& grad, const Tensor& A, const Tensor& B, const Tensor& solution, const Tensor& lu, const Tensor& pivots, bool left,
                      bool of_a);
Tensor inv_backward(const Tensor& grad, const Tensor& inverse);
Tensor solve_triangular_backward(const Tensor& grad, const Tensor& A, const Tensor& B, const Tensor& solution, bool upper, bool left, bool unitriangular,
                                 bool of_a);
Tensor pinv_backward(const Tensor& grad, const Tensor& inverse, const Tensor& A);
Tensor lstsq_backward(const Tensor& grad_x, const Tensor& grad_residuals, const Tensor& A, const Tensor& b, bool of_a);
Tensor det_backward(const Tensor& grad, const Tensor& A, const Tensor& det, const Tensor& lu, const Tensor& pivots);
Tensor slogdet_backward(const Tensor& grad_sign, const Tensor& grad_logabsdet, const Tensor& A, const Tensor& sign, const Tensor& lu, const Tensor& pivots);
Tensor eigh_backward(const Tensor& grad_values, const Tensor& grad_vectors, const Tensor& values, const Tensor& vectors);
Tensor eig_backward(const Tensor& grad_values, const Tensor& grad_vectors, const Tensor& values, const Tensor& vectors, DType dtype);
Tensor svd_backward(const Tensor& grad_u, const Tensor& grad_s, const Tensor& grad_vh, const Tensor& u_all, const Tensor& s, const Tensor& vh_all);
Tensor matrix_exp_backward(const Tensor& grad, const Tensor& self);
// ---- Fourier transforms (fft.cpp)
Tensor fft_r2c_backward(const Tensor& grad, Shape dim, int64_t normalization, bool onesided, Shape shape);
Tensor fft_c2r_backward(const Tensor& grad, Shape dim, int64_t normalization);

// ---- neural networks (conv.cpp, norm.cpp, pool.cpp)
Tensor conv_bias_grad(const Tensor& grad);
Tensor max_pool_gather(const Tensor& grad, const Tensor& indices, int64_t dims);
Tensor avg_pool_again(const Tensor& grad, Shape kernel_size, Shape stride, Shape padding, bool ceil_mode, bool count_include_pad,
                      std::optional<int64_t> divisor_override);
Tensor adaptive_avg_again(const Tensor& grad, Shape output, int64_t dims);
Tensor embedding_bag_weight_grad(const Tensor& grad, const Tensor& weight, const Tensor& indices, const Tensor& offsets, const Tensor& size, const Tensor& top,
                                 bool scale_grad_by_freq, int64_t mode, const Tensor& samples, bool include_last_offset, int64_t padding);
Tensor embedding_bag_sample_grad(const Tensor& grad, const Tensor& weight, const Tensor& indices, const Tensor& offsets, const Tensor& samples,
                                 bool include_last_offset, int64_t padding);
Tensor im2col_grad(const Tensor& grad, Shape input, Shape kernel_size, Shape dilation, Shape padding, Shape stride);
Tensor ctc_loss_grad(const Tensor& grad, const Tensor& log_probs, const Tensor& targets, Shape input_lengths, Shape target_lengths, const Tensor& loss,
                     const Tensor& log_alpha, int64_t blank, bool zero_infinity);

}  // namespace pl
