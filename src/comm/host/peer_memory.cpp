// The host is the device: MPI reaches its memory.
#include "libraries.hpp"

namespace heddle::comm {

std::shared_ptr<PeerMemory> peer_memory() { return nullptr; }

}  // namespace heddle::comm
