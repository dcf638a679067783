#include "heddle/comm/carrier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "device_aware.hpp"
#include "heddle/base/error.hpp"
#include "heddle/comm/gather.hpp"
#include "heddle/comm/mpi_handle.hpp"
#include "heddle/comm/peer_messages.hpp"
#include "heddle/lanes/device.hpp"
#include "heddle/lanes/memory.hpp"
#include "libraries.hpp"
#include "mpi.hpp"

namespace heddle::comm {
namespace {

/// What each rank says, of which the first that is not empty counts.
std::string first_said(const Communicator& ranks, std::string mine, const char* what) {
  const std::vector<std::string> all = gather(ranks, std::move(mine), Receivers::all, what);
  for (int rank = 0; rank < std::ssize(all); ++rank)
    if (!all[rank].empty()) return fmt::format("{}, says rank {}", all[rank], rank);
  return "";
}

/// A GPU that two ranks have.
std::optional<std::string> shared_gpu(const Communicator& ranks) {
  std::vector<std::string> gpus = gather(ranks, lanes::device()->uuid, Receivers::all, "names of GPUs");
  std::ranges::sort(gpus);
  const auto shared = std::ranges::adjacent_find(gpus);
  return shared == gpus.end() ? std::nullopt : std::optional(*shared);
}

bool on_one_host(const Communicator& ranks) {
  MPI_Comm host;
  check(MPI_Comm_split_type(mpi_handle(ranks), MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host),
        "MPI_Comm_split_type");
  int here = 0;
  check(MPI_Comm_size(host, &here), "MPI_Comm_size");
  check(MPI_Comm_free(&host), "MPI_Comm_free");
  return here == ranks.size();
}

/// A sum over all ranks, which must be there soon.
void try_sum(DeviceMessages& library, DeviceMessages::Group& group, const lanes::Lane& lane, int ranks) {
  constexpr std::chrono::seconds patience{20};
  const lanes::Memory memory(sizeof(float), lane);
  const Tensor number{memory.data(), DType::f32, {1}};
  const float one = 1;
  lane.copy_from_host(std::as_bytes(std::span(&one, 1)), number);
  group.lane().await(lane.mark("a number"));
  group.all_reduce(number, number);
  const lanes::Mark end = group.lane().mark("a sum");
  for (const auto begin = std::chrono::steady_clock::now(); !end.passed(); std::this_thread::yield()) {
    library.look_after();
    if (std::chrono::steady_clock::now() - begin < patience) continue;
    library.give_up();
    throw Error(ExitCode::failure, "a first sum did not come to its end");
  }
  lane.await(end);
  if (lane.read_scalar(number) != ranks) throw Error(ExitCode::failure, "a first sum was wrong");
}

/// Why ranks do not reach each other's memory; empty where they do.
std::string try_out(DeviceMessages& library, const Communicator& ranks, const lanes::Lane& lane) {
  DeviceMessages::Id id{};
  if (ranks.rank() == 0) id = library.new_id();
  check(MPI_Bcast(id.data(), static_cast<int>(id.size()), MPI_BYTE, 0, mpi_handle(ranks)), "MPI_Bcast");
  try {
    const auto group = library.join(id, ranks.size(), ranks.rank());
    try_sum(library, *group, lane, ranks.size());
  } catch (const std::exception& refused) {
    return refused.what();
  }
  return "";
}

Carrier through_peers(const Communicator& ranks, const lanes::Lane& lane, const std::string& no_nccl) {
  const auto through_the_host = [&](const std::string& why) {
    return Carrier{.library = nullptr,
                   .said = fmt::format("through the host, since {} and {}", no_nccl, why)};
  };
  std::shared_ptr<PeerMemory> memory = peer_memory();
  if (!on_one_host(ranks)) return through_the_host("ranks are on several hosts");
  if (ranks.size() > PeerMemory::most_ranks)
    return through_the_host(
        fmt::format("{} is for at most {} ranks", memory->name(), PeerMemory::most_ranks));
  auto library = std::make_shared<PeerMessages>(memory);
  const std::string refused =
      first_said(ranks, try_out(*library, ranks, lane), "a trial of the GPUs' memory");
  if (!refused.empty())
    return through_the_host(fmt::format("{} is not to be had ({})", memory->name(), refused));
  return {.library = library, .said = fmt::format("by {}, since {}", library->name(), no_nccl)};
}

}  // namespace

Carrier carrier(const Communicator& ranks, const lanes::Lane& lane, Wish wish) {
  if (lane.shares_memory()) return {};
  if (wish == Wish::device_aware_mpi) {
    const std::string lacks = first_said(ranks, lacks_device_aware_mpi(), "what MPI can");
    if (!lacks.empty())
      throw KeyError({"comm.device_aware"},
                     "comm.device_aware = true wants an MPI that is handed memory of GPUs", lacks,
                     "take the key away, or set HEDDLE_MPI_REACHES_GPUS=1 where MPI can and does not say so");
    return {.library = nullptr, .mpi = Reach::device, .said = "by MPI, from GPU to GPU"};
  }
  const std::optional<std::string> shared = shared_gpu(ranks);
  std::shared_ptr<DeviceMessages> nccl = shared ? nullptr : nccl_library();
  if (nccl) return {.library = nccl, .said = "by " + nccl->name()};
  return through_peers(ranks, lane, shared ? "ranks share " + *shared : "this build has no NCCL");
}

std::string choose_carrier(World& world, const lanes::Lane& lane, Wish wish) {
  Carrier found = carrier(world.all(), lane, wish);
  world.send_through(std::move(found.library), found.mpi);
  return found.said;
}

}  // namespace heddle::comm
