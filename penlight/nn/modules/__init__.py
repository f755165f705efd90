"""The layers, losses and containers of `penlight.nn`, file by file."""

from penlight.nn.modules.activation import *  # noqa: F403
from penlight.nn.modules.adaptive import *  # noqa: F403
from penlight.nn.modules.batchnorm import *  # noqa: F403
from penlight.nn.modules.channelshuffle import *  # noqa: F403
from penlight.nn.modules.container import *  # noqa: F403
from penlight.nn.modules.conv import *  # noqa: F403
from penlight.nn.modules.distance import *  # noqa: F403
from penlight.nn.modules.dropout import *  # noqa: F403
from penlight.nn.modules.flatten import *  # noqa: F403
from penlight.nn.modules.fold import *  # noqa: F403
from penlight.nn.modules.instancenorm import *  # noqa: F403
from penlight.nn.modules.linear import *  # noqa: F403
from penlight.nn.modules.linear_cross_entropy_options import *  # noqa: F403
from penlight.nn.modules.loss import *  # noqa: F403
from penlight.nn.modules.module import Module
from penlight.nn.modules.normalization import *  # noqa: F403
from penlight.nn.modules.padding import *  # noqa: F403
from penlight.nn.modules.pixelshuffle import *  # noqa: F403
from penlight.nn.modules.pooling import *  # noqa: F403
from penlight.nn.modules.rnn import *  # noqa: F403
from penlight.nn.modules.sparse import *  # noqa: F403
from penlight.nn.modules.transformer import *  # noqa: F403
from penlight.nn.modules.upsampling import *  # noqa: F403

__all__ = [name for name, value in list(globals().items()) if isinstance(value, type)]
