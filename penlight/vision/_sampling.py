"""Reading a picture between its pixels; what geometric transforms and deformable convolution stand on."""

import penlight


def sample(img, x, y, mode="bilinear"):
    """Read (N, C, H, W) at the columns `x` and rows `y` (N, h, w), counted in pixels; outside of the picture is 0."""
    n, c, h, w = img.shape
    pixels = img.reshape(n, c, h * w)

    def at(ix, iy):
        inside = (ix >= 0) & (ix < w) & (iy >= 0) & (iy < h)
        index = penlight.where(inside, iy * w + ix, 0).to(penlight.int64)
        found = pixels.gather(2, index.reshape(n, 1, -1).expand(n, c, -1)).reshape(n, c, *index.shape[1:])
        return penlight.where(inside.unsqueeze(1), found, 0)

    if mode == "nearest":
        return at(penlight.round(x), penlight.round(y))
    left, top = penlight.floor(x), penlight.floor(y)
    e, s = x - left, y - top
    if mode == "bicubic":
        rows = [
            sum(at(left + (i - 1), top + (j - 1)) * weight.unsqueeze(1) for i, weight in enumerate(_cubic_weights(e)))
            for j in range(4)
        ]
        return sum(row * weight.unsqueeze(1) for row, weight in zip(rows, _cubic_weights(s)))
    w_, n_ = 1 - e, 1 - s
    corners = ((left, top, w_ * n_), (left + 1, top, e * n_), (left, top + 1, w_ * s), (left + 1, top + 1, e * s))
    return sum(at(ix, iy) * weight.unsqueeze(1) for ix, iy, weight in corners)


def grid_sample(img, grid, mode):
    """Read (N, C, H, W) at the places (N, h, w, 2), x and y from -1 to 1 edge to edge; outside is 0."""
    h, w = img.shape[-2:]
    return sample(img, (grid[..., 0] + 1) * (w / 2) - 0.5, (grid[..., 1] + 1) * (h / 2) - 0.5, mode)


def _cubic_weights(t):
    """The weights of the four neighbours at the distances 1 + t, t, 1 - t and 2 - t (Keys' cubic with a = -0.75)."""
    a = -0.75
    near = lambda d: ((a + 2) * d - (a + 3)) * d * d + 1
    far = lambda d: ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return far(t + 1), near(t), near(1 - t), far(2 - t)
