"""penlight.vision.ops, utils and io, against plain loops over their definitions and recorded values."""

import io as bytes_io
import math

import numpy as np
import pytest
from PIL import Image

import penlight as torch
from penlight.vision import io, ops, utils

rng = np.random.RandomState(0)


def boxes(n, size=20.0):
    b = rng.rand(n, 4) * size
    b[:, 2:] += b[:, :2] + 0.5
    return torch.from_numpy(b.astype("float32"))


def iou(a, b):
    w = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    h = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    area = lambda c: (c[2] - c[0]) * (c[3] - c[1])
    return w * h / (area(a) + area(b) - w * h)


def slow_nms(b, s, threshold):
    kept = []
    for i in sorted(range(len(b)), key=lambda i: -s[i]):
        if all(iou(b[i], b[k]) <= threshold for k in kept):
            kept.append(i)
    return kept


def test_nms():
    b, s = boxes(60), torch.from_numpy(rng.rand(60).astype("float32"))
    for threshold in (0.1, 0.4, 0.9):
        assert ops.nms(b, s, threshold).tolist() == slow_nms(b.tolist(), s.tolist(), threshold)
    groups = torch.arange(60) % 3
    kept = ops.batched_nms(b, s, groups, 0.2).tolist()
    expected = [g[k] for g in ([i for i in range(60) if i % 3 == c] for c in range(3)) for k in slow_nms(b[g].tolist(), s[g].tolist(), 0.2)]
    assert kept == sorted(expected, key=lambda i: -s[i].item())
    many = boxes(1200, 500.0)
    scores = torch.rand(1200)
    assert ops.batched_nms(many, scores, torch.zeros(1200), 0.3).tolist() == ops.nms(many, scores, 0.3).tolist()
    assert ops.nms(torch.zeros(0, 4), torch.zeros(0), 0.5).dtype is torch.int64
    for args in ((torch.zeros(4), s), (torch.zeros(2, 5), s), (b, s[:3]), (b, s[None])):
        with pytest.raises(RuntimeError):
            ops.nms(*args, 0.5)


