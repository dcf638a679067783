#include "heddle/comm/request.hpp"

#include <algorithm>
#include <utility>

#include "request_state.hpp"

namespace heddle::comm {

// A receive that is left behind must not write into memory that has gone; sends and collectives cannot be
// cancelled, so theirs must stay.
Request::State::~State() {
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
  if (own && std::ranges::any_of(pending, under_way)) left_behind.push_back(std::move(own));
}

Request::Request() = default;
Request::Request(std::unique_ptr<State> state) : state_(std::move(state)) {}
Request::Request(Request&&) noexcept = default;
Request& Request::operator=(Request&&) noexcept = default;
Request::~Request() = default;

bool Request::test() {
  if (done()) return true;
  int all = 0;
  const int count = static_cast<int>(state_->pending.size());
  check(MPI_Testall(count, state_->pending.data(), &all, MPI_STATUSES_IGNORE), "MPI_Testall");
  if (!all) return false;
  if (state_->finish) state_->finish();
  state_.reset();
  return true;
}

bool test_all(std::span<Request> requests) {
  return std::ranges::all_of(requests, [](Request& request) { return request.done() || request.test(); });
}

void wait(Request& request, const Waiting& what) {
  if (request.test()) return;
  for (Wait turn(*request.state_->watchdog, what); !request.test();) turn.idle();
}

}  // namespace heddle::comm
