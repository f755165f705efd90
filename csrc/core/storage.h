// Bytes with a reference count. Any number of strided tensors look into one Storage; the version counter lives here, so
// that all of them see when one was changed in place.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

namespace pl {

enum class DeviceType : uint8_t { CPU, Meta, CUDA };

struct Device {
  DeviceType type = DeviceType::CPU;
  int8_t index = -1;
  bool operator==(const Device&) const = default;
};

struct Storage {
  int64_t refs;
  uint64_t version;
  void* data;
  size_t nbytes;
  void (*release)(Storage*);   // frees `data` when it is not the allocator's own block
  void* context;               // for `release`: the object that owns foreign memory
  Device device;
  uint8_t block_class;         // size class of the block the header stands in
  bool resizable;
};
static_assert(sizeof(Storage) <= 64, "the header and the data of an allocated storage share one block");

Storage* new_storage(size_t nbytes, Device device);
// Memory that somebody else owns; `release` is called once, when the last tensor is gone.
Storage* new_foreign_storage(void* data, size_t nbytes, void (*release)(Storage*), void* context);
void resize_storage(Storage* s, size_t nbytes);
void free_storage(Storage* s);

// The caching CPU allocator: 64-byte aligned blocks, kept in free lists by size class and given back when the cache is large.
// `size` is the number of bytes wanted; cached_free takes the same number.
void* cached_alloc(size_t size);
void cached_free(void* p, size_t size);
void empty_cpu_cache();
struct MemoryStats { size_t allocated, peak, cached; uint64_t allocations; };
MemoryStats memory_stats();
void reset_peak_memory();

class StorageRef {
 public:
  StorageRef() = default;
  explicit StorageRef(Storage* owned) : s_(owned) {}
  StorageRef(const StorageRef& o) : s_(o.s_) { if (s_) ++s_->refs; }
  StorageRef(StorageRef&& o) noexcept : s_(std::exchange(o.s_, nullptr)) {}
  StorageRef& operator=(StorageRef o) noexcept { std::swap(s_, o.s_); return *this; }
  ~StorageRef() { if (s_ && --s_->refs == 0) free_storage(s_); }
  Storage* get() const { return s_; }
  Storage* operator->() const { return s_; }
  explicit operator bool() const { return s_ != nullptr; }
 private:
  Storage* s_ = nullptr;
};

}  // namespace pl
