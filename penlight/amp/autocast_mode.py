"""autocast: operators that gain from 16 bits get 16 bits."""

import functools
import threading
import warnings

import penlight
from penlight.overrides import TorchFunctionMode

__all__ = ["autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]

# What PyTorch 2.13 computes in the narrow dtype on the CPU.
_NARROW = frozenset(
    "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d conv_tbc mm bmm matmul __matmul__ "
    "__rmatmul__ addmm addbmm baddbmm linear prelu scaled_dot_product_attention einsum chain_matmul matrix_power "
    "linalg_multi_dot linalg_matrix_power linalg_vecdot linalg_matmul".split()
)
# What it computes in float32: losses, and what 16 bits are too coarse for.
_WIDE = frozenset(
    "avg_pool3d adaptive_avg_pool3d max_pool3d max_unpool2d max_unpool3d binary_cross_entropy "
    "binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy_loss ctc_loss hinge_embedding_loss "
    "huber_loss kl_div l1_loss margin_ranking_loss mse_loss multi_margin_loss multilabel_margin_loss nll_loss "
    "nll_loss2d nll_loss_nd poisson_nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss reflection_pad1d "
    "reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d replication_pad3d grid_sampler polar prod "
    "quantile nanquantile stft trace view_as_complex cholesky cholesky_inverse cholesky_solve inverse lu_solve "
    "orgqr ormqr pinverse geqrf qr svd _cdist".split()
)
_WIDEST = frozenset(("cat", "stack", "index_copy"))  # in the widest dtype of their arguments
_state = threading.local()


def _stack():
    """The (device, enabled, dtype) of the regions that this thread is in."""
    if not hasattr(_state, "regions"):
        _state.regions = []
    return _state.regions


def _cast(value, dtype):
    if isinstance(value, penlight.Tensor):
        narrow = value.is_floating_point() and value.dtype not in (dtype, penlight.float64)
        return value.to(dtype) if narrow else value
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(_cast(v, dtype) for v in value)
    return value


def _widest(args):
    tensors = [t for a in args for t in (a if isinstance(a, (list, tuple)) else [a]) if isinstance(t, penlight.Tensor)]
    dtypes = {t.dtype for t in tensors if t.is_floating_point()}
    return penlight.float32 if len(dtypes) > 1 else None


def _dtype_for(name, args, narrow):
    if name in _NARROW:
        return narrow
    if name in _WIDE or name.startswith(("fft_", "linalg_")):
        return penlight.float32
    return _widest(args) if name in _WIDEST else None


class _Mode(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        _, enabled, narrow = _stack()[-1]
        dtype = _dtype_for(func.__name__, args, narrow) if enabled else None
        if dtype is not None:
            args = tuple(_cast(a, dtype) for a in args)
            kwargs = {k: _cast(v, dtype) for k, v in (kwargs or {}).items()}
        return func(*args, **(kwargs or {}))


def is_autocast_available(device_type):
    """Give True if autocast works on a device: "cpu", and "cuda" where there is a GPU."""
    return device_type == "cpu" or (device_type == "cuda" and penlight.cuda.is_available())


class autocast:
    """Compute matrix products, convolutions and attention in a 16-bit dtype, losses in float32, the rest as it comes.

    Args:
        device_type: "cpu", or "cuda", which warns and does nothing where there is no GPU.
        dtype: bfloat16 (the CPU's default) or float16.
        enabled: False switches an outer autocast off.
        cache_enabled: accepted; every use of a weight is cast anew.

    Example:
        >>> layer, x = torch.nn.Linear(2, 2), torch.ones(1, 2)
        >>> with torch.autocast("cpu", dtype=torch.bfloat16):
        ...     print(layer(x).dtype)
        torch.bfloat16
    """

    def __init__(self, device_type, dtype=None, enabled=True, cache_enabled=None):
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if device_type not in ("cpu", "cuda"):
            raise RuntimeError(f"User specified an unsupported autocast device_type '{device_type}'")
        default = penlight.bfloat16 if device_type == "cpu" else penlight.float16
        self.device, self.fast_dtype = device_type, default if dtype is None else dtype
        self.cache_enabled = True if cache_enabled is None else cache_enabled
        if enabled and not is_autocast_available(device_type):
            warnings.warn(
                f"User provided device_type of '{device_type}', but CUDA is not available. Disabling", stacklevel=2
            )
            enabled = False
        if enabled and self.fast_dtype not in (penlight.bfloat16, penlight.float16):
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\nCPU Autocast only "
                "supports dtype of torch.bfloat16, torch.float16 currently.",
                stacklevel=2,
            )
            enabled = False
        self._enabled = bool(enabled)

    def __enter__(self):
        _stack().append((self.device, self._enabled, self.fast_dtype))
        self._mode = _Mode()
        self._mode.__enter__()
        return self

    def __exit__(self, *exception):
        self._mode.__exit__(*exception)
        _stack().pop()
        return False

    def __call__(self, func):
        """Use it as a decorator."""

        @functools.wraps(func)
        def decorated(*args, **kwargs):
            with autocast(self.device, self.fast_dtype, self._enabled):
                return func(*args, **kwargs)

        return decorated


def custom_fwd(fwd=None, *, device_type, cast_inputs=None):
    """Decorate the forward of an autograd.Function: with `cast_inputs` it gets that dtype, outside autocast.

    Without, it runs as it is called, and its backward, under `custom_bwd`, runs under the same autocast.
    """
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(*args, **kwargs):
        region = _stack()[-1] if _stack() else (device_type, False, None)
        args[0]._autocast = region if cast_inputs is None else (device_type, False, None)
        if cast_inputs is None or not region[1]:
            return fwd(*args, **kwargs)
        with autocast(device_type, enabled=False):
            return fwd(*(_cast(a, cast_inputs) for a in args), **{k: _cast(v, cast_inputs) for k, v in kwargs.items()})

    return forward


def custom_bwd(bwd=None, *, device_type):
    """Decorate the backward of an autograd.Function: it runs under the autocast that its forward ran under."""
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(*args, **kwargs):
        _, enabled, dtype = args[0]._autocast
        with autocast(device_type, dtype, enabled):
            return bwd(*args, **kwargs)

    return backward
