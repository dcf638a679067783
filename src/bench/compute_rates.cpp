#include "compute_rates.hpp"

#include <fmt/format.h>

#include "attention_rates.hpp"
#include "heddle/deck/deck.hpp"
#include "heddle/kernels/elementwise.hpp"
#include "heddle/kernels/gemm.hpp"
#include "over_ranks.hpp"
#include "rates.hpp"
#include "sampling.hpp"

namespace heddle::bench {
namespace {

void add_products(OverRanks& over_ranks, const comm::Communicator& ranks, const lanes::Lane& lane,
                  Precision precision) {
  const std::string type(deck::name(precision));
  double most = 0;
  std::string fastest;
  for (const ProductShape& shape : product_shapes(lane)) {
    const double rate =
        over_ranks.figure(fmt::format("{} product {}", type, name(shape)), Unit::flops_per_second,
                          product_rate(ranks, lane, precision, shape));
    if (rate > most) most = rate, fastest = name(shape);
  }
  over_ranks.key(type, most, "FLOP/s, of products " + fastest);
}

void add_attention(OverRanks& over_ranks, const comm::Communicator& ranks, const lanes::Lane& lane,
                   const AttentionShape& shape) {
  const AttentionRates rates = attention_rates(ranks, lane, shape);
  const std::string what =
      fmt::format("{} attention {} x {} tokens, {} heads x {}", heddle::name(shape.dtype), shape.samples,
                  shape.sequence, shape.heads, shape.head_dim);
  over_ranks.figure(what + ", forward", Unit::flops_per_second, rates.forward);
  over_ranks.figure(what + ", backward", Unit::flops_per_second, rates.backward);
}

/// Of a kernel that has next to nothing to do.
void add_launches(OverRanks& over_ranks, const comm::Communicator& ranks, const lanes::Lane& lane) {
  const Scratch x({nullptr, DType::f32, {64}}, lane), y(x.tensor, lane);
  const auto launch = [&] { kernels::add(lane, x.tensor, x.tensor, y.tensor); };
  const double enqueued = seconds_in_a_row(ranks, lane, launch), waited = seconds_in_a_row(ranks, lane, [&] {
                                                                   launch();
                                                                   lane.fence("measuring rates");
                                                                 });
  over_ranks.key("kernel", over_ranks.figure("a small kernel behind others", Unit::seconds, enqueued),
                 "seconds of a small kernel, of many enqueued and then waited for");
  over_ranks.figure("a small kernel that is waited for", Unit::seconds, waited);
}

}  // namespace

void add_compute_rates(MachineReport& report, const comm::Communicator& ranks, const lanes::Lane& lane,
                       const AttentionShape& attention) {
  OverRanks over_ranks(ranks, report);
  for (const Precision precision : {Precision::fp64, Precision::fp32, Precision::tf32, Precision::bf16})
    if (precision != Precision::tf32 || kernels::lacks_tf32().empty())
      add_products(over_ranks, ranks, lane, precision);
  over_ranks.key("memory",
                 over_ranks.figure("copy, read and written", Unit::bytes_per_second, copy_rate(ranks, lane)),
                 "bytes/s, read and written, of a copy that no cache holds");
  add_attention(over_ranks, ranks, lane, attention);
  add_launches(over_ranks, ranks, lane);
}

}  // namespace heddle::bench
