// The table of generators, and how many stages a rank each lays out.
#include "heddle/schedule/generate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "heddle/schedule/dual_pipe_v.hpp"
#include "heddle/schedule/dynamic.hpp"
#include "heddle/schedule/gpipe.hpp"
#include "heddle/schedule/interleaved.hpp"
#include "heddle/schedule/looped_bfs.hpp"
#include "heddle/schedule/one_f_one_b.hpp"
#include "heddle/schedule/v_blocks.hpp"
#include "heddle/schedule/zb_auto.hpp"
#include "heddle/schedule/zb_hand_made.hpp"
#include "heddle/schedule/zb_v.hpp"

namespace heddle::schedule {
namespace {

/// Stages that a rank holds.
enum class Chunks : std::uint8_t { one, two, any };

struct Generator {
  std::string_view name;
  Chunks chunks;
  Schedule (*rows)(const Request&);
};

// clang-format off
using R = const Request&;
constexpr Generator generators[] = {
    {"gpipe",          Chunks::one, [](R r) { return gpipe(r.ranks, r.microbatches); }},
    {"1f1b",           Chunks::one, [](R r) { return one_f_one_b(r.ranks, r.microbatches); }},
    {"looped-bfs",     Chunks::any, [](R r) { return looped_bfs(r.ranks, r.chunks, r.microbatches); }},
    {"interleaved",    Chunks::any, [](R r) { return interleaved(r.ranks, r.chunks, r.microbatches); }},
    {"zb-h1",          Chunks::one, [](R r) { return zb_h1(r.ranks, r.microbatches); }},
    {"zb-h2",          Chunks::one, [](R r) { return zb_h2(r.ranks, r.microbatches); }},
    {"zb-auto",        Chunks::one, zb_auto},
    {"interleaved-zb", Chunks::any, [](R r) { return interleaved_zb(r.ranks, r.chunks, r.microbatches); }},
    {"zb-v",           Chunks::two, [](R r) { return zb_v(r.ranks, r.microbatches); }},
    {"v-half",         Chunks::two, [](R r) { return v_half(r.ranks, r.microbatches); }},
    {"v-min",          Chunks::two, [](R r) { return v_min(r.ranks, r.microbatches); }},
    {"dualpipev",      Chunks::two, [](R r) { return dual_pipe_v(r.ranks, r.microbatches); }},
    {"dynamic",        Chunks::one, dynamic},
};
// clang-format on

void check_chunks(const Generator& generator, int chunks) {
  const int wanted = generator.chunks == Chunks::two ? 2 : 1;
  if (generator.chunks == Chunks::any || chunks == wanted) return;
  throw BadRequest(
      "chunks", fmt::format("pipeline.chunks = {} does not fit the schedule \"{}\"", chunks, generator.name),
      wanted == 1 ? "it lays one stage on each rank" : "it folds the stages into a V, two on each rank",
      fmt::format("try pipeline.chunks = {}", wanted));
}

}  // namespace

std::vector<std::string_view> names() {
  std::vector<std::string_view> all;
  for (const Generator& generator : generators) all.push_back(generator.name);
  return all;
}

Schedule generate(const Request& request) {
  HEDDLE_EXPECT(request.ranks >= 1 && request.chunks >= 1 && request.microbatches >= 1);
  const auto* found = std::find_if(std::begin(generators), std::end(generators),
                                   [&](const Generator& one) { return one.name == request.name; });
  if (found == std::end(generators))
    throw BadRequest("schedule", fmt::format("there is no schedule \"{}\"", request.name),
                     "a schedule has a name", fmt::format("try one of {}", fmt::join(names(), ", ")));
  check_chunks(*found, request.chunks);
  return found->rows(request);
}

}  // namespace heddle::schedule
