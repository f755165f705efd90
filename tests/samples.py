"""Arguments to call operators with, for the tests that run over the whole table.

Pointwise rows need none: their arguments follow from the schema. The others have expressions here, in which
`t(2, 3)` is a tensor of the tested dtype, `pos` one of positive numbers, `constant` one that has no gradient, `mask`
one of bools, `idx(n, 2, 3)` one of indices below n. In-place forms and copies of views share the samples of the plain
form.
"""

import itertools

import numpy as np

REDUCED = ["t(2, 3)", "t()", "t(0)"]
ALONG = ["t(2, 3), 0", "t(2, 3), -1", "t(4), 0", "t(2, 3, 2), 1"]
ALONG_KEEPING = [*ALONG, "t(2, 3), 1, True"]
OVER = ["t(2, 3), 0", "t(2, 3), (0, 1)", "t(2, 3, 2), (2, 0), True", "t(2, 3), None"]
PIECES = ["t(6, 2), 2", "t(5, 2), 2", "t(2, 6), 3, 1"]
JOINED = ["[t(2, 3), t(2, 3)]", "[t(2)]"]
SCATTERED = ["t(3, 4), 0, idx(3, 2, 4), t(2, 4)", "t(3, 4), 1, idx(4, 3, 2), t(3, 2)", "t(4), 0, idx(4, 2), t(2)"]
SLICED = ["t(3, 4), 0, idx(3, 2), t(2, 4)", "t(3, 4), 1, idx(4, 3), t(3, 3)", "t(4), 0, idx(4, 2), t(2)"]
FILLED = ["t(3, 4), 0, idx(3, 2), 2", "t(3, 4), 1, idx(4, 1), t()"]
LOSS = ["t(3, 4), t(3, 4)", "t(3, 4), t(3, 4), reduction=0", "t(3, 4), t(3, 4), reduction=2", "t(4), t(4)"]
CLASSES = [
    "t(3, 4), idx(4, 3)",
    "t(3, 4), idx(4, 3), constant(4)",
    "t(2, 4, 3), idx(4, 2, 3), reduction=2",
    "t(3, 4), idx(4, 3), reduction=0",
    "t(4), idx(4)",
]

