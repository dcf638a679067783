// What ranks share, and what each of them waits for.
#pragma once
#include <nccl.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "emulator/nccl/mailbox.hpp"
#include "emulator/runtime/streams.hpp"

namespace heddle::emulator {

class Communicator {
 public:
  Communicator(const std::string& name, int ranks, int rank);
  ~Communicator();
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  int ranks() const { return ranks_; }
  int rank() const { return rank_; }
  Mailbox& to(int peer) { return boxes_[rank_ * ranks_ + peer]; }
  Mailbox& from(int peer) { return boxes_[peer * ranks_ + rank_]; }

  /// Numbers of this rank's calls, which are carried out in their order, and of its messages to and from each other.
  std::uint64_t issued = 0;
  std::atomic<std::uint64_t> done = 0;
  std::atomic<bool> aborted = false;  ///< what it still has to do is done, whatever it did
  std::vector<std::uint64_t> sent, received;

 private:
  int ranks_, rank_;
  std::size_t bytes_;
  void* memory_ = nullptr;
  Mailbox* boxes_ = nullptr;
};

enum class CallKind : std::int32_t { message, all_reduce, reduce, broadcast };

/// What stands before a message, so that ranks whose calls differ are found out.
struct Heading {
  std::uint64_t number = 0, bytes = 0;
  CallKind kind;
  ncclDataType_t type;
  friend bool operator==(const Heading&, const Heading&) = default;
};

/// One way between two ranks, of which a part may be done.
struct Transfer {
  int peer;
  bool sends;
  Heading heading;
  void* memory = nullptr;  ///< of the device
  char* term = nullptr;    ///< instead of it, where the emulator itself receives
  bool headed = false;
  std::uint64_t done = 0;
};

/// Goes on as far as it goes now; false where more is to be done.
bool progress(Communicator& communicator, Transfer& transfer);

/// Calls that are carried out together, and what follows them.
struct Group {
  Communicator* communicator;
  Stream* stream;
  std::uint64_t number = 0;
  std::vector<Transfer> transfers;
  std::function<void()> end;
};

std::size_t size_of(ncclDataType_t type);
/// Of memory that a caller says is the device's.
char* device_memory(const void* at, std::uint64_t bytes);

}  // namespace heddle::emulator
