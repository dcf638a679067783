#include "run_header.hpp"

#include <map>
#include <sstream>

#include "heddle/comm/gather.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/plan/message_memory.hpp"
#include "heddle/schedule/text.hpp"

namespace heddle::session {
namespace {

void add_memory(io::RunHeader& header, const plan::RankMemory& memory, int rank) {
  for (const schedule::Pool& pool : memory.training.pools)
    header.memory.push_back({rank, pool.name, pool.bytes()});
  if (memory.evaluation > 0) header.memory.push_back({rank, "evaluation", memory.evaluation});
  if (memory.rooms > 0) header.memory.push_back({rank, "rooms of kernels", memory.rooms});
}

void add_memory(io::RunHeader& header, const plan::MessageMemory& messages, int rank) {
  const auto add = [&](const char* region, std::int64_t bytes) {
    if (bytes > 0) header.memory.push_back({rank, region, bytes});
  };
  add("messages", bytes_of(messages.landing));
  add("messages, on the host", bytes_of(messages.staged));
}

}  // namespace

io::RunHeader run_header(const deck::Deck& deck, const Trainer& trainer,
                         const std::vector<std::string>& hosts) {
  const plan::Plan& plan = trainer.plan();
  io::RunHeader header;
  header.parameters = plan.count.parameters;
  header.deck_given = deck.text;
  header.overrides = deck.overrides;
  header.deck_resolved = deck::resolved(deck);
  header.hosts = hosts;
  header.grid = plan.grid();
  header.flops_per_step = plan.count.flops_per_step;
  std::istringstream text(schedule::write(plan.training.schedule));
  for (std::string row; std::getline(text, row);) header.actions.push_back(row);
  std::map<int, plan::MessageMemory> messages;  // ranks of a class differ by a number or two of a bucket
  for (int rank = 0; rank < plan.grid().size(); ++rank) {
    const int of_class = plan.classes.class_of(rank);
    if (!messages.contains(of_class))
      messages[of_class] = plan::message_memory(plan, rank, trainer.carriers());
    add_memory(header, plan.memory(rank), rank);
    add_memory(header, messages[of_class], rank);
  }
  return header;
}

std::vector<io::MemoryRegion> regions(const std::optional<DeviceUse>& use, const comm::World& world) {
  const std::vector<DeviceUse> mine(use ? 1 : 0, use.value_or(DeviceUse{}));
  const auto all =
      comm::gather_rows<DeviceUse>(world.all(), mine, comm::Receivers::first, "what GPUs' memory holds");
  std::vector<io::MemoryRegion> found;
  for (std::size_t rank = 0; rank < all.size(); ++rank)
    for (const DeviceUse& one : all[rank]) {
      const auto number = static_cast<std::int64_t>(rank);
      found.push_back({number, "at the start", one.at_start});
      found.push_back({number, "once set up", one.set_up});
      found.push_back({number, "all", one.all});
    }
  return found;
}

}  // namespace heddle::session
