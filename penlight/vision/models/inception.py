"""Inception v3: modules of branches with long, narrow convolutions (Szegedy 2015)."""

from collections import namedtuple

import penlight
from penlight import nn
from penlight.nn import functional as F
from penlight.vision.models._api import builder
from penlight.vision.models.googlenet import BasicConv2d, rescaled, truncated_start

__all__ = ["Inception3", "InceptionOutputs", "inception_v3"]

InceptionOutputs = namedtuple("InceptionOutputs", ["logits", "aux_logits"])


def _conv(i, o, kernel, stride=1):
    """A convolution that keeps the size, but for stride 2, which pads nothing."""
    options = {"kernel_size": kernel}
    if stride > 1:
        options["stride"] = stride
    elif kernel != 1:
        options["padding"] = tuple(k // 2 for k in kernel) if isinstance(kernel, tuple) else kernel // 2
    return BasicConv2d(i, o, **options)


class _Branches(nn.Module):
    """Convolutions by name, from rows (name, input channels, output channels, kernel[, stride])."""

    def __init__(self, *rows):
        super().__init__()
        for name, *row in rows:
            setattr(self, name, _conv(*row))

    def run(self, x, *names):
        for name in names:
            x = getattr(self, name)(x)
        return x

    def pooled(self, x):
        return self.branch_pool(F.avg_pool2d(x, kernel_size=3, stride=1, padding=1))


class InceptionA(_Branches):
    """1x1, 5x5 and double 3x3."""

    def __init__(self, in_channels, pool_features):
        i = in_channels
        super().__init__(
            ("branch1x1", i, 64, 1), ("branch5x5_1", i, 48, 1), ("branch5x5_2", 48, 64, 5),
            ("branch3x3dbl_1", i, 64, 1), ("branch3x3dbl_2", 64, 96, 3), ("branch3x3dbl_3", 96, 96, 3),
            ("branch_pool", i, pool_features, 1),
        )  # fmt: skip

    def forward(self, x):
        """All branches."""
        five = self.run(x, "branch5x5_1", "branch5x5_2")
        three = self.run(x, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3")
        return penlight.cat([self.branch1x1(x), five, three, self.pooled(x)], 1)


class InceptionB(_Branches):
    """Halves the maps."""

    def __init__(self, in_channels):
        super().__init__(
            ("branch3x3", in_channels, 384, 3, 2), ("branch3x3dbl_1", in_channels, 64, 1),
            ("branch3x3dbl_2", 64, 96, 3), ("branch3x3dbl_3", 96, 96, 3, 2),
        )  # fmt: skip

    def forward(self, x):
        """All branches."""
        three = self.run(x, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3")
        return penlight.cat([self.branch3x3(x), three, F.max_pool2d(x, kernel_size=3, stride=2)], 1)


class InceptionC(_Branches):
    """7x7 as 1x7 and 7x1."""

    def __init__(self, in_channels, channels_7x7):
        i, c = in_channels, channels_7x7
        super().__init__(
            ("branch1x1", i, 192, 1), ("branch7x7_1", i, c, 1), ("branch7x7_2", c, c, (1, 7)),
            ("branch7x7_3", c, 192, (7, 1)), ("branch7x7dbl_1", i, c, 1), ("branch7x7dbl_2", c, c, (7, 1)),
            ("branch7x7dbl_3", c, c, (1, 7)), ("branch7x7dbl_4", c, c, (7, 1)), ("branch7x7dbl_5", c, 192, (1, 7)),
            ("branch_pool", i, 192, 1),
        )  # fmt: skip

    def forward(self, x):
        """All branches."""
        seven = self.run(x, *(f"branch7x7_{k}" for k in (1, 2, 3)))
        double = self.run(x, *(f"branch7x7dbl_{k}" for k in (1, 2, 3, 4, 5)))
        return penlight.cat([self.branch1x1(x), seven, double, self.pooled(x)], 1)


class InceptionD(_Branches):
    """Halves the maps."""

    def __init__(self, in_channels):
        i = in_channels
        super().__init__(
            ("branch3x3_1", i, 192, 1), ("branch3x3_2", 192, 320, 3, 2), ("branch7x7x3_1", i, 192, 1),
            ("branch7x7x3_2", 192, 192, (1, 7)), ("branch7x7x3_3", 192, 192, (7, 1)), ("branch7x7x3_4", 192, 192, 3, 2),
        )  # fmt: skip

    def forward(self, x):
        """All branches."""
        three = self.run(x, "branch3x3_1", "branch3x3_2")
        seven = self.run(x, *(f"branch7x7x3_{k}" for k in (1, 2, 3, 4)))
        return penlight.cat([three, seven, F.max_pool2d(x, kernel_size=3, stride=2)], 1)


class InceptionE(_Branches):
    """Branches that fork into 1x3 and 3x1."""

    def __init__(self, in_channels):
        i, wide, high = in_channels, (1, 3), (3, 1)
        super().__init__(
            ("branch1x1", i, 320, 1), ("branch3x3_1", i, 384, 1), ("branch3x3_2a", 384, 384, wide),
            ("branch3x3_2b", 384, 384, high), ("branch3x3dbl_1", i, 448, 1), ("branch3x3dbl_2", 448, 384, 3),
            ("branch3x3dbl_3a", 384, 384, wide), ("branch3x3dbl_3b", 384, 384, high), ("branch_pool", i, 192, 1),
        )  # fmt: skip

    def forward(self, x):
        """All branches."""
        three = self.branch3x3_1(x)
        double = self.run(x, "branch3x3dbl_1", "branch3x3dbl_2")
        forks = [self.branch3x3_2a(three), self.branch3x3_2b(three)]
        forks += [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)]
        return penlight.cat([self.branch1x1(x), *forks, self.pooled(x)], 1)


class InceptionAux(nn.Module):
    """A second classifier in the middle, for training."""

    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.conv0 = _conv(in_channels, 128, 1)
        self.conv1 = BasicConv2d(128, 768, kernel_size=5)
        self.conv1.stddev = 0.01
        self.fc = nn.Linear(768, num_classes)
        self.fc.stddev = 0.001

    def forward(self, x):
        """Scores (N, num_classes)."""
        x = self.conv1(self.conv0(F.avg_pool2d(x, kernel_size=5, stride=3)))
        return self.fc(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))


class Inception3(nn.Module):
    """The network for pictures of 299 pixels (75 at least); while training it gives InceptionOutputs."""

    def __init__(self, num_classes=1000, aux_logits=True, transform_input=False, init_weights=True, dropout=0.5):
        super().__init__()
        self.aux_logits, self.transform_input = aux_logits, transform_input
        self.Conv2d_1a_3x3 = BasicConv2d(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = BasicConv2d(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = BasicConv2d(32, 64, kernel_size=3, padding=1)
        self.maxpool1 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Conv2d_3b_1x1 = BasicConv2d(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = BasicConv2d(80, 192, kernel_size=3)
        self.maxpool2 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = InceptionA(192, 32), InceptionA(256, 64), InceptionA(288, 64)
        self.Mixed_6a = InceptionB(288)
        for letter, width in zip("bcde", (128, 160, 160, 192)):
            setattr(self, f"Mixed_6{letter}", InceptionC(768, width))
        self.AuxLogits = InceptionAux(768, num_classes) if aux_logits else None
        self.Mixed_7a, self.Mixed_7b, self.Mixed_7c = InceptionD(768), InceptionE(1280), InceptionE(2048)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(2048, num_classes)
        if init_weights:
            truncated_start(self, 0.1)

    def forward(self, x):
        """Scores (N, num_classes), or InceptionOutputs while training with the second classifier."""
        x = rescaled(x) if self.transform_input else x
        x = self.maxpool1(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))))
        x = self.maxpool2(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))
        x = self.Mixed_6a(self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(x))))
        every = self.training and self.aux_logits
        aux = self.AuxLogits(x) if every else None
        x = self.avgpool(self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x))))
        x = self.fc(self.dropout(x).flatten(1))
        return InceptionOutputs(x, aux) if every else x


def _finish(model, options):
    if not options.get("aux_logits", True):
        model.aux_logits, model.AuxLogits = False, None


_loaded = {"aux_logits": True, "transform_input": True, "init_weights": False}
inception_v3 = builder("inception_v3", Inception3, loaded=_loaded, finish=_finish)
