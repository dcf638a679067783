// NCCL carries what is between GPUs, where each rank has one of its own: it refuses two ranks on one.
#include "heddle/comm/carrier.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "group.hpp"
#include "heddle/comm/gather.hpp"
#include "heddle/lanes/device.hpp"

namespace heddle::comm {
namespace {

class Nccl final : public DeviceMessages {
 public:
  std::string name() const override {
    int version = 0;
    nccl::check(ncclGetVersion(&version), "ncclGetVersion");
    return fmt::format("NCCL {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
  }
  Id new_id() override {
    static_assert(sizeof(ncclUniqueId) == sizeof(Id));
    ncclUniqueId made;
    nccl::check(ncclGetUniqueId(&made), "ncclGetUniqueId");
    Id id;
    std::memcpy(id.data(), &made, sizeof made);
    return id;
  }
  std::unique_ptr<Group> join(const Id& id, int ranks, int rank) override {
    ncclUniqueId name;
    std::memcpy(&name, id.data(), sizeof name);
    return std::make_unique<nccl::Group>(groups_, name, ranks, rank);
  }
  void look_after() override {
    for (const nccl::Group* group : groups_) group->look_after();
  }

 private:
  nccl::Group::All groups_;
};

/// The GPU of this process, by a name that no other has.
std::string name_of_gpu() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return fmt::format("{} {}", host.data(), lanes::device()->bus);
}

}  // namespace

Carrier carrier(const Communicator& ranks, const lanes::Lane&) {
  std::vector<std::string> gpus = gather(ranks, name_of_gpu(), Receivers::all, "names of GPUs");
  std::ranges::sort(gpus);
  if (const auto shared = std::ranges::adjacent_find(gpus); shared != gpus.end())
    return {nullptr, fmt::format("through the host, since ranks share the GPU {}", *shared)};
  setenv("NCCL_ALGO", "Ring", 0);  // sums in one order, whatever NCCL finds fastest
  auto library = std::make_shared<Nccl>();
  return {library, "by " + library->name()};
}

}  // namespace heddle::comm
