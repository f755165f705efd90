"""Parameters as one long vector, and back."""

import penlight
from penlight import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def _same_device(param, device):
    """The device of the parameters so far; TypeError where this one is elsewhere."""
    if device is not None and param.device != device:
        raise TypeError("Found two parameters on different devices, this is currently not supported.")
    return param.device


def parameters_to_vector(parameters):
    """All parameters, flattened and joined into one vector.

    >>> torch.nn.utils.parameters_to_vector([torch.ones(2, 1), torch.zeros(1)])
    tensor([1., 1., 0.])
    """
    device, flat = None, []
    for param in parameters:
        device = _same_device(param, device)
        flat.append(param.reshape(-1))
    return penlight.cat(flat)


def vector_to_parameters(vec, parameters):
    """Give parameters the numbers of a vector, in order; their `data` become views of it.

    >>> w = torch.nn.Parameter(torch.zeros(2))
    >>> torch.nn.utils.vector_to_parameters(torch.tensor([1., 2.]), [w])
    >>> w.data
    tensor([1., 2.])
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {penlight.typename(vec)}")
    device, start = None, 0
    for param in parameters:
        device = _same_device(param, device)
        n = param.numel()
        param.data = vec[start : start + n].view_as(param).data
        start += n
