// Every wait for a lane is needed: on a lane whose work is late, one kind of wait forgotten changes the
// parameters or the losses.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "heddle/comm/collectives.hpp"
#include "support/late_stream.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

struct Bits {
  std::vector<double> losses;
  std::vector<std::byte> state;
  bool finite = true;

  friend bool operator==(const Bits&, const Bits&) = default;
};

/// Two steps on a late lane of their own.
Bits train_forgetting(const deck::Deck& deck, const std::string& forgotten,
                      std::set<std::string>* waits = nullptr) {
  const auto stream = std::make_shared<LateStream>();
  const lanes::Lane late(stream);
  const plan::Plan plan = plan::make(deck);
  const exec::Clock clock;
  session::Trainer trainer(session::options_of(deck), plan, world().all(), clock, late);
  const data::Batch batch = made_up_batch(deck, trainer.first_sample(), trainer.sample_count());
  stream->forget(forgotten);
  Bits bits;
  try {
    for (int step = 0; step < 2; ++step) bits.losses.push_back(trainer.step(step, batch).loss);
  } catch (const Error& error) {
    if (error.code() != ExitCode::numbers) throw;
    bits.finite = false;
  }
  if (waits) *waits = stream->waits();
  stream->forget("");
  // Moments too: AdamW's first steps hardly depend on a gradient's last bit.
  for (const train::TrainedParameter& p : trainer.parameters())
    for (const Tensor& tensor : {p.tensor, p.first_moment}) {
      if (!tensor.data) continue;
      const lanes::OnHost host = late.on_host(tensor);
      const auto* const begin = static_cast<const std::byte*>(host.tensor.data);
      bits.state.insert(bits.state.end(), begin, begin + host.tensor.bytes());
    }
  return bits;
}

deck::Deck deck_on(int pipeline, int tensor) {
  const int replicas = world().size() / tensor / pipeline;
  return small_deck({"grid.tensor=" + std::to_string(tensor), "grid.pipeline=" + std::to_string(pipeline),
                     "grid.data=" + std::to_string(replicas), "pipeline.microbatches=2",
                     "train.batch=" + std::to_string(8 * replicas), "pipeline.tied=transmit",
                     std::string("grid.sequence_parallel=") + (tensor > 1 ? "true" : "false")});
}

/// On how many ranks it holds.
double over_ranks(bool here) { return comm::all_sum(world().all(), here, "what the ranks have seen"); }

/// Whether some rank makes marks for this kind of wait, and whether some rank's bits change without them.
struct Seen {
  bool used = false, noticed = false;
};
using Findings = std::map<std::string, Seen>;

void try_all(const deck::Deck& deck, Findings& findings) {
  std::set<std::string> waits;
  const Bits right = train_forgetting(deck, "", &waits);
  EXPECT_EQ(right, train_forgetting(deck, ""));
  EXPECT_EQ(right.losses.size(), 2u);
  for (const std::string& wait : waits) EXPECT_TRUE(findings.contains(wait)) << wait;
  for (auto& [wait, seen] : findings) {
    if (over_ranks(waits.contains(wait)) == 0) continue;
    seen.used = true;
    seen.noticed = over_ranks(train_forgetting(deck, wait) != right) > 0 || seen.noticed;
  }
}

TEST(ForgottenWaits, EachIsSeen) {
  if (lanes::device_lane().stream()) GTEST_SKIP() << "kernels run on no lane of the test's own";
  Findings findings = {{"send", {}},      {"receive", {}},  {"all-reduce", {}},       {"reduce", {}},
                       {"broadcast", {}}, {"exchange", {}}, {"copy to the host", {}}, {"terms of a sum", {}},
                       {"a sum", {}}};
  const int ranks = world().size();
  // A sum to one rank is only seen where no other map stands before it at the end of a step.
  try_all(deck_on(ranks, 1), findings);
  if (ranks % 2 == 0) try_all(deck_on(ranks / 2, 2), findings);
  if (ranks % 2 == 0) try_all(deck_on(1, 2), findings);
  try_all(small_deck({fmt::format("grid.data={}", ranks), fmt::format("train.batch={}", 8 * ranks),
                      "train.precision=fp32", "comm.gradients=bf16"}),
          findings);
  for (const auto& [wait, seen] : findings) EXPECT_EQ(seen.noticed, seen.used) << wait;
}

}  // namespace
}  // namespace heddle::tests
