"""Rows of random numbers: the in-place fills, the tensors made of them, samples of distributions, dropout.

The fills' gradient is zero: what a tensor held before does not reach its random contents.
"""
from ops.table import op

ZERO = {"self": "zeros_like(grad)"}
GEN = "*, Generator? generator=None"
LIKE = f"{GEN}, FACTORY, MemoryFormat? memory_format=None"


def fill(schema, doc, overload=""):
    """An in-place fill: `schema` is the name and the arguments between self and the generator."""
    name, arguments = schema.split("(")
    arguments = "".join(f"{a}, " for a in [arguments.rstrip(")")] if a)
    op(f"{name}{overload}(Tensor(a!) self, {arguments}{GEN}) -> Tensor(a!)", grad=ZERO, forms="m", doc=doc)


# ---- in place
fill("uniform_(float from=0, float to=1)", "Fills the tensor with numbers spread evenly over [from, to).")
fill("normal_(float mean=0, float std=1)", "Fills the tensor with normally distributed numbers.")
fill("log_normal_(float mean=1, float std=2)",
     "Fills the tensor with numbers whose logarithm is normally distributed with this mean and standard deviation.")
fill("exponential_(float lambd=1)", "Fills the tensor with exponentially distributed numbers of rate lambd; their mean is 1 / lambd.")
fill("cauchy_(float median=0, float sigma=1)", "Fills the tensor with numbers of the Cauchy distribution.")
fill("geometric_(float p)", "Fills the tensor with the number of trials up to the first success, when each succeeds with probability p.")
fill("random_(int to)", "Fills the tensor with whole numbers from [0, to).", ".to")
fill("random_(int from, int? to)", "Fills the tensor with whole numbers from [from, to).", ".from")
fill("random_()", "Fills the tensor with whole numbers between 0 and the largest that its dtype counts to.")
op(f"bernoulli_.tensor(Tensor(a!) self, Tensor p, {GEN}) -> Tensor(a!)", grad=ZERO | {"p": "zeros_like(p)"}, forms="m",
   doc="Fills the tensor with ones, each with its own probability in p, and zeros.")
fill("bernoulli_(float p=0.5)", "Fills the tensor with ones, each with probability p, and zeros.", ".float")

# ---- new tensors
op(f"rand(int[] size, {GEN}, FACTORY) -> Tensor", forms="fo", doc="A tensor of numbers spread evenly over [0, 1).")
op(f"rand_like(Tensor self, {LIKE}) -> Tensor", forms="f", doc="Numbers spread evenly over [0, 1), in the shape and dtype of input.")
op(f"randn(int[] size, {GEN}, FACTORY) -> Tensor", forms="fo", doc="A tensor of normally distributed numbers with mean 0 and variance 1.")
op(f"randn_like(Tensor self, {LIKE}) -> Tensor", forms="f", doc="Normally distributed numbers in the shape and dtype of input.")
op(f"randint(int high, int[] size, {GEN}, FACTORY) -> Tensor", forms="fo", doc="A tensor of whole numbers from [low, high); int64 unless dtype is given.")
op(f"randint.low(int low, int high, int[] size, {GEN}, FACTORY) -> Tensor", forms="fo")
op(f"randint_like(Tensor self, int high, {LIKE}) -> Tensor", forms="f", doc="Whole numbers from [low, high) in the shape and dtype of input.")
op(f"randint_like.low(Tensor self, int low, int high, {LIKE}) -> Tensor", forms="f")
op(f"randperm(int n, {GEN}, FACTORY) -> Tensor", forms="fo", doc="The numbers 0 to n - 1 in random order.")