SAMPLES = {
    # choosing and rounding
    "clamp_min": ["t(2, 3), 0.2", "t(2, 3), t(3)", "t(2, 3), 1"],
    "clamp_max": ["t(2, 3), 0.2", "t(2, 3), t(3)", "t(2, 3), 1"],
    "positive": ["t(2, 3)"],
    "fill": ["t(2, 3), 2", "t(2, 3), t()"],
    "vander": ["t(3)", "t(3), 2", "t(3), 4, increasing=True", "t(3), 0"],
    "nonzero_static": ["mask(2, 3), size=2", "t(2, 3), size=8, fill_value=-2", "t(), size=2"],
    "fill_diagonal_": ["t(3, 3), 2", "t(7, 3), 2, wrap=True", "t(2, 2, 2), 1"],
    "as_strided_": ["t(6), (2, 2), (2, 1)", "t(6), (2, 2), (1, 2), 1"],
    "frobenius_norm": ["t(2, 3), 1", "t(2, 3), (0, 1), True"],
    "norm_except_dim": ["t(2, 3)", "t(2, 3, 2), 2, 1", "t(2, 3), 2, -1"],
    "renorm": ["t(2, 3), 2, 0, 1", "t(2, 3, 2), 1, -1, 0.5", "t(2, 3), 2, 1, 9"],
    "div": [
        "t(2, 3), t(2, 3)",
        "t(2, 3), t(3), rounding_mode='floor'",
        "t(2, 3), t(3), rounding_mode='trunc'",
        "t(3), 2",
    ],
    "pow": ["pos(2, 3), t(2, 3)", "t(2, 3), 2", "t(3), 3", "2.5, t(3)", "pos(3), 0.5", "t(3), 0", "t(3), 1"],
    "where_self": ["mask(2, 3), t(2, 3), t(3)", "mask(3), t(3), 2", "mask(2, 1), 1, t(3)"],
    "clamp": ["t(2, 3), -0.5, 0.5", "t(2, 3), min=-0.5", "t(2, 3), max=t(3)", "t(2, 3), t(3), t(2, 3)"],
    "round": ["t(3)", "t(3), decimals=1"],
    "polygamma": ["1, pos(3)", "2, pos(2, 3)"],
    "polygamma_method": ["pos(3), 1", "pos(2, 3), 2"],
    "frexp": ["t(3)", "t(2, 3)"],
    "float_power": ["pos(3), t(3)", "t(2, 3), 2", "2.5, t(3)"],
    "float_power_": ["t(3).double(), 2"],
    "linspace_tensors": ["torch.tensor(0.0), 1, 5", "torch.tensor(3), torch.tensor(-2), 4"],
    "logspace_tensors": ["torch.tensor(0.0), 2, 3", "0, torch.tensor(1), 2"],
    # rows, segments, and what PyTorch keeps below its public API
    "_cdist": ["t(3, 2), t(4, 2), 2.0, False", "t(2, 3, 2), t(4, 2), 1.0, False", "t(3, 2), t(2, 2), 2.0, True"],
    "pdist": ["t(4, 2)", "t(3, 2), 3.0", "t(1, 2)"],
    "segment_reduce": [
        "t(5), 'sum', lengths=torch.tensor([2, 0, 3])",
        "pos(5, 2), 'prod', offsets=torch.tensor([0, 2, 5]), initial=2",
        "t(2, 4), 'max', lengths=torch.tensor([[1, 3], [2, 2]]), axis=1",
        "t(4), 'mean', lengths=torch.tensor([1, 3])",
    ],
    "hash_tensor": ["t(2, 3)", "t(2, 3), 0", "t(2, 3), 1, keepdim=True"],
    "_chunk_cat": ["[t(3, 2), t(4, 2)], 0, 2"],
    "_unsafe_masked_index": ["t(3, 2), mask(2), [idx(3, 2), idx(2, 2)], 0.5"],
    "_unsafe_masked_index_put_accumulate": ["t(3, 2), mask(2), [idx(3, 2), idx(2, 2)], t(2)"],
    "_unsafe_index": ["t(3, 2), [idx(3, 2)]"],
    "_unsafe_index_put": ["t(3, 2), [idx(3, 2)], t(2, 2)"],
    "_native_batch_norm_legit": ["t(4, 2), None, None, constant(2), constant(2), True, 0.1, 1e-5"],
    "_native_batch_norm_legit_no_stats": ["t(4, 2), None, None, True, 0.1, 1e-5"],
    "_batch_norm_with_update": ["t(4, 2), None, None, constant(2), constant(2), 0.1, 1e-5"],
    "native_dropout_backward": ["t(3), mask(3), 2.0"],
    "slice_inverse": ["t(4, 3), constant(4, 3)"],
    "mvlgamma": ["pos(3) + 1, 1", "pos(2, 3) + 2, 3"],
    "gelu": ["t(3)", "t(3), approximate='tanh'"],
    "logsigmoid": ["t(2, 3)"],
    "prelu": ["t(2, 3), t(1)", "t(2, 3), t(3)", "t(4), t()"],
    "logit": ["pos(2, 3)", "pos(3), 0.2"],
    "nan_to_num": ["t(3)", "t(3), 1.0, 2.0, 3.0"],
    "conj": ["t(3)"],
    "max_unpool2d": ["t(1, 1, 2, 2), torch.tensor([[[[0, 3], [8, 11]]]]), (4, 4)"],
    "max_unpool3d": ["t(1, 1, 1, 1, 1), torch.tensor([[[[[0]]]]]), (1, 1, 1)"],
    "_upsample": ["t(1, 2, 4), 'nearest', (8,), None"],
    "scaled_dot_product_attention": [
        "t(2, 4, 3), t(2, 4, 3), t(2, 4, 3)",
        "t(2, 2, 4, 3), t(2, 2, 5, 3), t(2, 2, 5, 2), mask(4, 5)",
        "t(1, 4, 4, 3), t(1, 2, 4, 3), t(1, 2, 4, 3), is_causal=True, enable_gqa=True",
    ],
    "_embedding_bag": ["t(5, 3), idx(5, 6), torch.tensor([0, 2, 2])"],
    "embedding_bag": [
        "t(5, 3), idx(5, 6), torch.tensor([0, 2, 2]), mode=1",
        "t(5, 3), idx(5, 6), torch.tensor([0, 2, 2]), mode=2",
        "t(5, 3), idx(5, 6), torch.tensor([0, 2, 6]), per_sample_weights=t(6), include_last_offset=True, padding_idx=-2",
    ],
    "grid_sampler": ["t(2, 3, 4, 5), t(2, 3, 3, 2), 0, 0, False", "t(1, 2, 2, 3, 3), t(1, 2, 2, 2, 3), 0, 1, True"],
    "grid_sampler_2d": ["t(1, 2, 4, 5), t(1, 3, 3, 2), 2, 2, False", "t(1, 2, 4, 5), t(1, 3, 3, 2), 1, 0, False"],
    "grid_sampler_3d": ["t(1, 2, 3, 3, 4), t(1, 2, 2, 2, 3), 0, 2, False"],
    "affine_grid_generator": ["t(2, 2, 3), (2, 1, 3, 4), False", "t(1, 3, 4), (1, 1, 2, 2, 3), True"],
    "im2col": ["t(2, 3, 4, 5), (2, 3), (1, 1), (0, 1), (1, 2)", "t(3, 4, 4), 2, 2, 1, 1"],
    "col2im": ["t(2, 12, 12), (4, 5), 2, 1, 0, 1", "t(4, 6), (3, 4), 2, 1, 0, 1"],
    "fractional_max_pool2d": ["t(1, 2, 6, 6), (2, 3), (3, 2), t(1, 2, 2).detach()"],
    "fractional_max_pool3d": ["t(1, 2, 4, 4, 5), 2, (2, 2, 3), t(1, 2, 3).detach()"],
    "_upsample_bilinear2d_aa": ["t(1, 2, 6, 5), (3, 4), False, None"],
    "_upsample_bicubic2d_aa": ["t(1, 2, 6, 5), (3, 4), True, None"],
    "_upsample_bilinear2d_aa_scales": ["t(1, 2, 6, 5), (3, 4), False, 0.5, None"],
    "_upsample_bicubic2d_aa_scales": ["t(1, 2, 6, 5), (3, 4), False"],
    "_ctc_loss_Tensor": [
        "constant(5, 1, 4).log_softmax(2), torch.tensor([[1, 2]]), torch.tensor([5]), torch.tensor([2])"
    ],
    "ctc_loss_Tensor": ["t(5, 1, 4).log_softmax(2), torch.tensor([[1, 2]]), torch.tensor([5]), torch.tensor([2])"],
    "_ctc_loss": ["constant(5, 2, 4).log_softmax(2), torch.tensor([[1, 2], [3, 3]]), (5, 5), (2, 2)"],
    "ctc_loss_IntList": ["t(5, 2, 4).log_softmax(2), torch.tensor([[1, 2], [3, 3]]), (5, 4), (2, 1)"],
    "conj_physical": ["t(3)"],
    "resolve_conj": ["t(3)"],
    "resolve_neg": ["t(3)"],
    "is_conj": ["t(3)"],
    "is_neg": ["t(3)"],
    "bitwise_not": ["t(2, 3)"],
    "square": ["t(2, 3)"],
    "where_method": ["t(2, 3), mask(2, 3), t(3)", "t(3), mask(2, 1), 2"],
    # making
    "zeros": ["(2, 3)", "()"],
    "ones": ["(2, 3)", "(0,)"],
    "full": ["(2, 3), 5", "(), 2.5"],
    "scalar_tensor": ["2.5"],
    "zeros_like": ["t(2, 3)"],
    "ones_like": ["t(2, 3)"],
    "full_like": ["t(2, 3), 3"],
    "new_zeros": ["t(2), (2, 3)"],
    "new_ones": ["t(2), (2,)"],
    "new_full": ["t(2), (2,), 4"],
    "arange": ["5", "2.5"],
    "arange_start": ["1, 7, 2", "1.5, -2, -0.5"],
    "range": ["1, 7, 2"],
    "linspace": ["0, 1, 5", "3, -2, 4", "1, 2, 1"],
    "logspace": ["0, 2, 3"],
    "eye": ["3", "2, 3", "3, 0"],
    "complex": ["real(3), real(3)"],
    "polar": ["real(3), real(3)"],
    "_to_copy": ["t(2, 3)"],
    "clone": ["t(2, 3)"],
    "contiguous": ["t(2, 3)"],
    "copy_": ["t(2, 3), t(3)"],
    "fill_": ["t(2, 3), 3", "t(2, 3), t()"],
    "zero_": ["t(2, 3)"],
    "real": ["t(3)"],
    "imag": ["t(3)"],
    "view_as_real": ["t(2, 3)"],
    "view_as_complex": ["real(3, 2)"],
    "view_dtype": ["real(2, 4), torch.uint8"],
    "alias": ["t(2, 3)"],
    "detach": ["t(2, 3)"],
    "slice": ["t(3, 5), 1, 1, 4, 2"],
    # views
    "view": ["t(2, 6), (3, -1)", "t(2, 6), (12,)"],
    "reshape": ["t(2, 6), (3, -1)", "t(2, 6).t(), (12,)", "t(0, 3), (3, 0)"],
    "view_as": ["t(2, 3), t(3, 2)"],
    "reshape_as": ["t(2, 3).t(), t(6)"],
    "t": ["t(2, 3)", "t(3)"],
    "transpose": ["t(2, 3, 4), 0, 2", "t(2, 3), -1, -2"],
    "swapaxes": ["t(2, 3, 4), 0, 2"],
    "permute": ["t(2, 3, 4), (2, 0, 1)", "t(2, 3), (-1, 0)"],
    "movedim": ["t(2, 3, 4), 0, 2", "t(2, 3, 4), (0, 1), (2, 0)"],
    "numpy_T": ["t(2, 3)"],
    "matrix_H": ["t(2, 3)"],
    "adjoint": ["t(2, 3, 4)"],
    "mT": ["t(2, 3, 4)"],
    "mH": ["t(2, 3)"],
    "squeeze": ["t(1, 3, 1)"],
    "squeeze_dim": ["t(1, 3, 1), 0", "t(2, 3), 0"],
    "squeeze_dims": ["t(1, 3, 1), (0, 2)"],
    "unsqueeze": ["t(2, 3), 1", "t(2, 3), -1"],
    "expand": ["t(2, 1), (2, 3)", "t(3), (2, -1)"],
    "expand_as": ["t(3), t(2, 3)"],
    "broadcast_to": ["t(2, 1), (2, 3)"],
    "flatten": ["t(2, 3, 4)", "t(2, 3, 4), 1", "t()"],
    "unflatten": ["t(2, 6), 1, (3, -1)"],
    "ravel": ["t(2, 3).t()"],
    "select": ["t(2, 3), 1, 2", "t(2, 3), 0, -1"],
    "narrow": ["t(4, 3), 0, 1, 2"],
    "narrow_tensor": ["t(4, 3), 0, idx(2), 2"],
    "as_strided": ["t(2, 6), (3, 2), (2, 1), 1"],
    "diagonal": ["t(3, 4)", "t(3, 4), 1", "t(2, 3, 4), -1, 2, 0"],
    "unfold": ["t(2, 7), 1, 3, 2", "t(5), 0, 2, 1"],
    "unbind": ["t(2, 3)", "t(2, 3), 1"],
    "split": PIECES,
    "split_function": PIECES,
    "unsafe_split": PIECES,
    "split_sizes": ["t(6, 2), [1, 5]"],
    "split_sections": ["t(6, 2), [1, 5]"],
    "split_with_sizes": ["t(6, 2), [4, 2], 0"],
    "unsafe_split_with_sizes": ["t(6, 2), [4, 2], 0"],
    "chunk": PIECES,
    "unsafe_chunk": PIECES,
    "tensor_split": PIECES,
    "tensor_split_indices": ["t(6, 2), [1, 4]"],
    "tensor_split_tensor": ["t(6, 2), idx(4, 2)"],
    "hsplit": ["t(2, 6), 3"],
    "hsplit_indices": ["t(2, 6), [1, 4]"],
    "vsplit": ["t(6, 2), 3"],
    "vsplit_indices": ["t(6, 2), [1, 4]"],
    "dsplit": ["t(2, 1, 6), 3"],
    "dsplit_indices": ["t(2, 1, 6), [2]"],
    # joining and rearranging
    "cat": ["[t(2, 3), t(1, 3)]", "[t(2, 3), t(2, 1)], 1", "[t(2)], -1"],
    "stack": [*JOINED, "[t(2, 3), t(2, 3)], 2"],
    "hstack": [*JOINED, "[t(2, 3), t(2, 1)]"],
    "vstack": [*JOINED, "[t(3), t(2, 3)]"],
    "dstack": JOINED,
    "column_stack": ["[t(2), t(2, 3)]"],
    "repeat": ["t(2, 3), (2, 1, 2)"],
    "tile": ["t(2, 3), (2, 2)", "t(3), (2,)"],
    "repeat_interleave": ["t(2, 3), 2", "t(2, 3), 2, 1"],
    "repeat_slices": ["t(2, 3), 2, 1", "t(2, 3), 3, 0"],
    "repeat_interleave_tensor": ["t(3), idx(4, 3)"],
    "repeat_interleave_counts": ["idx(4, 3)"],
    "roll": ["t(2, 3), 1", "t(2, 3), (1, -2), (0, 1)"],
    "flip": ["t(2, 3), (0, 1)", "t(2, 3), [-1]"],
    "fliplr": ["t(2, 3)"],
    "flipud": ["t(2, 3)"],
    "rot90": ["t(2, 3)", "t(2, 3), 2"],
    "tril": ["t(3, 4)", "t(2, 3, 3), -1"],
    "triu": ["t(3, 4)", "t(2, 3, 3), 1"],
    "tril_indices": ["3, 4"],
    "triu_indices": ["3, 4, 1"],
    "diag": ["t(3)", "t(3, 4), 1"],
    "diagflat": ["t(2, 2)"],
    "diag_embed": ["t(2, 3)", "t(3), 1"],
    **{f"atleast_{n}d": ["t()", "t(2)", "t(2, 3)"] for n in (1, 2, 3)},
    **{f"atleast_{n}d_sequence": ["[t(), t(2)]"] for n in (1, 2, 3)},
    # indexing
    "index_put": [
        "t(3, 4), [idx(3, 2), idx(4, 2)], t(2)",
        "t(3, 4), [idx(3, 2)], t(2, 4), True",
        "t(3), [mask(3)], t()",
    ],
    "masked_fill": ["t(2, 3), mask(3), 2", "t(2, 3), mask(2, 3), t()"],
    "masked_select": ["t(2, 3), mask(2, 3)", "t(2, 3), mask(3)"],
    "masked_scatter": ["t(2, 3), mask(2, 3), t(6)"],
    "nonzero": ["t(2, 3)", "t(3)"],
    "nonzero_tuple": ["t(2, 3), as_tuple=True"],
    "argwhere": ["t(2, 3)"],
    "where_condition": ["mask(2, 3)"],
    "index_select": ["t(3, 4), 0, idx(3, 2)", "t(3, 4), 1, idx(4, 5)"],
    "index_add": [*SLICED, "t(3, 4), 0, idx(3, 5), t(5, 4), alpha=2"],
    "index_copy": SLICED,
    "index_copy_": SLICED,
    "index_fill": FILLED,
    "index_reduce": [s + f", '{r}'" for s, r in zip(SLICED * 2, ("prod", "mean", "amax", "amin"))],
    "gather": ["t(3, 4), 0, idx(3, 2, 4)", "t(3, 4), 1, idx(4, 3, 6)"],
    "take_along_dim": ["t(3, 4), idx(3, 2, 4), 0", "t(3, 4), idx(12, 3)"],
    "scatter": SCATTERED,
    "scatter_add": SCATTERED,
    "scatter_value": ["t(3, 4), 0, idx(3, 2, 4), 2"],
    "scatter_reduction": ["t(3, 4), 0, idx(3, 2, 4), t(2, 4), reduce='add'"],
    "scatter_value_reduction": ["t(3, 4), 0, idx(3, 2, 4), 2, reduce='multiply'"],
    "scatter_reduce": [s + f", '{r}'" for s, r in zip(SCATTERED * 2, ("sum", "prod", "mean", "amax", "amin"))],
    "take": ["t(3, 4), idx(12, 2, 2)"],
    "put": ["t(3, 4), idx(12, 3), t(3)", "t(3, 4), idx(12, 3), t(3), True"],
    "embedding": ["t(5, 3), idx(5, 2, 2)", "t(5, 3), idx(5, 4), 1"],
    "embedding_dense_backward": ["t(4, 3), idx(5, 4), 5, -1, False"],
    "select_scatter": ["t(3, 4), t(3), 1, 2"],
    "slice_scatter": ["t(3, 4), t(2, 4), 0, 1, 3", "t(3, 4), t(3, 2), 1, 0, 4, 2"],
    "diagonal_scatter": ["t(3, 4), t(3)"],
    "as_strided_scatter": ["t(2, 6), t(2, 2), (2, 2), (3, 1), 1"],
    "isin": ["t(2, 3), t(4)", "t(3), 1", "t(2, 3), t(4), invert=True"],
    "searchsorted": ["ascending(5), t(4)", "ascending(5), t(2, 2)"],
    "bucketize": ["t(4), ascending(5)"],
    # reductions
    "sum": REDUCED,
    "sum_dim_IntList": OVER,
    "nansum": [*REDUCED, *OVER],
    "mean": REDUCED[:2],
    "mean_dim": OVER,
    "nanmean": [*REDUCED[:2], *OVER],
    "prod": REDUCED,
    "prod_dim_int": ALONG_KEEPING,
    "sum_to_size": ["t(2, 3), (1, 3)"],
    "trace": ["t(3, 4)"],
    "count_nonzero": [*REDUCED, "t(2, 3), 1"],
    "count_nonzero_dim_IntList": ["t(2, 3), (0, 1)"],
    **{f: ["t(2, 3)", "t()"] for f in ("max", "min", "median", "nanmedian")},
    **{f"{f}_other": ["t(2, 3), t(3)"] for f in ("max", "min")},
    **{f"{f}_dim": ALONG_KEEPING for f in ("max", "min", "median", "nanmedian", "any", "all")},
    **{f: ["t(2, 3)", *OVER[:3]] for f in ("amax", "amin")},
    **{f: ["t(2, 3)", *ALONG_KEEPING] for f in ("argmax", "argmin")},
    "aminmax": ["t(2, 3)", "t(2, 3), dim=1"],
    "any": REDUCED,
    "all": REDUCED,
    "any_dims": OVER,
    "all_dims": OVER,
    **{f: ["t(2, 3)", "t(4), False"] for f in ("var", "std", "var_mean", "std_mean")},
    **{f"{f}_dim": ["t(2, 3), 1", "t(2, 3), (0, 1), False, True"] for f in ("var", "std", "var_mean", "std_mean")},
    **{
        f"{f}_correction": ["t(2, 3), 1, correction=0", "t(3, 3), correction=2"]
        for f in ("var", "std", "var_mean", "std_mean")
    },
    "linalg_vector_norm": ["t(2, 3), 2", "t(2, 3), 1, 0", "t(2, 3), 3.5, 1, True", "t(2, 3), float('inf'), 1"],
    "linalg_matrix_norm": ["t(3, 4), 1", "t(2, 3, 4), float('inf')"],
    "linalg_matrix_norm_str_ord": ["t(3, 4)"],
    "linalg_norm": ["t(3, 4)", "t(4), 1"],
    "linalg_norm_ord_str": ["t(3, 4), 'fro'"],
    "norm": ["t(4)", "t(2, 3), 2, 1", "t(3), 1"],
    "norm_str": ["t(3, 4), 'fro'"],
    "dist": ["t(2, 3), t(2, 3)", "t(3), t(3), 1"],
    **dict.fromkeys(("softmax_int", "log_softmax_int", "cumsum", "cumprod", "cummax", "cummin", "logcumsumexp"), ALONG),
    **{f: ["t(2, 3), 1, False"] for f in ("_softmax", "_log_softmax")},
    "_safe_softmax": ALONG[:2],
    "logsumexp": OVER[:3],
    # sorting and counting
    "sort": ["t(2, 4)", "t(4, 2), 0, True"],
    "sort_stable": ["t(2, 4), stable=True"],
    "argsort": ["t(2, 4)", "t(4, 2), 0"],
    "argsort_stable": ["t(2, 4), stable=True"],
    "msort": ["t(4, 2)"],
    "topk": ["t(2, 5), 2", "t(5, 2), 3, 0, False"],
    "kthvalue": ["t(2, 5), 2", "t(5, 2), 3, 0, True"],
    "mode": ["t(2, 5)"],
    **{
        f: ["real(6), torch.tensor([0.25, 0.5], dtype=dtype)", "real(2, 5), torch.tensor(0.3, dtype=dtype), 1"]
        for f in ("quantile", "nanquantile")
    },
    **{
        f"{f}_scalar": ["real(6), 0.3", "real(2, 5), 0.5, 1, interpolation='higher'"]
        for f in ("quantile", "nanquantile")
    },
    "_unique2": ["t(6)", "t(6), True, True, True"],
    "unique_dim": ["t(3, 2), 0"],
    "_unique_consecutive": ["t(6)"],
    "bincount": ["idx(4, 6)", "idx(4, 6), pos(6), 6"],
    "histc": ["real(6), 4, -1, 1"],
    "diff": ["t(5)", "t(3, 4), 2, 1", "t(3, 4), 1, 0, t(1, 4), t(2, 4)"],
    **{f"{f}_x": ["t(2, 4), t(4)"] for f in ("trapezoid", "cumulative_trapezoid")},
    **{f"{f}_dx": ["t(2, 4), dx=2, dim=0"] for f in ("trapezoid", "cumulative_trapezoid")},
    # products
    "mm": ["t(2, 3), t(3, 4)", "t(0, 3), t(3, 4)"],
    "bmm": ["t(2, 2, 3), t(2, 3, 4)"],
    "mv": ["t(2, 3), t(3)"],
    "dot": ["t(3), t(3)"],
    "vdot": ["t(3), t(3)"],
    "matmul": ["t(3), t(3)", "t(2, 3), t(3)", "t(3), t(3, 2)", "t(2, 3), t(3, 4)", "t(2, 1, 2, 3), t(4, 3, 2)"],
    "outer": ["t(2), t(3)"],
    "inner": ["t(3), t(3)", "t(2, 3), t(4, 3)"],
    "kron": ["t(2, 3), t(3, 2)"],
    "tensordot": ["t(2, 3, 4), t(3, 4, 2)"],
    "tensordot_lists": ["t(2, 3), t(4, 3), ([1], [1])"],
    "linear": ["t(2, 3), t(4, 3)", "t(2, 2, 3), t(4, 3), t(4)", "t(3), t(4, 3), t(4)"],
    "addmm": ["t(2, 4), t(2, 3), t(3, 4)", "t(4), t(2, 3), t(3, 4), beta=2, alpha=3"],
    "addmv": ["t(2), t(2, 3), t(3)", "t(2), t(2, 3), t(3), beta=2, alpha=3"],
    "addr": ["t(2, 3), t(2), t(3)"],
    "baddbmm": ["t(2, 2, 4), t(2, 2, 3), t(2, 3, 4)"],
    "addbmm": ["t(2, 4), t(3, 2, 3), t(3, 3, 4), beta=2, alpha=3"],
    "chain_matmul": ["[t(2, 3), t(3, 4), t(4, 2)]"],
    "linalg_multi_dot": ["[t(2, 3), t(3, 4), t(4, 2)]"],
    "matrix_power": ["t(3, 3), 3", "t(2, 2), 0"],
    "cross": ["t(2, 3), t(2, 3)"],
    "linalg_cross": ["t(2, 3), t(2, 3)"],
    # layers
    "_softmax_backward_data": ["t(2, 3), t(2, 3), 1, dtype"],
    "_log_softmax_backward_data": ["t(2, 3), t(2, 3), 1, dtype"],
    "lstm": [
        "t(3, 2, 4), [t(1, 2, 3), t(1, 2, 3)], [t(12, 4), t(12, 3), t(12), t(12)], True, 1, 0.0, False, False, False"
    ],
    "gru": ["t(2, 3, 4), t(2, 2, 2), [t(6, 4), t(6, 2)] * 2, False, 1, 0.0, False, True, True"],
    **{
        f: ["t(3, 2, 4), t(1, 2, 3), [t(3, 4), t(3, 3), t(3), t(3)], True, 1, 0.0, False, False, False"]
        for f in ("rnn_tanh", "rnn_relu")
    },
    "lstm_data": [
        "t(4, 4), torch.tensor([2, 1, 1]), [t(1, 2, 3), t(1, 2, 3)], [t(12, 4), t(12, 3), t(12), t(12)], True, 1, 0.0, "
        "False, False"
    ],
    "gru_data": [
        "t(5, 4), torch.tensor([3, 2]), t(2, 3, 2), [t(6, 4), t(6, 2)] * 2, False, 1, 0.0, False, True",
    ],
    **{
        f: ["t(4, 4), torch.tensor([2, 2]), t(1, 2, 3), [t(3, 4), t(3, 3), t(3), t(3)], True, 1, 0.0, False, False"]
        for f in ("rnn_tanh_data", "rnn_relu_data")
    },
    "lstm_cell": ["t(2, 4), [t(2, 3), t(2, 3)], t(12, 4), t(12, 3), t(12), t(12)"],
    "gru_cell": ["t(2, 4), t(2, 3), t(9, 4), t(9, 3)"],
    **{f"{f}_cell": ["t(2, 4), t(2, 3), t(3, 4), t(3, 3), t(3), t(3)"] for f in ("rnn_tanh", "rnn_relu")},
    "convolution": [
        "t(1, 2, 4, 4), t(2, 2, 3, 2), t(2), [1, 2], [1, 0], [1, 1], False, [0, 0], 1",
        "t(1, 2, 3), t(2, 1, 2), None, [2], [0], [1], True, [1], 2",
    ],
    **{
        f"conv{len(d)}d": [
            f"t(1, 2, {', '.join(d)}), t(2, 2{', 2' * len(d)})",
            f"t(1, 4, {', '.join(d)}), t(2, 2{', 3' * len(d)}), t(2), 2, 1, 1, 2",
        ]
        for d in ("5", "45", "434")
    },
    **{
        f"conv{len(d)}d_padding": [f"t(1, 2, {', '.join(d)}), t(2, 2{', 3' * len(d)}), padding='same'"]
        for d in ("5", "45", "434")
    },
    **{
        f"conv_transpose{len(d)}d": [
            f"t(1, 2, {', '.join(d)}), t(2, 2{', 2' * len(d)})",
            f"t(1, 2, {', '.join(d)}), t(2, 1{', 3' * len(d)}), t(2), 2, 1, 1, 2",
        ]
        for d in ("3", "32", "222")
    },
    "cosine_similarity": ["t(2, 3), t(2, 3)", "t(2, 3), t(3), 0"],
    "pairwise_distance": ["t(2, 3), t(2, 3)", "t(2, 3), t(2, 3), 1.0, keepdim=True"],
    "bilinear": ["t(2, 3), t(2, 4), t(2, 3, 4), t(2)"],
    "constant_pad_nd": ["t(2, 3), [1, 2], 3", "t(2, 3), [1, -1, 0, 2]"],
    "pad": [
        "t(2, 3), [1, 2]",
        "t(2, 2, 3), [2, 1], 'reflect'",
        "t(2, 2, 3), [2, 1], 'replicate'",
        "t(2, 2, 3), [2, 1], 'circular'",
    ],
    "pixel_shuffle": ["t(1, 4, 2, 3), 2"],
    "pixel_unshuffle": ["t(1, 2, 4, 2), 2"],
    "channel_shuffle": ["t(1, 4, 2, 2), 2"],
    # normalisation and pooling
    "layer_norm": ["t(2, 3, 4), (4,)", "t(2, 3, 4), (3, 4), t(3, 4), t(3, 4)"],
    "native_dropout": ["t(2, 3), 0.5, False"],
    "native_layer_norm": ["t(2, 3, 4), (4,), t(4), t(4), 1e-5"],
    "rms_norm": ["t(2, 3, 4), (4,)", "t(2, 3), (3,), t(3), 1e-3"],
    "batch_norm": [
        "t(3, 2, 4), t(2), t(2), None, None, True, 0.1, 1e-5, True",
        "t(3, 2), None, None, constant(2), constant(2), False, 0.1, 1e-5, True",
    ],
    "native_batch_norm": ["t(3, 2, 4), t(2), t(2), None, None, True, 0.1, 1e-5"],
    "group_norm": ["t(2, 4, 3), 2", "t(2, 4), 2, t(4), t(4)"],
    "native_group_norm": ["t(2, 4, 3), t(4), t(4), 2, 4, 3, 2, 1e-5"],
    "instance_norm": ["t(2, 3, 4), t(3), t(3), None, None, True, 0.1, 1e-5, True"],
    **{
        f"max_pool{len(d)}d{with_}": [f"t(1, 2, {', '.join(d)}), 2", f"t(2, {', '.join(d)}), 3, 2, 1"]
        for d in ("5", "45", "434")
        for with_ in ("", "_with_indices")
    },
    **{
        f"avg_pool{len(d)}d": [f"t(1, 2, {', '.join(d)}), 2", f"t(2, {', '.join(d)}), 3, 2, 1, True, False"]
        for d in ("5", "45", "434")
    },
    **{
        f"adaptive_{kind}_pool{len(d)}d": [f"t(1, 2, {', '.join(d)}), 2", f"t(2, {', '.join(d)}), 3"]
        for d in ("5", "45", "434")
        for kind in ("avg", "max")
    },
    # losses
    "mse_loss": LOSS,
    "l1_loss": LOSS,
    "smooth_l1_loss": [*LOSS, "t(3), t(3), beta=0.3"],
    "huber_loss": [*LOSS, "t(3), t(3), delta=0.3"],
    "binary_cross_entropy": ["pos(3), pos(3)", "pos(2, 3), pos(2, 3), pos(3), 2"],
    "binary_cross_entropy_with_logits": ["t(3), pos(3)", "t(2, 3), pos(2, 3), pos(3), pos(3), 2"],
    "nll_loss_nd": CLASSES,
    "cross_entropy_loss": [*CLASSES, "t(3, 4), idx(4, 3), label_smoothing=0.2", "t(3, 4), pos(3, 4)"],
    "kl_div": ["t(2, 3), pos(2, 3)", "t(2, 3), t(2, 3), log_target=True"],
}
# Fourier transforms and windows
SAMPLES |= {
    "_fft_c2c": ["t(2, 3, 2), (0, 1), 1, True", "t(3) + 0j, (0,), 2, False"],
    "_fft_r2c": ["real(2, 3), (1,), 0, True", "real(2, 3, 2), (0, 1), 1, False"],
    "_fft_c2r": ["t(2, 3), (0, 1), 1, 4", "t(3) + 0j, (0,), 0, 5"],
    "fft_fftfreq": ["5", "4, 0.5"],
    "fft_rfftfreq": ["5", "4, 0.5"],
    "stft": [
        "t(20), 8, return_complex=True, window=torch.hann_window(8)",
        "t(2, 20), 8, 3, 5, return_complex=True, window=torch.hann_window(5), normalized=True, center=False",
    ],
    "istft": ["t(5, 6), 8, window=torch.hamming_window(8)"],
    **{f"{name}_window": ["5", "4, False"] for name in ("hann", "hamming", "blackman", "bartlett", "kaiser")},
    "cov": ["t(2, 5)", "t(4)"],
    "corrcoef": ["t(3, 5)"],
    "histogram": ["t(9), 4", "t(2, 3), 2, range=(-1.0, 1.5)"],
    "histogram_tensor": ["t(9), ascending(4)"],
    "_histogramdd": ["t(5, 2), [ascending(3), ascending(4)]"],
    "_histogramdd_bin_edges": ["t(5, 2), [2, 3]"],
    "fft_fftshift": ["t(5)", "t(2, 3), 1", "t(2, 3, 4), (0, 2)"],
    "fft_ifftshift": ["t(5)", "t(2, 3), 1", "t(2, 3, 4), (0, 2)"],
}
for _name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
    SAMPLES["fft_" + _name] = ["t(2, 5)", "t(2, 4), 6, 0", "t(2, 4), 3, -1, 'ortho'", "t(4), None, -1, 'forward'"]
    SAMPLES[f"fft_{_name}2"] = ["t(2, 4)", "t(2, 3, 4), (3, 2), (2, 0), 'ortho'"]
    SAMPLES[f"fft_{_name}n"] = [*SAMPLES[f"fft_{_name}2"], "t(3, 2), (4, 3), (0, 1)", "t(3, 4), None, (1,), 'forward'"]

