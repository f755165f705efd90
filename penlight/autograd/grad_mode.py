"""Switching the recording of operations on and off."""
import functools

from penlight import _C

__all__ = [
    "no_grad", "enable_grad", "set_grad_enabled", "inference_mode", "set_multithreading_enabled",
    "enforce_grad_layout_policy",
]


def _wrap_generator(make_guard, func):
    """A generator runs in pieces: each is run in the guard's mode, and the caller's mode is back in between."""
    @functools.wraps(func)
    def wrapped(*args, **kwargs):
        generator = func(*args, **kwargs)
        try:
            with make_guard():
                value = generator.send(None)
            while True:
                try:
                    request = yield value
                except GeneratorExit:
                    with make_guard():
                        generator.close()
                    raise
                except BaseException as error:
                    with make_guard():
                        value = generator.throw(error)
                else:
                    with make_guard():
                        value = generator.send(request)
        except StopIteration as stop:
            return stop.value

    return wrapped


def _is_generator_function(func):
    # The module inspect would say the same; it takes longer to import than the rest of the core's Python.
    code = getattr(func, "__code__", None)
    return code is not None and bool(code.co_flags & 0x20)


def _decorate(make_guard, func):
    """`func` run inside the guard that `make_guard()` gives."""
    if isinstance(func, type):
        func.__init__ = _decorate(make_guard, func.__init__)
        return func
    if _is_generator_function(func):
        return _wrap_generator(make_guard, func)

    @functools.wraps(func)
    def wrapped(*args, **kwargs):
        with make_guard():
            return func(*args, **kwargs)

    return wrapped


class _Guard(_C._GradModeGuard):
    """What the modes below share: each is a `with` block and a decorator."""

    __slots__ = ()
    _kind = 0

    def __call__(self, func):
        """Decorate a function (or generator function) so that it runs in this mode."""
        return _decorate(self.clone, func)

    def clone(self):
        """A fresh object of the same mode."""
        return type(self)()


class no_grad(_Guard):
    """Operations inside are not recorded: faster, and less memory, where no backward() will follow.

    A `with` block or a decorator, with or without brackets.

    >>> x = torch.ones(1, requires_grad=True)
    >>> with torch.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    __slots__ = ()
    _kind = 0


class enable_grad(_Guard):
    """Operations inside are recorded, also within no_grad().

    >>> x = torch.ones(1, requires_grad=True)
    >>> with torch.no_grad():
    ...     with torch.enable_grad():
    ...         y = x * 2
    >>> y.requires_grad
    True
    """

    __slots__ = ()
    _kind = 1


class set_grad_enabled(_Guard):
    """Switches recording on or off by a bool: from now on, or in a `with` block until its end.

    >>> x = torch.ones(1, requires_grad=True)
    >>> training = False
    >>> with torch.set_grad_enabled(training):
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    __slots__ = ()
    _kind = 2

    def __call__(self, func):
        """Decorate a function so that it runs in this mode."""
        self._undo()
        return super().__call__(func)

    def clone(self):
        """A fresh object of the same mode."""
        return set_grad_enabled(self.mode)


class inference_mode(_Guard):
    """As no_grad(), and the tensors made inside can never take part in backward().

    `inference_mode(False)` inside such a block is the ordinary mode.

    >>> with torch.inference_mode():
    ...     y = torch.ones(1, requires_grad=True) * 2
    >>> y.requires_grad
    False
    """

    __slots__ = ()
    _kind = 3

    def clone(self):
        """A fresh object of the same mode."""
        return inference_mode(self.mode)


class _Setting:
    """A setting of the backward run that PyTorch has: a function, or a block after which the former value is back."""

    _now = True

    def __init__(self, mode=True):
        self.prev, self.mode = type(self)._now, mode
        type(self)._now = mode

    def __enter__(self):
        pass

    def __exit__(self, *exception):
        type(self)._now = self.prev


class set_multithreading_enabled(_Setting):
    """Say whether backward may run on threads of its own; Penlight's always runs on the caller's.

    >>> with torch.autograd.set_multithreading_enabled(False) as nothing:
    ...     torch.ones(1, requires_grad=True).sum().backward()
    """


class enforce_grad_layout_policy(_Setting):
    """Say whether `.grad` must have the strides of its tensor; Penlight keeps the gradient that it is given.

    >>> setting = torch.autograd.enforce_grad_layout_policy(True)
    """

    def __init__(self, enable=True):
        super().__init__(enable)
