// The parts that torch.Tensor is put together from.
#pragma once
#include "core/tensor.h"

namespace pl {

bool add_tensor_type(PyObject* module);

// csrc/python/autograd.cpp
extern PyMethodDef tensor_autograd_methods[];
extern PyGetSetDef tensor_autograd_getset[];
extern PyMethodDef autograd_functions[];
int visit_hooks(TensorImpl* t, visitproc visit, void* arg);

// csrc/python/data.cpp: NumPy, DLPack, storages, torch.tensor
extern PyMethodDef tensor_data_methods[];
extern PyMethodDef data_functions[];
bool add_storage_type(PyObject* module);

// csrc/python/indexing.cpp
PyObject* tensor_getitem(PyObject* self, PyObject* key);
int tensor_setitem(PyObject* self, PyObject* key, PyObject* value);

}  // namespace pl
