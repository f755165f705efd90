"""Boxes: rectangles given by numbers, compared, converted and picked.

A box is (x1, y1, x2, y2), its upper left and lower right corner, where nothing else is said.
"""

import math

import numpy as np

import penlight

__all__ = [
    "nms",
    "batched_nms",
    "remove_small_boxes",
    "clip_boxes_to_image",
    "box_convert",
    "box_area",
    "box_iou",
    "generalized_box_iou",
    "distance_box_iou",
    "complete_box_iou",
    "masks_to_boxes",
]


def nms(boxes, scores, iou_threshold):
    """Keep the best of every group of boxes that overlap: the numbers of the boxes kept, best score first.

    A box goes when its intersection over union with a better one kept is above `iou_threshold`. `boxes` is (N, 4),
    `scores` (N).

    >>> nms(torch.tensor([[0., 0, 2, 2], [0, 0, 2, 2.1], [5, 5, 6, 6]]), torch.tensor([0.5, 0.9, 0.1]), 0.5)
    tensor([1, 2])
    """
    if boxes.ndim != 2:
        raise RuntimeError(f"boxes should be a 2d tensor, got {boxes.ndim}D")
    if boxes.shape[1] != 4:
        raise RuntimeError(f"boxes should have 4 elements in dimension 1, got {boxes.shape[1]}")
    if scores.ndim != 1:
        raise RuntimeError(f"scores should be a 1d tensor, got {scores.ndim}D")
    if boxes.shape[0] != scores.shape[0]:
        raise RuntimeError(
            "boxes and scores should have same number of elements in dimension 0, "
            f"got {boxes.shape[0]} and {scores.shape[0]}"
        )
    order = penlight.argsort(scores.detach(), dim=0, descending=True, stable=True)
    b = _upcast(boxes.detach())[order].cpu().numpy()
    areas = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    alive, kept = np.ones(len(b), bool), []
    with np.errstate(invalid="ignore", divide="ignore"):
        for i in range(len(b)):
            if not alive[i]:
                continue
            kept.append(i)
            rest = b[i + 1 :]
            width = np.minimum(b[i, 2], rest[:, 2]) - np.maximum(b[i, 0], rest[:, 0])
            height = np.minimum(b[i, 3], rest[:, 3]) - np.maximum(b[i, 1], rest[:, 1])
            inter = np.maximum(width, 0) * np.maximum(height, 0)
            alive[i + 1 :] &= ~(inter / (areas[i] + areas[i + 1 :] - inter) > iou_threshold)
    return order[penlight.tensor(kept, dtype=penlight.int64, device=order.device)]


def batched_nms(boxes, scores, idxs, iou_threshold):
    """Do `nms` for each class (or picture) of `idxs` by itself.

    >>> batched_nms(torch.tensor([[0., 0, 2, 2], [0, 0, 2, 2]]), torch.tensor([0.5, 0.9]), torch.tensor([0, 1]), 0.5)
    tensor([1, 0])
    """
    if boxes.numel() == 0:
        return penlight.empty((0,), dtype=penlight.int64, device=boxes.device)
    if boxes.numel() > 4000:
        kept = penlight.zeros_like(scores, dtype=penlight.bool)
        for group in penlight.unique(idxs):
            members = penlight.where(idxs == group)[0]
            kept[members[nms(boxes[members], scores[members], iou_threshold)]] = True
        kept = penlight.where(kept)[0]
        return kept[scores[kept].sort(descending=True)[1]]
    # Each group is moved to a place of its own, so that one run serves for all.
    offsets = idxs.to(boxes) * (boxes.max() + penlight.tensor(1).to(boxes))
    return nms(boxes + offsets[:, None], scores, iou_threshold)


def remove_small_boxes(boxes, min_size):
    """Give the numbers of the boxes (N, 4) whose sides are both at least `min_size`.

    >>> remove_small_boxes(torch.tensor([[0., 0, 2, 2], [0, 0, 9, 1]]), 2)
    tensor([0])
    """
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return penlight.where((width >= min_size) & (height >= min_size))[0]


def clip_boxes_to_image(boxes, size):
    """Cut boxes (..., 4) at the edges of a picture of `size` (height, width).

    >>> clip_boxes_to_image(torch.tensor([[-1., 2, 9, 9]]), (5, 6))
    tensor([[0., 2., 6., 5.]])
    """
    height, width = size
    x, y = boxes[..., 0::2].clamp(min=0, max=width), boxes[..., 1::2].clamp(min=0, max=height)
    return penlight.stack((x, y), dim=boxes.ndim).reshape(boxes.shape)


def _turned(boxes):
    """(first two coordinates, width, height, cosine, sine) of boxes with an angle in degrees."""
    a, b, w, h, r = boxes.unbind(-1)
    r = r * math.pi / 180.0
    return a, b, w, h, penlight.cos(r), penlight.sin(r), boxes[..., 4]


