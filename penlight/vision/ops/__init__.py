"""Operators and layers for pictures: boxes, regions of interest, losses of detection, building blocks.

Example:
    >>> from penlight.vision import ops
    >>> ops.box_iou(torch.tensor([[0., 0, 2, 2]]), torch.tensor([[0., 0, 2, 4]]))
    tensor([[0.5000]])
"""

from penlight.vision.ops import boxes, misc
from penlight.vision.ops._drop import *
from penlight.vision.ops._losses import *
from penlight.vision.ops._roi import *
from penlight.vision.ops.boxes import *
from penlight.vision.ops.deform_conv import DeformConv2d, deform_conv2d
from penlight.vision.ops.feature_pyramid_network import FeaturePyramidNetwork
from penlight.vision.ops.misc import (
    MLP,
    Conv2dNormActivation,
    Conv3dNormActivation,
    FrozenBatchNorm2d,
    Permute,
    SqueezeExcitation,
)
from penlight.vision.ops.poolers import MultiScaleRoIAlign
