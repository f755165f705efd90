"""L-BFGS: steps that learn the curvature of the loss from the gradients seen so far."""

import math
from collections import namedtuple

import penlight
from penlight import Tensor
from penlight.optim._fused import check_lr
from penlight.optim.optimizer import Optimizer

__all__ = ["LBFGS"]

# A place on the search line: the step length, the loss, the gradient and the loss's slope along the line there.
_Point = namedtuple("_Point", "t loss grad slope")


def _number(loss):
    return loss.item() if isinstance(loss, Tensor) else float(loss)


def _cubic_minimum(a, b, low=None, high=None):
    """Where the cubic through two points with their slopes is least, within bounds (by default the points)."""
    if low is None:
        low, high = min(a.t, b.t), max(a.t, b.t)
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1**2 - a.slope * b.slope
    if square < 0:
        return (low + high) / 2.0
    d2 = math.sqrt(square)
    left, right = (a, b) if a.t <= b.t else (b, a)
    place = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2))
    return min(max(place, low), high)


class _LineSearch:
    """A search along a direction for a step that meets the strong Wolfe conditions (Nocedal and Wright, chapter 3).

    `evaluate(t)` gives the loss and the gradient after a step of length t; `start` is the point with t = 0.
    """

    sufficient_decrease = 1e-4
    curvature = 0.9
    least_change = 1e-9
    most_steps = 25

    def __init__(self, evaluate, direction, start):
        self.evaluate = evaluate
        self.direction = direction
        self.start = start
        self.evaluations = 0
        self.steps = 0

    def _at(self, t):
        loss, grad = self.evaluate(t)
        self.evaluations += 1
        return _Point(t, loss, grad.clone(), float(grad.dot(self.direction)))

    def _too_high(self, p):
        return p.loss > self.start.loss + self.sufficient_decrease * p.t * self.start.slope

    def _flat_enough(self, p):
        return abs(p.slope) <= -self.curvature * self.start.slope

    def run(self, t):
        """The point found, beginning with step length `t`."""
        before, new = self.start, self._at(t)
        while self.steps < self.most_steps:
            if self._too_high(new) or (self.steps > 1 and new.loss >= before.loss):
                return self._zoom(before, new)
            if self._flat_enough(new):
                return new
            if new.slope >= 0:
                return self._zoom(before, new)
            t = _cubic_minimum(before, new, new.t + 0.01 * (new.t - before.t), new.t * 10)
            before, new = new, self._at(t)
            self.steps += 1
        return min(self.start, new, key=lambda p: p.loss)

    def _zoom(self, low, high):
        """Narrow an interval that holds a good step; `low` is the end with the smaller loss."""
        first, last = low, high
        low, high = (first, last) if first.loss <= last.loss else (last, first)
        stalled = False
        scale = float(self.direction.abs().max())
        while self.steps < self.most_steps and abs(high.t - low.t) * scale >= self.least_change:
            t, stalled = self._inside(low, high, stalled)
            new = self._at(t)
            self.steps += 1
            if self._too_high(new) or new.loss >= low.loss:
                high = new
                if high.loss < low.loss:
                    low, high = high, low
                continue
            if self._flat_enough(new):
                return new
            if new.slope * (high.t - low.t) >= 0:
                high = low
            low = new
        return low

    @staticmethod
    def _inside(low, high, stalled):
        """The next step length to try, kept off the ends when the one before was too near to one as well."""
        t = _cubic_minimum(low, high)
        least, most = min(low.t, high.t), max(low.t, high.t)
        margin = 0.1 * (most - least)
        if min(most - t, t - least) >= margin:
            return t, False
        if stalled or t >= most or t <= least:
            return (most - margin if abs(t - most) < abs(t - least) else least + margin), False
        return t, True


