#include "core/parallel.h"
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <thread>
#include "core/error.h"

namespace pl {
namespace {

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

thread_local int index_of_this_thread = 0;
thread_local bool inside_parallel = false;

int cgroup_quota() {
  std::ifstream f("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (f >> quota >> period && quota != "max" && period > 0) return int(std::atof(quota.c_str()) / period + 0.999);
  return 1 << 20;
}

int default_threads() {
  if (const char* s = std::getenv("OMP_NUM_THREADS")) {
    int n = std::atoi(s);
    if (n > 0) return n;
  }
  cpu_set_t set;
  int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : int(std::thread::hardware_concurrency());
  int quota = cgroup_quota();
  n = n < quota ? n : quota;
  return n > 0 ? n : 1;
}

// A job is cut into `chunks` pieces that the workers and the caller take one after the other.
struct Job {
  RangeFn fn;
  void* context;
  int64_t n, size;
  int chunks;
};

struct Pool {
  std::mutex owner;                 // held by the thread whose job runs; a second caller computes inline
  std::mutex m;
  std::condition_variable wake;
  std::atomic<uint64_t> generation{0};
  std::atomic<int> next{0}, done{0}, active{0};
  std::atomic<int> parked{0};
  Job job{};
  int workers = 0;

  void work() {
    for (int c; (c = next.fetch_add(1, std::memory_order_acq_rel)) < job.chunks;) {
      int64_t b = c * job.size, e = b + job.size < job.n ? b + job.size : job.n;
      if (b < e) job.fn(job.context, b, e);
      done.fetch_add(1, std::memory_order_acq_rel);
    }
  }

  // Workers spin for some 100 us after a job, because the next one is often near, then park.
  void loop(int index) {
    index_of_this_thread = index;
    inside_parallel = true;
    uint64_t seen = 0;
    for (;;) {
      int spins = 0;
      while (generation.load(std::memory_order_acquire) == seen && spins < 6000) {
        relax();
        ++spins;
      }
      if (generation.load(std::memory_order_acquire) == seen) {
        std::unique_lock<std::mutex> l(m);
        parked.fetch_add(1);
        wake.wait(l, [&] { return generation.load(std::memory_order_acquire) != seen; });
        parked.fetch_sub(1);
      }
      // A job is entered only while its caller still waits: `active` is counted up before the generation is read again.
      active.fetch_add(1, std::memory_order_acq_rel);
      seen = generation.load(std::memory_order_acquire);
      work();
      active.fetch_sub(1, std::memory_order_acq_rel);
    }
  }

  void ensure_workers(int wanted) {
    for (; workers < wanted; ++workers) std::thread([this, i = workers + 1] { loop(i); }).detach();
  }

  void run(const Job& j, int threads) {
    ensure_workers(threads - 1);
    // Closes the gate, then waits for late workers of the job before: none may read a description that changes.
    next.store(1 << 30, std::memory_order_release);
    while (active.load(std::memory_order_acquire) != 0) relax();
    job = j;
    done.store(0, std::memory_order_relaxed);
    next.store(0, std::memory_order_release);
    {
      std::lock_guard<std::mutex> l(m);
      generation.fetch_add(1, std::memory_order_acq_rel);
    }
    if (parked.load() > 0) wake.notify_all();
    inside_parallel = true;
    work();
    inside_parallel = false;
    while (done.load(std::memory_order_acquire) < j.chunks) relax();
  }
};

Pool* pool = nullptr;
int threads_wanted = 0;

// A forked child has the pool's memory but none of its threads: it starts a new pool.
void forget_pool() { pool = nullptr; }

Pool& the_pool() {
  if (!pool) {
    static bool registered = (pthread_atfork(nullptr, nullptr, forget_pool), true);
    (void)registered;
    pool = new Pool;
  }
  return *pool;
}

}  // namespace

bool worth_sharing(double microseconds) {
  constexpr double kLong = 20, kShort = 4;                       // microseconds
  constexpr auto kSuccession = std::chrono::microseconds(100);
  constexpr int kBurst = 8;
  if (microseconds < kShort || num_threads() == 1 || inside_parallel) return false;
  if (microseconds >= kLong) return true;
  if (pool && pool->workers > 0 && pool->parked.load(std::memory_order_relaxed) == 0) return true;
  static thread_local std::chrono::steady_clock::time_point last;
  static thread_local int burst = 0;
  auto now = std::chrono::steady_clock::now();
  burst = now - last < kSuccession ? burst + 1 : 0;
  last = now;
  return burst >= kBurst;
}

int num_threads() {
  if (threads_wanted == 0) threads_wanted = default_threads();
  return threads_wanted;
}

void set_num_threads(int n) {
  PL_CHECK(n > 0, "set_num_threads expects a positive integer");
  threads_wanted = n;
}

int thread_index() { return index_of_this_thread; }

void parallel_range(int64_t n, int64_t grain, RangeFn fn, void* context) {
  int threads = num_threads();
  if (grain < 1) grain = 1;
  int64_t chunks = (n + grain - 1) / grain;
  if (threads == 1 || inside_parallel || chunks < 2) return fn(context, 0, n);
  static std::mutex creation;
  std::unique_lock<std::mutex> create(creation);
  Pool& p = the_pool();
  create.unlock();
  std::unique_lock<std::mutex> lock(p.owner, std::try_to_lock);
  if (!lock.owns_lock()) return fn(context, 0, n);
  // A few pieces a thread even out threads of unequal speed.
  int64_t pieces = chunks < int64_t(threads) * 4 ? chunks : int64_t(threads) * 4;
  int64_t size = (n + pieces - 1) / pieces;
  p.run(Job{fn, context, n, size, int((n + size - 1) / size)}, threads);
}

}  // namespace pl
