"""Building blocks of neural networks: layers, losses, containers, and the Module that they all are."""

from penlight.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter  # isort: skip
from penlight.nn import attention, functional, init, utils
from penlight.nn.modules import *  # noqa: F403
from penlight.nn.modules.module import Module
