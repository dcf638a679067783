// NCCL's calls, between processes of one host. They are done in the order of each rank, as NCCL asks of its callers.
#include <nccl.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "emulator/failure.hpp"
#include "emulator/memory/numbers.hpp"
#include "emulator/nccl/communicator.hpp"
#include "emulator/runtime/handles.hpp"

namespace heddle::emulator {
namespace {

thread_local int depth = 0;  // of ncclGroupStart
thread_local std::vector<std::shared_ptr<Group>> open_groups;

Communicator& of(ncclComm_t handle) { return *reinterpret_cast<Communicator*>(handle); }

/// Of one direction between two ranks one after the other, all others at once.
bool carry_out(Group& group) {
  Communicator& c = *group.communicator;
  if (c.aborted) return true;
  if (c.done != group.number) return false;
  std::vector<bool> busy(static_cast<std::size_t>(2 * c.ranks()));
  bool all = true;
  for (Transfer& t : group.transfers) {
    const std::size_t way = static_cast<std::size_t>(2 * t.peer + t.sends);
    if (busy[way] || !progress(c, t)) {
      busy[way] = true;
      all = false;
    }
  }
  if (!all) return false;
  if (group.end) group.end();
  ++c.done;
  return true;
}

void launch(const std::shared_ptr<Group>& group) {
  Communicator& c = *group->communicator;
  if (group->stream->captures) fail("NCCL: calls in a graph are not known");
  group->number = c.issued++;
  for (Transfer& t : group->transfers) t.heading.number = (t.sends ? c.sent : c.received)[t.peer]++;
  Gpu::get().enqueue(group->stream, [group] { return carry_out(*group); });
}

ncclResult_t add_call(Communicator& c, cudaStream_t s, std::vector<Transfer> transfers,
                      std::function<void()> end = nullptr) {
  if (depth > 0 && !end)
    for (const auto& group : open_groups)
      if (group->communicator == &c && group->stream == stream_of(s)) {
        group->transfers.insert(group->transfers.end(), transfers.begin(), transfers.end());
        return ncclSuccess;
      }
  const auto group =
      std::make_shared<Group>(Group{&c, stream_of(s), 0, std::move(transfers), std::move(end)});
  if (depth > 0)
    open_groups.push_back(group);
  else
    launch(group);
  return ncclSuccess;
}

template <class T>
void add_numbers(char* sum, const char* term, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) write_as<T>(sum, i, read_as<T>(sum, i) + read_as<T>(term, i));
}
void add(char* sum, const char* term, std::int64_t count, ncclDataType_t type) {
  if (type == ncclFloat32) return add_numbers<float>(sum, term, count);
  if (type == ncclFloat64) return add_numbers<double>(sum, term, count);
  if (type == ncclInt32) return add_numbers<std::int32_t>(sum, term, count);
  fail("NCCL: a sum of a type that is not known: {}", static_cast<int>(type));
}

/// Terms of ranks in their order.
struct Sum {
  const void* in;
  void* out;
  std::int64_t count;
  ncclDataType_t type;
  std::vector<std::vector<char>> terms;

  void finish(int rank) {
    const std::size_t bytes = terms[rank].size();
    std::memcpy(terms[rank].data(), device_memory(in, bytes), bytes);
    for (std::size_t r = 1; r < terms.size(); ++r) add(terms[0].data(), terms[r].data(), count, type);
    std::memcpy(device_memory(out, bytes), terms[0].data(), bytes);
  }
};

/// At one rank, or where that is none, at all of them.
constexpr int at_all = -1;

ncclResult_t sum(const void* in, void* out, std::size_t count, ncclDataType_t type, ncclRedOp_t operation,
                 int root, Communicator& c, cudaStream_t s) {
  if (operation != ncclSum) fail("NCCL: only sums are known");
  const Heading heading{0, count * size_of(type), root == at_all ? CallKind::all_reduce : CallKind::reduce,
                        type};
  const auto all = std::make_shared<Sum>(Sum{in, out, static_cast<std::int64_t>(count), type, {}});
  const bool here = root == at_all || root == c.rank();
  if (here) all->terms.assign(static_cast<std::size_t>(c.ranks()), std::vector<char>(heading.bytes));
  std::vector<Transfer> transfers;
  for (int peer = 0; peer < c.ranks(); ++peer) {
    if (peer == c.rank()) continue;
    if (root == at_all || root == peer) transfers.push_back({peer, true, heading, const_cast<void*>(in)});
    if (here) transfers.push_back({peer, false, heading, nullptr, all->terms[peer].data()});
  }
  return add_call(c, s, std::move(transfers), [all, here, rank = c.rank()] {
    if (here && all->count > 0) all->finish(rank);
  });
}

}  // namespace

