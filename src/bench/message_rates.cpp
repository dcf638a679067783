#include "message_rates.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <set>
#include <utility>

#include "exchanges.hpp"
#include "heddle/base/mebibytes.hpp"
#include "heddle/maps/local.hpp"
#include "nodes.hpp"
#include "over_ranks.hpp"
#include "sampling.hpp"

namespace heddle::bench {
namespace {

using maps::Axis;

/// Long enough that their latency is no part of their time: 2 % where a GPU sends 400 GB/s.
constexpr std::int64_t message_mib_of_a_host = 8, message_mib_of_a_gpu = 64;
constexpr std::array collective_kib = {64, 1024, 16 * 1024};
/// Two messages at once that take so many times as long as one pass one after the other.
constexpr double contended = 1.5;

Tensor of_bytes(std::int64_t bytes) { return {nullptr, DType::f32, {bytes / size_of(DType::f32)}}; }

/// Of all pairs, the same on every rank.
std::set<comm::Channel> channels(const std::vector<std::string>& hosts) {
  std::set<comm::Channel> all;
  for (int rank = 0; rank < static_cast<int>(hosts.size()); ++rank)
    for (const Reach reach : {Reach::within_a_node, Reach::between_nodes})
      if (const int other = partner(hosts, rank, reach); other >= 0) all.insert({rank, other, 0});
  return all;
}

class MessageRates {
 public:
  MessageRates(MachineReport& report, const comm::Communicator& ranks, const std::vector<std::string>& hosts,
               lanes::Lane lane)
      : over_ranks_(ranks, report),
        hosts_(hosts),
        lane_(std::move(lane)),
        message_mib_(lane_.stream() ? message_mib_of_a_gpu : message_mib_of_a_host),
        grid_(ranks, maps::Grid({ranks.size(), 1, 1}), {Axis::data}) {
    grid_.open_channels(Axis::data, channels(hosts));
  }

  void run() {
    const std::optional<int> in_a_node = ranks_per_node(hosts_);
    over_ranks_.key("ranks_per_node", in_a_node ? std::optional(std::to_string(*in_a_node)) : std::nullopt,
                    in_a_node ? "that took part" : "the nodes have different numbers of ranks");
    messages(Reach::within_a_node, "within a node", "");
    messages(Reach::between_nodes, "between nodes", "node_");
    over_ranks_.key(
        "contention", contends_ ? std::optional(*contends_ ? "true" : "false") : std::nullopt,
        contends_ ? "whether two messages at once take 1.5 times as long as one" : "no message was sent");
    if (hosts_.size() > 1)
      for (const int kib : collective_kib) collectives(std::int64_t{1024} * kib);
  }

 private:
  void messages(Reach reach, const std::string& where, const std::string& prefix) {
    if (channels_along(reach) == 0) {
      const std::string why =
          "no two ranks " + where + " took part; there messages are free until it is given";
      over_ranks_.key(prefix + "latency", std::nullopt, why);
      return over_ranks_.key(prefix + "bandwidth", std::nullopt, why);
    }
    const int other = partner(hosts_, grid_.rank(), reach);
    const auto figure = [&](const std::string& what, double mine) {
      return over_ranks_.figure(what + " " + where, Unit::seconds,
                                other >= 0 ? std::optional(mine) : std::nullopt);
    };
    over_ranks_.key(prefix + "latency",
                    figure("half of a message's round trip", round_trip_seconds(other) / 2),
                    "seconds, half of a small message's round trip");
    const std::string size = fmt::format("{} MiB", message_mib_);
    const double one = figure(size + " both ways at once", both_ways_seconds(other, 1)),
                 two = figure("twice " + size + " both ways at once", both_ways_seconds(other, 2));
    over_ranks_.key(prefix + "bandwidth", static_cast<double>(message_mib_ * mebibyte) / one,
                    fmt::format("bytes/s, of {} each way at once", size));
    if (!contends_) contends_ = two >= contended * one;
  }

  /// How many ranks have a partner.
  std::ptrdiff_t channels_along(Reach reach) const {
    std::ptrdiff_t count = 0;
    for (int rank = 0; rank < static_cast<int>(hosts_.size()); ++rank)
      count += partner(hosts_, rank, reach) >= 0;
    return count;
  }
  const comm::Communicator& ranks() const { return grid_.along(Axis::data); }

  /// `other` is the partner; -1: none.
  double round_trip_seconds(int other) {
    const Scratch out(of_bytes(8), lane_), in(out.tensor, lane_);
    const std::vector<Message> none, sent = {{other, {0, 0}, out.tensor}},
                                     received = {{other, {0, 0}, in.tensor}};
    const bool leads = grid_.rank() < other;
    return seconds_in_a_row(ranks(), lane_, [&] {
      if (other < 0) return;
      exchange(ranks(), leads ? sent : none, leads ? none : received, lane_);
      exchange(ranks(), leads ? none : sent, leads ? received : none, lane_);
    });
  }

  double both_ways_seconds(int other, int messages) {
    std::vector<Message> all;
    for (int tag = 0; other >= 0 && tag < messages; ++tag)
      all.push_back({other, {tag, 0}, of_bytes(message_mib_ * mebibyte)});
    return exchange_seconds(ranks(), all, all, lane_);
  }

  /// As bytes of the whole tensor over the time.
  void collectives(std::int64_t bytes) {
    using enum maps::MapKind;
    for (const maps::Map& map : {maps::Map{sum_reduce, Axis::data}, maps::Map{all_gather, Axis::data, 0},
                                 maps::Map{reduce_scatter, Axis::data, 0}}) {
      const auto held = [&](maps::Part part) {
        return Tensor{nullptr, DType::f32,
                      maps::local_shape(of_bytes(bytes).shape, maps::Layout().with(Axis::data, part),
                                        grid_.shape(), Rank(grid_.rank()))};
      };
      const double seconds = map_seconds(map, grid_, held(source(map)), held(target(map)), lane_);
      over_ranks_.figure(
          fmt::format("{} of {} KiB over {} ranks", name(map.kind), bytes >> 10, hosts_.size()),
          Unit::bytes_per_second, static_cast<double>(bytes) / seconds);
    }
  }

  OverRanks over_ranks_;
  const std::vector<std::string>& hosts_;
  lanes::Lane lane_;
  std::int64_t message_mib_;
  comm::CartesianGrid grid_;
  std::optional<bool> contends_;
};

}  // namespace

void add_message_rates(MachineReport& report, const comm::Communicator& ranks,
                       const std::vector<std::string>& hosts, const lanes::Lane& lane) {
  MessageRates(report, ranks, hosts, lane).run();
}

}  // namespace heddle::bench
