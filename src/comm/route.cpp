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
  covered_ = adds_ ? plan.received.front().box == plan.target : arriving == target_.count();
}

// Where segments overlap, all but the one that already fills the target are added, in the order of the ranks.
void Exchange::Route::land_segments(const void* in, const void* workspace, const Tensor& sums,
                                    const lanes::Lane& lane) const {
  bool replaces = !adds_ || covered_;
  for (const Landing& landing : landings_) {
    lane.land(landing.runs, {dtype_, sums.dtype}, landing.own ? in : workspace, sums.data,
              replaces ? lanes::Landing::replace : lanes::Landing::add);
    replaces = !adds_;
  }
}

bool Exchange::Route::adds_apart(const Tensor& out) const { return adds_ && out.dtype == DType::bf16; }

void Exchange::Route::land_all(const Tensor& in, void* workspace, const Tensor& out,
                               const lanes::Lane& lane) const {
  const bool apart = adds_apart(out);
  const Tensor sums = apart ? Tensor{static_cast<char*>(workspace) + sums_at_, DType::f32, target_} : out;
  if (adds_ && !covered_) lane.fill(sums, 0);
  land_segments(in.data, workspace, sums, lane);
  if (apart) lane.land(target_run_, {sums.dtype, out.dtype}, sums.data, out.data, lanes::Landing::replace);
}

void Exchange::Route::post(Request::State& state, const void* in, void* arrival, int tag) const {
  state.pending.reserve(receives_.size() + sends_.size());
  for (const auto& [peer, segment] : receives_)
    check(
        MPI_Irecv(segment.in(arrival), segment.count(), segment.type(), peer, tag, group_.comm, state.add()),
        "MPI_Irecv");
  state.receives = receives_.size();
  for (const auto& [peer, segment] : sends_)
    check(MPI_Isend(segment.in(const_cast<void*>(in)), segment.count(), segment.type(), peer, tag,
                    group_.comm, state.add()),
          "MPI_Isend");
}

Exchange::Route::Step Exchange::Route::step(const Tensor& in, const Tensor& out, const lanes::Lane& lane,
                                            int tag, Step next) {
  HEDDLE_EXPECT(in.shape == source_ && out.shape == target_ && in.dtype == dtype_);
  HEDDLE_EXPECT(out.dtype == dtype_ || adds_ || receives_.empty());
  if (!adds_ && !covered_) lane.fill(out, 0);
  const std::int64_t sums = adds_apart(out) ? target_.count() * size_of(DType::f32) : 0;
  const lanes::Memory workspace = adds_ ? group_.workspace(sums_at_ + sums, lane) : lanes::Memory();
  return [self = shared_from_this(), workspace, in, out, lane, tag,
          next = std::move(next)](Request::State& state) {
    state.share(workspace.data());
    self->post(state, in.data, self->adds_ ? workspace.data() : out.data, tag);
    state.finish = next;
    if (!self->adds_) return self->land_all(in, nullptr, out, lane);  // beside what arrives
    state.finish = [self, workspace, in, out, lane, next](Request::State& arrived) {
      self->land_all(in, workspace.data(), out, lane);
      self->group_.keep(workspace, lane);
      if (next) next(arrived);
    };
  };
}

Request Exchange::Route::start(const Tensor& in, const Tensor& out, const lanes::Lane& lane) {
  return make_request(*group_.shared, lane, "exchange", {in.data, out.data},
                      step(in, out, lane, exchange_tag, {}));
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