extern "C" {

ncclResult_t ncclGetVersion(int* version) {
  *version = NCCL_VERSION_CODE;
  return ncclSuccess;
}
const char* ncclGetErrorString(ncclResult_t result) {
  return result == ncclSuccess ? "no error" : "an error of the emulator";
}
const char* ncclGetLastError(ncclComm_t) { return ""; }

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  static std::atomic<int> made = 0;
  *id = {};
  std::snprintf(id->internal, sizeof id->internal, "/emulated-nccl-%d-%d", getpid(), made++);
  return ncclSuccess;
}
ncclResult_t ncclCommInitRank(ncclComm_t* handle, int ranks, ncclUniqueId id, int rank) {
  *handle = reinterpret_cast<ncclComm_t>(new Communicator(id.internal, ranks, rank));
  return ncclSuccess;
}
ncclResult_t ncclCommDestroy(ncclComm_t handle) {
  delete &of(handle);
  return ncclSuccess;
}
/// Others may still wait for this rank: its memory stays.
ncclResult_t ncclCommAbort(ncclComm_t handle) {
  of(handle).aborted = true;
  return ncclSuccess;
}
ncclResult_t ncclCommGetAsyncError(ncclComm_t, ncclResult_t* result) {
  *result = ncclSuccess;
  return ncclSuccess;
}

ncclResult_t ncclGroupStart() {
  ++depth;
  return ncclSuccess;
}
ncclResult_t ncclGroupEnd() {
  if (--depth > 0) return ncclSuccess;
  for (const auto& group : std::exchange(open_groups, {})) launch(group);
  return ncclSuccess;
}

ncclResult_t ncclSend(const void* from, std::size_t count, ncclDataType_t type, int peer, ncclComm_t c,
                      cudaStream_t s) {
  const Heading heading{0, count * size_of(type), CallKind::message, type};
  return add_call(of(c), s, {{peer, true, heading, const_cast<void*>(from)}});
}
ncclResult_t ncclRecv(void* to, std::size_t count, ncclDataType_t type, int peer, ncclComm_t c,
                      cudaStream_t s) {
  const Heading heading{0, count * size_of(type), CallKind::message, type};
  return add_call(of(c), s, {{peer, false, heading, to}});
}
ncclResult_t ncclAllReduce(const void* in, void* out, std::size_t count, ncclDataType_t type,
                           ncclRedOp_t operation, ncclComm_t c, cudaStream_t s) {
  return sum(in, out, count, type, operation, at_all, of(c), s);
}
ncclResult_t ncclReduce(const void* in, void* out, std::size_t count, ncclDataType_t type,
                        ncclRedOp_t operation, int root, ncclComm_t c, cudaStream_t s) {
  return sum(in, out, count, type, operation, root, of(c), s);
}
ncclResult_t ncclBroadcast(const void* in, void* out, std::size_t count, ncclDataType_t type, int root,
                           ncclComm_t handle, cudaStream_t s) {
  Communicator& c = of(handle);
  const Heading heading{0, count * size_of(type), CallKind::broadcast, type};
  std::vector<Transfer> transfers;
  if (c.rank() != root) transfers.push_back({root, false, heading, out});
  for (int peer = 0; c.rank() == root && peer < c.ranks(); ++peer)
    if (peer != root) transfers.push_back({peer, true, heading, const_cast<void*>(in)});
  return add_call(c, s, std::move(transfers), [=, here = c.rank() == root] {
    if (here && in != out && heading.bytes > 0)
      std::memcpy(device_memory(out, heading.bytes), device_memory(in, heading.bytes), heading.bytes);
  });
}

}  // extern "C"
}  // namespace heddle::emulator
