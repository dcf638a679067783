#include "pinned_copies.hpp"

#include <algorithm>
#include <cstring>

#include "allocate.hpp"

namespace heddle::lanes::cuda {

const void* PinnedCopies::make(const void* host, std::int64_t bytes, cudaStream_t stream) {
  for (Room& room : rooms_)
    if (!room.free) room.free = std::make_shared<const Event>(stream);
  Room& room = find(bytes);
  std::memcpy(room.memory.get(), host, static_cast<std::size_t>(bytes));
  room.free.reset();
  return room.memory.get();
}

PinnedCopies::Room& PinnedCopies::find(std::int64_t bytes) {
  const auto fits = [&](const Room& room) { return room.bytes >= bytes && room.free->passed(); };
  const auto found = std::ranges::find_if(rooms_, fits);
  if (found != rooms_.end()) return *found;
  return rooms_.emplace_back(
      Room{allocate<Kokkos::CudaHostPinnedSpace>(bytes, "of the host, pinned for the GPU"), bytes});
}

}  // namespace heddle::lanes::cuda
