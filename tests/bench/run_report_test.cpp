// What is said of a run.
#include "../../src/bench/run_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace heddle::bench {
namespace {

constexpr std::int64_t mib = 1 << 20;

RunReport of_two_ranks() {
  return {.ranks = 2,
          .steps = {3, 1, 2},
          .tokens = 1000,
          .flops = 8e14,
          .formula = "so many",
          .product_rate = 1e15,
          .precision = "bf16",
          .memory = {.planned = 5 * mib, .allocated = 6 * mib, .resident = 7 * mib},
          .overhead = {},
          .dearer = {1, -2}};
}

TEST(RunReport, TellsSpeedByTheFormulaAndItsShareOfTheProductsRate) {
  const std::string said = text(of_two_ranks());
  EXPECT_THAT(said, testing::HasSubstr("step           2 s, median of 3"));
  EXPECT_THAT(said, testing::HasSubstr("speed          500.0 tokens/s\n"));
  EXPECT_THAT(said, testing::HasSubstr("model FLOPs    400 TFLOP/s, 200 TFLOP/s a rank; a step has\n"
                                       "               so many\n"));
  EXPECT_THAT(said,
              testing::HasSubstr("GEMM rate      1 PFLOP/s, 500 TFLOP/s a rank, bf16, of all ranks at once; "
                                 "the step gives 0.400 of it\n"));
}

TEST(RunReport, TellsOfADevicesMemoryWhereThereIsOne) {
  RunReport run = of_two_ranks();
  EXPECT_THAT(text(run), testing::Not(testing::HasSubstr("GPU")));
  EXPECT_FALSE(object(run.memory).contains("device_bytes"));
  run.memory.device = {.start = 600 * mib, .set_up = 900 * mib, .end = 1000 * mib, .total = 2000 * mib};
  EXPECT_THAT(text(run),
              testing::HasSubstr("GPU memory     600.0 MiB taken at the start, 900.0 once set up, 1000.0 "
                                 "after the steps, of 2000.0\n"));
  EXPECT_EQ(object(run.memory)["device_end_bytes"], 1000 * mib);
}

TEST(RunReport, TellsWhatIsReplayedWhereTheLaneRecords) {
  RunReport run = of_two_ranks();
  EXPECT_THAT(text(run), testing::Not(testing::HasSubstr("kernels  ")));
  run.replays = {.nodes = 1000, .replayed = 900, .launches = 8};
  EXPECT_THAT(text(run),
              testing::HasSubstr("kernels        of 1000 nodes a step 900 are replayed, in 8 launches"));
  run.replays.refused = "out of memory";
  EXPECT_THAT(text(run), testing::HasSubstr("would not record them: out of memory\n"));
}

TEST(RunReport, OfTheRanksMemoryTheLargestNumbersCount) {
  const MemoryUse a{1, 5, 3, DeviceUse{9, 1, 1, 4}}, b{2, 4, 6, DeviceUse{3, 2, 3, 4}};
  const MemoryUse most = larger(a, b);
  EXPECT_EQ((std::vector{most.planned, most.allocated, most.resident}), (std::vector<std::int64_t>{2, 5, 6}));
  EXPECT_EQ((std::vector{most.device->start, most.device->set_up, most.device->end, most.device->total}),
            (std::vector<std::int64_t>{9, 2, 3, 4}));
  EXPECT_TRUE(larger({}, b).device);
}

}  // namespace
}  // namespace heddle::bench
