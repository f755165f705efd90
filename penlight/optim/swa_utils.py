"""Stochastic weight averaging: the learning-rate schedule that goes with it."""

import math

from penlight.optim.lr_scheduler import LRScheduler, _one_for_each_group

__all__ = ["SWALR"]


class SWALR(LRScheduler):
    """Moves the learning rate to `swa_lr` in `anneal_epochs` epochs, along a cosine or a line, and keeps it there.

    `swa_lr` is one number or one for each parameter group; `anneal_strategy` is "cos" or "linear".

    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5)
    >>> torch.optim.swa_utils.SWALR(optimizer, swa_lr=0.05).get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1):
        for lr, group in zip(_one_for_each_group("swa_lr", optimizer, swa_lr), optimizer.param_groups):
            group["swa_lr"] = lr
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, epoch):
        """How much of the way to swa_lr is behind at an epoch."""
        t = max(0, min(1, epoch / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

    def get_lr(self):
        """The learning rates at `last_epoch`."""
        self._warn_outside_step()
        # _step_count starts at 1; the share of the step before tells where the present rate lies on the way.
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(max(0, step - 1)), self._share(step)
        lrs = []
        for group in self.optimizer.param_groups:
            lr, target = group["lr"], group["swa_lr"]
            start = target if before == 1 else (lr - before * target) / (1 - before)
            lrs.append(target * now + start * (1 - now))
        return lrs
