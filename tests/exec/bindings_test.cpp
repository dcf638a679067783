// No op of the graph lacks its kernel; maps alone have none, since comm carries them out.
#include "heddle/exec/bindings.hpp"

#include <gtest/gtest.h>

namespace heddle::exec {
namespace {

TEST(Bindings, EveryOpButTheMapHasAKernel) {
  for (int i = 0; i < graph::op_count; ++i) {
    const auto op = static_cast<graph::Op>(i);
    EXPECT_EQ(binding(op) == nullptr, op == graph::Op::map) << graph::name(op);
  }
}

}  // namespace
}  // namespace heddle::exec
