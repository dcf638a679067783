#include "heddle/schedule/message_order.hpp"

#include <map>
#include <vector>

#include "heddle/schedule/null_machine.hpp"

namespace heddle::schedule {

std::optional<std::set<Channel>> ordered_channels(const Schedule& schedule) {
  if (schedule.window > 1) return {};
  std::map<Channel, std::vector<Action>> sent, taken;  // the sends, in either order
  for (const Row& row : schedule.rows)
    for (const Action& action : row) {
      if (!is_send(action.kind) && !is_receive(action.kind)) continue;
      const PipelineRank here = schedule.rank_of_stage[action.stage];
      const PipelineRank there = schedule.rank_of_stage[partner_stage(action)];
      if (is_send(action.kind))
        sent[{here, there, channel_of(action)}].push_back(action);
      else
        taken[{there, here, channel_of(action)}].push_back(counterpart(action));
    }
  if (sent != taken) return {};
  std::set<Channel> channels;
  for (const auto& [channel, messages] : sent) channels.insert(channel);
  return channels;
}

}  // namespace heddle::schedule
