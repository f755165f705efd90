"""Optimizers, which change parameters by their gradients so that a loss falls, and schedules of their learning rate."""

from penlight.optim import lr_scheduler, swa_utils
from penlight.optim.adadelta import Adadelta
from penlight.optim.adafactor import Adafactor
from penlight.optim.adagrad import Adagrad
from penlight.optim.adam import Adam
from penlight.optim.adamax import Adamax
from penlight.optim.adamw import AdamW
from penlight.optim.asgd import ASGD
from penlight.optim.lbfgs import LBFGS
from penlight.optim.muon import Muon
from penlight.optim.nadam import NAdam
from penlight.optim.optimizer import Optimizer
from penlight.optim.radam import RAdam
from penlight.optim.rmsprop import RMSprop
from penlight.optim.rprop import Rprop
from penlight.optim.sgd import SGD