def _cxcywhr_to_xywhr(boxes):
    cx, cy, w, h, cos, sin, r = _turned(boxes)
    return penlight.stack((cx - w / 2 * cos - h / 2 * sin, cy - h / 2 * cos + w / 2 * sin, w, h, r), -1)


def _xywhr_to_cxcywhr(boxes):
    x, y, w, h, cos, sin, r = _turned(boxes)
    return penlight.stack((x + w / 2 * cos + h / 2 * sin, y - w / 2 * sin + h / 2 * cos, w, h, r), -1)


def _xywhr_to_corners(boxes):
    x1, y1, w, h, cos, sin, _ = _turned(boxes)
    x2, y2 = x1 + w * cos, y1 - w * sin
    return penlight.stack((x1, y1, x2, y2, x2 + h * sin, y2 + h * cos, x1 + h * sin, y1 + h * cos), -1)


def _corners_to_xywhr(boxes):
    x1, y1, x2, y2, x3, y3, _, _ = boxes.unbind(-1)
    w = penlight.sqrt((x2 - x1) ** 2 + (y2 - y1) ** 2)
    h = penlight.sqrt((x3 - x2) ** 2 + (y3 - y2) ** 2)
    return penlight.stack((x1, y1, w, h, penlight.atan2(y1 - y2, x2 - x1) * 180 / math.pi), -1)


def _cxcywh_to_xyxy(boxes):
    cx, cy, w, h = boxes.unbind(-1)
    return penlight.stack((cx - 0.5 * w, cy - 0.5 * h, cx + 0.5 * w, cy + 0.5 * h), dim=-1)


