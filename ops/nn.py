"""Operators of neural networks: losses, recurrent layers, convolutions, normalisation, pooling."""
from ops.table import op

# `reduction` is 0 for a number an element, 1 for the mean, 2 for the sum.
# ---- losses
op("mse_loss(Tensor self, Tensor target, int reduction=1) -> Tensor", forms="f", doc="The squared error (input - target)^2.")
op("l1_loss(Tensor self, Tensor target, int reduction=1) -> Tensor", forms="f", doc="The absolute error |input - target|.")
op("smooth_l1_loss(Tensor self, Tensor target, int reduction=1, float beta=1.0) -> Tensor", forms="f",
   doc="The squared error over 2 beta where it is below beta, the absolute error less beta / 2 above.")
op("huber_loss(Tensor self, Tensor target, int reduction=1, float delta=1.0) -> Tensor", forms="f",
   doc="Half the squared error where it is below delta, delta times (the absolute error less delta / 2) above.")
op("binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=1) -> Tensor", forms="f",
   doc="-(target log(input) + (1 - target) log(1 - input)) for probabilities; logarithms are limited to -100.")
op("binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, int reduction=1) -> Tensor",
   forms="f", doc="binary_cross_entropy of sigmoid(input), computed so that it stays finite.")
op("nll_loss_nd(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, int ignore_index=-100) -> Tensor", forms="f",
   aliases="nll_loss", doc="-input[target] for log-probabilities [N, C, ...] and class numbers [N, ...].")
op("cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, int ignore_index=-100, float label_smoothing=0.0) -> Tensor",
   forms="f", doc="-log(softmax(input))[target] for scores [N, C, ...] and class numbers [N, ...] or probabilities [N, C, ...].")
op("kl_div(Tensor self, Tensor target, int reduction=1, *, bool log_target=False) -> Tensor", forms="f",
   doc="The Kullback-Leibler divergence target (log(target) - input), for input of log-probabilities.")

# ---- recurrent layers
STACK = "Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first"
PACKED = "Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional"
CELL = "Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None"
op(f"lstm(Tensor input, Tensor[] hx, {STACK}) -> (Tensor, Tensor, Tensor)", forms="f", doc="Long short-term memory layers over a sequence.")
op(f"lstm.data(Tensor data, Tensor batch_sizes, Tensor[] hx, {PACKED}) -> (Tensor, Tensor, Tensor)", forms="f")
op(f"lstm_cell(Tensor input, Tensor[] hx, {CELL}) -> (Tensor, Tensor)", forms="f", doc="One step of long short-term memory.")
for name, words in (("gru", "gated recurrent units"), ("rnn_tanh", "a recurrent network with tanh"), ("rnn_relu", "a recurrent network with relu")):
    op(f"{name}(Tensor input, Tensor hx, {STACK}) -> (Tensor, Tensor)", forms="f", doc=f"Layers of {words} over a sequence.")
    op(f"{name}.data(Tensor data, Tensor batch_sizes, Tensor hx, {PACKED}) -> (Tensor, Tensor)", forms="f")
    op(f"{name}_cell(Tensor input, Tensor hx, {CELL}) -> Tensor", forms="f", doc=f"One step of {words}.")

# ---- convolutions: forward, the gradient of the input and that of the weight are one another's derivatives
CONV = "int[] stride, int[] padding, int[] dilation, int groups"
SAME = "stride, padding, dilation, groups"
op(f"conv_forward(Tensor input, Tensor weight, Tensor? bias, {CONV}) -> Tensor", forms="", node="ConvolutionBackward0",
   grad={"input": f"conv_input_grad(grad, weight, input.shape, {SAME})", "weight": f"conv_weight_grad(grad, input, weight.shape, {SAME})",
         "bias": "conv_bias_grad(grad)"}, doc="A convolution of a batch.")
op(f"conv_input_grad(Tensor grad_output, Tensor weight, int[] input_size, {CONV}) -> Tensor", forms="", node="ConvolutionBackwardBackward0",
   grad={"grad_output": f"conv_forward(grad, weight, None, {SAME})", "weight": f"conv_weight_grad(grad_output, grad, weight.shape, {SAME})"},
   doc="The gradient of a convolution's input.")
op(f"conv_weight_grad(Tensor grad_output, Tensor input, int[] weight_size, {CONV}) -> Tensor", forms="", node="ConvolutionBackwardBackward0",
   grad={"grad_output": f"conv_forward(input, grad, None, {SAME})", "input": f"conv_input_grad(grad_output, grad, input.shape, {SAME})"},
   doc="The gradient of a convolution's weight.")
