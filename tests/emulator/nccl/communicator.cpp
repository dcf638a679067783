#include "emulator/nccl/communicator.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <new>
#include <thread>

#include "emulator/failure.hpp"
#include "emulator/memory/memory.hpp"

namespace heddle::emulator {
namespace {

constexpr std::size_t place_of_boxes = 4096;  // after the number of ranks that are there

std::string text_of(const Heading& h) {
  return fmt::format("call {} of kind {} with {} bytes of type {}", h.number, static_cast<int>(h.kind),
                     h.bytes, static_cast<int>(h.type));
}

/// False where there is no room for it, or it is not there.
bool pass_heading(Communicator& c, Transfer& t, Mailbox& box) {
  if ((t.sends ? box.writable() : box.readable()) < sizeof(Heading)) return false;
  if (t.sends) {
    box.write(&t.heading, sizeof t.heading);
    return true;
  }
  Heading sent = t.heading;
  box.read(&sent, sizeof sent);
  if (sent == t.heading) return true;
  fail("NCCL: rank {} waits for {}; rank {} sent {}", c.rank(), text_of(t.heading), t.peer, text_of(sent));
}

}  // namespace

Communicator::Communicator(const std::string& name, int ranks, int rank)
    : sent(static_cast<std::size_t>(ranks)),
      received(static_cast<std::size_t>(ranks)),
      ranks_(ranks),
      rank_(rank),
      bytes_(place_of_boxes + sizeof(Mailbox) * static_cast<std::size_t>(ranks * ranks)) {
  const int file = shm_open(name.c_str(), O_RDWR | O_CREAT, 0600);
  must(file >= 0 && ftruncate(file, static_cast<off_t>(bytes_)) == 0, "shm_open");
  memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  must(memory_ != MAP_FAILED, "mmap");
  close(file);
  boxes_ = reinterpret_cast<Mailbox*>(static_cast<char*>(memory_) + place_of_boxes);
  const std::atomic_ref arrived(*static_cast<int*>(memory_));
  for (++arrived; arrived < ranks; std::this_thread::sleep_for(std::chrono::microseconds(100))) {
  }
  shm_unlink(name.c_str());
}

Communicator::~Communicator() { munmap(memory_, bytes_); }

bool progress(Communicator& c, Transfer& t) {
  Mailbox& box = t.sends ? c.to(t.peer) : c.from(t.peer);
  if (!t.headed && !pass_heading(c, t, box)) return false;
  t.headed = true;
  const std::uint64_t n = std::min(t.sends ? box.writable() : box.readable(), t.heading.bytes - t.done);
  if (n > 0) {
    char* const at = (t.term ? t.term : device_memory(t.memory, t.heading.bytes)) + t.done;
    t.sends ? box.write(at, n) : box.read(at, n);
    t.done += n;
  }
  return t.done == t.heading.bytes;
}

std::size_t size_of(ncclDataType_t type) {
  switch (type) {
    case ncclFloat64:
    case ncclInt64:
    case ncclUint64: return 8;
    case ncclFloat32:
    case ncclInt32:
    case ncclUint32: return 4;
    case ncclFloat16:
    case ncclBfloat16: return 2;
    default: return 1;
  }
}

char* device_memory(const void* at, std::uint64_t bytes) {
  char* memory = reach(at, bytes);
  if (!memory) fail("NCCL is given memory that is not the device's: {} bytes at {}", bytes, fmt::ptr(at));
  return memory;
}

}  // namespace heddle::emulator
