#include "heddle/comm/give_up.hpp"

#include "communicator_handle.hpp"

namespace heddle::comm {

GiveUp::~GiveUp() {
  const auto& device = ranks_.handle().shared->device;
  if (device && std::uncaught_exceptions() > errors_) device->give_up();
}

}  // namespace heddle::comm
