#include "heddle/comm/collectives.hpp"

#include <algorithm>

#include "communicator_handle.hpp"
#include "map_route.hpp"
#include "request_state.hpp"

namespace heddle::comm {
namespace {

constexpr std::int64_t most = std::int64_t{1} << 30;  // elements in one MPI call, whose counts are ints

// Calls f(pointer offset in elements, count) for slices that an MPI call can take.
template <class F>
void in_slices(std::int64_t count, F&& f) {
  for (std::int64_t begin = 0; begin < count; begin += most)
    f(begin, static_cast<int>(std::min(most, count - begin)));
}

char* at(const Tensor& tensor, std::int64_t element) {
  return static_cast<char*>(tensor.data) + element * size_of(tensor.dtype);
}

std::unique_ptr<Request::State> begin_all_reduce(const Communicator& communicator, Reduction reduction,
                                                 const Tensor& in, const Tensor& out) {
  auto& group = communicator.handle();
  auto state = std::make_unique<Request::State>(*group.watchdog);
  in_slices(in.count(), [&](std::int64_t begin, int count) {
    const void* from = in.data == out.data ? MPI_IN_PLACE : at(in, begin);
    check(MPI_Iallreduce(from, at(out, begin), count, mpi_type(in.dtype),
                         reduction == Reduction::sum ? MPI_SUM : MPI_MAX, group.comm, state->add()),
          "MPI_Iallreduce");
  });
  return state;
}

double all_reduce(const Communicator& communicator, Reduction reduction, double value,
                  const std::string& action) {
  const auto number = std::make_shared<double>(value);
  const Tensor scalar{number.get(), DType::f64, {}};
  auto state = begin_all_reduce(communicator, reduction, scalar, scalar);
  state->own = number;
  Request request(std::move(state));
  wait(request, {action});
  return *number;
}

}  // namespace

Request start_all_reduce(const Communicator& communicator, Reduction reduction, const Tensor& in,
                         const Tensor& out) {
  HEDDLE_EXPECT(in.shape == out.shape && in.dtype == out.dtype);
  if (in.dtype == DType::bf16)
    throw Error(ExitCode::failure, "bf16 tensors cannot be reduced",
                "sums between ranks are taken in fp32, fp64 or int32");
  return Request(begin_all_reduce(communicator, reduction, in, out));
}

Request start_broadcast(const Communicator& communicator, int root, const Tensor& tensor) {
  auto& group = communicator.handle();
  auto state = std::make_unique<Request::State>(*group.watchdog);
  in_slices(tensor.count(), [&](std::int64_t begin, int count) {
    check(MPI_Ibcast(at(tensor, begin), count, mpi_type(tensor.dtype), root, group.comm, state->add()),
          "MPI_Ibcast");
  });
  return Request(std::move(state));
}

Request start_all_gather(const Communicator& communicator, int dim, const Tensor& in, const Tensor& out) {
  return start_blocks(communicator, {maps::MapKind::all_gather, {}, dim}, in, out);
}

Request start_reduce_scatter(const Communicator& communicator, int dim, const Tensor& in, const Tensor& out) {
  return start_blocks(communicator, {maps::MapKind::reduce_scatter, {}, dim}, in, out);
}

Request start_all_to_all(const Communicator& communicator, int from, int to, const Tensor& in,
                         const Tensor& out) {
  return start_blocks(communicator, {maps::MapKind::all_to_all, {}, from, to}, in, out);
}

double all_sum(const Communicator& communicator, double value, const std::string& action) {
  return all_reduce(communicator, Reduction::sum, value, action);
}

double all_max(const Communicator& communicator, double value, const std::string& action) {
  return all_reduce(communicator, Reduction::max, value, action);
}

}  // namespace heddle::comm
