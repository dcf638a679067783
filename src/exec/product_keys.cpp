#include "heddle/exec/product_keys.hpp"

#include <bit>

#include "heddle/exec/bindings.hpp"
#include "heddle/passes/loss_tail.hpp"
#include "values.hpp"

namespace heddle::exec {
namespace {

using graph::ValueId;
using kernels::Write;

class Finder {
 public:
  Finder(const passes::Program& program, const plan::RankPlan& rank)
      : program_(program),
        rank_(rank),
        summed_(summed_values(program)),
        inside_loss_(passes::inside_loss(program)) {}

  std::set<kernels::ProductKey> all() {
    for (const graph::Node& node : program_.graph.nodes) {
      if (node.phase != graph::Phase::loss)
        add(node, nullptr);
      else
        for (const maps::Block& chunk : rank_.loss_chunks) add(node, &chunk);
    }
    return std::move(keys_);
  }

 private:
  void add(const graph::Node& node, const maps::Block* chunk) {
    const auto product = product_of(node, tensors(node.in, chunk), tensors(node.out, chunk));
    if (!product) return;
    if (product->c.rows == 0 || product->c.columns == 0 || product->a.columns == 0) return;
    keys_.insert(kernels::key_of(*product, Write::overwrite));
    if (summed_[node.out.front()]) keys_.insert(kernels::key_of(*product, Write::accumulate));
    if (!product->gelu_of.data) return;
    kernels::Product plain = *product;  // in case that both one after the other are faster
    plain.gelu_of = {};
    keys_.insert(kernels::key_of(plain, Write::overwrite));
  }

  std::vector<Tensor> tensors(const std::vector<ValueId>& ids, const maps::Block* chunk) const {
    std::vector<Tensor> all;
    for (const ValueId id : ids) all.push_back(tensor(id, chunk));
    return all;
  }

  /// Where it would lie if the arena began at the lowest address that is no null pointer and aligned as an arena is. Slots of a
  /// pool are as far apart as its alignment allows, so that the first stands for all.
  Tensor tensor(ValueId id, const maps::Block* chunk) const {
    const schedule::Location& place = rank_.memory.locations[static_cast<std::size_t>(id)];
    const std::int64_t pool = place.pool < 0 ? 0 : rank_.memory.pools[place.pool].offset;
    const std::int64_t address = kernels::ProductKey::most_alignment + pool + place.offset;
    const Tensor whole{std::bit_cast<void*>(address), program_.graph[id].dtype, place.shape};
    if (!chunk || !graph::has_rows(program_.graph[id].shape)) return whole;
    return chunk_of(whole, inside_loss_[id], *chunk);
  }

  const passes::Program& program_;
  const plan::RankPlan& rank_;
  std::vector<bool> summed_, inside_loss_;
  std::set<kernels::ProductKey> keys_;
};

}  // namespace

std::set<kernels::ProductKey> product_keys(const passes::Program& program, const plan::RankPlan& rank) {
  return Finder(program, rank).all();
}

}  // namespace heddle::exec
