// NCCL carries what is between GPUs, where each rank has one of its own: it refuses two ranks on one.
#include <fmt/format.h>

#include <cstring>

#include "group.hpp"
#include "libraries.hpp"

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

}  // namespace

std::shared_ptr<DeviceMessages> nccl_library() { return std::make_shared<Nccl>(); }

}  // namespace heddle::comm
