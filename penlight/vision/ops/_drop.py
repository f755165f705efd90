"""Layers that leave out whole samples or blocks while training."""

import penlight
from penlight.nn import Module
from penlight.nn import functional as F

__all__ = [
    "stochastic_depth",
    "StochasticDepth",
    "drop_block2d",
    "DropBlock2d",
    "drop_block3d",
    "DropBlock3d",
]


def stochastic_depth(input, p, mode, training=True):
    """While training, sets the input to zero with probability `p`: all of it ("batch") or each sample ("row").

    What stays is divided by 1 - p.

    >>> stochastic_depth(torch.ones(2, 1), 0.0, "row")
    tensor([[1.],
            [1.]])
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}")
    if mode not in ("batch", "row"):
        raise ValueError(f"mode has to be either 'batch' or 'row', but got {mode}")
    if not training or p == 0.0:
        return input
    survival = 1.0 - p
    size = [input.shape[0] if mode == "row" else 1] + [1] * (input.ndim - 1)
    noise = penlight.empty(size, dtype=input.dtype, device=input.device).bernoulli_(survival)
    if survival > 0.0:
        noise.div_(survival)
    return input * noise


class StochasticDepth(Module):
    """The layer of `stochastic_depth`: leaves out a residual branch at random while training.

    >>> StochasticDepth(0.2, "row")
    StochasticDepth(p=0.2, mode=row)
    """

    def __init__(self, p, mode):
        super().__init__()
        self.p, self.mode = p, mode

    def forward(self, input):
        """The input or zeros."""
        return stochastic_depth(input, self.p, self.mode, self.training)

    def __repr__(self):
        return f"{self.__class__.__name__}(p={self.p}, mode={self.mode})"


def _drop_block(input, p, block_size, inplace, eps, training, dims, max_pool):
    if p < 0.0 or p > 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}.")
    if input.ndim != dims + 2:
        raise ValueError(f"input should be {dims + 2} dimensional. Got {input.ndim} dimensions.")
    if not training or p == 0.0:
        return input
    if block_size % 2 == 0:
        raise ValueError(f"block size should be odd. Got {block_size} which is even.")
    sizes = input.shape[2:]
    block = min(block_size, *sizes)
    places = [size - block + 1 for size in sizes]  # where a block can begin
    volume, room = 1, 1
    for size, place in zip(sizes, places):
        volume, room = volume * size, room * place
    gamma = p * volume / (block**dims * room)
    noise = penlight.empty((*input.shape[:2], *places), dtype=input.dtype, device=input.device).bernoulli_(gamma)
    noise = F.pad(noise, [block // 2] * (2 * dims), value=0)
    noise = 1 - max_pool(noise, stride=1, kernel_size=block, padding=block // 2)
    scale = noise.numel() / (eps + noise.sum())
    return input.mul_(noise).mul_(scale) if inplace else input * noise * scale


def drop_block2d(input, p, block_size, inplace=False, eps=1e-06, training=True):
    """While training, sets square blocks of the feature maps (N, C, H, W) to zero, a share `p` of them in all.

    >>> drop_block2d(torch.ones(1, 1, 3, 3), 0.5, 2, training=False).sum()
    tensor(9.)
    """
    return _drop_block(input, p, block_size, inplace, eps, training, 2, F.max_pool2d)


def drop_block3d(input, p, block_size, inplace=False, eps=1e-06, training=True):
    """While training, sets cubes of the feature maps (N, C, D, H, W) to zero, a share `p` of them in all.

    >>> drop_block3d(torch.ones(1, 1, 3, 3, 3), 0.5, 2, training=False).sum()
    tensor(27.)
    """
    return _drop_block(input, p, block_size, inplace, eps, training, 3, F.max_pool3d)


class DropBlock2d(Module):
    """The layer of `drop_block2d`.

    >>> DropBlock2d(0.1, 3)
    DropBlock2d(p=0.1, block_size=3, inplace=False)
    """

    drop = staticmethod(drop_block2d)

    def __init__(self, p, block_size, inplace=False, eps=1e-06):
        super().__init__()
        self.p, self.block_size, self.inplace, self.eps = p, block_size, inplace, eps

    def forward(self, input):
        """The input with holes."""
        return self.drop(input, self.p, self.block_size, self.inplace, self.eps, self.training)

    def __repr__(self):
        return f"{self.__class__.__name__}(p={self.p}, block_size={self.block_size}, inplace={self.inplace})"


class DropBlock3d(DropBlock2d):
    """The layer of `drop_block3d`.

    >>> DropBlock3d(0.1, 3)
    DropBlock3d(p=0.1, block_size=3, inplace=False)
    """

    drop = staticmethod(drop_block3d)
