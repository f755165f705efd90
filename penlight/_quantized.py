"""Rounding as quantisation does it, on float tensors; quantised tensors themselves do not exist in Penlight."""

from penlight import _C

__all__ = ["fake_quantize_per_tensor_affine", "fake_quantize_per_channel_affine"]


def fake_quantize_per_tensor_affine(input, scale, zero_point, quant_min, quant_max):
    """Round to the numbers (k - zero_point) * scale with quant_min <= k <= quant_max, as a quantised tensor would.

    The gradient passes unchanged where the number was in range.

    Args:
        scale: the step, a float or a tensor with one.
        zero_point: the k that stands for 0, an int or a tensor with one.

    Example:
        >>> penlight.fake_quantize_per_tensor_affine(penlight.tensor([0.26, 9.0]), 0.1, 0, -8, 7)
        tensor([0.3000, 0.7000])
    """
    if quant_min > quant_max:
        raise RuntimeError("`quant_min` should be less than or         equal to `quant_max`.")
    if not (quant_min <= zero_point <= quant_max):
        raise RuntimeError("`zero_point` must be between `quant_min` and `quant_max`.")
    return _rounded(input, scale, zero_point, quant_min, quant_max)


def fake_quantize_per_channel_affine(input, scale, zero_point, axis, quant_min, quant_max):
    """As fake_quantize_per_tensor_affine, with a scale and a zero point for every index along a dimension.

    Args:
        scale, zero_point: vectors as long as the dimension.
        axis: the dimension.
    """
    if quant_min > quant_max:
        raise RuntimeError("`quant_min` should be less than or         equal to `quant_max`.")
    if scale.numel() != input.shape[axis] or zero_point.numel() != input.shape[axis]:
        raise RuntimeError("dimensions of scale and zero-point are not consistent with input tensor")
    shape = [-1 if d == axis % input.dim() else 1 for d in range(input.dim())]
    return _rounded(input, scale.reshape(shape), zero_point.reshape(shape), quant_min, quant_max)


def _rounded(input, scale, zero_point, quant_min, quant_max):
    steps = _C.round(input.detach() * (1.0 / scale)) + zero_point
    inside = (steps >= quant_min) & (steps <= quant_max)
    steps = steps.nan_to_num(nan=quant_min).clamp(quant_min, quant_max)
    values = ((steps - zero_point) * scale).to(input.dtype)
    passed = input.where(inside, 0)
    return values + (passed - passed.detach())


def _refusal(name):
    def function(*args, **kwargs):
        raise NotImplementedError(
            f"torch.{name}(): quantised tensors do not exist in Penlight; use float16 or bfloat16, or "
            "torch.fake_quantize_per_tensor_affine() for their rounding"
        )

    function.__name__ = name
    function.__doc__ = f"Raise NotImplementedError: {name} makes quantised tensors, which do not exist here."
    return function


_MAKERS = ("quantize_per_tensor", "quantize_per_tensor_dynamic", "quantize_per_channel", "empty_quantized")
globals().update({name: _refusal(name) for name in _MAKERS})
__all__ += _MAKERS