class LBFGS(Optimizer):
    """L-BFGS: each step goes along a direction made from the last `history_size` gradients. For small, smooth problems.

    `step(closure)` calls the closure several times: at most `max_iter` iterations and `max_eval` evaluations (by
    default 1.25 max_iter). It ends when no gradient exceeds `tolerance_grad`, or loss or parameters change by less
    than `tolerance_change`. `line_search_fn` is None (steps of lr) or "strong_wolfe". All parameters must be in one
    group.

    >>> w = torch.nn.Parameter(torch.tensor([3.]))
    >>> optimizer = torch.optim.LBFGS([w])
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (w * w).sum()
    ...     loss.backward()
    ...     return loss
    >>> loss = optimizer.step(closure)
    >>> bool(w.abs() < 1e-3)
    True
    """

    def __init__(
        self,
        params,
        lr=1,
        max_iter=20,
        max_eval=None,
        tolerance_grad=1e-7,
        tolerance_change=1e-9,
        history_size=100,
        line_search_fn=None,
    ):
        check_lr(lr)
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        super().__init__(
            params,
            dict(
                lr=lr,
                max_iter=max_iter,
                max_eval=max_eval,
                tolerance_grad=tolerance_grad,
                tolerance_change=tolerance_change,
                history_size=history_size,
                line_search_fn=line_search_fn,
            ),
        )
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @property
    def _params(self):
        return self.param_groups[0]["params"]

    def _flat_grad(self):
        """All gradients as one vector of real numbers."""
        parts = []
        for p in self._params:
            grad = penlight.zeros_like(p) if p.grad is None else p.grad
            parts.append((penlight.view_as_real(grad) if grad.is_complex() else grad).reshape(-1))
        return penlight.cat(parts)

    def _move(self, t, direction):
        """Add t * direction to the parameters."""
        start = 0
        with penlight.no_grad():
            for p in self._params:
                real = penlight.view_as_real(p) if p.is_complex() else p
                real.add_(direction[start : start + real.numel()].view_as(real), alpha=float(t))
                start += real.numel()

    def step(self, closure):
        """Run the iterations; returns the loss before them."""
        group = self.param_groups[0]
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        def evaluate():
            return _number(self._evaluate(closure)), self._flat_grad()

        first_loss = self._evaluate(closure)
        loss, grad = _number(first_loss), self._flat_grad()
        evaluations = 1
        state["func_evals"] += 1
        if grad.abs().max() <= group["tolerance_grad"]:
            return first_loss
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            direction = _direction(state, grad, group["history_size"])
            state["prev_flat_grad"], state["prev_loss"] = grad.clone(), loss
            lr = group["lr"]
            t = min(1.0, 1.0 / float(grad.abs().sum())) * lr if state["n_iter"] == 1 else lr
            state["d"], state["t"] = direction, t
            slope = float(grad.dot(direction))
            if slope > -group["tolerance_change"]:
                break
            before = loss
            loss, grad, t, used = self._advance(evaluate, t, direction, loss, grad, slope, iteration)
            state["t"] = t
            evaluations += used
            state["func_evals"] += used
            if (
                iteration == group["max_iter"]
                or evaluations >= group["max_eval"]
                or grad.abs().max() <= group["tolerance_grad"]
                or (direction * t).abs().max() <= group["tolerance_change"]
                or abs(loss - before) < group["tolerance_change"]
            ):
                break
        return first_loss

    def _advance(self, evaluate, t, direction, loss, grad, slope, iteration):
        """Move along the direction -> (loss, gradient, step length, evaluations used)."""
        group = self.param_groups[0]
        if group["line_search_fn"] is None:
            self._move(t, direction)
            if iteration == group["max_iter"]:  # nobody would look at the loss
                return loss, grad, t, 0
            return *evaluate(), t, 1
        if group["line_search_fn"] != "strong_wolfe":
            raise RuntimeError("only 'strong_wolfe' is supported")
        saved = [p.detach().clone() for p in self._params]

        def restore():
            with penlight.no_grad():
                for p, old in zip(self._params, saved):
                    p.copy_(old)

        def evaluate_at(length):
            self._move(length, direction)
            result = evaluate()
            restore()
            return result

        search = _LineSearch(evaluate_at, direction, _Point(0, loss, grad.clone(), slope))
        found = search.run(float(t))
        self._move(found.t, direction)
        return found.loss, found.grad, found.t, search.evaluations


def _direction(state, grad, history_size):
    """The direction to go: minus the gradient times an estimate of the inverse Hessian (the two-loop recursion)."""
    if state["n_iter"] == 1:
        state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
        return grad.neg()
    changes, steps, ro = state["old_dirs"], state["old_stps"], state["ro"]
    change, step = grad.sub(state["prev_flat_grad"]), state["d"].mul(state["t"])
    product = change.dot(step)
    if product > 1e-10:
        if len(changes) == history_size:
            for oldest in (changes, steps, ro):
                oldest.pop(0)
        changes.append(change)
        steps.append(step)
        ro.append(1.0 / product)
        state["H_diag"] = product / change.dot(change)
    n = len(changes)
    weights = state.setdefault("al", [None] * history_size)
    q = grad.neg()
    for i in reversed(range(n)):
        weights[i] = steps[i].dot(q) * ro[i]
        q.sub_(changes[i] * weights[i])
    r = q * state["H_diag"]
    for i in range(n):
        r.add_(steps[i] * (weights[i] - changes[i].dot(r) * ro[i]))
    return r