def _xyxy_to_cxcywh(boxes):
    x1, y1, x2, y2 = boxes.unbind(-1)
    return penlight.stack(((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1), dim=-1)


def _xywh_to_xyxy(boxes):
    x, y, w, h = boxes.unbind(-1)
    return penlight.stack([x, y, x + w, y + h], dim=-1)


def _xyxy_to_xywh(boxes):
    x1, y1, x2, y2 = boxes.unbind(-1)
    return penlight.stack((x1, y1, x2 - x1, y2 - y1), dim=-1)


# Straight boxes go by way of xyxy, turned ones by way of xywhr.
_TO_MIDDLE = {
    "xyxy": lambda b: b,
    "xywh": _xywh_to_xyxy,
    "cxcywh": _cxcywh_to_xyxy,
    "xywhr": lambda b: b,
    "cxcywhr": _cxcywhr_to_xywhr,
    "xyxyxyxy": _corners_to_xywhr,
}
_FROM_MIDDLE = {
    "xyxy": lambda b: b,
    "xywh": _xyxy_to_xywh,
    "cxcywh": _xyxy_to_cxcywh,
    "xywhr": lambda b: b,
    "cxcywhr": _xywhr_to_cxcywhr,
    "xyxyxyxy": _xywhr_to_corners,
}
_STRAIGHT = ("xyxy", "xywh", "cxcywh")


def box_convert(boxes, in_fmt, out_fmt):
    """Convert boxes (..., K) between the ways to write them.

    "xyxy" (two corners), "xywh" (upper left corner, width, height), "cxcywh" (centre, width, height); for turned boxes
    "xywhr", "cxcywhr" (with an angle in degrees, counter-clockwise) and "xyxyxyxy" (four corners). ValueError for other
    words; straight boxes do not become turned ones, nor the reverse (NotImplementedError).

    >>> box_convert(torch.tensor([[1., 2, 3, 4]]), "xywh", "xyxy")
    tensor([[1., 2., 4., 6.]])
    """
    if in_fmt not in _TO_MIDDLE or out_fmt not in _TO_MIDDLE:
        raise ValueError(f"Unsupported Bounding Box Conversions for given in_fmt {in_fmt} and out_fmt {out_fmt}")
    if in_fmt == out_fmt:
        return boxes.clone()
    if (in_fmt in _STRAIGHT) != (out_fmt in _STRAIGHT):
        raise NotImplementedError(
            f"Unsupported Bounding Box Conversions for given in_fmt {in_fmt} and out_fmt {out_fmt}"
        )
    return _FROM_MIDDLE[out_fmt](_TO_MIDDLE[in_fmt](boxes))


def _upcast(t):
    """Where products of the numbers fit: float for the short floats, int32 for the short integers."""
    if t.is_floating_point():
        return t if t.dtype in (penlight.float32, penlight.float64) else t.float()
    return t if t.dtype in (penlight.int32, penlight.int64) else t.int()


def _upcast_non_float(t):
    return t if t.dtype in (penlight.float32, penlight.float64) else t.float()


def box_area(boxes, fmt="xyxy"):
    """Give the areas (N) of boxes (N, 4), written as `fmt`: xyxy, xywh or cxcywh.

    >>> box_area(torch.tensor([[0., 0, 2, 3]]))
    tensor([6.])
    """
    if fmt not in _STRAIGHT:
        raise ValueError(f"Unsupported Bounding Box area for given format {fmt}")
    boxes = _upcast(boxes)
    if fmt != "xyxy":
        return boxes[..., 2] * boxes[..., 3]
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def _inter_union(boxes1, boxes2):
    area1, area2 = box_area(boxes1), box_area(boxes2)
    low = penlight.maximum(boxes1[..., None, :2], boxes2[..., None, :, :2])
    high = penlight.minimum(boxes1[..., None, 2:], boxes2[..., None, :, 2:])
    size = _upcast(high - low).clamp(min=0)
    inter = size[..., 0] * size[..., 1]
    return inter, area1[..., None] + area2[..., None, :] - inter


def box_iou(boxes1, boxes2, fmt="xyxy"):
    """Give the intersection over union (N, M) of every box of one list with every box of the other.

    >>> box_iou(torch.tensor([[0., 0, 2, 2]]), torch.tensor([[0., 0, 2, 2], [1, 1, 3, 3]]))
    tensor([[1.0000, 0.1429]])
    """
    if fmt not in _STRAIGHT:
        raise ValueError(f"Unsupported Box IoU Calculation for given fmt {fmt}.")
    boxes1, boxes2 = _TO_MIDDLE[fmt](boxes1), _TO_MIDDLE[fmt](boxes2)
    inter, union = _inter_union(boxes1, boxes2)
    return inter / union


def generalized_box_iou(boxes1, boxes2):
    """Give the intersection over union (N, M), less the empty share of the smallest box around both: -1 to 1.

    >>> generalized_box_iou(torch.tensor([[0., 0, 1, 1]]), torch.tensor([[1., 0, 2, 1], [3, 0, 4, 1]]))
    tensor([[ 0.0000, -0.5000]])
    """
    inter, union = _inter_union(boxes1, boxes2)
    low = penlight.minimum(boxes1[:, None, :2], boxes2[:, :2])
    high = penlight.maximum(boxes1[:, None, 2:], boxes2[:, 2:])
    size = _upcast(high - low).clamp(min=0)
    around = size[:, :, 0] * size[:, :, 1]
    return inter / union - (around - union) / around


def _distance_iou(boxes1, boxes2, eps):
    iou = box_iou(boxes1, boxes2)
    low = penlight.minimum(boxes1[:, None, :2], boxes2[:, :2])
    high = penlight.maximum(boxes1[:, None, 2:], boxes2[:, 2:])
    size = _upcast(high - low).clamp(min=0)
    diagonal = size[:, :, 0] ** 2 + size[:, :, 1] ** 2 + eps
    centre = lambda b: ((b[:, 0] + b[:, 2]) / 2, (b[:, 1] + b[:, 3]) / 2)
    (x1, y1), (x2, y2) = centre(boxes1), centre(boxes2)
    apart = _upcast(x1[:, None] - x2[None]) ** 2 + _upcast(y1[:, None] - y2[None]) ** 2
    return iou - apart / diagonal, iou


def distance_box_iou(boxes1, boxes2, eps=1e-7):
    """Give the intersection over union (N, M), less the squared distance of the centres, relative to the box around.

    >>> distance_box_iou(torch.tensor([[0., 0, 1, 1]]), torch.tensor([[0., 0, 1, 1]]))
    tensor([[1.]])
    """
    return _distance_iou(_upcast_non_float(boxes1), _upcast_non_float(boxes2), eps)[0]


def complete_box_iou(boxes1, boxes2, eps=1e-7):
    """Give `distance_box_iou` (N, M), less a term for different shapes.

    >>> complete_box_iou(torch.tensor([[0., 0, 1, 1]]), torch.tensor([[0., 0, 1, 1]]))
    tensor([[1.]])
    """
    boxes1, boxes2 = _upcast_non_float(boxes1), _upcast_non_float(boxes2)
    diou, iou = _distance_iou(boxes1, boxes2, eps)
    angle = lambda b: penlight.atan((b[:, 2] - b[:, 0]) / (b[:, 3] - b[:, 1]))
    v = (4 / math.pi**2) * (angle(boxes1)[:, None] - angle(boxes2)[None]) ** 2
    with penlight.no_grad():
        alpha = v / (1 - iou + v + eps)
    return diou - alpha * v


def masks_to_boxes(masks):
    """Give the boxes (N, 4) around the nonzero pixels of masks (N, H, W).

    >>> masks_to_boxes(torch.tensor([[[0, 1, 1], [0, 0, 0]]]))
    tensor([[1., 0., 2., 0.]])
    """
    boxes = penlight.zeros((masks.shape[0], 4), device=masks.device, dtype=penlight.float32)
    for box, mask in zip(boxes, masks):
        y, x = penlight.where(mask != 0)
        if len(x):
            box[:] = penlight.stack([x.min(), y.min(), x.max(), y.max()])
    return boxes
