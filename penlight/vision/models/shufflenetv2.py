"""ShuffleNet v2: half of the channels pass each block untouched, then all are shuffled (Ma 2018)."""

from functools import partial

import penlight
from penlight import nn
from penlight.vision.models._api import builder

__all__ = ["ShuffleNetV2"]


def channel_shuffle(x, groups):
    """Deals the channels of (N, C, H, W) out to `groups` in turn."""
    n, c, h, w = x.size()
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).contiguous().view(n, c, h, w)


class InvertedResidual(nn.Module):
    """One branch of convolutions, and beside it the other half of the channels (convolved too where stride > 1)."""

    def __init__(self, inp, oup, stride):
        super().__init__()
        if not 1 <= stride <= 3:
            raise ValueError("illegal stride value")
        self.stride = stride
        half = oup // 2
        if stride == 1 and inp != half << 1:
            raise ValueError(f"with stride 1 there must be {half << 1} input channels, got {inp}")
        single = lambda i, s: nn.Conv2d(i, i, 3, s, 1, bias=False, groups=i)
        point = lambda i: nn.Conv2d(i, half, kernel_size=1, stride=1, padding=0, bias=False)
        norm, relu = nn.BatchNorm2d, lambda: nn.ReLU(inplace=True)
        self.branch1 = nn.Sequential()
        if stride > 1:
            self.branch1 = nn.Sequential(single(inp, stride), norm(inp), point(inp), norm(half), relu())
        self.branch2 = nn.Sequential(
            point(inp if stride > 1 else half), norm(half), relu(), single(half, stride), norm(half), point(half),
            norm(half), relu(),
        )  # fmt: skip

    def forward(self, x):
        """The block's maps."""
        left, right = x.chunk(2, dim=1) if self.stride == 1 else (self.branch1(x), x)
        return channel_shuffle(penlight.cat((left, self.branch2(right)), dim=1), 2)


class ShuffleNetV2(nn.Module):
    """Three stages of `stages_repeats` blocks; `stages_out_channels` has five widths.

    Example:
        >>> ShuffleNetV2([1, 1, 1], [24, 48, 96, 192, 64], num_classes=3).fc
        Linear(in_features=64, out_features=3, bias=True)
    """

    def __init__(self, stages_repeats, stages_out_channels, num_classes=1000, inverted_residual=InvertedResidual):
        super().__init__()
        if len(stages_repeats) != 3:
            raise ValueError("expected stages_repeats as list of 3 positive ints")
        if len(stages_out_channels) != 5:
            raise ValueError("expected stages_out_channels as list of 5 positive ints")
        self._stage_out_channels = stages_out_channels
        width, *stages, last = stages_out_channels
        first = nn.Conv2d(3, width, 3, 2, 1, bias=False)
        self.conv1 = nn.Sequential(first, nn.BatchNorm2d(width), nn.ReLU(inplace=True))
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        for i, repeats, out in zip((2, 3, 4), stages_repeats, stages):
            blocks = [inverted_residual(width, out, 2)]
            blocks += [inverted_residual(out, out, 1) for _ in range(repeats - 1)]
            setattr(self, f"stage{i}", nn.Sequential(*blocks))
            width = out
        wide = nn.Conv2d(width, last, 1, 1, 0, bias=False)
        self.conv5 = nn.Sequential(wide, nn.BatchNorm2d(last), nn.ReLU(inplace=True))
        self.fc = nn.Linear(last, num_classes)

    def forward(self, x):
        """Scores (N, num_classes) of pictures (N, 3, H, W)."""
        x = self.stage4(self.stage3(self.stage2(self.maxpool(self.conv1(x)))))
        return self.fc(self.conv5(x).mean([2, 3]))


_WIDTHS = {
    "x0_5": [24, 48, 96, 192, 1024],
    "x1_0": [24, 116, 232, 464, 1024],
    "x1_5": [24, 176, 352, 704, 1024],
    "x2_0": [24, 244, 488, 976, 2048],
}
for _name, _row in _WIDTHS.items():
    _name = f"shufflenet_v2_{_name}"
    globals()[_name] = builder(_name, partial(ShuffleNetV2, [4, 8, 4], _row))
    __all__.append(_name)
