#include "emulator/memory/memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>

#include "emulator/failure.hpp"
#include "emulator/memory/heap.hpp"

namespace heddle::emulator {
namespace {

constexpr std::uint64_t zone = std::uint64_t{1} << 39;
constexpr std::size_t longest_fill = std::size_t{1} << 28;

std::uint64_t number(const void* p) { return reinterpret_cast<std::uint64_t>(p); }
char* pointer(std::uint64_t address) { return reinterpret_cast<char*>(address); }

/// An allocation's addresses, and how far from them the emulator finds it.
struct Span {
  std::uint64_t begin = 1, end = 0, shift = 0, generation = 0;
  bool holds(std::uint64_t address, std::size_t bytes) const {
    return address >= begin && address + bytes <= end;
  }
};

struct Memory {
  std::uint64_t device = number(reserve());
  std::uint64_t pinned = device + 2 * zone, own = device + 3 * zone, end = device + 4 * zone;
  Heap device_heap{device}, pinned_heap{pinned}, own_heap{own};
  std::map<std::uint64_t, std::uint64_t> registered;  ///< begin, bytes of the host's
  std::size_t in_use = 0;
  std::atomic<std::uint64_t> generation = 1;  ///< of what threads remember of the heaps
  std::mutex lock;

  static void* reserve() {
    void* all = mmap(nullptr, 4 * zone, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(all != MAP_FAILED, "mmap");
    return all;
  }
  bool on_device(std::uint64_t address) const { return address >= device && address < device + zone; }
  bool is_pinned(std::uint64_t address) const { return address >= pinned && address < own; }
};

/// Never destroyed: threads end later.
Memory& memory() {
  static auto* made = new Memory;
  return *made;
}

void open_pages(std::uint64_t begin, std::uint64_t bytes) {
  must(mprotect(pointer(begin), whole_pages(bytes), PROT_READ | PROT_WRITE) == 0, "mprotect");
}

/// At the alias; the address itself stays closed.
void* map_device(Memory& all, int file, std::uint64_t bytes) {
  const Allocation made = all.device_heap.take(bytes, file);
  void* at = mmap(pointer(made.begin + zone), whole_pages(bytes), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_FIXED, file, 0);
  must(at != MAP_FAILED, "mmap of device memory");
  all.in_use += bytes;
  return pointer(made.begin);
}

const Allocation& known(const Heap& heap, const void* begin, const char* call) {
  const Allocation* found = heap.find(number(begin));
  if (!found) fail("{} of {}, which is no allocation", call, fmt::ptr(begin));
  return *found;
}

Span span_of(const Allocation* allocation, std::uint64_t shift) {
  return allocation ? Span{allocation->begin, allocation->end(), shift, 0} : Span{};
}

Span registered_span(const Memory& all, std::uint64_t address) {
  auto after = all.registered.upper_bound(address);
  if (after == all.registered.begin()) return {};
  --after;
  return {after->first, after->first + after->second, 0, 0};
}

Span find_span(Memory& all, std::uint64_t address) {
  const std::lock_guard guard(all.lock);
  Span found;
  if (all.on_device(address))
    found = span_of(all.device_heap.before(address), zone);
  else if (all.is_pinned(address))
    found = span_of(all.pinned_heap.before(address), 0);
  else
    found = registered_span(all, address);
  found.generation = all.generation;
  return found;
}

}  // namespace

void* allocate_on_device(std::size_t bytes) {
  Memory& all = memory();
  const std::lock_guard guard(all.lock);
  if (bytes == 0) bytes = 1;
  const int file = memfd_create("emulated GPU", MFD_CLOEXEC);
  must(file >= 0 && ftruncate(file, static_cast<off_t>(whole_pages(bytes))) == 0, "memfd_create");
  void* made = map_device(all, file, bytes);
  if (bytes < longest_fill) std::memset(pointer(number(made) + zone), 0xff, bytes);  // no number
  return made;
}

void free_on_device(void* device) {
  Memory& all = memory();
  const std::lock_guard guard(all.lock);
  ++all.generation;
  const Allocation gone = known(all.device_heap, device, "cudaFree");
  void* at = mmap(pointer(gone.begin + zone), whole_pages(gone.bytes), PROT_NONE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  must(at != MAP_FAILED, "mmap");
  close(gone.file);
  all.in_use -= gone.bytes;
  all.device_heap.give_back(gone);
}

std::size_t device_bytes_in_use() { return memory().in_use; }

std::optional<SharedAllocation> share(const void* device) {
  Memory& all = memory();
  const std::lock_guard guard(all.lock);
  const Allocation* found = all.device_heap.find(number(device));
  if (!found) return {};
  return SharedAllocation{getpid(), found->file, found->bytes};
}

void* open_shared(const SharedAllocation& shared) {
  Memory& all = memory();
  const std::lock_guard guard(all.lock);
  const std::string path = fmt::format("/proc/{}/fd/{}", shared.process, shared.file);
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  must(file >= 0, "open of another process' device memory");
  return map_device(all, file, shared.bytes);
}

void* allocate_pinned(std::size_t bytes) {
  Memory& all = memory();
  const std::lock_guard guard(all.lock);
  const Allocation made = all.pinned_heap.take(bytes == 0 ? 1 : bytes);
  open_pages(made.begin, made.bytes);
  return pointer(made.begin);
}

void free_pinned(void* pinned) {
  Memory& all = memory();
  const std::lock_guard guard(all.lock);
  ++all.generation;
  const Allocation gone = known(all.pinned_heap, pinned, "cudaFreeHost");
  madvise(pinned, whole_pages(gone.bytes), MADV_DONTNEED);
  must(mprotect(pinned, whole_pages(gone.bytes), PROT_NONE) == 0, "mprotect");
  all.pinned_heap.give_back(gone);
}

void pin(void* host, std::size_t bytes) {
  Memory& all = memory();
  const std::lock_guard guard(all.lock);
  all.registered[number(host)] = bytes;
}

void unpin(void* host) {
  Memory& all = memory();
  const std::lock_guard guard(all.lock);
  ++all.generation;
  all.registered.erase(number(host));
}

char* allocate_own(std::size_t bytes) {
  Memory& all = memory();
  const std::lock_guard guard(all.lock);
  const Allocation made = all.own_heap.take(bytes);
  open_pages(made.begin, made.bytes);
  return pointer(made.begin);
}

Place place_of(const void* address) {
  Memory& all = memory();
  if (all.on_device(number(address))) return Place::device;
  if (all.is_pinned(number(address))) return Place::pinned;
  const std::lock_guard guard(all.lock);
  return registered_span(all, number(address)).holds(number(address), 1) ? Place::pinned : Place::host;
}

char* reach(std::uint64_t address, std::size_t bytes) {
  static Memory& all = memory();
  // What a kernel reads and writes lies in few allocations.
  static thread_local std::array<Span, 4> recent;
  static thread_local unsigned oldest = 0;
  const std::uint64_t generation = all.generation.load(std::memory_order_relaxed);
  for (const Span& span : recent)
    if (span.generation == generation && span.holds(address, bytes)) return pointer(address + span.shift);
  const Span found = find_span(all, address);
  if (!found.holds(address, bytes)) return nullptr;
  recent[oldest++ % recent.size()] = found;
  return pointer(address + found.shift);
}

char* reach(const void* address, std::size_t bytes) { return reach(number(address), bytes); }

char* reach_any(const void* address, std::size_t bytes) {
  const Memory& all = memory();
  const bool ours = number(address) >= all.device && number(address) < all.end;
  return ours ? reach(address, bytes) : const_cast<char*>(static_cast<const char*>(address));
}

}  // namespace heddle::emulator
