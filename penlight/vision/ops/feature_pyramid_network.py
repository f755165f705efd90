"""Feature pyramids: maps of several sizes, each enriched by the smaller ones."""

from collections import OrderedDict

from penlight import nn
from penlight.nn import functional as F
from penlight.vision.ops.misc import Conv2dNormActivation

__all__ = ["FeaturePyramidNetwork", "ExtraFPNBlock", "LastLevelMaxPool", "LastLevelP6P7"]


class ExtraFPNBlock(nn.Module):
    """The base of blocks that add further levels: `forward(results, x, names)` gives (results, names)."""

    def forward(self, results, x, names):
        """To be written by a subclass."""
        raise NotImplementedError("a subclass of ExtraFPNBlock says in forward which levels it adds")


class FeaturePyramidNetwork(nn.Module):
    """Brings maps of several sizes to `out_channels` channels and adds the smaller ones, enlarged, to the larger.

    `forward` takes and gives a dictionary of maps, the largest first.

    >>> fpn = FeaturePyramidNetwork([4, 8], 3)
    >>> out = fpn({"a": torch.rand(1, 4, 8, 8), "b": torch.rand(1, 8, 4, 4)})
    >>> [(name, tuple(x.shape)) for name, x in out.items()]
    [('a', (1, 3, 8, 8)), ('b', (1, 3, 4, 4))]
    """

    def __init__(self, in_channels_list, out_channels, extra_blocks=None, norm_layer=None):
        super().__init__()
        self.inner_blocks, self.layer_blocks = nn.ModuleList(), nn.ModuleList()
        options = {"norm_layer": norm_layer, "activation_layer": None}
        for in_channels in in_channels_list:
            if in_channels == 0:
                raise ValueError("in_channels=0 is currently not supported")
            self.inner_blocks.append(Conv2dNormActivation(in_channels, out_channels, 1, padding=0, **options))
            self.layer_blocks.append(Conv2dNormActivation(out_channels, out_channels, 3, **options))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, a=1)
                if module.bias is not None:
                    nn.init.constant_(module.bias, 0)
        if extra_blocks is not None and not isinstance(extra_blocks, ExtraFPNBlock):
            raise TypeError(f"extra_blocks should be of type ExtraFPNBlock not {type(extra_blocks)}")
        self.extra_blocks = extra_blocks

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
        # Checkpoints of before version 2 hold the convolutions without the block around them.
        if local_metadata.get("version", None) is None or local_metadata["version"] < 2:
            for block in ("inner_blocks", "layer_blocks"):
                for i in range(len(self.inner_blocks)):
                    for kind in ("weight", "bias"):
                        old = f"{prefix}{block}.{i}.{kind}"
                        if old in state_dict:
                            state_dict[f"{prefix}{block}.{i}.0.{kind}"] = state_dict.pop(old)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)

    _version = 2

    def forward(self, x):
        """The enriched maps under the same names, and those of the extra blocks."""
        names, maps = list(x.keys()), list(x.values())
        inner = self.inner_blocks[-1](maps[-1])
        results = [self.layer_blocks[-1](inner)]
        for i in range(len(maps) - 2, -1, -1):
            lateral = self.inner_blocks[i](maps[i])
            inner = lateral + F.interpolate(inner, size=lateral.shape[-2:], mode="nearest")
            results.insert(0, self.layer_blocks[i](inner))
        if self.extra_blocks is not None:
            results, names = self.extra_blocks(results, maps, names)
        return OrderedDict(zip(names, results))


class LastLevelMaxPool(ExtraFPNBlock):
    """Adds a level "pool", every second pixel of the smallest map."""

    def forward(self, x, y, names):
        """The maps with one more."""
        return [*x, F.max_pool2d(x[-1], kernel_size=1, stride=2, padding=0)], [*names, "pool"]


class LastLevelP6P7(ExtraFPNBlock):
    """Adds two levels, "p6" and "p7", by convolutions of stride 2."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.p6 = nn.Conv2d(in_channels, out_channels, 3, 2, 1)
        self.p7 = nn.Conv2d(out_channels, out_channels, 3, 2, 1)
        for module in (self.p6, self.p7):
            nn.init.kaiming_uniform_(module.weight, a=1)
            nn.init.constant_(module.bias, 0)
        self.use_P5 = in_channels == out_channels

    def forward(self, p, c, names):
        """The maps with two more."""
        p6 = self.p6(p[-1] if self.use_P5 else c[-1])
        return [*p, p6, self.p7(F.relu(p6))], [*names, "p6", "p7"]
