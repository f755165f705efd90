"""AdamW: Adam with decoupled weight decay."""

from penlight.optim.adam import Adam

__all__ = ["AdamW"]


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameter by lr * weight_decay and leaves the gradient alone.

    (Loshchilov and Hutter 2017.) The arguments are those of Adam; `weight_decay` is 0.01 by default.

    >>> w = torch.nn.Parameter(torch.tensor([1.]))
    >>> optimizer = torch.optim.AdamW([w], lr=0.1)
    >>> (w * 3).backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.8990])
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=1e-2,
        amsgrad=False,
        *,
        maximize=False,
        foreach=None,
        capturable=False,
        differentiable=False,
        fused=None,
    ):
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True
