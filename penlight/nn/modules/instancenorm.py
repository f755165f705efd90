"""Instance normalisation: each channel of each sample by itself."""

from penlight.nn import functional as F
from penlight.nn.modules.batchnorm import _LazyNormBase, _NormBase

__all__ = [
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
]


class _InstanceNorm(_NormBase):
    _unbatched_ndim = 0

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=False,
        track_running_stats=False,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def _check_input_dim(self, input):
        n = self._unbatched_ndim
        if input.dim() not in (n, n + 1):
            raise ValueError(f"expected {n}D or {n + 1}D input (got {input.dim()}D input)")

    def _check_channels(self, channels):
        if channels == self.num_features:
            return
        if self.affine:
            raise ValueError(
                f"expected input's size at dim={-self._unbatched_ndim} to match num_features "
                f"({self.num_features}), but got: {channels}."
            )
        import warnings

        warnings.warn(
            f"input's size at dim={-self._unbatched_ndim} does not match num_features. You can silence this warning "
            "by not passing in num_features, which is not used because affine=False",
            stacklevel=3,
        )

    def forward(self, input):
        """Normalise the input."""
        self._check_input_dim(input)
        self._check_channels(input.size(-self._unbatched_ndim))
        if input.dim() == self._unbatched_ndim:
            return self._normalise(input.unsqueeze(0)).squeeze(0)
        return self._normalise(input)

    def _normalise(self, input):
        return F.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum if self.momentum is not None else 0.0,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """Normalises each channel of each sample of (N, C, L) or (C, L) to mean 0 and variance 1.

    The settings are those of BatchNorm1d, with `affine` and `track_running_stats` off by default.

    >>> torch.nn.InstanceNorm1d(3)(torch.zeros(5, 3, 4)).shape
    torch.Size([5, 3, 4])
    """

    _unbatched_ndim = 2


class InstanceNorm2d(_InstanceNorm):
    """Normalises each channel of each image of (N, C, H, W) or (C, H, W) to mean 0 and variance 1.

    >>> torch.nn.InstanceNorm2d(3)(torch.zeros(5, 3, 4, 4)).shape
    torch.Size([5, 3, 4, 4])
    """

    _unbatched_ndim = 3


class InstanceNorm3d(_InstanceNorm):
    """Normalises each channel of each volume of (N, C, D, H, W) or (C, D, H, W) to mean 0 and variance 1.

    >>> torch.nn.InstanceNorm3d(3)(torch.zeros(5, 3, 4, 4, 4)).shape
    torch.Size([5, 3, 4, 4, 4])
    """

    _unbatched_ndim = 4


class _LazyInstanceNorm(_LazyNormBase, _InstanceNorm):
    def initialize_parameters(self, input):
        """Take the number of features from the dimension of the channels."""
        super().initialize_parameters(input if input.dim() > self._unbatched_ndim else input.unsqueeze(0))


class LazyInstanceNorm1d(_LazyInstanceNorm):
    """An InstanceNorm1d that learns its num_features from the first input; `affine` is on by default.

    >>> torch.nn.LazyInstanceNorm1d()(torch.zeros(5, 3, 4)).shape
    torch.Size([5, 3, 4])
    """

    cls_to_become = InstanceNorm1d
    _unbatched_ndim = InstanceNorm1d._unbatched_ndim


class LazyInstanceNorm2d(_LazyInstanceNorm):
    """An InstanceNorm2d that learns its num_features from the first input; `affine` is on by default.

    >>> torch.nn.LazyInstanceNorm2d()(torch.zeros(5, 3, 4, 4)).shape
    torch.Size([5, 3, 4, 4])
    """

    cls_to_become = InstanceNorm2d
    _unbatched_ndim = InstanceNorm2d._unbatched_ndim


class LazyInstanceNorm3d(_LazyInstanceNorm):
    """An InstanceNorm3d that learns its num_features from the first input; `affine` is on by default.

    >>> torch.nn.LazyInstanceNorm3d()(torch.zeros(5, 3, 4, 4, 4)).shape
    torch.Size([5, 3, 4, 4, 4])
    """

    cls_to_become = InstanceNorm3d
    _unbatched_ndim = InstanceNorm3d._unbatched_ndim