FACTORED = ["square(3)", "square(2, 3, 3)", "t(3, 5)", "t(5, 3)"]
SQUARE = ["square(3)", "square(2, 3, 3)", "t(0, 0)"]
DEFINITE = ["definite(3)", "definite(2, 3, 3)"]
SYSTEM = ["square(3), t(3)", "square(3), t(3, 2)", "square(2, 3, 3), t(3, 2)", "square(3), t(2, 3), left=False"]
SAMPLES |= {
    # factorisations
    **{name: [*DEFINITE, "definite(3), upper=True"] for name in ("linalg_cholesky_ex", "linalg_cholesky", "cholesky")},
    "cholesky_inverse": ["square(3)", "square(2, 3, 3), True"],
    "cholesky_solve": ["t(3, 2), definite(3)", "t(2, 3, 2), definite(3), True"],
    **dict.fromkeys(("linalg_lu_factor_ex", "linalg_lu_factor", "linalg_lu", "linalg_qr", "qr", "geqrf"), FACTORED),
    "lu_unpack": ["t(3, 5), exchanges(3)", "t(5, 3), exchanges(3)", "t(2, 3, 3), exchanges(2, 3)"],
    "linalg_lu_solve": [
        "square(3), exchanges(3), t(3, 2)",
        "square(3), exchanges(3), t(2, 3, 2), adjoint=True",
        "square(3), exchanges(3), t(2, 3), left=False",
        "square(3), exchanges(3), t(2, 3), left=False, adjoint=True",
    ],
    "lu_solve": ["t(3, 2), square(3), exchanges(3)"],
    **dict.fromkeys(("linalg_ldl_factor_ex", "linalg_ldl_factor"), DEFINITE),
    "linalg_ldl_solve": ["square(3), exchanges(3), t(3, 2)"],
    "linalg_householder_product": ["t(4, 3), pos(3)", "t(2, 4, 3), pos(2, 2)"],
    "orgqr": ["t(4, 3), pos(3)"],
    "ormqr": ["t(4, 3), pos(3), t(4, 2)", "t(4, 3), pos(3), t(2, 4), left=False, transpose=True"],
    # systems of equations
    **dict.fromkeys(("linalg_solve_ex", "linalg_solve"), SYSTEM),
    "linalg_solve_triangular": [
        "square(3), t(3, 2), upper=True",
        "square(2, 3, 3), t(3, 2), upper=False, unitriangular=True",
        "square(3), t(2, 3), upper=True, left=False",
    ],
    "triangular_solve": ["t(3, 2), square(3)", "t(3, 2), square(3), False, True"],
    **dict.fromkeys(("linalg_inv_ex", "linalg_inv", "inverse"), SQUARE),
    "linalg_lstsq": [
        "t(5, 3), t(5, 2)",
        "t(3, 5), t(3)",
        "t(5, 3), t(5, 2), driver='gelsd'",
        "t(5, 3), t(5), driver='gels'",
    ],
    "linalg_tensorinv": ["square(6).reshape(2, 3, 6)"],
    "linalg_tensorsolve": ["square(6).reshape(2, 3, 6), t(2, 3)"],
    # determinants, eigenvalues, singular values
    **dict.fromkeys(("linalg_det", "det", "linalg_slogdet", "slogdet"), SQUARE),
    "logdet": DEFINITE,
    **dict.fromkeys(("linalg_eigh", "linalg_eigvalsh", "linalg_eigvals"), DEFINITE),
    "linalg_eig": ["definite(3)"],
    "linalg_svd": ["constant(3, 3)", "constant(2, 3, 4), False"],
    "svd": ["constant(3, 3)", "constant(2, 3, 4), False", "t(3, 4), compute_uv=False"],
    "linalg_svdvals": FACTORED,
    "linalg_matrix_rank_atol_rtol_tensor": [
        "t(3, 4)",
        "definite(3), hermitian=True",
        "t(3, 4), atol=torch.tensor(1.0)",
    ],
    "linalg_matrix_rank_atol_rtol_float": ["t(3, 4), atol=1.5"],
    "linalg_matrix_rank_tol_tensor": ["t(3, 4), torch.tensor(1.0)"],
    "linalg_matrix_rank": ["t(3, 4), 1.5"],
    "linalg_pinv_atol_rtol_tensor": [*FACTORED, "definite(3), hermitian=True"],
    "linalg_pinv_atol_rtol_float": ["t(3, 4), rtol=1e-3"],
    "linalg_pinv_rcond_tensor": ["t(3, 4), torch.tensor(1e-3, dtype=torch.float64)"],
    "linalg_pinv": ["t(3, 4), 1e-3"],
    "pinverse": ["t(3, 4)"],
    "linalg_cond": ["square(3)", "t(3, 4), -2", "square(3), 1"],
    "linalg_cond_p_str": ["square(3), 'fro'", "square(3), 'nuc'"],
    "nuclear_norm": ["t(3, 4)"],
    "nuclear_norm_dim": ["t(3, 2, 4), (0, 2)", "t(3, 2, 4), (2, 0), True"],
    "frobenius_norm_dim": ["t(3, 4), (0, 1)", "t(3, 4), 1"],
    # functions of matrices
    **{name: ["t(3, 3)", "t(2, 3, 3)", "t(1, 1)"] for name in ("linalg_matrix_exp", "matrix_exp")},
    "linalg_matrix_power": ["square(3), 3", "square(3), -2", "t(2, 2), 0"],
    "linalg_matmul": ["t(2, 3), t(3, 4)"],
    "linalg_diagonal": ["t(3, 4)", "t(3, 4), offset=1", "t(2, 3, 4), dim1=0, dim2=2"],
    "linalg_vecdot": ["t(2, 3), t(2, 3)", "t(2, 3), t(3)", "t(2, 3), t(2, 3), dim=0"],
    "linalg_vander": ["t(3)", "t(2, 3), N=4"],
}
# Without samples: what these give is random or whatever was in memory (test_random.py has tests of the former).
UNPREDICTABLE = {
    "empty_permuted",
    "empty",
    "empty_strided",
    "empty_like",
    "new_empty",
    "new_empty_strided",
    "dropout",
    "feature_dropout",
    "alpha_dropout",
    "feature_alpha_dropout",
    "native_dropout",
}


