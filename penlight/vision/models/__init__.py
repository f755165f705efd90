"""Networks for pictures, as torchvision.models has them: the same names, the same keys in the state dict.

Detection, video, quantized, optical flow and segmentation networks, RegNet, Swin and MaxViT are not there: asking for
one raises an AttributeError that says so.

Example:
    >>> from penlight.vision import models
    >>> models.resnet18(num_classes=10).fc
    Linear(in_features=512, out_features=10, bias=True)
"""

from penlight.vision.models import _api, _utils, feature_extraction
from penlight.vision.models._api import *
from penlight.vision.models.alexnet import *
from penlight.vision.models.convnext import *
from penlight.vision.models.densenet import *
from penlight.vision.models.efficientnet import *
from penlight.vision.models.googlenet import *
from penlight.vision.models.inception import *
from penlight.vision.models.mnasnet import *
from penlight.vision.models.mobilenetv2 import *
from penlight.vision.models.mobilenetv3 import *
from penlight.vision.models.resnet import *
from penlight.vision.models.shufflenetv2 import *
from penlight.vision.models.squeezenet import *
from penlight.vision.models.vgg import *
from penlight.vision.models.vision_transformer import *

_MISSING = ("detection", "video", "quantization", "optical_flow", "segmentation", "maxvit", "maxvit_t")


def __getattr__(name):
    if name in _MISSING or name.startswith(("swin_", "regnet_")):
        raise AttributeError(
            f"Penlight's vision has no models.{name}: networks that classify pictures are there (see list_models())"
        )
    for enum in _api.weights_enums().values():
        if enum.__name__ == name:
            return enum
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