op(f"conv_transposed(Tensor input, Tensor weight, Tensor? bias, int[] output_size, {CONV}) -> Tensor", forms="", node="ConvolutionBackward0",
   grad={"input": f"conv_forward(grad, weight, None, {SAME})", "weight": f"conv_weight_grad(input, grad, weight.shape, {SAME})",
         "bias": "conv_bias_grad(grad)"}, doc="A transposed convolution of a batch.")
op("convolution(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, bool transposed, int[] output_padding, "
   "int groups) -> Tensor", forms="f", doc="A convolution or transposed convolution of a batch in one to three dimensions.")
for n in (1, 2, 3):
    sizes = f"int[{n}] stride=1, int[{n}] padding=0"
    rest = f"int[{n}] dilation=1, int groups=1"
    op(f"conv{n}d(Tensor input, Tensor weight, Tensor? bias=None, {sizes}, {rest}) -> Tensor", forms="f",
       doc=f"Slides filters over {n} dimensions: sums of products over windows of all input channels.")
    op(f"conv{n}d.padding(Tensor input, Tensor weight, Tensor? bias=None, int[{n}] stride=1, str padding='valid', {rest}) -> Tensor", forms="f")
    op(f"conv_transpose{n}d(Tensor input, Tensor weight, Tensor? bias=None, {sizes}, int[{n}] output_padding=0, int groups=1, int[{n}] dilation=1) "
       "-> Tensor", forms="f", doc=f"The transpose of conv{n}d as a linear map: it enlarges where conv{n}d shrinks.")

# ---- dropout with its mask

# ---- distances
op("cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-8) -> Tensor", forms="f", doc="The cosine of the angle between vectors along dim.")
op("pairwise_distance(Tensor x1, Tensor x2, float p=2.0, float eps=1e-6, bool keepdim=False) -> Tensor", forms="f",
   doc="The p-norm of x1 - x2 + eps along the last dimension.")
op("bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor", forms="f",
   doc="input1 @ weight[k] @ input2 for each k, plus bias.")

# ---- padding and rearranging
op("constant_pad_nd(Tensor self, int[] pad, Scalar value=0) -> Tensor", forms="f", node="ConstantPadNdBackward0",
   grad={"self": "constant_pad_nd(grad, negated(pad), 0)"}, doc="Adds elements of one value around a tensor; negative padding crops.")
op("pad(Tensor self, int[] pad, str mode='constant', float? value=None) -> Tensor", forms="f",
   doc="Adds elements around a tensor: pad lists the numbers before and after each dimension, the last dimension first.")
op("pixel_shuffle(Tensor self, int upscale_factor) -> Tensor", forms="f", doc="Turns r * r channels into an image r times as high and wide.")
op("pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor", forms="f", doc="The reverse of pixel_shuffle.")
op("channel_shuffle(Tensor self, int groups) -> Tensor", forms="f", doc="Deals the channels of groups out in turn.")

# ---- normalisation
STATISTICS = "Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var"
op("layer_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1e-5, bool cudnn_enable=True) -> Tensor",
   forms="f", doc="Gives the last dimensions mean 0 and variance 1, then multiplies by weight and adds bias.")
op("native_layer_norm(Tensor input, int[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> (Tensor, Tensor, Tensor)", forms="f",
   doc="layer_norm with the means and the reciprocal standard deviations.")
op("rms_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor", forms="f",
   doc="Divides the last dimensions by their root mean square, then multiplies by weight.")
op(f"batch_norm(Tensor input, {STATISTICS}, bool training, float momentum, float eps, bool cudnn_enabled) -> Tensor", forms="f",
   doc="Gives each channel mean 0 and variance 1 over the batch, or by running statistics outside training.")
op(f"native_batch_norm(Tensor input, {STATISTICS}, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)", forms="fo",
   doc="batch_norm with the means and the reciprocal standard deviations of the batch.")
op(f"_native_batch_norm_legit(Tensor input, {STATISTICS}, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)", forms="fo",
   doc="native_batch_norm under the name of PyTorch's dispatcher.")
op("_native_batch_norm_legit.no_stats(Tensor input, Tensor? weight, Tensor? bias, bool training, float momentum, float eps) -> "
   "(Tensor, Tensor, Tensor)", forms="fo")
op(f"_batch_norm_with_update(Tensor input, {STATISTICS}, float momentum, float eps) -> (Tensor, Tensor, Tensor, Tensor)", forms="f",
   doc="native_batch_norm in training, and an empty tensor where other devices keep notes.")
op("group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-5, bool cudnn_enabled=True) -> Tensor", forms="f",
   doc="Gives each group of channels of each sample mean 0 and variance 1.")
