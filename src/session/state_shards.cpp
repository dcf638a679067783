#include "heddle/session/state_shards.hpp"

#include <algorithm>
#include <utility>

namespace heddle::session {
namespace {

using Bring = lanes::OnHost (*)(const lanes::Lane&, const train::TrainedParameter&);

DType wide(DType type) { return type == DType::f64 ? DType::f64 : DType::f32; }

class Collector {
 public:
  explicit Collector(const Trainer& trainer) : trainer_(trainer) {}

  StateShards run(std::optional<std::span<std::byte>> copy) {
    copy_ = copy;
    for (const train::TrainedParameter& p : trainer_.parameters()) {
      add(p, io::parameter_dataset(p.name), p.tensor, train::whole);
      if (!p.stepped()) continue;  // whoever steps it writes its moments
      add(p, io::first_moment_dataset(p.name), p.first_moment, train::whole_first_moment);
      add(p, io::second_moment_dataset(p.name), p.second_moment, train::whole_second_moment);
    }
    return std::move(all_);
  }

 private:
  void add(const train::TrainedParameter& p, const std::string& dataset, const Tensor& lies, Bring bring) {
    io::Shard shard{dataset, p.global, p.box.origin(), {nullptr, wide(lies.dtype), lies.shape}, p.owner};
    if (p.owner) shard.local = brought(bring(trainer_.lane(), p), lies);
    all_.shards.push_back(std::move(shard));
  }

  Tensor brought(lanes::OnHost numbers, const Tensor& lies) {
    const bool is_copy = numbers.tensor.data != lies.data;
    const Tensor shown = copy_ && !is_copy ? copied(numbers.tensor) : numbers.tensor;
    all_.held.push_back(std::move(numbers));
    return shown;
  }

  Tensor copied(const Tensor& from) {
    const auto bytes = static_cast<std::size_t>(from.bytes());
    HEDDLE_EXPECT(bytes <= copy_->size());
    const Tensor to{copy_->data(), from.dtype, from.shape};
    std::copy_n(static_cast<const std::byte*>(from.data), bytes, copy_->data());
    copy_ = copy_->subspan(bytes);
    return to;
  }

  const Trainer& trainer_;
  StateShards all_;
  std::optional<std::span<std::byte>> copy_;  ///< what is left of it
};

}  // namespace

StateShards state_shards(const Trainer& trainer) { return Collector(trainer).run({}); }

StateShards copied_state_shards(const Trainer& trainer, std::span<std::byte> copy) {
  return Collector(trainer).run(copy);
}

}  // namespace heddle::session
