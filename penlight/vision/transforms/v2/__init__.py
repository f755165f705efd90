"""Transforms of whole samples: a picture together with its masks, boxes and points, in any nest of tuples and dicts.

Example:
    >>> from penlight.vision import tv_tensors
    >>> from penlight.vision.transforms import v2
    >>> sample = {"image": tv_tensors.Image(torch.zeros(3, 4, 8)), "label": 3,
    ...           "boxes": tv_tensors.BoundingBoxes([[0, 0, 2, 2]], format="XYXY", canvas_size=(4, 8))}
    >>> out = v2.RandomHorizontalFlip(p=1.0)(sample)
    >>> out["boxes"].tolist(), out["label"]
    ([[6, 0, 8, 2]], 3)
"""

from penlight.vision.transforms.autoaugment import AutoAugmentPolicy
from penlight.vision.transforms.functional import InterpolationMode
from penlight.vision.transforms.v2 import functional
from penlight.vision.transforms.v2._augment import *
from penlight.vision.transforms.v2._basic import *
from penlight.vision.transforms.v2._color import *
from penlight.vision.transforms.v2._geometry import *
from penlight.vision.transforms.v2._transform import (
    Compose,
    RandomApply,
    RandomChoice,
    RandomOrder,
    Transform,
    check_type,
    get_bounding_boxes,
    get_keypoints,
    has_all,
    has_any,
    query_chw,
    query_size,
)