op("native_group_norm(Tensor input, Tensor? weight, Tensor? bias, int N, int C, int HxW, int group, float eps) -> (Tensor, Tensor, Tensor)",
   forms="f", doc="group_norm with the means and the reciprocal standard deviations.")
op(f"instance_norm(Tensor input, {STATISTICS}, bool use_input_stats, float momentum, float eps, bool cudnn_enabled) -> Tensor", forms="f",
   doc="Gives each channel of each sample mean 0 and variance 1.")

# ---- pooling: kernel_size, stride (by default the kernel's size), padding and dilation for each dimension
for n in (1, 2, 3):
    window = f"int[{n}] kernel_size, int[{n}] stride=[], int[{n}] padding=0"
    picked = {"self": f"max_pool_scatter(grads[0], result1, self.shape, {n})"}
    op(f"max_pool{n}d(Tensor self, {window}, int[{n}] dilation=1, bool ceil_mode=False) -> Tensor", forms="f", doc="The largest element of each window.")
    op(f"max_pool{n}d_with_indices(Tensor self, {window}, int[{n}] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)", forms="f", grad=picked,
       node=f"MaxPool{n}DWithIndicesBackward0", doc="The largest element of each window, and where it is in its plane.")
    op(f"adaptive_max_pool{n}d(Tensor self, int[{n}] output_size) -> (Tensor, Tensor)", forms="f", grad=picked, node=f"AdaptiveMaxPool{n}DBackward0",
       doc="The largest element of each of output_size parts, and where it is in its plane.")
    divisor = "" if n == 1 else ", int? divisor_override=None"
    op(f"avg_pool{n}d(Tensor self, {window}, bool ceil_mode=False, bool count_include_pad=True{divisor}) -> Tensor", forms="f", node=f"AvgPool{n}DBackward0",
       grad={"self": f"avg_pool_grad(grad, self.shape, kernel_size, stride, padding, ceil_mode, count_include_pad, {'divisor_override' if n > 1 else None})"},
       doc="The average of each window.")
    op(f"adaptive_avg_pool{n}d(Tensor self, int[{n}] output_size) -> Tensor", forms="f", doc="The average of each of output_size parts.")
    op(f"adaptive_avg_pool{n}d_windows(Tensor self, int[{n}] output_size) -> Tensor", forms="", node=f"AdaptiveAvgPool{n}DBackward0",
       grad={"self": f"adaptive_avg_pool_grad(grad, self.shape, {n})"}, doc="adaptive_avg_pool over windows.")
for n in (2, 3):
    op(f"max_unpool{n}d(Tensor self, Tensor indices, int[{n}] output_size) -> Tensor", forms="f", node=f"MaxUnpool{n}DBackward0",
       grad={"self": f"max_pool_gather(grad, indices, {n})"}, doc=f"Puts elements back where max_pool{n}d_with_indices found them, zeros elsewhere.")
op("max_pool_scatter(Tensor grad_output, Tensor indices, int[] input_size, int dims) -> Tensor", forms="",
   grad={"grad_output": "max_pool_gather(grad, indices, dims)"}, doc="The gradient of max pooling: each element goes where its window's largest was.")
op("avg_pool_grad(Tensor grad_output, int[] input_size, int[] kernel_size, int[] stride, int[] padding, bool ceil_mode, bool count_include_pad, "
   "int? divisor_override) -> Tensor", forms="",
   grad={"grad_output": "avg_pool_again(grad, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)"},
   doc="The gradient of average pooling.")
op("adaptive_avg_pool_grad(Tensor grad_output, int[] input_size, int dims) -> Tensor", forms="",
   grad={"grad_output": "adaptive_avg_again(grad, grad_output.shape, dims)"}, doc="The gradient of adaptive average pooling.")

# ---- resampling and attention
op("resample(Tensor self, int dim, Tensor index, Tensor weight) -> Tensor", forms="", grad={"self": "resample_grad(grad, self.shape, dim, index, weight)"},
   doc="Along dim, output o is the sum of weight[o] times the elements at index[o].")
op("resample_grad(Tensor grad_output, int[] input_size, int dim, Tensor index, Tensor weight) -> Tensor", forms="",
   grad={"grad_output": "resample(grad, dim, index, weight)"}, doc="The gradient of resample.")
op("_upsample(Tensor input, str mode, int[]? output_size, float[]? scale_factors, bool align_corners=False, bool antialias=False) -> Tensor", forms="f",
   doc="Enlarges or shrinks [N, C, ...] to output_size or by scale_factors; the kernel of interpolate.")
op("scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0.0, bool is_causal=False, *, "
   "float? scale=None, bool enable_gqa=False) -> Tensor", forms="f", doc="softmax(query @ key.T * scale + mask) @ value, for sequences [..., L, E].")
