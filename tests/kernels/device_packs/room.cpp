// What a device's library keeps for sums over rows.
#include "../../../src/kernels/row_sums.hpp"

namespace heddle::kernels {

void* group_sums_room() {
  alignas(widest_piece) static std::byte room[device_rooms::group_sums];
  return room;
}

}  // namespace heddle::kernels
