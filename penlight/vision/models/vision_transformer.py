"""Vision transformers: pictures as rows of patches (Dosovitskiy 2020)."""

import math
from collections import OrderedDict
from functools import partial

import penlight
from penlight import nn
from penlight.vision.models._api import builder
from penlight.vision.ops import MLP

__all__ = ["VisionTransformer"]


class MLPBlock(MLP):
    """The two linear layers of a block."""

    _version = 2

    def __init__(self, in_dim, mlp_dim, dropout):
        super().__init__(in_dim, [mlp_dim, in_dim], activation_layer=nn.GELU, inplace=None, dropout=dropout)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)
                nn.init.normal_(m.bias, std=1e-6)


class EncoderBlock(nn.Module):
    """Attention and two linear layers, each with a normalisation before and a shortcut around."""

    def __init__(self, num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer):
        super().__init__()
        self.num_heads = num_heads
        self.ln_1 = norm_layer(hidden_dim)
        self.self_attention = nn.MultiheadAttention(hidden_dim, num_heads, dropout=attention_dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = norm_layer(hidden_dim)
        self.mlp = MLPBlock(hidden_dim, mlp_dim, dropout)

    def forward(self, input):
        """The block's rows (N, places, hidden_dim)."""
        x = self.ln_1(input)
        x = self.dropout(self.self_attention(x, x, x, need_weights=False)[0]) + input
        return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
    """Learned places and a row of blocks."""

    def __init__(
        self, seq_length, num_layers, num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer
    ):
        super().__init__()
        self.pos_embedding = nn.Parameter(penlight.empty(1, seq_length, hidden_dim).normal_(std=0.02))
        self.dropout = nn.Dropout(dropout)
        make = partial(EncoderBlock, num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer)
        self.layers = nn.Sequential(OrderedDict((f"encoder_layer_{i}", make()) for i in range(num_layers)))
        self.ln = norm_layer(hidden_dim)

    def forward(self, input):
        """The rows after all blocks."""
        return self.ln(self.layers(self.dropout(input + self.pos_embedding)))


class VisionTransformer(nn.Module):
    """The network for square pictures of `image_size` pixels in patches of `patch_size`.

    Example:
        >>> VisionTransformer(8, 4, 1, 2, 16, 32, num_classes=3).heads
        Sequential(
          (head): Linear(in_features=16, out_features=3, bias=True)
        )
    """

    def __init__(
        self, image_size, patch_size, num_layers, num_heads, hidden_dim, mlp_dim, dropout=0.0, attention_dropout=0.0,
        num_classes=1000, representation_size=None, norm_layer=None,
    ):  # fmt: skip
        super().__init__()
        if image_size % patch_size:
            raise AssertionError("Input shape indivisible by patch size!")
        norm_layer = norm_layer or partial(nn.LayerNorm, eps=1e-6)
        self.image_size, self.patch_size, self.hidden_dim = image_size, patch_size, hidden_dim
        self.conv_proj = nn.Conv2d(3, hidden_dim, kernel_size=patch_size, stride=patch_size)
        length = (image_size // patch_size) ** 2 + 1
        self.class_token = nn.Parameter(penlight.zeros(1, 1, hidden_dim))
        self.encoder = Encoder(
            length, num_layers, num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer
        )
        self.seq_length = length
        heads = OrderedDict()
        if representation_size is not None:
            heads["pre_logits"] = nn.Linear(hidden_dim, representation_size)
            heads["act"] = nn.Tanh()
        heads["head"] = nn.Linear(representation_size or hidden_dim, num_classes)
        self.heads = nn.Sequential(heads)
        fan_in = 3 * patch_size**2
        nn.init.trunc_normal_(self.conv_proj.weight, std=math.sqrt(1 / fan_in))
        nn.init.zeros_(self.conv_proj.bias)
        if representation_size is not None:
            nn.init.trunc_normal_(self.heads.pre_logits.weight, std=math.sqrt(1 / hidden_dim))
            nn.init.zeros_(self.heads.pre_logits.bias)
        nn.init.zeros_(self.heads.head.weight)
        nn.init.zeros_(self.heads.head.bias)

    def forward(self, x):
        """Scores (N, num_classes) of pictures (N, 3, image_size, image_size)."""
        for size, name in zip(x.shape[2:], ("height", "width")):
            if size != self.image_size:
                raise AssertionError(f"Wrong image {name}! Expected {self.image_size} but got {size}!")
        x = self.conv_proj(x).flatten(2).permute(0, 2, 1)
        x = penlight.cat([self.class_token.expand(x.shape[0], -1, -1), x], dim=1)
        return self.heads(self.encoder(x)[:, 0])


_NETWORKS = {  # patch, blocks, heads, width, inner width
    "vit_b_16": (16, 12, 12, 768, 3072),
    "vit_b_32": (32, 12, 12, 768, 3072),
    "vit_l_16": (16, 24, 16, 1024, 4096),
    "vit_l_32": (32, 24, 16, 1024, 4096),
    "vit_h_14": (14, 32, 16, 1280, 5120),
}


def _make(row, image_size=224, **options):
    return VisionTransformer(image_size, *row, **options)


for _name, _row in _NETWORKS.items():
    globals()[_name] = builder(_name, partial(_make, _row))
    __all__.append(_name)
