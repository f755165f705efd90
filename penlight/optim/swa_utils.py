"""Averaging weights over the training: the mean (SWA) or the running mean (EMA), and the learning rate for it."""

import copy
import itertools
import math

import penlight
from penlight import nn
from penlight.optim.lr_scheduler import LRScheduler, _one_for_each_group

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def _check_decay(decay):
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def _for_lists(average):
    """Make avg_fn(averaged, current, count) a function that changes a list of averages in place."""

    @penlight.no_grad()
    def update(averaged, current, num_averaged):
        for mean, now in zip(averaged, current):
            mean.copy_(average(mean, now, num_averaged))

    return update


def get_ema_avg_fn(decay=0.999):
    """Give the function of a running mean: decay * mean + (1 - decay) * parameter."""
    _check_decay(decay)

    @penlight.no_grad()
    def ema_update(ema_param, current_param, num_averaged):
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn():
    """Give the function of the plain mean over all updates."""

    @penlight.no_grad()
    def swa_update(averaged_param, current_param, num_averaged):
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_ema_multi_avg_fn(decay=0.999):
    """get_ema_avg_fn for lists of parameters, which it changes in place."""
    return _for_lists(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn():
    """get_swa_avg_fn for lists of parameters, which it changes in place."""
    return _for_lists(get_swa_avg_fn())


class AveragedModel(nn.Module):
    """A copy of a model whose parameters are the average of the model's, as training goes on.

    Args:
        model: the model that is trained; it is copied.
        device: where the copy is kept.
        avg_fn: avg_fn(averaged, current, count) gives the new average of a parameter; by default the plain mean.
        multi_avg_fn: the same for lists of parameters, in place.
        use_buffers: whether buffers are averaged as well; otherwise they are copied at each update.

    Example:
        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> average = torch.optim.swa_utils.AveragedModel(model)
        >>> for value in (1.0, 3.0):
        ...     torch.nn.init.constant_(model.weight, value).requires_grad
        ...     average.update_parameters(model)
        True
        True
        >>> average.module.weight.item()
        2.0
    """

    def __init__(self, model, device=None, avg_fn=None, multi_avg_fn=None, use_buffers=False):
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", penlight.tensor(0, dtype=penlight.long, device=device))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args, **kwargs):
        """Compute what the averaged model gives."""
        return self.module(*args, **kwargs)

    @penlight.no_grad()
    def update_parameters(self, model):
        """Take the model's present parameters into the average; the first time they are the average."""
        averaged, current = ([*self._averaged(m)] for m in (self.module, model))
        if self.n_averaged == 0:
            for mean, now in zip(averaged, current):
                mean.copy_(now)
        else:
            update = self.multi_avg_fn or _for_lists(self.avg_fn or get_swa_avg_fn())
            update(averaged, [now.to(mean.device) for mean, now in zip(averaged, current)], self.n_averaged)
        if not self.use_buffers:
            for mine, theirs in zip(self.module.buffers(), model.buffers()):
                mine.copy_(theirs)
        self.n_averaged += 1

    def _averaged(self, model):
        return itertools.chain(model.parameters(), model.buffers() if self.use_buffers else ())


@penlight.no_grad()
def update_bn(loader, model, device=None):
    """Compute the running statistics of a model's batch norms anew, in one pass through `loader`.

    Args:
        loader: gives batches; of a list or tuple the first element is the input.
        model: the model, such as an AveragedModel, whose statistics nobody has computed.
        device: where the batches are moved.
    """
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    momenta, was_training = [norm.momentum for norm in norms], model.training
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
    model.train()
    for batch in loader:
        x = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(x if device is None else x.to(device))
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
    model.train(was_training)


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
