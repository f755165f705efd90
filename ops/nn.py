"""Operators of neural networks: losses, recurrent layers, convolutions, normalisation, pooling."""
from ops.table import op

# `reduction` is 0 for a number an element, 1 for the mean, 2 for the sum.
# ---- losses
op("mse_loss(Tensor self, Tensor target, int reduction=1) -> Tensor", forms="f", doc="The squared error (input - target)^2.")
op("l1_loss(Tensor self, Tensor target, int reduction=1) -> Tensor", forms="f", doc="The absolute error |input - target|.")
op("smooth_l1_loss(Tensor self, Tensor target, int reduction=1, float beta=1.0) -> Tensor", forms="f",
   doc="The squared error over 2 beta where it is below beta, the absolute error less beta / 2 above.")
op("huber_loss(Tensor self, Tensor target, int reduction=1, float delta=1.0) -> Tensor", forms="f",
   doc="Half the squared error where it is below delta, delta times (the absolute error less delta / 2) above.")
op("binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=1) -> Tensor", forms="f",
   doc="-(target log(input) + (1 - target) log(1 - input)) for probabilities; logarithms are limited to -100.")
op("binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, int reduction=1) -> Tensor",
   forms="f", doc="binary_cross_entropy of sigmoid(input), computed so that it stays finite.")
op("nll_loss_nd(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, int ignore_index=-100) -> Tensor", forms="f",
   aliases="nll_loss", doc="-input[target] for log-probabilities [N, C, ...] and class numbers [N, ...].")
op("cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, int ignore_index=-100, float label_smoothing=0.0) -> Tensor",
   forms="f", doc="-log(softmax(input))[target] for scores [N, C, ...] and class numbers [N, ...] or probabilities [N, C, ...].")
op("kl_div(Tensor self, Tensor target, int reduction=1, *, bool log_target=False) -> Tensor", forms="f",
   doc="The Kullback-Leibler divergence target (log(target) - input), for input of log-probabilities.")

# ---- recurrent layers
STACK = "Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first"
CELL = "Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None"
op(f"lstm(Tensor input, Tensor[] hx, {STACK}) -> (Tensor, Tensor, Tensor)", forms="f", doc="Long short-term memory layers over a sequence.")
op(f"lstm_cell(Tensor input, Tensor[] hx, {CELL}) -> (Tensor, Tensor)", forms="f", doc="One step of long short-term memory.")
for name, words in (("gru", "gated recurrent units"), ("rnn_tanh", "a recurrent network with tanh"), ("rnn_relu", "a recurrent network with relu")):
    op(f"{name}(Tensor input, Tensor hx, {STACK}) -> (Tensor, Tensor)", forms="f", doc=f"Layers of {words} over a sequence.")
    op(f"{name}_cell(Tensor input, Tensor hx, {CELL}) -> Tensor", forms="f", doc=f"One step of {words}.")
