#include "route.hpp"

#include <utility>

#include "communicator_handle.hpp"

namespace heddle::comm {
namespace {

constexpr int exchange_tag = 32001;  // beyond those of point_to_point.hpp; MPI promises tags up to 32767

bool overlapping(const std::vector<maps::Segments::Part>& parts) {
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

Exchange::Route::Route(const Communicator& communicator, maps::Segments plan, DType dtype)
    : group_(communicator.handle()),
      dtype_(dtype),
      source_(plan.source.shape()),
      target_(plan.target.shape()),
      plan_(std::move(plan)) {
  std::erase_if(plan_.sent, [&](const auto& part) { return part.box.empty() || part.peer == group_.rank; });
  std::erase_if(plan_.received, [](const auto& part) { return part.box.empty(); });
  std::vector<maps::Box*> boxes = {&plan_.source, &plan_.target};
  for (auto& part : plan_.sent) boxes.push_back(&part.box);
  for (auto& part : plan_.received) boxes.push_back(&part.box);
  merge_common_dims(boxes);
  for (const auto& [peer, box] : plan_.sent)
    sends_.push_back({peer, box.count(), Segment(dtype, plan_.source, box)});
  adds_ = overlapping(plan_.received);
  std::int64_t arriving = 0;
  for (const auto& part : plan_.received) arriving += part.box.count();
  covered_ = adds_ ? plan_.received.front().box == plan_.target : arriving == target_.count();
  target_run_ = std::make_shared<const std::vector<lanes::Run>>(1, lanes::Run{0, 0, target_.count()});
}

const Exchange::Route::Packed& Exchange::Route::packed() {
  if (!packed_) packed_ = make_packed();
  return *packed_;
}

const Exchange::Route::Arrivals& Exchange::Route::arrivals(bool through_workspace) {
  std::optional<Arrivals>& how = through_workspace ? through_workspace_ : direct_;
  if (!how) how = make_arrivals(through_workspace);
  return *how;
}

Exchange::Route::Packed Exchange::Route::make_packed() const {
  Packed all;
  std::vector<lanes::Run> runs;
  for (std::size_t i = 0; i < sends_.size(); ++i) {
    if (sends_[i].segment.in_a_row()) continue;
    const auto from = run_offsets(plan_.source, plan_.sent[i].box);
    const std::int64_t length = sends_[i].elements / std::ssize(from);
    for (const std::int64_t offset : from) {
      runs.push_back({offset, all.elements, length});
      all.elements += length;
    }
  }
  all.runs = std::make_shared<const std::vector<lanes::Run>>(std::move(runs));
  return all;
}

Exchange::Route::Arrivals Exchange::Route::make_arrivals(bool through_workspace) const {
  Arrivals how;
  for (const auto& [peer, box] : plan_.received) {
    const bool own = peer == group_.rank;
    if (!own && !through_workspace) {
      how.receives.push_back({peer, box.count(), Segment(dtype_, plan_.target, box)});
      continue;
    }
    const auto from = own ? run_offsets(plan_.source, box) : run_offsets(box, box);
    const auto to = run_offsets(plan_.target, box);
    std::vector<lanes::Run> runs;
    for (std::size_t i = 0; i < to.size(); ++i)
      runs.push_back({from[i] + (own ? 0 : how.elements), to[i], box.count() / std::int64_t(to.size())});
    how.landings.push_back({own, std::make_shared<const std::vector<lanes::Run>>(std::move(runs))});
    if (own) continue;
    const maps::Box workspace{{-how.elements, box.count()}};
    how.receives.push_back({peer, box.count(), Segment(dtype_, workspace, maps::Box{{0, box.count()}})});
    how.elements += box.count();
  }
  return how;
}

// Where segments overlap, all but the one that already fills the target are added, in the order of the ranks.
void Exchange::Route::land_segments(const Arrivals& how, const void* in, const void* workspace,
                                    const Tensor& sums, lanes::Landing join, const lanes::Lane& lane) const {
  bool replaces = !adds_ || covered_;
  for (const Landing& landing : how.landings) {
    lane.land(landing.runs, {dtype_, sums.dtype}, landing.own ? in : workspace, sums.data,
              replaces ? lanes::Landing::replace : join);
    replaces = !adds_;
  }
}

bool Exchange::Route::adds_apart(const Tensor& out) const { return adds_ && out.dtype == DType::bf16; }

void Exchange::Route::land_all(const Arrivals& how, const Tensor& in, void* workspace, const Tensor& out,
                               lanes::Landing join, const lanes::Lane& lane) const {
  const bool apart = adds_apart(out);
  const Tensor sums =
      apart ? Tensor{static_cast<char*>(workspace) + maps::behind(how.elements * size_of(dtype_)), DType::f32,
                     target_}
            : out;
  if (adds_ && !covered_) lane.fill(sums, 0);
  land_segments(how, in.data, workspace, sums, join, lane);
  if (apart) lane.land(target_run_, {sums.dtype, out.dtype}, sums.data, out.data, lanes::Landing::replace);
}

void Exchange::Route::post(Request::State& state, const Arrivals& how, const Tensor& in,
                           const Tensor& arrival, int tag) const {
  state.pending.reserve(how.receives.size() + sends_.size());
  for (const auto& [peer, elements, segment] : how.receives)
    check(MPI_Irecv(segment.in(arrival.data), segment.count(), segment.type(), peer, tag, group_.comm,
                    state.add()),
          "MPI_Irecv");
  state.receives = how.receives.size();
  for (const auto& [peer, elements, segment] : sends_)
    check(
        MPI_Isend(segment.in(in.data), segment.count(), segment.type(), peer, tag, group_.comm, state.add()),
        "MPI_Isend");
}

Calls Exchange::Route::calls(const Tensor& in, const Tensor& out, const lanes::Lane& lane, const char* what,
                             int tag, Next next) {
  HEDDLE_EXPECT(in.shape == source_ && out.shape == target_ && in.dtype == dtype_);
  const bool through = adds_ || !lane.shares_memory();
  const Arrivals& how = arrivals(through);
  HEDDLE_EXPECT(out.dtype == dtype_ || through || how.receives.empty());
  if (!adds_ && !covered_) lane.fill(out, 0);
  const std::int64_t sums = bytes_of_sums(out);
  const lanes::Memory workspace =
      through ? group_.workspaces.take(maps::behind(how.elements * size_of(dtype_)) + sums, lane)
              : lanes::Memory();
  const Tensor arrival = through ? Tensor{workspace.data(), dtype_, {how.elements}} : out;
  const auto land = [self = shared_from_this(), &how, workspace, in, out, lane] {
    self->land_all(how, in, workspace.data(), out, lanes::Landing::add, lane);
    if (workspace.data()) self->group_.workspaces.keep(workspace, lane);
  };
  std::vector<Use> uses = {{Use::Of::reads, in}, {Use::Of::writes, arrival}, {Use::Of::keeps, out}};
  if (sends_.empty()) uses[0].of = Use::Of::keeps;
  if (how.receives.empty()) uses[1].of = Use::Of::keeps;
  return {what, std::move(uses),
          [self = shared_from_this(), &how, through, land, tag, next = std::move(next)](
              Request::State& state, const std::vector<Tensor>& reached) {
            self->post(state, how, reached[0], reached[1], tag);
            state.finish = next;
            if (!through) return land();  // beside what arrives
            state.finish = [land, next](Request::State& arrived) {
              land();
              if (next) next(arrived);
            };
          },
          Calls::Of::messages};
}

Request Exchange::Route::start(const Tensor& in, const Tensor& out, const lanes::Lane& lane) {
  if (auto* device = group_.channels.all(lane))
    return make_request(*group_.shared, lane, *device, "exchange", {in, out},
                        [&] { enqueue(*device, in, out, lanes::Landing::add); });
  return make_request(*group_.shared, lane, calls(in, out, lane, "exchange", exchange_tag, {}));
}

Exchange::Exchange(const Communicator& communicator, const maps::TransferPlan& plan, DType dtype) {
  HEDDLE_EXPECT(plan.ranks() == communicator.size());
  const int me = communicator.rank();
  maps::Segments local{plan.source[me], plan.target[me], {}, {}};
  for (const auto& transfer : maps::sent_by(plan, me)) local.sent.push_back({transfer.to, transfer.box});
  for (const auto& transfer : maps::received_by(plan, me))
    local.received.push_back({transfer.from, transfer.box});
  route_ = std::make_shared<Route>(communicator, std::move(local), dtype);
}

Request Exchange::start(const Tensor& in, const Tensor& out, const lanes::Lane& lane) const {
  return route_->start(in, out, lane);
}

}  // namespace heddle::comm