def test_box_functions():
    a, b = boxes(7), boxes(5)
    np.testing.assert_allclose(ops.box_iou(a, b), [[iou(x, y) for y in b.tolist()] for x in a.tolist()], rtol=1e-5)
    for fmt in ("xywh", "cxcywh"):
        there = ops.box_convert(a, "xyxy", fmt)
        np.testing.assert_allclose(ops.box_convert(there, fmt, "xyxy"), a, rtol=1e-5)
        np.testing.assert_allclose(ops.box_area(there, fmt), ops.box_area(a), rtol=1e-4)
    turned = torch.tensor([[5.0, 6.0, 4.0, 2.0, 90.0]])  # counter-clockwise: 4 goes upwards
    corners = ops.box_convert(turned, "cxcywhr", "xyxyxyxy")
    np.testing.assert_allclose(corners, [[4, 8, 4, 4, 6, 4, 6, 8]], atol=1e-5)
    np.testing.assert_allclose(ops.box_convert(corners, "xyxyxyxy", "cxcywhr"), turned, atol=1e-4)
    with pytest.raises(NotImplementedError):
        ops.box_convert(a, "xyxy", "xywhr")
    same = ops.generalized_box_iou_loss(a, a) + ops.distance_box_iou_loss(a, a) + ops.complete_box_iou_loss(a, a)
    np.testing.assert_allclose(same, 0, atol=1e-5)
    np.testing.assert_allclose(1 - ops.complete_box_iou_loss(a[:5], b), ops.complete_box_iou(a[:5], b).diagonal(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(1 - ops.generalized_box_iou_loss(a[:5], b), ops.generalized_box_iou(a[:5], b).diagonal(), rtol=1e-4, atol=1e-5)
    mask = torch.zeros(2, 5, 6, dtype=torch.bool)
    mask[0, 1:3, 2:5] = True
    assert ops.masks_to_boxes(mask).tolist() == [[2, 1, 4, 2], [0, 0, 0, 0]]


def bilinear(m, y, x):
    h, w = m.shape
    if y < -1 or y > h or x < -1 or x > w:
        return 0.0
    y, x = max(y, 0), max(x, 0)
    y0, x0 = min(int(y), h - 1), min(int(x), w - 1)
    y1, x1 = min(y0 + 1, h - 1), min(x0 + 1, w - 1)
    ly, lx = (0 if y0 == h - 1 else y - y0), (0 if x0 == w - 1 else x - x0)
    return (1 - ly) * ((1 - lx) * m[y0, x0] + lx * m[y0, x1]) + ly * ((1 - lx) * m[y1, x0] + lx * m[y1, x1])


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("ratio", [-1, 2])
def test_roi_align(aligned, ratio):
    x = torch.rand(2, 3, 9, 11, dtype=torch.float64)
    rois = torch.tensor([[0.0, 1, 2, 9, 8], [1, -4, -3, 30, 12], [1, 3.2, 3.1, 3.4, 3.3]], dtype=torch.float64)
    scale, (ph, pw) = 0.7, (2, 3)
    ours = ops.roi_align(x, rois, (ph, pw), scale, ratio, aligned).numpy()
    maps = x.numpy()
    for k, (i, *corners) in enumerate(rois.tolist()):
        x1, y1, x2, y2 = (c * scale - 0.5 * aligned for c in corners)
        w, h = (x2 - x1, y2 - y1) if aligned else (max(x2 - x1, 1), max(y2 - y1, 1))
        gy, gx = (ratio, ratio) if ratio > 0 else (math.ceil(h / ph), math.ceil(w / pw))
        for c in range(3):
            for p in range(ph):
                for q in range(pw):
                    at = [
                        bilinear(maps[int(i), c], y1 + (p + (a + 0.5) / gy) * h / ph, x1 + (q + (b + 0.5) / gx) * w / pw)
                        for a in range(gy)
                        for b in range(gx)
                    ]
                    assert abs(ours[k, c, p, q] - sum(at) / len(at)) < 1e-9
    as_list = ops.roi_align(x, [rois[:1, 1:], rois[1:, 1:]], (ph, pw), scale, ratio, aligned)
    np.testing.assert_allclose(as_list, ours)
    # Position-sensitive: bin (p, q) of channel c is what roi_align makes of channel (c * ph + p) * pw + q.
    y = torch.rand(2, 12, 9, 11, dtype=torch.float64)
    one_by_one = ops.roi_align(y, rois, (ph, pw), scale, 2, True).numpy()
    ps = ops.ps_roi_align(y, rois, (ph, pw), scale, 2).numpy()
    for c in range(2):
        for p in range(ph):
            for q in range(pw):
                np.testing.assert_allclose(ps[:, c, p, q], one_by_one[:, (c * ph + p) * pw + q, p, q])


def test_roi_align_gradients():
    from penlight.autograd import gradcheck

    x = torch.rand(1, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    rois = torch.tensor([[0, 0.5, 0.2, 4.0, 3.7]], dtype=torch.float64)
    assert gradcheck(lambda x: ops.roi_align(x, rois, 2, sampling_ratio=2), (x,))
    assert gradcheck(lambda x: ops.roi_pool(x, rois, 2), (x,))


def test_roi_pools():
    x = torch.rand(2, 8, 9, 11)
    rois = torch.tensor([[0.0, 1, 2, 9, 8], [1, -4, -3, 6, 5], [0, 3, 3, 3, 3]])
    largest, means = ops.roi_pool(x, rois, 2).numpy(), ops.ps_roi_pool(x, rois[[0, 2]], 2).numpy()
    for k, (i, x1, y1, x2, y2) in enumerate(rois.int().tolist()):
        for p in range(2):
            for q in range(2):
                h, w = max(y2 - y1 + 1, 1) / 2, max(x2 - x1 + 1, 1) / 2
                rows = slice(max(y1 + math.floor(p * h), 0), max(y1 + math.ceil((p + 1) * h), 0))
                columns = slice(max(x1 + math.floor(q * w), 0), max(x1 + math.ceil((q + 1) * w), 0))
                part = x[i, :, rows, columns]
                expected = part.amax((1, 2)) if part.numel() else torch.zeros(8)
                np.testing.assert_array_equal(largest[k, :, p, q], expected)
    part = lambda c, rows, columns: x[0, c, slice(*rows), slice(*columns)].mean().item()
    np.testing.assert_allclose(means[0, 1, 0, 1], part(5, (2, 5), (5, 9)), rtol=1e-5)
    np.testing.assert_allclose(means[1, 1, 1, 0], part(6, (3, 4), (3, 4)), rtol=1e-5)


def test_deform_conv():
    x, w, b = torch.rand(2, 4, 7, 6), torch.rand(6, 2, 3, 2), torch.rand(6)
    options = dict(stride=(2, 1), padding=(1, 2), dilation=(1, 2))
    expected = torch.nn.functional.conv2d(x, w, b, groups=2, **options)
    offset = torch.zeros(2, 2 * 2 * 6, *expected.shape[2:])
    np.testing.assert_allclose(ops.deform_conv2d(x, offset, w, b, **options), expected, rtol=1e-5)
    # All taps one row down and one and a half columns to the right: the convolution of the shifted picture.
    offset[:, 0::2], offset[:, 1::2] = 1.0, 1.5
    wide = torch.nn.functional.pad(x, (0, 3, 0, 1))
    shifted = (wide[:, :, 1:, 1:-2] + wide[:, :, 1:, 2:-1]) / 2
    plain = dict(stride=1, padding=0, dilation=1)
    size = torch.nn.functional.conv2d(shifted, w, b, groups=2).shape[2:]
    moved = ops.deform_conv2d(x, torch.tensor([1.0, 1.5]).repeat(6).view(1, 12, 1, 1).expand(2, 12, *size), w, b, **plain)
    np.testing.assert_allclose(moved, torch.nn.functional.conv2d(shifted, w, b, groups=2), rtol=1e-4, atol=1e-5)
    half = torch.full((2, 6, *size), 0.5)
    zero = torch.zeros(2, 12, *size)
    np.testing.assert_allclose(
        ops.deform_conv2d(x, zero, w, None, mask=half), 0.5 * torch.nn.functional.conv2d(x, w, groups=2), rtol=1e-5
    )
    with pytest.raises(RuntimeError, match="multiple of 2"):
        ops.deform_conv2d(x, torch.zeros(2, 3, 5, 5), w)


def test_focal_loss_and_drops():
    s, t = torch.tensor([0.3, -2.0]), torch.tensor([1.0, 0.0])
    p = 1 / (1 + np.exp([-0.3, 2.0]))
    expected = [0.25 * (1 - p[0]) ** 2 * -np.log(p[0]), 0.75 * p[1] ** 2 * -np.log(1 - p[1])]
    np.testing.assert_allclose(ops.sigmoid_focal_loss(s, t), expected, rtol=1e-5)
    x = torch.ones(1000, 2)
    rows = ops.stochastic_depth(x, 0.25, "row")
    assert all(v in (0.0, pytest.approx(1 / 0.75)) for v in rows.flatten().tolist()) and 0.9 < rows.mean().item() < 1.1
    assert ops.stochastic_depth(x, 0.25, "row", training=False) is x
    holes = ops.drop_block2d(torch.ones(8, 4, 20, 20), 0.2, 3)
    assert 0.1 < (holes == 0).float().mean().item() < 0.3 and abs(holes.mean().item() - 1) < 0.01


def test_frozen_batch_norm_takes_batch_norm_weights():
    bn, frozen = torch.nn.BatchNorm2d(3), ops.FrozenBatchNorm2d(3)
    bn.running_mean.uniform_()
    bn.weight.data.uniform_()
    frozen.load_state_dict(bn.state_dict())
    x = torch.rand(2, 3, 4, 4)
    np.testing.assert_allclose(frozen(x), bn.eval()(x).detach(), rtol=1e-4, atol=1e-6)
    assert list(frozen.parameters()) == []


# ---- utils


def test_make_grid_and_save(tmp_path):
    x = torch.arange(5.0)[:, None, None, None].expand(5, 3, 2, 3) / 5
    grid = utils.make_grid(x, nrow=2, padding=1, pad_value=9.0)
    assert grid.shape == (3, 10, 9) and grid[:, 0].eq(9).all() and grid[0, 1, 5].item() == pytest.approx(0.2)
    assert grid[0, 7, 1].item() == pytest.approx(0.8) and grid[0, 7, 6].item() == 9
    assert utils.make_grid(x, normalize=True).max().item() == 1
    buffer = bytes_io.BytesIO()
    utils.save_image(torch.tensor([[0.0, 0.5], [1.0, 2.0]]), buffer, format="png")
    assert np.array(Image.open(buffer))[..., 0].tolist() == [[0, 128], [255, 255]]
    utils.save_image(x, tmp_path / "x.png")
    assert io.read_image(str(tmp_path / "x.png")).shape == (3, 6, 27)


def test_drawing():
    black = torch.zeros(3, 20, 20, dtype=torch.uint8)
    b = torch.tensor([[2, 3, 10, 12], [5, 5, 18, 18]])
    out = utils.draw_bounding_boxes(black, b, colors=["red", (0, 0, 250)])
    assert out[:, 3, 2].tolist() == [255, 0, 0] and out[:, 18, 9].tolist() == [0, 0, 250] and black.sum() == 0
    assert (utils.draw_bounding_boxes(black, b, labels=["a", "b"]) != utils.draw_bounding_boxes(black, b)).any()
    masks = torch.zeros(2, 20, 20, dtype=torch.bool)
    masks[0, :5], masks[1, 4:8] = True, True
    out = utils.draw_segmentation_masks(black + 100, masks, 0.5, ["red", "blue"])
    assert [out[:, y, 0].tolist() for y in (0, 4, 6, 9)] == [[177, 50, 50], [50] * 3, [50, 50, 177], [100] * 3]
    points = torch.tensor([[[5, 5], [15, 15]]])
    out = utils.draw_keypoints(black, points, connectivity=[(0, 1)], colors="lime", visibility=torch.tensor([[True, False]]))
    assert out[:, 5, 5].tolist() == [0, 255, 0] and out[:, 15, 15].sum() == 0 and out[:, 10, 10].sum() == 0
    flow = torch.zeros(2, 1, 4)
    flow[0, 0] = torch.tensor([1.0, -1.0, 0.0, 0.5])
    assert utils.flow_to_image(flow)[:, 0, 2].tolist() == [255, 255, 255]
    for bad in (lambda: utils.draw_bounding_boxes(black, b, colors=["red"]), lambda: utils.draw_segmentation_masks(black, masks.int())):
        with pytest.raises(ValueError):
            bad()


# ---- io


def test_png_there_and_back(tmp_path):
    for channels in (1, 3):
        x = torch.randint(0, 256, (channels, 5, 7), dtype=torch.uint8)
        assert torch.equal(io.decode_image(io.encode_png(x)), x)
        io.write_png(x, str(tmp_path / "x.png"))
        assert torch.equal(io.read_image(str(tmp_path / "x.png")), x)
        assert torch.equal(io.decode_image(tmp_path / "x.png", mode="RGB"), x.expand(3, -1, -1))
    assert io.read_image(str(tmp_path / "x.png"), io.ImageReadMode.RGB_ALPHA).shape == (4, 5, 7)
    assert io.read_image(str(tmp_path / "x.png"), io.ImageReadMode.GRAY).shape == (1, 5, 7)


def test_formats():
    picture = Image.fromarray(np.arange(60, dtype="uint8").reshape(4, 5, 3) * 4)

    def coded(image, **options):
        buffer = bytes_io.BytesIO()
        image.save(buffer, **options)
        return torch.frombuffer(bytearray(buffer.getvalue()), dtype=torch.uint8)

    deep = Image.fromarray((np.arange(6, dtype="uint16") * 9999).reshape(2, 3))
    assert io.decode_png(coded(deep, format="PNG")).tolist() == [[[0, 9999, 19998], [29997, 39996, 49995]]]
    assert io.decode_png(coded(picture.convert("P"), format="PNG")).shape == (3, 4, 5)
    assert io.decode_gif(coded(picture, format="GIF", save_all=True, append_images=[picture.rotate(90)])).shape == (2, 3, 4, 5)
    assert io.decode_gif(coded(picture, format="GIF")).shape == (3, 4, 5)
    assert torch.equal(io.decode_webp(coded(picture, format="WEBP", lossless=True)), torch.from_numpy(np.array(picture)).permute(2, 0, 1))
    jpeg = coded(picture, format="JPEG", quality=100)
    assert abs(io.decode_jpeg(jpeg).float() - torch.from_numpy(np.array(picture)).permute(2, 0, 1)).mean() < 12
    assert [x.shape for x in io.decode_jpeg([jpeg, jpeg], mode=io.ImageReadMode.GRAY)] == [(1, 4, 5)] * 2
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = coded(picture, format="JPEG", exif=exif)
    assert io.decode_jpeg(upright).shape == (3, 4, 5)
    assert io.decode_jpeg(upright, apply_exif_orientation=True).shape == (3, 5, 4)
    with pytest.raises(RuntimeError):
        io.decode_png(jpeg)


def test_io_errors(tmp_path):
    with pytest.raises(RuntimeError, match="No such file or directory"):
        io.read_image(str(tmp_path / "none.png"))
    good = io.encode_png(torch.zeros(3, 4, 4, dtype=torch.uint8))
    bad = [good[:40], torch.zeros(0, dtype=torch.uint8), good[None], good.float(), torch.zeros(30, dtype=torch.uint8)]
    for data in bad:
        with pytest.raises(RuntimeError):
            io.decode_image(data)
    for picture in (torch.zeros(3, 4, 4), torch.zeros(2, 4, 4, dtype=torch.uint8), torch.zeros(4, 4, dtype=torch.uint8)):
        with pytest.raises(RuntimeError):
            io.encode_png(picture)
    with pytest.raises(AttributeError, match="reads no videos"):
        _ = io.read_video
