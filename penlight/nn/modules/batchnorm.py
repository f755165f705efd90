"""Batch normalisation."""

import penlight
from penlight import _C
from penlight.nn import functional as F
from penlight.nn import init
from penlight.nn.modules.lazy import LazyModuleMixin
from penlight.nn.modules.module import Module
from penlight.nn.parameter import Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "BatchNorm1d",
    "LazyBatchNorm1d",
    "BatchNorm2d",
    "LazyBatchNorm2d",
    "BatchNorm3d",
    "LazyBatchNorm3d",
    "SyncBatchNorm",
]


class _NormBase(Module):
    """What batch and instance normalisation share: parameters, running statistics, settings."""

    # Version 2 stores num_batches_tracked.
    _version = 2

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__()
        options = {"device": device, "dtype": dtype}
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self.register_parameter("weight", Parameter(_C.empty(num_features, **options)) if affine else None)
        self.register_parameter("bias", Parameter(_C.empty(num_features, **options)) if affine and bias else None)
        tracked = track_running_stats
        self.register_buffer("running_mean", penlight.zeros(num_features, **options) if tracked else None)
        self.register_buffer("running_var", penlight.ones(num_features, **options) if tracked else None)
        count = penlight.tensor(0, dtype=penlight.long, device=device) if tracked else None
        self.register_buffer("num_batches_tracked", count)
        self.reset_parameters()

    def reset_running_stats(self):
        """Set the running mean to 0, the running variance to 1 and the number of batches to 0."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self):
        """Reset the statistics, and set weight to 1 and bias to 0."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def _check_input_dim(self, input):
        raise NotImplementedError

    def extra_repr(self):
        """The settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        version = local_metadata.get("version")
        key = prefix + "num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            count = self.num_batches_tracked
            known = count is not None and not count.is_meta
            state_dict[key] = count if known else penlight.tensor(0, dtype=penlight.long)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )


class _BatchNorm(_NormBase):
    def forward(self, input):
        """Normalise the input, and in training update the running statistics."""
        self._check_input_dim(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        update = self.training and self.track_running_stats
        if update and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:  # the plain average of all batches
                momentum = 1.0 / float(self.num_batches_tracked)
        mean, var = self.running_mean, self.running_var
        use_batch = self.training or (mean is None and var is None)
        if self.training and not self.track_running_stats:
            mean = var = None
        return F.batch_norm(input, mean, var, self.weight, self.bias, use_batch, momentum, self.eps)


def _check_dims(input, *allowed):
    if input.dim() not in allowed:
        raise ValueError(f"expected {' or '.join(f'{n}D' for n in allowed)} input (got {input.dim()}D input)")


class BatchNorm1d(_BatchNorm):
    """Normalises each feature of (N, C) or (N, C, L) over the batch to mean 0 and variance 1, and scales and shifts.

    In training it uses the batch's own mean and variance, and moves running_mean and running_var towards them (the
    variance unbiased) by `momentum`, or averages all batches for `momentum=None`. After `eval()` it uses the running
    ones. `affine` gives it the trainable `weight` (scale) and, with `bias`, `bias` (shift), of size `num_features` =
    C.

    >>> torch.nn.BatchNorm1d(3)(torch.zeros(5, 3)).shape
    torch.Size([5, 3])
    """

    def _check_input_dim(self, input):
        _check_dims(input, 2, 3)


class BatchNorm2d(_BatchNorm):
    """BatchNorm1d for images (N, C, H, W): each channel is normalised over the batch and all pixels.

    >>> torch.nn.BatchNorm2d(3)(torch.zeros(5, 3, 4, 4)).shape
    torch.Size([5, 3, 4, 4])
    """

    def _check_input_dim(self, input):
        _check_dims(input, 4)


class BatchNorm3d(_BatchNorm):
    """BatchNorm1d for volumes or videos (N, C, D, H, W).

    >>> torch.nn.BatchNorm3d(3)(torch.zeros(5, 3, 4, 4, 4)).shape
    torch.Size([5, 3, 4, 4, 4])
    """

    def _check_input_dim(self, input):
        _check_dims(input, 5)


class _LazyNormBase(LazyModuleMixin, _NormBase):
    def __init__(
        self, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None, *, bias=True
    ):
        # Of size 0, and without parameters: those are made at the first input.
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=bias)
        options = {"device": device, "dtype": dtype}
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(**options)
            if bias:
                self.bias = UninitializedParameter(**options)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**options)
            self.running_var = UninitializedBuffer(**options)
            self.num_batches_tracked = penlight.tensor(0, dtype=penlight.long, device=device)

    def reset_parameters(self):
        """Reset parameters and statistics, once the number of features is known."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input):
        """Take the number of features from dimension 1 of the input."""
        if not self.has_uninitialized_params():
            return
        self.num_features = input.shape[1]
        for tensor in (self.weight, self.bias, self.running_mean, self.running_var):
            if tensor is not None:
                tensor.materialize((self.num_features,))
        self.reset_parameters()


class LazyBatchNorm1d(_LazyNormBase, _BatchNorm):
    """A BatchNorm1d that learns its num_features from the first input.

    >>> layer = torch.nn.LazyBatchNorm1d()
    >>> layer(torch.zeros(5, 3)).shape
    torch.Size([5, 3])
    """

    cls_to_become = BatchNorm1d
    _check_input_dim = BatchNorm1d._check_input_dim


class LazyBatchNorm2d(_LazyNormBase, _BatchNorm):
    """A BatchNorm2d that learns its num_features from the first input.

    >>> layer = torch.nn.LazyBatchNorm2d()
    >>> layer(torch.zeros(5, 3, 4, 4)).shape
    torch.Size([5, 3, 4, 4])
    """

    cls_to_become = BatchNorm2d
    _check_input_dim = BatchNorm2d._check_input_dim


class LazyBatchNorm3d(_LazyNormBase, _BatchNorm):
    """A BatchNorm3d that learns its num_features from the first input.

    >>> layer = torch.nn.LazyBatchNorm3d()
    >>> layer(torch.zeros(5, 3, 4, 4, 4)).shape
    torch.Size([5, 3, 4, 4, 4])
    """

    cls_to_become = BatchNorm3d
    _check_input_dim = BatchNorm3d._check_input_dim


class SyncBatchNorm(_BatchNorm):
    """A BatchNorm for any number of dimensions whose statistics PyTorch shares among processes; here there is one.

    >>> torch.nn.SyncBatchNorm(3)(torch.zeros(5, 3, 4)).shape
    torch.Size([5, 3, 4])
    """

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        process_group=None,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input):
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")

    @classmethod
    def convert_sync_batchnorm(cls, module, process_group=None):
        """The module with every BatchNorm in it replaced by a SyncBatchNorm with the same parameters and statistics.

        >>> torch.nn.SyncBatchNorm.convert_sync_batchnorm(torch.nn.Sequential(torch.nn.BatchNorm1d(2)))[0].num_features
        2
        """
        result = module
        if isinstance(module, _BatchNorm) and not isinstance(module, cls):
            result = cls(
                module.num_features,
                module.eps,
                module.momentum,
                module.affine,
                module.track_running_stats,
                process_group,
                bias=module.bias is not None,
            )
            for name in ("weight", "bias"):
                setattr(result, name, getattr(module, name))
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                setattr(result, name, getattr(module, name))
            result.training = module.training
        for name, child in module.named_children():
            result.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return result
