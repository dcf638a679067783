#include "heddle/comm/collectives.hpp"

#include <utility>

#include "communicator_handle.hpp"
#include "heddle/comm/message_memory.hpp"
#include "log_sum.hpp"
#include "map_route.hpp"
#include "slices.hpp"
#include "sum_by_messages.hpp"

namespace heddle::comm {
namespace {

char* at(const Tensor& tensor, std::int64_t element) {
  return static_cast<char*>(tensor.data) + element * size_of(tensor.dtype);
}

/// Bytes of a sum that are one call of MPI, so that the ring's segments are of this size where it has one:
/// larger ones stream through a workspace of the library that lies in no cache, and beyond some 32 MB is
/// mapped anew for each call.
constexpr std::int64_t ring_piece = std::int64_t{1} << 19;

/// MPI has no bf16: it would add the bits.
void expect_sum(DType dtype) {
  if (dtype == DType::bf16)
    throw Error(ExitCode::failure, "bf16 tensors cannot be reduced",
                "sums between ranks are taken in fp32, fp64 or int32");
}

/// The calls of MPI that sum `in` over the ranks of `group` into `out`.
void all_reduce(const Communicator::Handle& group, Reduction reduction, const Tensor& in, const Tensor& out,
                Request::State& state) {
  const std::int64_t slice = group.size * ring_piece / size_of(in.dtype);
  in_slices(in.count(), slice, [&](std::int64_t begin, int count) {
    const void* from = in.data == out.data ? MPI_IN_PLACE : at(in, begin);
    check(MPI_Iallreduce(from, at(out, begin), count, mpi_type(in.dtype),
                         reduction == Reduction::sum ? MPI_SUM : log_sum_op(), group.comm, state.add()),
          "MPI_Iallreduce");
  });
}

/// On a device: every rank gets the terms of all, and adds them up in the order of the ranks. Its own are put aside, since
/// `in` may be `out`.
Request start_log_sum(const Communicator& ranks, DeviceMessages::Group& device, const Tensor& in,
                      const Tensor& out, const lanes::Lane& lane) {
  Communicator::Handle& group = ranks.handle();
  const maps::Map map{.kind = maps::MapKind::log_sum_reduce, .axes = {}};
  return make_request(*group.shared, lane, device, "all-reduce", {in, out}, [&] {
    const lanes::Memory memory = group.workspaces.take(in.bytes(), device.lane());
    const Tensor mine{memory.data(), in.dtype, in.shape};
    device.lane().copy(in, mine);
    route_of(ranks, map, in.shape, out.shape, in.dtype)->enqueue(device, mine, out, lanes::Landing::log_add);
    group.workspaces.keep(memory, device.lane());
  });
}

}  // namespace

Request start_all_reduce(const Communicator& communicator, Reduction reduction, const Tensor& in,
                         const Tensor& out, const lanes::Lane& lane) {
  HEDDLE_EXPECT(in.shape == out.shape && in.dtype == out.dtype);
  HEDDLE_EXPECT(reduction == Reduction::sum || in.dtype == DType::f32 || in.dtype == DType::f64);
  expect_sum(in.dtype);
  const auto& group = communicator.handle();
  if (auto* device = group.channels.all(lane)) {
    if (reduction == Reduction::log_sum) return start_log_sum(communicator, *device, in, out, lane);
    return make_request(*group.shared, lane, *device, "all-reduce", {in, out},
                        [&] { device->all_reduce(in, out); });
  }
  if (reduction == Reduction::sum && by_device_aware_mpi(communicator, lane))
    return start_sum_by_messages(communicator, in, out, lane);
  const auto sum = [&group, reduction](Request::State& state, const std::vector<Tensor>& reached) {
    all_reduce(group, reduction, reached.front(), reached.back(), state);
  };
  std::vector<Use> uses = {{Use::Of::both, out}};
  if (in.data != out.data) uses = {{Use::Of::reads, in}, {Use::Of::writes, out}};
  return make_request(*group.shared, lane, {"all-reduce", std::move(uses), sum});
}

Request start_reduce(const Communicator& communicator, int root, const Tensor& tensor,
                     const lanes::Lane& lane) {
  expect_sum(tensor.dtype);
  const auto& group = communicator.handle();
  if (auto* device = group.channels.all(lane))
    return make_request(*group.shared, lane, *device, "reduce", {tensor},
                        [&] { device->reduce(tensor, root); });
  const bool receives = group.rank == root;
  const auto reduce = [&group, root, receives](Request::State& state, const std::vector<Tensor>& held) {
    const Tensor& sum = held.front();
    in_slices(sum.count(), most_of_a_call, [&](std::int64_t begin, int count) {
      const void* from = receives ? MPI_IN_PLACE : at(sum, begin);
      check(MPI_Ireduce(from, receives ? at(sum, begin) : nullptr, count, mpi_type(sum.dtype), MPI_SUM, root,
                        group.comm, state.add()),
            "MPI_Ireduce");
    });
  };
  return make_request(*group.shared, lane,
                      {"reduce", {{receives ? Use::Of::both : Use::Of::reads, tensor}}, reduce});
}

Request start_broadcast(const Communicator& communicator, int root, const Tensor& tensor,
                        const lanes::Lane& lane) {
  const auto& group = communicator.handle();
  if (auto* device = group.channels.all(lane))
    return make_request(*group.shared, lane, *device, "broadcast", {tensor},
                        [&] { device->broadcast(tensor, root); });
  const auto broadcast = [&group, root](Request::State& state, const std::vector<Tensor>& held) {
    const Tensor& value = held.front();
    in_slices(value.count(), most_of_a_call, [&](std::int64_t begin, int count) {
      check(MPI_Ibcast(at(value, begin), count, mpi_type(value.dtype), root, group.comm, state.add()),
            "MPI_Ibcast");
    });
  };
  const auto use = group.rank == root ? Use::Of::reads : Use::Of::writes;
  return make_request(*group.shared, lane, {"broadcast", {{use, tensor}}, broadcast});
}

Request start_all_sum(const Communicator& communicator, const std::shared_ptr<std::vector<double>>& numbers) {
  const auto& group = communicator.handle();
  return make_request(
      *group.shared, {},
      {"sum of numbers", {}, [&group, numbers](Request::State& state, const auto&) {
         state.own.push_back(numbers);
         const Tensor tensor{numbers->data(), DType::f64, {static_cast<std::int64_t>(numbers->size())}};
         all_reduce(group, Reduction::sum, tensor, tensor, state);
       }});
}

double all_sum(const Communicator& communicator, double value, const std::string& action) {
  const auto number = std::make_shared<std::vector<double>>(1, value);
  Request request = start_all_sum(communicator, number);
  wait(request, {action});
  return number->front();
}

void barrier(const Communicator& communicator, const std::string& action) {
  const auto& group = communicator.handle();
  const auto meet = [&group](Request::State& state, const auto&) {
    check(MPI_Ibarrier(group.comm, state.add()), "MPI_Ibarrier");
  };
  Request request = make_request(*group.shared, {}, {"barrier", {}, meet});
  wait(request, {action});
}

}  // namespace heddle::comm
