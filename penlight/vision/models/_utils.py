"""Small things that several families share."""

from collections import OrderedDict

from penlight import nn

__all__ = ["IntermediateLayerGetter"]


def make_divisible(v, divisor, min_value=None):
    """`v` rounded to a multiple of `divisor`, but never below nine tenths of it.

    >>> make_divisible(30, 8)
    32
    """
    rounded = max(min_value or divisor, int(v + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * v else rounded


def initialise_mobile(model):
    """The weights that mobile networks begin with."""
    for m in model.modules():
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight, mode="fan_out")
            if m.bias is not None:
                nn.init.zeros_(m.bias)
        elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
            nn.init.ones_(m.weight)
            nn.init.zeros_(m.bias)
        elif isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, 0, 0.01)
            nn.init.zeros_(m.bias)


class IntermediateLayerGetter(nn.ModuleDict):
    """The first children of a model up to the last asked for; gives {new name: output} of `return_layers`.

    Example:
        >>> getter = IntermediateLayerGetter(nn.Sequential(nn.ReLU(), nn.Tanh()), {"0": "first"})
        >>> list(getter(torch.zeros(1)))
        ['first']
    """

    def __init__(self, model, return_layers):
        children = dict(model.named_children())
        if not set(return_layers) <= set(children):
            raise ValueError("return_layers are not present in model")
        layers, wanted = OrderedDict(), set(map(str, return_layers))
        for name, module in children.items():
            if not wanted:
                break
            layers[name] = module
            wanted.discard(name)
        super().__init__(layers)
        self.return_layers = {str(k): str(v) for k, v in return_layers.items()}

    def forward(self, x):
        """An OrderedDict of outputs."""
        out = OrderedDict()
        for name, module in self.items():
            x = module(x)
            if name in self.return_layers:
                out[self.return_layers[name]] = x
        return out
