"""Images sampled at the points of a grid, and cut into patches and put together again."""

import warnings

from penlight import _C
from penlight.nn.modules.utils import _pair

_GRID_MODES = {"bilinear": 0, "nearest": 1, "bicubic": 2}
_GRID_PADDING = {"zeros": 0, "border": 1, "reflection": 2}


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """Look an image up at any points: (N, C, H, W) at `grid` (N, H', W', 2) gives (N, C, H', W').

    A volume (N, C, D, H, W) takes a grid (N, D', H', W', 3). Coordinates are x, y(, z) from -1 to 1, which are the
    image's edges, or with `align_corners` the centres of its corner pixels. `mode` is "bilinear" (for volumes
    trilinear), "nearest" or "bicubic" (images only); outside the image `padding_mode` gives "zeros", the "border" or
    a "reflection".

    >>> image = torch.arange(4.0).view(1, 1, 2, 2)
    >>> F.grid_sample(image, torch.zeros(1, 1, 1, 2), align_corners=False)
    tensor([[[[1.5000]]]])
    """
    if mode not in _GRID_MODES:
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in _GRID_PADDING:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    if align_corners is None:
        _warn_of_corners("grid_sample")
    return _C.grid_sampler(input, grid, _GRID_MODES[mode], _GRID_PADDING[padding_mode], bool(align_corners))


def _warn_of_corners(name):
    warnings.warn(
        f"Default {name} behavior has changed to align_corners=False since 1.3.0. Please specify align_corners=True if "
        f"the old behavior is desired. See the documentation of {name} for details.",
        stacklevel=3,
    )


def affine_grid(theta, size, align_corners=None):
    """The grid for `grid_sample` that moves images by affine maps `theta` (N, 2, 3), or volumes by (N, 3, 4).

    `size` is that of the result, (N, C, H, W) or (N, C, D, H, W). `align_corners` must be the same for both functions.

    >>> F.affine_grid(torch.eye(2, 3).unsqueeze(0), (1, 1, 2, 2), align_corners=True)
    tensor([[[[-1., -1.],
              [ 1., -1.]],
    <BLANKLINE>
             [[-1.,  1.],
              [ 1.,  1.]]]])
    """
    if align_corners is None:
        _warn_of_corners("affine_grid")
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    if len(size) not in (4, 5):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size "
            f"{size}."
        )
    n = len(size) - 2
    if theta.dim() != 3 or theta.shape[-2:] != (n, n + 1):
        raise ValueError(
            f"Expected a batch of {n}D affine matrices of shape Nx{n}x{n + 1} for size {size}. Got {theta.shape}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    return _C.affine_grid_generator(theta, size, bool(align_corners))


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """Cut images (N, C, H, W) into windows and lay each out as a column: (N, C * a window's size, L windows).

    >>> F.unfold(torch.arange(6.0).view(1, 1, 2, 3), 2)
    tensor([[[0., 1.],
             [1., 2.],
             [3., 4.],
             [4., 5.]]])
    """
    return _C.im2col(input, _pair(kernel_size), _pair(dilation), _pair(padding), _pair(stride))


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """Add columns as `unfold` gives them, (N, C * height * width of a window, L), back into images of `output_size`.

    >>> F.fold(torch.ones(1, 4, 2), (2, 3), 2)
    tensor([[[[1., 2., 1.],
              [1., 2., 1.]]]])
    """
    sizes = [_pair(s) for s in (output_size, kernel_size, dilation, padding, stride)]
    return _C.col2im(input, *sizes)
