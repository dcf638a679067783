#include "group.hpp"

#include <string>

#include "heddle/base/error.hpp"

namespace heddle::comm::nccl {
namespace {

ncclDataType_t type_of(DType dtype) {
  switch (dtype) {
    case DType::f64: return ncclFloat64;
    case DType::f32: return ncclFloat32;
    case DType::bf16: return ncclBfloat16;
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

Group::Group(All& all, const ncclUniqueId& id, int ranks, int rank)
    : all_(all),
      lane_(lanes::device_lane().beside()),
      stream_(static_cast<cudaStream_t>(lane_.stream()->queue())) {
  check(ncclCommInitRank(&comm_, ranks, id, rank), "ncclCommInitRank");
  all_.insert(this);
}

Group::~Group() {
  all_.erase(this);
  if (lane_.mark("the end of a group").passed())
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
  for (const auto& [peer, tensor] : receives)
    check(ncclRecv(tensor.data, count(tensor), type_of(tensor.dtype), peer, comm_, stream_), "ncclRecv");
  for (const auto& [peer, tensor] : sends)
    check(ncclSend(tensor.data, count(tensor), type_of(tensor.dtype), peer, comm_, stream_), "ncclSend");
  check(ncclGroupEnd(), "ncclGroupEnd");
}

void Group::look_after() const {
  ncclResult_t failed = ncclSuccess;
  check(ncclCommGetAsyncError(comm_, &failed), "ncclCommGetAsyncError");
  check(failed, "a message");
}

}  // namespace heddle::comm::nccl
