"""The class that all distributions build on: shapes, checks of arguments, expansion of batches."""

import warnings

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions.utils import broadcast_all, lazy_property

__all__ = ["Distribution"]


class Distribution:
    """A random quantity: draw samples of it, and ask how likely a value is.

    A distribution has a `batch_shape` (independent distributions with their own parameters) and an `event_shape` (the
    shape of one value). `sample(shape)` has shape `shape + batch_shape + event_shape`, `log_prob(value)` has the shape
    of the value without the event's dimensions.

    `validate_args` (default: on, unless Python runs with -O) checks parameters and values: ValueError for invalid ones.

    A subclass that lists its batched attributes in `_arguments` gets expand() from here.

    Example:
        >>> import penlight as torch
        >>> class Constant(torch.distributions.Distribution):
        ...     arg_constraints = {}
        ...     def sample(self, sample_shape=()):
        ...         return torch.ones(self._extended_shape(torch.Size(sample_shape)))
        >>> Constant(batch_shape=torch.Size([2])).sample((3,)).shape
        torch.Size([3, 2])
    """

    has_rsample = False
    has_enumerate_support = False
    _validate_args = __debug__

    @staticmethod
    def set_default_validate_args(value):
        """Switch the checks of parameters and values on or off, for distributions made from now on."""
        if value not in [True, False]:
            raise ValueError(f"Expected value to be True or False but got {value}")
        Distribution._validate_args = value

    def __init__(self, batch_shape=torch.Size(), event_shape=torch.Size(), validate_args=None):
        self._batch_shape = batch_shape
        self._event_shape = event_shape
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_arguments()
        super().__init__()

    def _check_arguments(self):
        try:
            arg_constraints = self.arg_constraints
        except NotImplementedError:
            arg_constraints = {}
            warnings.warn(
                f"{type(self)} does not define `arg_constraints`. Please set `arg_constraints = {{}}` or initialize "
                "the distribution with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
        for name, constraint in arg_constraints.items():
            if constraints.is_dependent(constraint):
                continue
            if name not in self.__dict__ and isinstance(getattr(type(self), name), lazy_property):
                continue  # computed from another argument, which is checked itself
            value = getattr(self, name)
            if not constraint.check(value).all():
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                    f"{self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                )

    def _set_arguments(self, validate_args, **arguments):
        """Broadcast the arguments of a distribution of single numbers, keep them, and set the shapes."""
        for name, value in zip(arguments, broadcast_all(*arguments.values())):
            setattr(self, name, value)
        Distribution.__init__(self, value.size(), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        """Give the same distribution with a larger batch: the parameters are broadcast to `batch_shape`.

        Args:
            batch_shape: the new shape; the present batch_shape must broadcast to it.
            _instance: for subclasses that write their own expand: the new object to fill.
        """
        owner = next((c for c in type(self).__mro__ if "_arguments" in c.__dict__), None)
        if owner is None:
            raise NotImplementedError(f"{type(self).__name__} has no expand(); write one in your class")
        return self._expanded(self._get_checked_instance(owner, _instance), owner, torch.Size(batch_shape))

    def _expanded(self, new, owner, batch_shape):
        """Fill `new` with the expanded attributes that the class `owner` lists."""
        batch_dims = len(self._batch_shape)
        for name in owner._arguments:
            value = self.__dict__.get(name)
            if isinstance(value, Distribution):
                setattr(new, name, value.expand(batch_shape))
            elif value is not None:
                setattr(new, name, value.expand(batch_shape + value.shape[batch_dims:]))
        Distribution.__init__(new, batch_shape, self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _get_checked_instance(self, cls, _instance=None):
        if _instance is None and type(self).__init__ != cls.__init__:
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} that defines a custom __init__ method must also "
                "define a custom .expand() method."
            )
        return self.__new__(type(self)) if _instance is None else _instance

    @property
    def batch_shape(self):
        """The shape of the parameters: how many independent distributions this one holds."""
        return self._batch_shape

    @property
    def event_shape(self):
        """The shape of one value (without the batch)."""
        return self._event_shape

    @property
    def arg_constraints(self):
        """A dict from the names of the parameters to the constraints that they must satisfy."""
        raise NotImplementedError(f"{type(self).__name__} does not define arg_constraints; set it in your class")

    @property
    def support(self):
        """The constraint that the values satisfy."""
        raise NotImplementedError(f"{type(self).__name__} does not define its support; set it in your class")

    @property
    def mean(self):
        """The mean of each distribution of the batch."""
        raise NotImplementedError(f"the mean of {type(self).__name__} is not known in closed form; average samples")

    @property
    def mode(self):
        """The most likely value of each distribution of the batch."""
        raise NotImplementedError(f"{self.__class__} does not implement mode")

    @property
    def variance(self):
        """The variance of each distribution of the batch."""
        raise NotImplementedError(f"the variance of {type(self).__name__} is not known in closed form; take samples")

    @property
    def stddev(self):
        """The standard deviation: the square root of the variance."""
        return self.variance.sqrt()

    def sample(self, sample_shape=torch.Size()):
        """Draw `sample_shape` samples of every distribution of the batch; no gradient flows through them."""
        with torch.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape=torch.Size()):
        """Draw samples that are differentiable functions of the parameters, where the class has_rsample."""
        raise NotImplementedError(f"{type(self).__name__} has no differentiable samples; use sample()")

    def sample_n(self, n):
        """Draw n samples (an older spelling of sample((n,)))."""
        warnings.warn("sample_n will be deprecated. Use .sample((n,)) instead", UserWarning, stacklevel=2)
        return self.sample(torch.Size((n,)))

    def log_prob(self, value):
        """The logarithm of the probability (or of its density) of each value."""
        raise NotImplementedError(f"{type(self).__name__} has no log_prob(); write one in your class")

    def cdf(self, value):
        """The probability of a result that is at most `value`."""
        raise NotImplementedError(f"{type(self).__name__} has no cdf() in closed form; count samples")

    def icdf(self, value):
        """The inverse of cdf: the value below which a result lies with the given probability."""
        raise NotImplementedError(f"{type(self).__name__} has no icdf() in closed form; sort samples")

    def enumerate_support(self, expand=True):
        """All values of a discrete distribution, along a new first dimension; `expand` repeats them over the batch."""
        raise NotImplementedError(f"{type(self).__name__} cannot list its values")

    def entropy(self):
        """The entropy of each distribution of the batch, in nats."""
        raise NotImplementedError(f"the entropy of {type(self).__name__} is not known in closed form")

    def perplexity(self):
        """The exponential of the entropy: the number of equally likely values that are as uncertain."""
        return torch.exp(self.entropy())

    def _extended_shape(self, sample_shape=torch.Size()):
        return torch.Size(torch.Size(sample_shape) + self._batch_shape + self._event_shape)

    def _validate_sample(self, value):
        """Check a value for log_prob or cdf: a tensor, of a fitting shape, within the support."""
        if not isinstance(value, torch.Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        event_start = value.dim() - len(self._event_shape)
        if value.shape[event_start:] != self._event_shape:
            raise ValueError(
                "The right-most size of value must match event_shape: "
                f"{value.shape} vs {self._event_shape}."
            )
        expected = self._batch_shape + self._event_shape
        for i, j in zip(reversed(value.shape), reversed(expected)):
            if i != 1 and j != 1 and i != j:
                raise ValueError(
                    f"Value is not broadcastable with batch_shape+event_shape: {value.shape} vs {expected}."
                )
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `support` to enable sample validation. Please initialize the "
                "distribution with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
            return
        valid = support.check(value)
        if not valid.all():
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the "
                f"support ({support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def __repr__(self):
        def shown(value):
            return value if value.numel() == 1 else value.size()

        names = [name for name in self.arg_constraints if name in self.__dict__]
        return f"{type(self).__name__}({', '.join(f'{n}: {shown(self.__dict__[n])}' for n in names)})"
