#include "core/storage.h"
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/mman.h>
#include "core/error.h"

namespace pl {
namespace {

constexpr size_t kAlign = 64;
constexpr size_t kHuge = size_t(2) << 20;           // blocks from this size on are aligned for huge pages
constexpr size_t kCacheLimit = size_t(1) << 30;     // bytes kept for reuse; beyond it a freed block goes back to the system
constexpr int kClasses = 200;

// Four size classes to each power of two: at most 25 % of a block is unused.
int class_of(size_t size) {
  if (size <= 64) return 0;
  size_t s = size - 1;
  int top = 63 - __builtin_clzll(s);
  return (top - 6) * 4 + int((s >> (top - 2)) & 3) + 1;
}

size_t class_size(int c) {
  if (c == 0) return 64;
  size_t top = size_t(1) << ((c - 1) / 4 + 6);
  size_t size = top + (top >> 2) * size_t((c - 1) % 4 + 1);
  return (size + kAlign - 1) / kAlign * kAlign;
}

struct FreeBlock { FreeBlock* next; };

struct Cache {
  FreeBlock* lists[kClasses] = {};
  MemoryStats stats{};
};

Cache cache;

void* system_alloc(size_t size) {
  size_t align = size >= kHuge ? kHuge : kAlign;
  void* p = std::aligned_alloc(align, (size + align - 1) / align * align);
#ifdef MADV_HUGEPAGE
  if (p && size >= kHuge) madvise(p, size, MADV_HUGEPAGE);
#endif
  return p;
}

}  // namespace

void empty_cpu_cache() {
  for (FreeBlock*& list : cache.lists)
    while (list) {
      FreeBlock* next = list->next;
      std::free(list);
      list = next;
    }
  cache.stats.cached = 0;
}

void* cached_alloc(size_t size) {
  int c = class_of(size);
  PL_CHECK_AS(Memory, c < kClasses && size < (size_t(1) << 47), "memory", "not enough memory: you tried to allocate %zu bytes", size);
  size_t block = class_size(c);
  MemoryStats& st = cache.stats;
  void* p = cache.lists[c];
  if (p) {
    cache.lists[c] = cache.lists[c]->next;
    st.cached -= block;
  } else {
    p = system_alloc(block);
    if (!p) {
      empty_cpu_cache();
      p = system_alloc(block);
    }
    PL_CHECK_AS(Memory, p, "memory", "not enough memory: you tried to allocate %zu bytes", size);
  }
  st.allocated += block;
  if (st.allocated > st.peak) st.peak = st.allocated;
  ++st.allocations;
  return p;
}

namespace {
void free_block(void* p, int c) {
  size_t block = class_size(c);
  cache.stats.allocated -= block;
  if (cache.stats.cached + block > kCacheLimit) return std::free(p);
  auto* f = static_cast<FreeBlock*>(p);
  f->next = cache.lists[c];
  cache.lists[c] = f;
  cache.stats.cached += block;
}
}  // namespace

void cached_free(void* p, size_t size) { free_block(p, class_of(size)); }

MemoryStats memory_stats() { return cache.stats; }
void reset_peak_memory() { cache.stats.peak = cache.stats.allocated; }

Storage* new_storage(size_t nbytes, Device device) {
  bool real = device.type == DeviceType::CPU;
  size_t size = real ? nbytes + kAlign : kAlign;
  PL_CHECK_AS(Memory, size >= kAlign, "memory", "not enough memory: you tried to allocate %zu bytes", nbytes);
  auto* block = static_cast<char*>(cached_alloc(size));
  return new (block) Storage{1, 0, real ? block + kAlign : nullptr, nbytes, nullptr, nullptr, device,
                             uint8_t(class_of(size)), true};
}

Storage* new_foreign_storage(void* data, size_t nbytes, void (*release)(Storage*), void* context) {
  return new (cached_alloc(kAlign)) Storage{1, 0, data, nbytes, release, context, Device{}, 0, false};
}

namespace {
// A resized storage keeps its header and holds its data in a block of its own; `context` is the newest.
struct Block {
  void* data;
  size_t nbytes;
  Block* before;
};
void release_blocks(Storage* s) {
  for (Block* b = static_cast<Block*>(s->context); b;) {
    cached_free(b->data, b->nbytes);
    delete std::exchange(b, b->before);
  }
}
}  // namespace

void resize_storage(Storage* s, size_t nbytes) {
  PL_CHECK(s->resizable, "Trying to resize storage that is not resizable");
  if (s->device.type != DeviceType::CPU) {
    s->nbytes = nbytes;
    return;
  }
  void* fresh = cached_alloc(nbytes);
  std::memcpy(fresh, s->data, nbytes < s->nbytes ? nbytes : s->nbytes);
  // Data that stood behind the header stays there, unused, until the header goes; so does an older block that other
  // tensors may go on looking at.
  Block* older = nullptr;
  if (s->release == release_blocks && s->refs > 1) older = static_cast<Block*>(s->context);
  else if (s->release) s->release(s);
  s->release = release_blocks;
  s->data = fresh;
  s->context = new Block{fresh, nbytes, older};
  s->nbytes = nbytes;
}

void free_storage(Storage* s) {
  if (s->release) s->release(s);
  free_block(s, s->block_class);
}

}  // namespace pl
