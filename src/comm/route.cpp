#include "route.hpp"

#include <cstring>
#include <utility>

#include "communicator_handle.hpp"
#include "request_state.hpp"

namespace heddle::comm {
namespace {

constexpr int exchange_tag = 32001;  // beyond those of point_to_point.hpp; MPI promises tags up to 32767

bool overlapping(const std::vector<LocalPlan::Part>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (!maps::intersect(parts[i].box, parts[j].box).empty()) return true;
  return false;
}

std::vector<std::int64_t> run_offsets(const maps::Box& holder, const maps::Box& box) {
  std::vector<std::int64_t> offsets;
  maps::for_each_run(holder, box, [&](std::int64_t offset, std::int64_t) { offsets.push_back(offset); });
  return offsets;
}

template <class T>
void add(const T* from, T* to, std::int64_t length) {
  for (std::int64_t i = 0; i < length; ++i) to[i] += from[i];
}

void add(DType dtype, const char* from, char* to, std::int64_t length) {
  if (dtype == DType::f32)
    return add(reinterpret_cast<const float*>(from), reinterpret_cast<float*>(to), length);
  if (dtype == DType::f64)
    return add(reinterpret_cast<const double*>(from), reinterpret_cast<double*>(to), length);
  add(reinterpret_cast<const std::int32_t*>(from), reinterpret_cast<std::int32_t*>(to), length);
}

}  // namespace

Exchange::Route::Route(const Communicator& communicator, LocalPlan plan, DType dtype)
    : group_(communicator.handle()),
      dtype_(dtype),
      source_(plan.source.shape()),
      target_(plan.target.shape()) {
  std::erase_if(plan.sent, [](const auto& part) { return part.box.empty(); });
  std::erase_if(plan.received, [](const auto& part) { return part.box.empty(); });
  std::vector<maps::Box*> boxes = {&plan.source, &plan.target};
  for (auto& part : plan.sent) boxes.push_back(&part.box);
  for (auto& part : plan.received) boxes.push_back(&part.box);
  merge_common_dims(boxes);
  for (const auto& part : plan.sent)
    if (part.peer != group_.rank) sends_.push_back({part.peer, Piece(dtype, plan.source, part.box)});
  plan_receives(plan);
}

void Exchange::Route::plan_receives(const LocalPlan& plan) {
  adds_ = overlapping(plan.received);
  if (adds_ && dtype_ == DType::bf16)
    throw Error(ExitCode::failure, "bf16 pieces cannot be added",
                "sums between ranks are taken in fp32, fp64 or int32");
  std::int64_t arriving = 0, in_workspace = 0;
  for (const auto& [peer, box] : plan.received) {
    arriving += box.count();
    const bool own = peer == group_.rank;
    if (!own && !adds_) {
      receives_.push_back({peer, Piece(dtype_, plan.target, box)});
      continue;
    }
    const auto from = own ? run_offsets(plan.source, box) : run_offsets(box, box);
    const auto to = run_offsets(plan.target, box);
    Landing landing{own, {}};
    for (std::size_t i = 0; i < to.size(); ++i)
      landing.runs.push_back(
          {from[i] + (own ? 0 : in_workspace), to[i], box.count() / std::int64_t(to.size())});
    landings_.push_back(std::move(landing));
    if (own) continue;
    const maps::Box workspace{{-in_workspace, box.count()}};
    receives_.push_back({peer, Piece(dtype_, workspace, maps::Box{{0, box.count()}})});
    in_workspace += box.count();
  }
  workspace_bytes_ = in_workspace * size_of(dtype_);
  covered_ = adds_ ? plan.received.front().box == plan.target : arriving == target_.count();
}

Exchange::Route::Buffer Exchange::Route::take_workspace() {
  if (spare_.empty()) return std::make_unique<std::byte[]>(workspace_bytes_);
  Buffer buffer = std::move(spare_.back());
  spare_.pop_back();
  return buffer;
}

// Where pieces overlap, all but the one that already fills the target are added.
void Exchange::Route::land_all(const void* in, const void* workspace, void* out) const {
  const std::int64_t size = size_of(dtype_);
  bool copies = !adds_ || covered_;
  for (const Landing& landing : landings_) {
    const char* from = static_cast<const char*>(landing.own ? in : workspace);
    for (const Run& run : landing.runs) {
      char* to = static_cast<char*>(out) + run.to * size;
      if (copies)
        std::memcpy(to, from + run.from * size, run.length * size);
      else
        add(dtype_, from + run.from * size, to, run.length);
    }
    copies = !adds_;
  }
}

Request Exchange::Route::start(const Tensor& in, const Tensor& out) {
  HEDDLE_EXPECT(in.shape == source_ && out.shape == target_ && in.dtype == dtype_ && out.dtype == dtype_);
  if (!covered_) std::memset(out.data, 0, out.bytes());
  auto workspace = adds_ ? std::make_shared<Buffer>(take_workspace()) : nullptr;
  void* const arrival = adds_ ? static_cast<void*>(workspace->get()) : out.data;
  auto state = std::make_unique<Request::State>(*group_.watchdog);
  state->pending.reserve(receives_.size() + sends_.size());
  for (const auto& [peer, piece] : receives_)
    check(MPI_Irecv(piece.in(arrival), piece.count(), piece.type(), peer, exchange_tag, group_.comm,
                    state->add()),
          "MPI_Irecv");
  state->receives = receives_.size();
  for (const auto& [peer, piece] : sends_)
    check(MPI_Isend(piece.in(in.data), piece.count(), piece.type(), peer, exchange_tag, group_.comm,
                    state->add()),
          "MPI_Isend");
  if (!adds_)
    land_all(in.data, nullptr, out.data);
  else
    state->finish = [self = shared_from_this(), workspace, in, out] {
      self->land_all(in.data, workspace->get(), out.data);
      self->spare_.push_back(std::move(*workspace));
    };
  if (state->pending.empty() && !state->finish) return {};
  return Request(std::move(state));
}

Exchange::Exchange(const Communicator& communicator, const maps::TransferPlan& plan, DType dtype) {
  HEDDLE_EXPECT(plan.ranks() == communicator.size());
  const int me = communicator.rank();
  LocalPlan local{plan.source[me], plan.target[me], {}, {}};
  for (const auto& transfer : maps::sent_by(plan, me)) local.sent.push_back({transfer.to, transfer.box});
  for (const auto& transfer : maps::received_by(plan, me))
    local.received.push_back({transfer.from, transfer.box});
  route_ = std::make_shared<Route>(communicator, std::move(local), dtype);
}

Request Exchange::start(const Tensor& in, const Tensor& out) const { return route_->start(in, out); }

}  // namespace heddle::comm
