"""Losses for detection: how wrong classes and boxes are."""

import math

import penlight
from penlight.nn import functional as F
from penlight.vision.ops.boxes import _upcast_non_float

__all__ = ["sigmoid_focal_loss", "generalized_box_iou_loss", "distance_box_iou_loss", "complete_box_iou_loss"]


def _reduce(loss, reduction):
    if reduction == "none":
        return loss
    if reduction not in ("mean", "sum"):
        raise ValueError(
            f"Invalid Value for arg 'reduction': '{reduction} \n Supported reduction modes: 'none', 'mean', 'sum'"
        )
    if reduction == "sum":
        return loss.sum()
    return loss.mean() if loss.numel() > 0 else 0.0 * loss.sum()


def sigmoid_focal_loss(inputs, targets, alpha=0.25, gamma=2, reduction="none"):
    """Give the cross entropy of yes/no answers, with little weight for those that are easy.

    `inputs` are scores before the sigmoid, `targets` zeros and ones of the same shape. `alpha` weighs the ones against
    the zeros (-1: not at all), `gamma` rules how little easy answers count.

    >>> sigmoid_focal_loss(torch.tensor([0.0]), torch.tensor([1.0]))
    tensor([0.0433])
    """
    if not (0 <= alpha <= 1) and alpha != -1:
        raise ValueError(f"Invalid alpha value: {alpha}. alpha must be in the range [0,1] or -1 for ignore.")
    p = penlight.sigmoid(inputs)
    p_t = p * targets + (1 - p) * (1 - targets)
    loss = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none") * ((1 - p_t) ** gamma)
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    if reduction == "mean":
        return loss.mean()
    return _reduce(loss, reduction)


def _parts(boxes1, boxes2, eps):
    """(first box's corners, second's, intersection, union, iou) of boxes paired one to one."""
    boxes1, boxes2 = _upcast_non_float(boxes1), _upcast_non_float(boxes2)
    a, b = boxes1.unbind(-1), boxes2.unbind(-1)
    left, top = penlight.max(a[0], b[0]), penlight.max(a[1], b[1])
    right, bottom = penlight.min(a[2], b[2]), penlight.min(a[3], b[3])
    inter = penlight.zeros_like(left)
    overlap = (bottom > top) & (right > left)
    inter = penlight.where(overlap, (right - left) * (bottom - top), inter)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inter
    around = (penlight.min(a[0], b[0]), penlight.min(a[1], b[1]), penlight.max(a[2], b[2]), penlight.max(a[3], b[3]))
    return a, b, inter, union, around


def generalized_box_iou_loss(boxes1, boxes2, reduction="none", eps=1e-7):
    """Give 1 less the generalized intersection over union of boxes (N, 4) paired one to one: 0 to 2.

    >>> generalized_box_iou_loss(torch.tensor([[0., 0, 1, 1]]), torch.tensor([[1., 0, 2, 1]]))
    tensor([1.])
    """
    _, _, inter, union, around = _parts(boxes1, boxes2, eps)
    area = (around[2] - around[0]) * (around[3] - around[1])
    return _reduce(1 - (inter / (union + eps) - (area - union) / (area + eps)), reduction)


def _distance_loss(boxes1, boxes2, eps):
    a, b, inter, union, around = _parts(boxes1, boxes2, eps)
    iou = inter / (union + eps)
    diagonal = (around[2] - around[0]) ** 2 + (around[3] - around[1]) ** 2 + eps
    apart = sum(((a[i + 2] + a[i]) / 2 - (b[i] + b[i + 2]) / 2) ** 2 for i in (0, 1))
    return 1 - iou + apart / diagonal, iou, a, b


def distance_box_iou_loss(boxes1, boxes2, reduction="none", eps=1e-7):
    """Give 1 less the intersection over union, more for centres that lie apart, of boxes paired one to one.

    >>> distance_box_iou_loss(torch.tensor([[0., 0, 1, 1]]), torch.tensor([[0., 0, 1, 1]])).round(decimals=4)
    tensor([0.])
    """
    return _reduce(_distance_loss(boxes1, boxes2, eps)[0], reduction)


def complete_box_iou_loss(boxes1, boxes2, reduction="none", eps=1e-7):
    """Give `distance_box_iou_loss`, more for different shapes.

    >>> complete_box_iou_loss(torch.tensor([[0., 0, 1, 1]]), torch.tensor([[0., 0, 1, 1]])).round(decimals=4)
    tensor([0.])
    """
    loss, iou, a, b = _distance_loss(boxes1, boxes2, eps)
    angle = lambda box: penlight.atan((box[2] - box[0]) / (box[3] - box[1]))
    v = (4 / math.pi**2) * (angle(b) - angle(a)) ** 2
    with penlight.no_grad():
        alpha = v / (1 - iou + v + eps)
    return _reduce(loss + alpha * v, reduction)
