// One pool of worker threads for the whole process.
#pragma once
#include <cstdint>
#include <type_traits>

namespace pl {

using RangeFn = void (*)(void* context, int64_t begin, int64_t end);

// Splits [0, n) into chunks of at least `grain` and runs them on the pool and the calling thread; returns when all are done.
// The chunks depend on n, grain and the number of threads only; a kernel whose result depends on where its input is cut must
// therefore cut it itself, by shape, and let a chunk be one index of that cut.
void parallel_range(int64_t n, int64_t grain, RangeFn fn, void* context);

template <class F> inline void parallel_for(int64_t n, int64_t grain, F&& f) {
  if (n <= grain) {
    if (n > 0) f(int64_t(0), n);
    return;
  }
  parallel_range(n, grain, [](void* c, int64_t b, int64_t e) { (*static_cast<std::remove_reference_t<F>*>(c))(b, e); }, &f);
}

// Whether a job that takes one core about so long should be shared: a long one always, a short one while the workers are
// awake anyway. A quick succession of short ones, as a small network's training loop gives, wakes them.
bool worth_sharing(double microseconds);

int num_threads();
void set_num_threads(int n);
int thread_index();           // 0 on a thread that is not a worker

}  // namespace pl
