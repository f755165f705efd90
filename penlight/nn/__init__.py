"""Building blocks of neural networks: layers, losses, containers, and the Module that they all are."""

from penlight.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter  # isort: skip
from penlight.nn import attention, functional, init, utils
from penlight.nn.modules import *  # noqa: F403
from penlight.nn.modules.module import Module
from penlight.nn.parallel import DataParallel


def factory_kwargs(kwargs):
    """The entries of `kwargs` that tell where and how to make a tensor: device, dtype and memory_format, checked.

    >>> torch.nn.factory_kwargs({"dtype": torch.float64})
    {'dtype': torch.float64}
    """
    if kwargs is None:
        return {}
    names = {"device", "dtype", "memory_format"}
    unexpected = kwargs.keys() - {*names, "factory_kwargs"}
    if unexpected:
        raise TypeError(f"unexpected kwargs {unexpected}")
    given = dict(kwargs.get("factory_kwargs", {}))
    for name in names & kwargs.keys():
        if name in given:
            raise TypeError(f"{name} specified twice, in **kwargs and in factory_kwargs")
        given[name] = kwargs[name]
    return given
