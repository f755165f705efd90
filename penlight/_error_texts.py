"""The help sentences of Penlight's errors, in English and Chinese: data for penlight/errors.py.

A key is the kind of an error, and after a dot the variant that says more when the facts for it are known. Names in
braces are facts. Each text ends with something to write or to look at.
"""

TEXTS = {
    # ---- how an operand is described
    "operand": {
        "en": "{name}: shape {shape}, {dtype}, {device}",
        "zh": "{name}：形状 {shape}，{dtype}，{device}",
    },
    "operand.from": {
        "en": "{name}: shape {shape}, {dtype}, {device}; {origin}",
        "zh": "{name}：形状 {shape}，{dtype}，{device}；{origin}",
    },
    "origin.parameter": {
        "en": "`{label}` of {layer}",
        "zh": "{layer} 的 `{label}`",
    },
    "origin.variable": {
        "en": "`{label}` in {function} ({file}:{line})",
        "zh": "{function}（{file}:{line}）中的 `{label}`",
    },
    # ---- shapes
    "matmul_shape": {
        "en": "the last size of the first must equal the last but one of the second: (n, k) @ (k, m); "
        "print both .shape and transpose (.T) or reshape one of them",
        "zh": "第一个的最后一维必须等于第二个的倒数第二维：(n, k) @ (k, m)；"
        "请打印两者的 .shape，再转置（.T）或 reshape 其中一个",
    },
    "matmul_shape.linear": {
        "en": "{layer} expects in_features={expected} but the input's last dimension is {got}; "
        "write nn.Linear({got}, {out_features}) or give an input of shape (..., {expected})",
        "zh": "{layer} 要求 in_features={expected}，而输入的最后一维是 {got}；"
        "请写 nn.Linear({got}, {out_features})，或把输入改成 (..., {expected}) 的形状",
    },
    "matmul_shape.flatten": {
        "en": "{layer} expects in_features={expected} and each sample of {label} has just as many elements; "
        "write {label}.flatten(1) before it",
        "zh": "{layer} 要求 in_features={expected}，{label} 的每个样本展平后恰好是这么多；"
        "请在它前面写 {label}.flatten(1)",
    },
    "matmul_shape.transpose_second": {
        "en": "the inner sizes {inner_a} and {inner_b} differ; {a} @ {b}.T would fit",
        "zh": "相乘的两个内侧维度 {inner_a} 和 {inner_b} 不相等；{a} @ {b}.T 的形状就对得上",
    },
    "matmul_shape.transpose_first": {
        "en": "the inner sizes {inner_a} and {inner_b} differ; {a}.T @ {b} would fit",
        "zh": "相乘的两个内侧维度 {inner_a} 和 {inner_b} 不相等；{a}.T @ {b} 的形状就对得上",
    },
    "broadcast": {
        "en": "shapes are compared from the right; two sizes go together if they are equal or one of them is 1; "
        "insert a dimension of size 1 with .unsqueeze(dim)",
        "zh": "形状从右往左逐维比较，两个大小相等或其中一个为 1 才能广播；可用 .unsqueeze(dim) 插入大小为 1 的一维",
    },
    "broadcast.unsqueeze": {
        "en": "shapes are compared from the right; write {small}.unsqueeze(-1), of shape {new_shape}, "
        "if its elements belong to the rows of {large}",
        "zh": "形状从右往左逐维比较；"
        "如果 {small} 的元素对应 {large} 的各行，请写 {small}.unsqueeze(-1)，形状为 {new_shape}",
    },
    "loss_broadcast": {
        "en": "every prediction would meet every target; give both the same shape, for example "
        "{target}.view_as({input}) or {input}.squeeze(-1)",
        "zh": "这样每个预测值都会与每个目标值相减；"
        "请让两者形状相同，例如 {target}.view_as({input}) 或 {input}.squeeze(-1)",
    },
    "view_noncontiguous": {
        "en": "its elements don't lie in one row in memory (after a transpose, permute or slice); "
        "write {label}.reshape(...), which copies where it must",
        "zh": "它的元素在内存中不连续（转置、permute 或切片之后）；请写 {label}.reshape(...)，必要时它会复制",
    },
    "shape_invalid": {
        "en": "the sizes must multiply to the number of elements; let one be worked out: {label}.reshape(-1, ...)",
        "zh": "各维大小的乘积必须等于元素个数；可以让其中一维自动算出：{label}.reshape(-1, ...)",
    },
    "shape_invalid.product": {
        "en": "{wanted} multiplies to {product}, but the tensor has {numel} elements; "
        "let one size be worked out: {label}.reshape({suggestion})",
        "zh": "{wanted} 的乘积是 {product}，而张量有 {numel} 个元素；"
        "可以让其中一维自动算出：{label}.reshape({suggestion})",
    },
    "dim_out_of_range": {
        "en": "dimensions count from 0, or from -1 backwards; print .shape to see how many there are",
        "zh": "维度从 0 开始数，或从 -1 倒着数；请打印 .shape 看看一共有几维",
    },
    "index_out_of_range": {
        "en": "indices run from 0 to size - 1, or from -1 backwards; print .shape to see the size",
        "zh": "下标从 0 到 大小 - 1，也可以从 -1 倒着数；请打印 .shape 查看大小",
    },
    "index_out_of_range.size": {
        "en": "a dimension of size {size} has the indices 0 to {last} (or -{size} to -1); {index} is not one of them",
        "zh": "大小为 {size} 的维度，下标是 0 到 {last}（或 -{size} 到 -1）；{index} 不在其中",
    },
    "cat_shape": {
        "en": "tensors to be joined must agree in every dimension but the one they are joined along; "
        "print their .shape and check dim=",
        "zh": "拼接的张量除了拼接的那一维以外，其余各维必须相同；请打印它们的 .shape 并检查 dim=",
    },
    "stack_shape": {
        "en": "tensors to be stacked must have one shape; pad or crop them first (a batch of samples of different "
        "lengths: torch.nn.utils.rnn.pad_sequence)",
        "zh": "stack 的张量形状必须完全相同；请先填充或裁剪（长度不同的样本：torch.nn.utils.rnn.pad_sequence）",
    },
    "dot_dims": {
        "en": "dot takes two vectors; for matrices write {a} @ {b}",
        "zh": "dot 只接受两个向量；矩阵请写 {a} @ {b}",
    },
    "conv_channels": {
        "en": "the layer's in_channels must equal the input's number of channels (N, C, H, W)",
        "zh": "该层的 in_channels 必须等于输入的通道数（N, C, H, W）",
    },
    "conv_channels.layer": {
        "en": "{layer} expects {expected} channels but the input has {got}; "
        "write in_channels={got}, or move the channels to dimension 1 with .permute(0, 3, 1, 2)",
        "zh": "{layer} 要求 {expected} 个通道，而输入有 {got} 个；"
        "请写 in_channels={got}，或用 .permute(0, 3, 1, 2) 把通道移到第 1 维",
    },
    "conv_dims": {
        "en": "an image batch is (N, C, H, W), one image (C, H, W); add what is missing with {label}.unsqueeze(0)",
        "zh": "一批图像是 (N, C, H, W)，一张图像是 (C, H, W)；缺少的维度用 {label}.unsqueeze(0) 补上",
    },
    # ---- dtypes and devices
    "dtype_mismatch": {
        "en": "convert one of them: a.to(b.dtype)",
        "zh": "请转换其中一个：a.to(b.dtype)",
    },
    "dtype_mismatch.float64": {
        "en": "{label} is float64, as NumPy makes by default; write {label}.float()",
        "zh": "{label} 是 float64（NumPy 的默认类型）；请写 {label}.float()",
    },
    "dtype_mismatch.integer": {
        "en": "{label} holds integers ({dtype}); write {label}.float()",
        "zh": "{label} 是整数类型（{dtype}）；请写 {label}.float()",
    },
    "dtype_mismatch.convert": {
        "en": "write {a}.to({b_dtype}), or {b}.to({a_dtype})",
        "zh": "请写 {a}.to({b_dtype})，或 {b}.to({a_dtype})",
    },
    "target_dtype": {
        "en": "class numbers are int64: write target.long(); probabilities of classes are floats of the input's shape",
        "zh": "类别编号要用 int64：请写 target.long()；若是各类别的概率，则应是与输入同形状的浮点数",
    },
    "target_dtype.label": {
        "en": "class numbers are int64: write {label}.long(); probabilities of classes are floats of the input's shape",
        "zh": "类别编号要用 int64：请写 {label}.long()；若是各类别的概率，则应是与输入同形状的浮点数",
    },
    "index_dtype": {
        "en": "an index is int64 (positions) or bool (a mask): write index.long() or index.bool()",
        "zh": "下标必须是 int64（位置）或 bool（掩码）：请写 index.long() 或 index.bool()",
    },
    "dtype_unsupported": {
        "en": "this operator does not know {dtype}; convert first, for example {label}.float()",
        "zh": "这个算子不支持 {dtype}；请先转换，例如 {label}.float()",
    },
    "inplace_dtype": {
        "en": "an in-place result must fit the tensor's own dtype ({dtype}); write x = x + y in place of x += y, "
        "or convert {label} first",
        "zh": "就地运算的结果必须能放进张量自己的类型（{dtype}）；请用 x = x + y 代替 x += y，或先转换 {label}",
    },
    "index_float": {
        "en": "positions are whole numbers; write int(i) or {label}.long()",
        "zh": "位置必须是整数；请写 int(i) 或 {label}.long()",
    },
    "device_name": {
        "en": "devices are 'cpu', 'cuda' (or 'cuda:0', 'cuda:1') and 'meta'",
        "zh": "设备有 'cpu'、'cuda'（或 'cuda:0'、'cuda:1'）和 'meta'",
    },
    "device_mismatch": {
        "en": "move both to one device: a = a.to(b.device)",
        "zh": "请把两者移到同一设备：a = a.to(b.device)",
    },
    "device_mismatch.move": {
        "en": "{a} is on {a_device} and {b} on {b_device}; write {a} = {a}.to('{b_device}')",
        "zh": "{a} 在 {a_device} 上，而 {b} 在 {b_device} 上；请写 {a} = {a}.to('{b_device}')",
    },
    "no_cuda": {
        "en": "no NVIDIA GPU can be used here; write device = 'cuda' if torch.cuda.is_available() else 'cpu'",
        "zh": "这里没有可用的 NVIDIA GPU；请写 device = 'cuda' if torch.cuda.is_available() else 'cpu'",
    },
    "meta_data": {
        "en": "a tensor on the device 'meta' has a shape but no values; make it on 'cpu'",
        "zh": "meta 设备上的张量只有形状没有数值；请在 'cpu' 上创建它",
    },
    "numpy_device": {
        "en": "NumPy reads the host's memory only; write {label}.cpu().numpy()",
        "zh": "NumPy 只能读主机内存；请写 {label}.cpu().numpy()",
    },
    # ---- values
    "embedding_range": {
        "en": "indices must be from 0 to num_embeddings - 1; look for the largest with index.max()",
        "zh": "下标必须在 0 到 num_embeddings - 1 之间；用 index.max() 查看最大的一个",
    },
    "embedding_range.value": {
        "en": "the index {value} at position {position} is not in 0 to {last}; "
        "the table has {rows} rows: make num_embeddings at least {needed} or correct the index",
        "zh": "位置 {position} 的下标 {value} 不在 0 到 {last} 之间；表只有 {rows} 行："
        "请让 num_embeddings 至少为 {needed}，或改正下标",
    },
    "embedding_range.negative": {
        "en": "the index {value} at position {position} is negative; indices are 0 to {last}",
        "zh": "位置 {position} 的下标 {value} 是负数；下标应在 0 到 {last} 之间",
    },
    "target_range": {
        "en": "class numbers start at 0 and end at number of classes - 1; look at target.min() and target.max()",
        "zh": "类别编号从 0 开始，到 类别数 - 1 为止；请查看 target.min() 和 target.max()",
    },
    "target_range.value": {
        "en": "target {value} at position {position}, but there are {classes} classes, numbered 0 to {last}; "
        "labels that start at 1: write target - 1",
        "zh": "位置 {position} 的 target 是 {value}，而只有 {classes} 个类别，编号 0 到 {last}；"
        "如果标签从 1 开始，请写 target - 1",
    },
    "item_many": {
        "en": "only a tensor with one element becomes a number; write .tolist(), or .mean().item() for one figure",
        "zh": "只有一个元素的张量才能变成数字；请写 .tolist()，或用 .mean().item() 得到一个数",
    },
    "bool_many": {
        "en": "say which you mean: (condition).any() or (condition).all()",
        "zh": "请说明是哪一种：(条件).any() 或 (条件).all()",
    },
    # ---- autograd
    "inplace_leaf": {
        "en": "gradients of {label} would be lost; write  with torch.no_grad(): ...  around the update, "
        "or compute a new tensor",
        "zh": "这样会丢失 {label} 的梯度；请把更新写在 with torch.no_grad(): 之内，或计算出新的张量",
    },
    "inplace_view": {
        "en": "the view shares its memory with other tensors of the graph; change a copy: write {label}.clone() first",
        "zh": "这个视图与计算图中的其他张量共享内存；请修改副本：先写 {label}.clone()",
    },
    "expanded_write": {
        "en": "several elements share one place in memory (after expand or broadcast_to); write {label}.clone() first",
        "zh": "多个元素位于同一内存位置（expand 或 broadcast_to 之后）；请先写 {label}.clone()",
    },
    "out_grad": {
        "en": "out= overwrites a tensor, and gradients would be lost; use the result that the call returns",
        "zh": "out= 会覆盖张量并丢失梯度；请直接使用函数返回的结果",
    },
    "grad_unused": {
        "en": "the output was not computed from this input: was it detached, copied by torch.tensor(...) or replaced "
        "on the way? Write allow_unused=True to get None for it",
        "zh": "输出并不是由这个输入计算得到的：中途是否 detach、用 torch.tensor(...) 复制或被替换？"
        "写 allow_unused=True 则返回 None",
    },
    "backward_nan": {
        "en": "look at the inputs of the operation named above: a division by 0, log or sqrt of 0, or a learning rate "
        "that is too large",
        "zh": "请检查上面所说的运算的输入：除以 0、对 0 取 log 或 sqrt，或者学习率过大",
    },
    "inplace_modified": {
        "en": "backward() needs the value that was overwritten; write y = y + 1 in place of y += 1, "
        "or keep a copy with y.clone() first",
        "zh": "backward() 需要被覆盖之前的值；请用 y = y + 1 代替 y += 1，或先用 y.clone() 留一份",
    },
    "backward_no_grad": {
        "en": "nothing that was computed here requires a gradient: was it under torch.no_grad(), after .detach() or "
        ".item(), or from tensors made without requires_grad=True?",
        "zh": "这里的计算没有任何部分需要梯度：是否在 torch.no_grad() 里、经过 .detach() 或 .item()，"
        "或者张量创建时没有 requires_grad=True？",
    },
    "backward_no_grad.mode": {
        "en": "gradients are switched off here (torch.no_grad() or set_grad_enabled(False)); "
        "compute the loss outside of it",
        "zh": "这里关闭了梯度（torch.no_grad() 或 set_grad_enabled(False)）；请在它之外计算 loss",
    },
    "backward_no_grad.integer": {
        "en": "{label} is {dtype}, and only floating point tensors have gradients; "
        "argmax, comparisons, .long() and round cut the graph",
        "zh": "{label} 是 {dtype}，只有浮点张量才有梯度；argmax、比较、.long() 等会切断计算图",
    },
    "backward_twice": {
        "en": "call backward() once for each forward pass; write loss.backward(retain_graph=True) if you do need the "
        "graph again, or .detach() what is carried over from the step before",
        "zh": "每次前向只调用一次 backward()；确实要再用计算图请写 loss.backward(retain_graph=True)，"
        "从上一步带过来的张量请先 .detach()",
    },
    "backward_nonscalar": {
        "en": "backward() starts from one number; write loss.mean().backward() or loss.sum().backward()",
        "zh": "backward() 要从一个数开始；请写 loss.mean().backward() 或 loss.sum().backward()",
    },
    "backward_shape": {
        "en": "the gradient must have the shape of the tensor that backward() is called on; "
        "write torch.ones_like(output)",
        "zh": "梯度的形状必须与调用 backward() 的张量相同；请写 torch.ones_like(output)",
    },
    "numpy_requires_grad": {
        "en": "write {label}.detach().numpy()",
        "zh": "请写 {label}.detach().numpy()",
    },
    "requires_grad_dtype": {
        "en": "only floating point and complex tensors have gradients; write torch.tensor([1., 2.]) or {label}.float()",
        "zh": "只有浮点和复数张量才有梯度；请写 torch.tensor([1., 2.]) 或 {label}.float()",
    },
    "requires_grad_nonleaf": {
        "en": "only tensors that you made yourself can be switched; write {label} = {label}.detach()",
        "zh": "只有自己创建的张量才能更改；请写 {label} = {label}.detach()",
    },
    "deepcopy_nonleaf": {
        "en": "write {label}.detach().clone()",
        "zh": "请写 {label}.detach().clone()",
    },
    # ---- calls
    "unexpected_keyword": {
        "en": "look the arguments up with help(torch.{op_name})",
        "zh": "请用 help(torch.{op_name}) 查看参数",
    },
    "unexpected_keyword.valid": {
        "en": "the arguments are: {valid}",
        "zh": "可用的参数有：{valid}",
    },
    "unexpected_keyword.near": {
        "en": "did you mean {near}=? the arguments are: {valid}",
        "zh": "是不是想写 {near}=？可用的参数有：{valid}",
    },
    "argument_type": {
        "en": "look at the operands above: one of them is of another type than the operator takes",
        "zh": "请看上面列出的参数：其中一个的类型不是该算子所要求的",
    },
    "missing_argument": {
        "en": "look the arguments up with help(torch.{op_name})",
        "zh": "请用 help(torch.{op_name}) 查看参数",
    },
    "torch_attribute": {
        "en": "Penlight has no torch.{name}: a typing error, or a part of PyTorch that Penlight leaves out",
        "zh": "Penlight 没有 torch.{name}：可能是拼写错误，或是 Penlight 没有收录的部分",
    },
    "torch_attribute.near": {
        "en": "Penlight has no torch.{name}; did you mean torch.{near}?",
        "zh": "Penlight 没有 torch.{name}；是不是想写 torch.{near}？",
    },
    "torch_module": {
        "en": "Penlight has no module {name}",
        "zh": "Penlight 没有 {name} 这个模块",
    },
    "torch_module.near": {
        "en": "Penlight has no module {name}; did you mean {near}?",
        "zh": "Penlight 没有 {name} 这个模块；是不是想写 {near}？",
    },
    # ---- files
    "weights_only": {
        "en": "weights only were asked for, and nothing in the file was run; if you trust its author, allow the name "
        "with torch.serialization.add_safe_globals([{last}]), or run whatever the file says with "
        "torch.load(..., weights_only=False)",
        "zh": "默认只加载权重，文件中的代码没有被执行；如果信任文件的作者，请用 "
        "torch.serialization.add_safe_globals([{last}]) 放行这个名字，"
        "或用 torch.load(..., weights_only=False) 完全加载",
    },
    "file_damaged": {
        "en": "the file is incomplete or damaged: an interrupted download or copy? compare its size and fetch it again",
        "zh": "文件不完整或已损坏：下载或复制是否中断过？请核对大小后重新获取",
    },
    "file_empty": {
        "en": "the file is empty: was it saved completely, and closed?",
        "zh": "文件是空的：保存是否完成、文件是否已关闭？",
    },
    "file_text": {
        "en": "the file begins with text, not with weights: an error page, or a Git LFS pointer in place of the file?",
        "zh": "文件开头是文本而不是权重：是不是错误网页，或者是 Git LFS 的指针文件？",
    },
    "file_cuda": {
        "en": "write torch.load(..., map_location='cpu')",
        "zh": "请写 torch.load(..., map_location='cpu')",
    },
    # ---- others, by the name of their kind
    "as_strided_range": {
        "en": "the strides reach beyond the memory; use view, reshape or slices, which keep inside it",
        "zh": "步长超出了内存范围；请改用 view、reshape 或切片，它们不会越界",
    },
    "batch_norm_channels": {
        "en": "one number for each channel is needed: write nn.BatchNorm2d(x.shape[1])",
        "zh": "每个通道需要一个数：请写 nn.BatchNorm2d(x.shape[1])",
    },
    "class_weight": {
        "en": "one weight for each class is needed; print weight.shape and the number of classes",
        "zh": "每个类别需要一个权重；请打印 weight.shape 和类别数",
    },
    "conv_bias": {
        "en": "one bias for each output channel is needed; print bias.shape and weight.shape[0]",
        "zh": "每个输出通道需要一个偏置；请打印 bias.shape 和 weight.shape[0]",
    },
    "conv_window": {
        "en": "the kernel is larger than the padded image: write padding=kernel_size // 2, or a smaller kernel",
        "zh": "卷积核比填充后的图像还大：请写 padding=kernel_size // 2，或改用更小的卷积核",
    },
    "embedding_dtype": {
        "en": "indices are whole numbers; write indices.long()",
        "zh": "索引必须是整数；请写 indices.long()",
    },
    "float_needed": {
        "en": "whole numbers have no mean or variance of their own type; write x.float()",
        "zh": "整数类型不能这样计算；请写 x.float()",
    },
    "gather_shape": {
        "en": "index and tensor need the same number of dimensions; print both .shape, and unsqueeze(dim) the index",
        "zh": "index 与张量的维数必须相同；请打印两者的 .shape，并对 index 使用 unsqueeze(dim)",
    },
    "index_0d": {
        "en": "a tensor of dimension 0 is one number: write x.item()",
        "zh": "0 维张量就是一个数：请写 x.item()",
    },
    "index_many": {
        "en": "there are more indices than dimensions; print x.shape",
        "zh": "下标个数多于维数；请打印 x.shape",
    },
    "index_put_dtype": {
        "en": "convert the values: x[i] = values.to(x.dtype)",
        "zh": "请先转换数据类型：x[i] = values.to(x.dtype)",
    },
    "index_shapes": {
        "en": "index tensors must broadcast together; print their .shape",
        "zh": "下标张量必须能互相广播；请打印它们的 .shape",
    },
    "mask_dtype": {
        "en": "a mask is a bool tensor: write mask.bool()",
        "zh": "掩码是布尔张量：请写 mask.bool()",
    },
    "mask_shape": {
        "en": "a mask has the shape of what it selects from; print mask.shape and x.shape",
        "zh": "掩码的形状要与被选的张量一致；请打印 mask.shape 和 x.shape",
    },
    "matrix_expected": {
        "en": "a matrix has two dimensions; print x.shape, and reshape or unsqueeze(0) it",
        "zh": "矩阵有两维；请打印 x.shape，再 reshape 或 unsqueeze(0)",
    },
    "memory": {
        "en": "use a smaller batch, or free tensors that are no longer needed with del",
        "zh": "请减小批大小，或用 del 释放不再需要的张量",
    },
    "normalized_shape": {
        "en": "the last sizes of the input are what is normalised: write nn.LayerNorm(x.shape[-1])",
        "zh": "归一化的是输入的最后几维：请写 nn.LayerNorm(x.shape[-1])",
    },
    "numpy_bfloat16": {
        "en": "NumPy has no bfloat16; write x.float().numpy()",
        "zh": "NumPy 没有 bfloat16；请写 x.float().numpy()",
    },
    "numpy_byte_order": {
        "en": "write torch.from_numpy(array.astype(array.dtype.newbyteorder('=')))",
        "zh": "请写 torch.from_numpy(array.astype(array.dtype.newbyteorder('=')))",
    },
    "numpy_dtype": {
        "en": "convert the array first: array.astype('float32'); text must become numbers",
        "zh": "请先转换数组：array.astype('float32')；文字要先变成数字",
    },
    "numpy_negative_stride": {
        "en": "write torch.from_numpy(array.copy())",
        "zh": "请写 torch.from_numpy(array.copy())",
    },
    "permute_dims": {
        "en": "name every dimension once, as x.permute(0, 2, 1); print x.shape",
        "zh": "每一维恰好写一次，例如 x.permute(0, 2, 1)；请打印 x.shape",
    },
    "pool_dims": {
        "en": "images are (batch, channels, height, width); print x.shape, and unsqueeze(0) a single image",
        "zh": "图像的形状是 (批, 通道, 高, 宽)；请打印 x.shape，单张图像请用 unsqueeze(0)",
    },
    "pool_window": {
        "en": "the window is larger than the input; print x.shape, and use a smaller kernel_size or padding",
        "zh": "窗口比输入还大；请打印 x.shape，改用更小的 kernel_size 或加 padding",
    },
    "probability_range": {
        "en": "apply torch.sigmoid first, or use binary_cross_entropy_with_logits",
        "zh": "请先用 torch.sigmoid，或改用 binary_cross_entropy_with_logits",
    },
    "slice_step": {
        "en": "write x.flip(0) to go backwards",
        "zh": "要倒着取，请写 x.flip(0)",
    },
    "target_batch": {
        "en": "input and target need the same number of samples; print input.shape and target.shape",
        "zh": "input 与 target 的样本数必须相同；请打印 input.shape 和 target.shape",
    },
    "target_shape": {
        "en": "the target has one class for each place of the input, without the class dimension; print both .shape",
        "zh": "target 在每个位置给一个类别，没有类别那一维；请打印两者的 .shape",
    },
    "tensor_data": {
        "en": "a tensor holds numbers: turn text and objects into numbers first",
        "zh": "张量里只能放数字：请先把文字或对象变成数字",
    },
    "tensor_of_tensors": {
        "en": "write torch.stack(list_of_tensors)",
        "zh": "请写 torch.stack(张量列表)",
    },
    "tensor_ragged": {
        "en": "all inner lists need the same length; pad the shorter ones",
        "zh": "内层列表长度必须相同；请补齐较短的列表",
    },
}
