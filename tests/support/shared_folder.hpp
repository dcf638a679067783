// One folder for all ranks of a test.
#pragma once

#include <memory>
#include <string>

#include "heddle/comm/collectives.hpp"
#include "heddle/comm/gather.hpp"
#include "support/mpi_world.hpp"
#include "support/temporary_folder.hpp"

namespace heddle::tests {

/// A folder that all ranks see, made by rank 0.
class SharedFolder {
 public:
  SharedFolder() {
    if (world().rank() == 0) {
      folder_ = std::make_unique<TemporaryFolder>();
      name_ = *folder_ / "";
    }
    name_ = comm::gather(world().all(), name_, comm::Receivers::all, "the folder's name")[0];
  }
  ~SharedFolder() { comm::barrier(world().all(), "the end of the folder"); }
  std::string operator/(const std::string& name) const { return name_ + name; }

 private:
  std::unique_ptr<TemporaryFolder> folder_;
  std::string name_;
};

}  // namespace heddle::tests
