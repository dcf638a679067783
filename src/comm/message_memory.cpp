#include "heddle/comm/message_memory.hpp"

#include "communicator_handle.hpp"

namespace heddle::comm {

const MessageMemory& message_memory(const Communicator& any) { return any.handle().shared->memory; }

bool by_device(const Communicator& any, const lanes::Lane& lane) {
  return lane.stream() && any.handle().shared->device;
}

bool by_device_aware_mpi(const Communicator& any, const lanes::Lane& lane) {
  return !lane.shares_memory() && any.handle().shared->mpi_reaches_devices;
}

void provide_landing(const Communicator& group, const lanes::Lane& lane, std::int64_t bytes, int count) {
  Communicator::Handle& handle = group.handle();
  const auto* device = handle.channels.all(lane);
  handle.workspaces.provide(bytes, count, device ? device->lane() : lane);
}

void provide_staging(const Communicator& any, const lanes::Lane& lane, std::int64_t bytes, int count) {
  any.handle().shared->staging.provide(bytes, count, lane);
}

}  // namespace heddle::comm
