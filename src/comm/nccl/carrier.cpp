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
    for (nccl::Group* group : *groups_) group->look_after();
  }
  /// Together: one by one each would wait for what the others still do on the GPU.
  void give_up() noexcept override {
    ncclGroupStart();
    for (nccl::Group* group : *groups_) group->abort();
    ncclGroupEnd();
  }

 private:
  std::shared_ptr<nccl::Group::All> groups_ = std::make_shared<nccl::Group::All>();
};

/// The GPU of this process, by a name that no other has.
std::string name_of_gpu() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return fmt::format("{} {}", host.data(), lanes::device()->bus);
}

}  // namespace

// While a message waits on a GPU for another rank, nothing else there may have to wait for it.
void set_up_libraries(int ranks) {
  if (ranks == 1) return;
  constexpr int keep = 0;
  setenv("CUDA_MODULE_LOADING", "EAGER", keep);       // code that is loaded later may wait for all that runs
  setenv("CUDA_DEVICE_MAX_CONNECTIONS", "32", keep);  // lanes that share one queue wait for each other
  setenv("NCCL_RUNTIME_CONNECT", "0", keep);          // rings are connected when a group is made
  setenv("NCCL_NVLS_ENABLE", "0", keep);              // memory for an algorithm that is not taken
  setenv("NCCL_ALGO", "Ring", keep);                  // sums in one order, whatever NCCL finds fastest
}

Carrier carrier(const Communicator& ranks, const lanes::Lane&) {
  std::vector<std::string> gpus = gather(ranks, name_of_gpu(), Receivers::all, "names of GPUs");
  std::ranges::sort(gpus);
  if (const auto shared = std::ranges::adjacent_find(gpus); shared != gpus.end())
    return {nullptr, fmt::format("through the host, since ranks share the GPU {}", *shared)};
  auto library = std::make_shared<Nccl>();
  return {library, "by " + library->name()};
}

}  // namespace heddle::comm
