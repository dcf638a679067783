// The host has nothing to be told.
#include "heddle/comm/carrier.hpp"

namespace heddle::comm {

void set_up_libraries(int) {}

}  // namespace heddle::comm
