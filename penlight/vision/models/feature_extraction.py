"""Outputs from the middle of a network: which nodes there are, and a module that gives those asked for.

Nodes are the modules of the network, by their dotted names; operations between modules have no node of their own.
"""

from collections import OrderedDict

from penlight import nn

__all__ = ["create_feature_extractor", "get_graph_node_names"]


def get_graph_node_names(model, tracer_kwargs=None, suppress_diff_warning=False, concrete_args=None):
    """The names of all nodes, for training and for evaluation: two equal lists, since nodes are modules.

    >>> get_graph_node_names(nn.Sequential(nn.ReLU()))
    (['0'], ['0'])
    """
    names = [name for name, _ in model.named_modules() if name]
    return names, list(names)


class _Extractor(nn.Module):
    def __init__(self, model, nodes):
        super().__init__()
        self.model, self.nodes = model, nodes

    def forward(self, *args, **kwargs):
        found, handles = {}, []
        keep = lambda name: lambda module, inputs, output: found.__setitem__(name, output)
        try:
            for node in self.nodes:
                handles.append(self.model.get_submodule(node).register_forward_hook(keep(node)))
            self.model(*args, **kwargs)
        finally:
            for handle in handles:
                handle.remove()
        return OrderedDict((name, found[node]) for node, name in self.nodes.items())


def create_feature_extractor(model, return_nodes):
    """A module that runs `model` and gives {name: output of a node}; `return_nodes` is a list or {node: name}.

    A node that is no module is a ValueError; a module with modules inside stands for its own output.

    >>> net = nn.Sequential(nn.ReLU(), nn.Tanh())
    >>> create_feature_extractor(net, {"0": "positive"})(torch.tensor([-1.0, 2.0]))
    OrderedDict([('positive', tensor([0., 2.]))])
    """
    nodes = return_nodes if isinstance(return_nodes, dict) else {node: node for node in return_nodes}
    names = dict(model.named_modules())
    for node in nodes:
        if not node or node not in names:
            raise ValueError(
                f"node: '{node}' is not present in model. Hint: use `get_graph_node_names` to make sure the "
                "`return_nodes` you specified are present; Penlight's nodes are modules"
            )
    return _Extractor(model, nodes)
