#include "group.hpp"

#include <array>
#include <string>
#include <utility>

#include "heddle/base/error.hpp"
#include "heddle/lanes/memory.hpp"

namespace heddle::comm::nccl {
namespace {

/// int16, which the library has not, only moves, as another type of 16 bits.
ncclDataType_t type_of(DType dtype) {
  switch (dtype) {
    case DType::f64: return ncclFloat64;
    case DType::f32: return ncclFloat32;
    case DType::bf16:
    case DType::i16: return ncclBfloat16;
    case DType::i32: return ncclInt32;
  }
  return ncclNumTypes;
}

std::size_t count(const Tensor& tensor) { return static_cast<std::size_t>(tensor.count()); }

}  // namespace

void check(ncclResult_t result, const char* call) {
  if (result == ncclSuccess) return;
  const std::string detail = ncclGetLastError(nullptr);
  throw Error(ExitCode::failure, std::string(call) + " failed between GPUs",
              ncclGetErrorString(result) + (detail.empty() ? "" : ": " + detail),
              "NCCL_DEBUG=INFO tells more");
}

Group::Group(std::shared_ptr<All> all, const ncclUniqueId& id, int ranks, int rank)
    : all_(std::move(all)),
      lane_(lanes::device_lane().beside()),
      stream_(static_cast<cudaStream_t>(lane_.stream()->queue())) {
  check(ncclCommInitRank(&comm_, ranks, id, rank), "ncclCommInitRank");
  connect(ranks, rank);
  all_->insert(this);
}

/// A sum connects the rings, a message each way the two ends of a channel.
void Group::connect(int ranks, int rank) {
  const lanes::Memory memory(2 * sizeof(std::int32_t), lane_);
  lane_.fill(memory.data(), 2 * sizeof(std::int32_t), 0);
  auto* const numbers = static_cast<std::int32_t*>(memory.data());
  const Tensor one{numbers, DType::i32, {1}}, other{numbers + 1, DType::i32, {1}};
  all_reduce(one, one);
  if (ranks == 2) exchange(std::array{Message{1 - rank, one}}, std::array{Message{1 - rank, other}});
  lane_.fence("a new group");
}

Group::~Group() {
  all_->erase(this);
  if (!comm_) return;
  if (!failed_ && cudaStreamSynchronize(stream_) == cudaSuccess)
    ncclCommDestroy(comm_);
  else
    ncclCommAbort(comm_);
}

void Group::all_reduce(const Tensor& in, const Tensor& out) {
  check(ncclAllReduce(in.data, out.data, count(in), type_of(in.dtype), ncclSum, comm_, stream_),
        "ncclAllReduce");
}

void Group::reduce(const Tensor& tensor, int root) {
  check(ncclReduce(tensor.data, tensor.data, count(tensor), type_of(tensor.dtype), ncclSum, root, comm_,
                   stream_),
        "ncclReduce");
}

void Group::broadcast(const Tensor& tensor, int root) {
  check(ncclBroadcast(tensor.data, tensor.data, count(tensor), type_of(tensor.dtype), root, comm_, stream_),
        "ncclBroadcast");
}

void Group::exchange(std::span<const Message> sends, std::span<const Message> receives) {
  check(ncclGroupStart(), "ncclGroupStart");
  ncclResult_t result = ncclSuccess;  // the group is ended whatever comes of its calls
  const auto add = [&](ncclResult_t of_call) {
    if (result == ncclSuccess) result = of_call;
  };
  for (const auto& [peer, tensor] : receives)
    add(ncclRecv(tensor.data, count(tensor), type_of(tensor.dtype), peer, comm_, stream_));
  for (const auto& [peer, tensor] : sends)
    add(ncclSend(tensor.data, count(tensor), type_of(tensor.dtype), peer, comm_, stream_));
  add(ncclGroupEnd());
  check(result, "an exchange of messages");
}

void Group::look_after() {
  if (!comm_) return;
  ncclResult_t failed = ncclSuccess;
  check(ncclCommGetAsyncError(comm_, &failed), "ncclCommGetAsyncError");
  failed_ = failed != ncclSuccess;
  check(failed, "a message");
}

void Group::abort() noexcept {
  if (comm_) ncclCommAbort(std::exchange(comm_, nullptr));
}

}  // namespace heddle::comm::nccl
