// Opens OpenBLAS and finds LAPACK's routines in it.
#include "ops/lapack.h"
#include <dlfcn.h>
#include <atomic>
#include <cstring>
#include <string>
#include "core/error.h"
#include "ops/common.h"

namespace pl::lapack {
namespace {

constexpr const char* kNames[] = {
#define PL_X(name) #name,
    PL_LAPACK_ROUTINES(PL_X)
#undef PL_X
};
constexpr int kRoutines = int(Routine::count);

void* table[kRoutines][4];
int (*get_pool_size)() = nullptr;
void (*set_pool_size)(int) = nullptr;
bool opened = false;

// What a routine is called for one type: "dgetrf"; orthogonal matrices are unitary, symmetric ones Hermitian.
std::string name_of(int routine, int type) {
  std::string name = kNames[routine];
  if (type >= 2 && name.starts_with("or")) name.replace(0, 2, "un");
  if (type >= 2 && name == "syevd") name = "heevd";
  return "sdcz"[type] + name;
}

std::string library_path() {
  PyObject* module = PyImport_ImportModule("penlight._openblas");
  PyObject* path = module ? PyObject_CallMethod(module, "library_path", nullptr) : nullptr;
  Py_XDECREF(module);
  const char* text = path ? PyUnicode_AsUTF8(path) : nullptr;
  const std::string result = text ? text : "";
  Py_XDECREF(path);
  if (!text) throw PythonError();
  return result;
}

template <class F> void find(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(library, ("scipy_" + std::string(name)).c_str()));
  PL_CHECK(function, "OpenBLAS has no routine '%s'", name);
}

}  // namespace

void open() {
  if (opened) return;
  const std::string path = library_path();
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  PL_CHECK(library, "cannot open OpenBLAS: %s", dlerror());
  for (int r = 0; r < kRoutines; ++r)
    for (int type = 0; type < 4; ++type)
      if (type >= 2 || std::strncmp(kNames[r], "he", 2) != 0) find(library, (name_of(r, type) + "_").c_str(), table[r][type]);
  find(library, "openblas_get_num_threads", get_pool_size);
  find(library, "openblas_set_num_threads", set_pool_size);
  opened = true;
}

void* symbol(Routine r, int type) { return table[int(r)][type]; }

int set_threads(int n) {
  const int before = get_pool_size();
  if (before != n) set_pool_size(n);
  return before;
}

}  // namespace pl::lapack