# ---- samples whose parameters are tensors
op(f"bernoulli(Tensor self, {GEN}) -> Tensor", grad=ZERO, forms="fmo", doc="Ones and zeros; each element of input is the probability of a one.")
op(f"bernoulli.p(Tensor self, float p, {GEN}) -> Tensor", grad=ZERO, forms="fm")
op(f"normal.tensor_tensor(Tensor mean, Tensor std, {GEN}) -> Tensor", forms="fo", node="NormalBackward3",
   grad={"mean": "zeros_like(mean)", "std": "zeros_like(std)"},
   doc="Normally distributed numbers, each with its own mean and standard deviation.")
op(f"normal.tensor_float(Tensor mean, float std=1, {GEN}) -> Tensor", grad={"mean": "zeros_like(grad)"}, forms="fo", node="NormalBackward1")
op(f"normal.float_tensor(float mean, Tensor std, {GEN}) -> Tensor", grad={"std": "zeros_like(grad)"}, forms="fo", node="NormalBackward2")
op(f"normal.size(float mean, float std, int[] size, {GEN}, FACTORY) -> Tensor", forms="fo")
op(f"multinomial(Tensor self, int num_samples, bool replacement=False, {GEN}) -> Tensor", forms="fmo",
   exact_out="multinomial expects {result} tensor out, got: {out}",
   doc="num_samples indices for each row of weights, drawn with probability proportional to the weight.")
op("poisson(Tensor self, Generator? generator=None) -> Tensor", grad=ZERO, forms="f", doc="Poisson counts; each element of input is a rate.")
op("binomial(Tensor count, Tensor prob, Generator? generator=None) -> Tensor", forms="f",
   doc="The number of successes in count trials that each succeed with probability prob.")
op("_standard_gamma(Tensor self, Generator? generator=None) -> Tensor", forms="f", grad={"self": "grad * _standard_gamma_grad(self, result)"},
   doc="Samples of the gamma distribution with rate 1; each element of input is a shape parameter.")
op("_sample_dirichlet(Tensor self, Generator? generator=None) -> Tensor", forms="f",
   doc="Samples of the Dirichlet distribution; the last dimension of input holds the concentrations.")
op("_standard_gamma_grad(Tensor self, Tensor output) -> Tensor", formula="standard_gamma_grad(self, output)", types="f", forms="f",
   doc="How far a sample of _standard_gamma moves when its shape parameter does.")
op("_dirichlet_grad(Tensor x, Tensor alpha, Tensor total) -> Tensor", formula="dirichlet_grad(x, alpha, total)", types="f", forms="f",
   doc="How far an element of a Dirichlet sample moves when its concentration does and the total of them stays.")

# ---- dropout
op("_dropout(Tensor self, float p) -> (Tensor, Tensor)", grad={"self": "_dropout_backward(grads[0], result1, p)"}, forms="", node="MulBackward0",
   doc="The dropped input and, as bytes, what was kept.")
op("_dropout_backward(Tensor grad, Tensor mask, float p) -> Tensor", grad={"grad": "_dropout_backward(grad, mask, p)"}, forms="", node="MulBackward0")
for name, doc in [("dropout", "Sets elements to zero with probability p and scales the rest by 1 / (1 - p), when train is set."),
                  ("feature_dropout", "Dropout of whole channels (dimension 1)."),
                  ("alpha_dropout", "Dropout that keeps mean and variance of a SELU network."),
                  ("feature_alpha_dropout", "alpha_dropout of whole channels (dimension 1).")]:
    op(f"{name}(Tensor input, float p, bool train) -> Tensor", forms="f", doc=doc)
    op(f"{name}_(Tensor input, float p, bool train) -> Tensor", forms="f", doc=doc)
op("native_dropout(Tensor input, float p, bool? train) -> (Tensor, Tensor)", forms="f",
   doc="The dropped input, and which of its elements were kept; nothing is dropped where train is False.")
op(f"_rrelu_with_noise(Tensor self, float lower, float upper, {GEN}) -> (Tensor, Tensor)", grad={"self": "grads[0] * result1"}, forms="f",
   node="RreluWithNoiseBackward0", doc="input with negative elements multiplied by random slopes from [lower, upper), and the slopes.")
