#include "route.hpp"

#include <utility>

#include "communicator_handle.hpp"

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
    if (part.peer != group_.rank) sends_.push_back({part.peer, Segment(dtype, plan.source, part.box)});
  plan_receives(plan);
}

void Exchange::Route::plan_receives(const LocalPlan& plan) {
  adds_ = overlapping(plan.received);
  widens_ = adds_ && dtype_ == DType::bf16;
  target_run_ = std::make_shared<const std::vector<lanes::Run>>(1, lanes::Run{0, 0, target_.count()});
  std::int64_t arriving = 0, in_workspace = 0;
  for (const auto& [peer, box] : plan.received) {
    arriving += box.count();
    const bool own = peer == group_.rank;
    if (!own && !adds_) {
      receives_.push_back({peer, Segment(dtype_, plan.target, box)});
      continue;
    }
    const auto from = own ? run_offsets(plan.source, box) : run_offsets(box, box);
    const auto to = run_offsets(plan.target, box);
    std::vector<lanes::Run> runs;
    for (std::size_t i = 0; i < to.size(); ++i)
      runs.push_back({from[i] + (own ? 0 : in_workspace), to[i], box.count() / std::int64_t(to.size())});
    landings_.push_back({own, std::make_shared<const std::vector<lanes::Run>>(std::move(runs))});
    if (own) continue;
    const maps::Box workspace{{-in_workspace, box.count()}};
    receives_.push_back({peer, Segment(dtype_, workspace, maps::Box{{0, box.count()}})});
    in_workspace += box.count();
  }
  constexpr std::int64_t line = 64;
  sums_at_ = (in_workspace * size_of(dtype_) + line - 1) / line * line;
  workspace_bytes_ = sums_at_ + (widens_ ? target_.count() * size_of(DType::f32) : 0);
  covered_ = adds_ ? plan.received.front().box == plan.target : arriving == target_.count();
}

// Where segments overlap, all but the one that already fills the target are added, in the order of the ranks.
void Exchange::Route::land_segments(const void* in, const void* workspace, DType sums_type, void* sums,
                                    const lanes::Lane& lane) const {
  bool replaces = !adds_ || covered_;
  for (const Landing& landing : landings_) {
    lane.land(landing.runs, {dtype_, sums_type}, landing.own ? in : workspace, sums,
              replaces ? lanes::Landing::replace : lanes::Landing::add);
    replaces = !adds_;
  }
}

void Exchange::Route::land_all(const void* in, void* workspace, void* out, const lanes::Lane& lane) const {
  void* const sums = widens_ ? static_cast<char*>(workspace) + sums_at_ : out;
  const DType type = widens_ ? DType::f32 : dtype_;
  if (!covered_ && widens_) lane.fill(sums, target_.count() * size_of(type), 0);
  land_segments(in, workspace, type, sums, lane);
  if (widens_) lane.land(target_run_, {type, dtype_}, sums, out, lanes::Landing::replace);
}

void Exchange::Route::post(Request::State& state, const void* in, void* arrival) const {
  state.pending.reserve(receives_.size() + sends_.size());
  for (const auto& [peer, segment] : receives_)
    check(MPI_Irecv(segment.in(arrival), segment.count(), segment.type(), peer, exchange_tag, group_.comm,
                    state.add()),
          "MPI_Irecv");
  state.receives = receives_.size();
  for (const auto& [peer, segment] : sends_)
    check(MPI_Isend(segment.in(const_cast<void*>(in)), segment.count(), segment.type(), peer, exchange_tag,
                    group_.comm, state.add()),
          "MPI_Isend");
}

Request Exchange::Route::start(const Tensor& in, const Tensor& out, const lanes::Lane& lane) {
  HEDDLE_EXPECT(in.shape == source_ && out.shape == target_ && in.dtype == dtype_ && out.dtype == dtype_);
  if (!covered_ && !widens_) lane.fill(out, 0);
  const lanes::Memory workspace = adds_ ? group_.workspace(workspace_bytes_, lane) : lanes::Memory();
  void* const arrival = adds_ ? workspace.data() : out.data;
  Request request =
      make_request(*group_.shared, lane, "exchange", {in.data, out.data, workspace.data()},
                   [self = shared_from_this(), workspace, arrival, in, out, lane](Request::State& state) {
                     self->post(state, in.data, arrival);
                     if (!self->adds_) return;
                     state.finish = [self, workspace, in, out, lane](Request::State&) {
                       self->land_all(in.data, workspace.data(), out.data, lane);
                       self->group_.keep(workspace, lane);
                     };
                   });
  if (!adds_) land_all(in.data, nullptr, out.data, lane);  // beside what arrives
  return request;
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

Request Exchange::start(const Tensor& in, const Tensor& out, const lanes::Lane& lane) const {
  return route_->start(in, out, lane);
}

}  // namespace heddle::comm
