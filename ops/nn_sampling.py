"""Operators of neural networks that look up or resample: bags of embeddings, grids, patches, random pooling, alignment."""
from ops.table import op

# ---- bags of embeddings
BAGS = "bool scale_grad_by_freq=False, int mode=0, bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False"
op(f"_embedding_bag(Tensor weight, Tensor indices, Tensor offsets, {BAGS}, int padding_idx=-1) -> (Tensor, Tensor, Tensor, Tensor)", forms="f",
   node="EmbeddingBagBackward0",
   grad={"weight": "embedding_bag_weight_grad(grads[0], weight, indices, offsets, result2, result3, scale_grad_by_freq, mode, per_sample_weights, "
                   "include_last_offset, padding_idx)",
         "per_sample_weights": "embedding_bag_sample_grad(grads[0], weight, indices, offsets, per_sample_weights, include_last_offset, padding_idx)"},
   doc="The kernel of embedding_bag, for a padding_idx that is not negative (or -1).")
op(f"embedding_bag(Tensor weight, Tensor indices, Tensor offsets, {BAGS}, int? padding_idx=None) -> (Tensor, Tensor, Tensor, Tensor)", forms="f",
   doc="Sums (mode 0), means (1) or largest elements (2) of the rows that each bag names; then each index's bag, the bags' sizes, and where the largest were.")

# ---- grids; modes: 0 bilinear, 1 nearest, 2 bicubic; padding: 0 zeros, 1 border, 2 reflection
for name in ("grid_sampler", "grid_sampler_2d", "grid_sampler_3d"):
    op(f"{name}(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor", forms="f",
       doc="Samples images [N, C, H, W] or volumes [N, C, D, H, W] at the points of a grid, whose coordinates go from -1 to 1, x first.")
op("affine_grid_generator(Tensor theta, int[] size, bool align_corners) -> Tensor", forms="f",
   doc="The grid of points at which grid_sampler samples to move an image by affine maps [N, 2, 3], or a volume by [N, 3, 4].")

# ---- patches
WINDOWS = "int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride"
op(f"im2col(Tensor self, {WINDOWS}) -> Tensor", forms="f", node="Im2ColBackward0",
   grad={"self": "im2col_grad(grad, self.shape, kernel_size, dilation, padding, stride)"}, doc="Windows of an image [N, C, H, W] as columns.")
op(f"col2im(Tensor self, int[2] output_size, {WINDOWS}) -> Tensor", forms="f", node="Col2ImBackward0",
   grad={"self": "im2col(grad, kernel_size, dilation, padding, stride)"}, doc="Adds columns back to an image, where the windows were.")

# ---- pooling of windows at random places
for n in (2, 3):
    op(f"fractional_max_pool{n}d(Tensor self, int[{n}] kernel_size, int[{n}] output_size, Tensor random_samples) -> (Tensor, Tensor)", forms="f",
       node=f"FractionalMaxPool{n}DBackward0", grad={"self": f"max_pool_scatter(grads[0], result1, self.shape, {n})"},
       doc="The largest element of windows whose places random_samples [N, C, dimensions] chooses, and where it is in its plane.")

# ---- resampling that filters what would be too fine
for kind in ("bilinear", "bicubic"):
    op(f"_upsample_{kind}2d_aa(Tensor input, int[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor", forms="f",
       doc=f"{kind.capitalize()} resampling of [N, C, H, W] without aliasing.")
    op(f"_upsample_{kind}2d_aa.scales(Tensor self, int[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor", forms="f")

# ---- alignment of sequences
CTC = "int blank=0, bool zero_infinity=False"
op(f"_ctc_loss(Tensor log_probs, Tensor targets, int[] input_lengths, int[] target_lengths, {CTC}) -> (Tensor, Tensor)", forms="f",
   grad={"log_probs": "ctc_loss_grad(grads[0], log_probs, targets, input_lengths, target_lengths, result0, result1, blank, zero_infinity)"},
   node="CtcLossBackward0", doc="-log of the probability of each target, summed over all alignments, and the sums over beginnings of alignments.")
op(f"_ctc_loss.Tensor(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, {CTC}) -> (Tensor, Tensor)", forms="f")
CTC = "int blank=0, int reduction=1, bool zero_infinity=False"
op(f"ctc_loss.IntList(Tensor log_probs, Tensor targets, int[] input_lengths, int[] target_lengths, {CTC}) -> Tensor", forms="f",
   doc="Connectionist temporal classification: -log of the probability that log_probs [T, N, C] reads as the targets.")
op(f"ctc_loss.Tensor(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, {CTC}) -> Tensor", forms="f")
