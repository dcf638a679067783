#include "heddle/comm/request.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "shared.hpp"
#include "staging.hpp"

namespace heddle::comm {

// A receive that is left behind is cancelled; sends and collectives cannot be, so what they read
// and write stays.
Request::State::~State() {
  if (start) shared->starts.remove(*this);
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized) return;
  for (std::size_t i = 0; i < receives && i < pending.size(); ++i) {
    if (pending[i] == MPI_REQUEST_NULL) continue;
    MPI_Cancel(&pending[i]);
    MPI_Request_free(&pending[i]);
  }
  static std::vector<std::shared_ptr<void>> left_behind;
  const auto under_way = [](MPI_Request request) { return request != MPI_REQUEST_NULL; };
  if (std::ranges::any_of(pending, under_way)) std::ranges::move(own, std::back_inserter(left_behind));
}

Request::Request() = default;
Request::Request(std::unique_ptr<State> state) : state_(std::move(state)) {}
Request::Request(Request&&) noexcept = default;
Request& Request::operator=(Request&&) noexcept = default;
Request::~Request() = default;

bool Request::test() {
  while (!done()) {
    state_->shared->move_on();
    if (state_->on_device) {
      if (!state_->on_device->passed()) return false;
      state_.reset();
      return true;
    }
    if (state_->start) return false;
    int all = 0;
    const int count = static_cast<int>(state_->pending.size());
    check(MPI_Testall(count, state_->pending.data(), &all, MPI_STATUSES_IGNORE), "MPI_Testall");
    if (!all) return false;
    if (state_->finish)
      std::exchange(state_->finish, {})(*state_);
    else
      state_.reset();
  }
  return true;
}

bool Request::on_device() const { return state_ && state_->on_device; }
bool Request::settled() { return test() || on_device(); }

namespace {

void keep(Request::State& state, const Tensor& tensor) {
  if (auto owner = lanes::owner_of(tensor.data)) state.own.push_back(std::move(owner));
}

std::vector<Tensor> where_they_lie(const std::vector<Use>& uses) {
  std::vector<Tensor> tensors;
  for (const Use& use : uses) tensors.push_back(use.tensor);
  return tensors;
}

/// The calls, on copies that MPI reaches.
std::function<void(Request::State&)> staged(const std::shared_ptr<Staging>& staging, Calls calls) {
  return [staging, calls = std::move(calls)](Request::State& begun) {
    begun.own.push_back(staging);
    calls.start(begun, staging->tensors());
    begun.finish = [staging, next = std::move(begun.finish)](Request::State& arrived) {
      staging->bring_back();
      if (next) next(arrived);
    };
  };
}

bool mpi_reaches(const Shared& shared, const lanes::Lane& lane, const Calls& calls) {
  return lane.shares_memory() || (shared.mpi_reaches_devices && calls.of == Calls::Of::messages);
}

void enqueue(Request::State& state, const lanes::Lane& lane, Calls calls) {
  const char* const what = calls.what;
  for (const Use& use : calls.uses) keep(state, use.tensor);
  if (mpi_reaches(*state.shared, lane, calls)) {
    state.start = [calls = std::move(calls)](Request::State& begun) {
      calls.start(begun, where_they_lie(calls.uses));
    };
  } else {
    const auto staging = std::make_shared<Staging>(state.shared->staging, lane, calls.uses);
    state.start = staged(staging, std::move(calls));
  }
  state.ready = lane.mark(what);
  state.shared->starts.add(state);
  state.shared->move_on();
}

}  // namespace

void go_on(Request::State& state, const lanes::Lane& lane, Calls calls) {
  state.pending.clear();
  state.receives = 0;
  enqueue(state, lane, std::move(calls));
}

Request follow(Shared& shared, const lanes::Lane& lane, const lanes::Mark& done,
               std::initializer_list<Tensor> tensors) {
  auto state = std::make_unique<Request::State>(shared);
  state->on_device = done;
  state->lane = lane;
  for (const Tensor& tensor : tensors) keep(*state, tensor);
  return Request(std::move(state));
}

Request make_request(Shared& shared, const lanes::Lane& lane, Calls calls) {
  auto state = std::make_unique<Request::State>(shared);
  enqueue(*state, lane, std::move(calls));
  const bool done = !state->start && state->pending.empty() && !state->finish;
  return done ? Request() : Request(std::move(state));
}

bool test_all(std::span<Request> requests) {
  return std::ranges::all_of(requests, [](Request& request) { return request.done() || request.test(); });
}

// The host need not wait for what is enqueued on a device: the lane does.
void wait(Request& request, const Waiting& what) {
  if (request.test()) return;
  if (request.state_->on_device) {
    request.state_->lane.await(*request.state_->on_device);
    request.state_->shared->awaited.add(*request.state_->on_device, what);
    request.state_->lane.run([until_then = std::move(request.state_->own)] {});
    request = {};
    return;
  }
  for (Wait turn(request.state_->shared->watchdog, what); !request.test();) turn.idle();
}

}  // namespace heddle::comm
