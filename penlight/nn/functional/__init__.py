"""Layers and losses as functions: the computation without the parameters, which the caller passes in.

Functions of the same name and arguments in `penlight` are the same function.
"""

from penlight import _C
from penlight.nn.functional._activation import (
    celu,
    elu,
    glu,
    gumbel_softmax,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    log_softmax,
    mish,
    relu,
    relu6,
    rrelu,
    rrelu_,
    selu,
    silu,
    softmax,
    softmin,
    softshrink,
    softsign,
    tanhshrink,
    threshold,
)
from penlight.nn.functional._attention import multi_head_attention_forward
from penlight.nn.functional._dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from penlight.nn.functional._linear_loss import linear_cross_entropy
from penlight.nn.functional._loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cosine_embedding_loss,
    cross_entropy,
    ctc_loss,
    gaussian_nll_loss,
    hinge_embedding_loss,
    huber_loss,
    kl_div,
    l1_loss,
    margin_ranking_loss,
    mse_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    nll_loss,
    poisson_nll_loss,
    smooth_l1_loss,
    soft_margin_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from penlight.nn.functional._matmul import (
    ScalingType,
    SwizzleType,
    conv_tbc,
    grouped_mm,
    scaled_grouped_mm,
    scaled_mm,
)
from penlight.nn.functional._norm import (
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    normalize,
    rms_norm,
)
from penlight.nn.functional._pool import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool1d_with_indices,
    adaptive_max_pool2d,
    adaptive_max_pool2d_with_indices,
    adaptive_max_pool3d,
    adaptive_max_pool3d_with_indices,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    fractional_max_pool2d,
    fractional_max_pool2d_with_indices,
    fractional_max_pool3d,
    fractional_max_pool3d_with_indices,
    lp_pool1d,
    lp_pool2d,
    lp_pool3d,
    max_pool1d,
    max_pool1d_with_indices,
    max_pool2d,
    max_pool2d_with_indices,
    max_pool3d,
    max_pool3d_with_indices,
    max_unpool1d,
    max_unpool2d,
    max_unpool3d,
)
from penlight.nn.functional._resample import interpolate, upsample, upsample_bilinear, upsample_nearest
from penlight.nn.functional._sparse import embedding, embedding_bag, one_hot
from penlight.nn.functional._vision import affine_grid, fold, grid_sample, unfold

_OTHER_NAMES = {"logsigmoid": "log_sigmoid", "native_channel_shuffle": "channel_shuffle"}


def __getattr__(name):
    """An operator whose functional form is the operator itself, such as `conv2d` or `gelu`."""
    value = getattr(_C, _OTHER_NAMES.get(name, name), None)
    if value is None or name.startswith("__"):
        raise AttributeError(f"module 'torch.nn.functional' has no attribute '{name}'")
    globals()[name] = value
    return value