class Arguments:
    """Evaluates a sample: its functions make tensors of one dtype, other numbers at every call."""

    def __init__(self, torch, dtype, layout=lambda x: x):
        self.torch, self.dtype, self.layout = torch, dtype, layout
        self.start = itertools.count(1)

    def of(self, text):
        """Give (positional arguments, keyword arguments) of the expression."""
        names = ("t", "pos", "constant", "real", "mask", "idx", "ascending", "square", "definite", "exchanges")
        names += ("dtype", "torch")
        scope = {name: getattr(self, name) for name in names}
        return eval(f"(lambda *a, **k: (a, k))({text})", scope)  # noqa: S307

    def t(self, *shape):
        """Numbers between -2 and 2, none where a formula has a kink; small integers."""
        return self._made(self._numbers(shape), shape)

    def _numbers(self, shape):
        if self.dtype.is_complex:
            return self._spread(shape) + 1j * self._spread(shape)
        if not self.dtype.is_floating_point:
            low = -5 if self.dtype.is_signed and self.dtype is not self.torch.bool else 0
            return (np.arange(self._count(shape)) * 7 + 3 * next(self.start)) % (6 - low) + low
        return self._spread(shape)

    def pos(self, *shape):
        """Numbers between 0.05 and 0.95; positive integers."""
        if not (self.dtype.is_floating_point or self.dtype.is_complex):
            return self._made((np.arange(self._count(shape)) + next(self.start)) % 4 + 1, shape)
        return self._made(self._spread(shape) * 0.225 + 0.5, shape)

    def constant(self, *shape):
        """As pos, for arguments by which the operator is not differentiated."""
        made = self.pos(*shape)
        made.constant = True
        return made

    def real(self, *shape):
        """As t, of the real type of a complex dtype."""
        return self._made(self._spread(shape), shape, self.dtype.to_real() if self.dtype.is_complex else self.dtype)

    def square(self, *shape):
        """Square matrices far from singular, not symmetric; square(3) is square(3, 3)."""
        numbers = self._square(shape)
        return self._made(numbers, numbers.shape)

    def _square(self, shape):
        shape = shape if len(shape) > 1 else shape * 2
        return self._numbers(shape).reshape(shape) * 0.5 + 3 * np.eye(shape[-1])

    def definite(self, *shape):
        """Hermitian matrices with different positive eigenvalues, not differentiated: moved, they were not Hermitian."""
        half = np.tril(self._square(shape) * np.linspace(0.5, 1, shape[-1]))
        made = self._made(half @ half.conj().swapaxes(-1, -2), half.shape)
        made.constant = True
        return made

    def exchanges(self, *shape):
        """The rows that LAPACK says it exchanged with the first, the second, ...: the first with the last."""
        n = shape[-1]
        plain = self.torch.tensor([n, *range(2, n + 1)], dtype=self.torch.int32).expand(shape).contiguous()
        made = self.layout(plain)
        return made if made.is_meta else plain

    def ascending(self, n):
        """A sorted vector."""
        return self.t(n).sort().values

    def mask(self, *shape):
        """Bools, most of them true."""
        return self._made((np.arange(self._count(shape)) + next(self.start)) % 3 != 0, shape, self.torch.bool)

    def idx(self, high, *shape):
        """Indices below high, different ones as long as there are any."""
        return self._made((np.arange(self._count(shape)) + next(self.start)) % high, shape, self.torch.int64)

    def _count(self, shape):
        return int(np.prod(shape, dtype=np.int64))

    def _spread(self, shape):
        return np.random.RandomState(next(self.start)).uniform(-2, 2, self._count(shape))

    def _made(self, numbers, shape, dtype=None):
        made = self.torch.from_numpy(np.ascontiguousarray(numbers)).reshape(shape).to(dtype or self.dtype)
        return self.layout(made)
