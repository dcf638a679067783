#include "heddle/session/state_shards.hpp"

#include <string>
#include <utility>

#include "heddle/train/whole.hpp"

namespace heddle::session {
namespace {

io::Shard shard(const train::TrainedParameter& p, const std::string& dataset, train::Whole whole) {
  return {dataset, p.global, p.box.origin(), whole.tensor, p.owner, std::move(whole.make)};
}

}  // namespace

std::vector<io::Shard> shards_of(const std::vector<train::TrainedParameter>& parameters) {
  std::vector<io::Shard> all;
  for (const train::TrainedParameter& p : parameters) {
    all.push_back(shard(p, io::parameter_dataset(p.name), train::whole(p)));
    if (!p.stepped()) continue;  // whoever steps it writes its moments
    all.push_back(shard(p, io::first_moment_dataset(p.name), train::whole_first_moment(p)));
    all.push_back(shard(p, io::second_moment_dataset(p.name), train::whole_second_moment(p)));
  }
  return all;
}

}  // namespace heddle::session
