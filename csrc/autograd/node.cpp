#include "autograd/node.h"
#include "autograd/hooks.h"

namespace pl {

uint64_t next_seq = 1;
bool anomaly_enabled = false, anomaly_check_nan = true;
thread_local bool grad_enabled = true;

void OutputMeta::set_long(const TensorImpl* t) {
  long_sizes = std::make_unique<int64_t[]>(t->ndim);
  for (int i = 0; i < t->ndim; ++i) long_sizes[size_t(i)] = t->sizes[i];
}

// ---- nodes ----
namespace {
std::vector<Node*> dying;
bool draining = false;
}  // namespace

// A node's destruction drops its inputs' nodes, theirs, and so on: the first call works the whole list off.
void destroy(Node* n) {
  if (draining) {
    dying.push_back(n);
    return;
  }
  draining = true;
  for (;;) {
    n->dispose();
    if (dying.empty()) break;
    n = dying.back();
    dying.pop_back();
  }
  draining = false;
}

std::string operation_name(const Node* n) {
  std::string name = n->name();
  return name.substr(0, name.rfind("Backward"));
}

Node::~Node() {
  for (uint32_t i = 0; i < n_next; ++i) unref(next[i].fn);
  if (next != inline_next) delete[] next;
  delete hooks;
  Py_XDECREF(where);
}

void Node::set_next_count(uint32_t n) {
  if (n > std::size(inline_next)) next = new Edge[n];
  n_next = n;
}

void Node::record_where() {
  PyObject* module = PyImport_ImportModule("traceback");
  where = module ? PyObject_CallMethod(module, "format_stack", nullptr) : nullptr;
  Py_XDECREF(module);
  if (!where) PyErr_Clear();
}

// ---- edges ----
namespace {

bool wants_grad(const TensorImpl* t) { return (t->flags & kRequiresGrad) || t->grad_fn; }

Edge leaf_edge(TensorImpl* t) {
  if (!(t->flags & kRequiresGrad)) return {};
  if (t->grad_accumulator) retain(t->grad_accumulator);
  else t->grad_accumulator = new AccumulateGrad(t);
  return {t->grad_accumulator, 0};
}

}  // namespace

Edge gradient_edge(const Tensor& tensor) {
  TensorImpl* t = tensor.get();
  if (!t) return {};
  Node* fn = t->base ? grad_fn(t) : t->grad_fn;
  if (!fn) return leaf_edge(t);
  retain(fn);
  return {fn, t->output_nr};
}

void set_edges(Node* n, std::initializer_list<const Tensor*> inputs) {
  n->set_next_count(uint32_t(inputs.size()));
  Edge* e = n->next;
  for (const Tensor* t : inputs) {
    if (t) *e = gradient_edge(*t);
    ++e;
  }
}

void set_edges(Node* n, const TensorList& inputs) {
  n->set_next_count(uint32_t(inputs.size()));
  for (size_t i = 0; i < inputs.size(); ++i) n->next[i] = gradient_edge(inputs[i]);
}

void set_history(const Tensor& result, Node* n, uint32_t nr) {
  TensorImpl* t = result.get();
  // A call that hands an argument back has changed nothing; giving it this node would close a cycle.
  if (wants_grad(t)) return;
  retain(n);
  t->grad_fn = n;
  t->output_nr = nr;
  if (t->base) t->view_version = t->storage->version;
  n->output(nr).set(t);
}

}  // namespace pl
