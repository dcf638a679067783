// The end of a step as nodes: who has moments, what is counted, and what tied parameters tell each other.
#include "heddle/passes/step_end.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "../support/ids.hpp"
#include "../support/models.hpp"
#include "heddle/passes/number_types.hpp"

namespace heddle::passes {
namespace {

using graph::Node;
using graph::Role;
using graph::ValueId;

/// Two pipeline ranks that both hold the token table.
Program program_of(PipelineRank pipeline_rank, Tying tying, Update update = Update::final,
                   Precision precision = Precision::fp32, Masters masters = Masters::kept) {
  const ById<PipelineRank, Share> shares = partition(with_types(tests::small_gpt(), precision, masters), {2});
  return with_step_end(differentiate(shares[pipeline_rank]),
                       {.update = update,
                        .tying = tying,
                        .ties = {{"embedding.token", tests::ids<PipelineRank>({0, 1})}},
                        .remainders = masters == Masters::remainder,
                        .pipeline_rank = pipeline_rank});
}

const Trained& table_of(const Program& program) {
  return *std::ranges::find_if(program.trained, [&](const Trained& trained) {
    return program.graph[trained.parameter].name == "embedding.token";
  });
}

std::vector<const Node*> nodes_of(const Program& program, Phase phase) {
  std::vector<const Node*> found;
  for (const Node& node : program.graph.nodes)
    if (node.phase == phase) found.push_back(&node);
  return found;
}

TEST(StepEnd, EveryParameterThatIsSteppedHasMomentsLikeItself) {
  for (const PipelineRank rank : first<PipelineRank>(2))
    for (Tying tying : {Tying::replicate, Tying::transmit}) {
      const Program program = program_of(rank, tying);
      for (const Trained& trained : program.trained) {
        const bool stepped = tying == Tying::replicate || rank == 0 || &trained != &table_of(program);
        EXPECT_EQ(trained.stepped(), stepped);
        for (ValueId moment : {trained.moments.first, trained.moments.second}) {
          ASSERT_EQ(moment >= 0, stepped);
          if (!stepped) continue;
          const graph::Value &state = program.graph[moment], &parameter = program.graph[trained.parameter];
          EXPECT_EQ(state.role, Role::state);
          EXPECT_EQ(state.dtype, parameter.dtype);
          EXPECT_EQ(state.shape, parameter.shape);
          EXPECT_EQ(state.layout, parameter.layout);
        }
      }
      EXPECT_EQ(nodes_of(program, Phase::update).size(),
                static_cast<std::size_t>(std::ranges::count(program.trained, true, &Trained::stepped)));
    }
}

TEST(StepEnd, ATiedParameterCountsForItsFirstHolder) {
  for (const PipelineRank rank : first<PipelineRank>(2)) {
    const Program program = program_of(rank, Tying::replicate);
    const std::vector<const Node*> norm = nodes_of(program, Phase::norm);
    ASSERT_EQ(norm.size(), 1u);
    EXPECT_EQ(std::ranges::count(norm.front()->in, table_of(program).gradient), rank == 0 ? 1 : 0);
    EXPECT_EQ(norm.front()->in.size() + (rank == 0 ? 0 : 1), program.trained.size());
    EXPECT_EQ(program.graph[program.squares].shape,
              Shape{static_cast<std::int64_t>(norm.front()->in.size())});
  }
}

/// What the first holder's map says, the adjoint of the other one takes back: the same ranks, the other way.
TEST(StepEnd, TiesAreMapsAmongTheirHolders) {
  for (const PipelineRank rank : first<PipelineRank>(2)) {
    const Program twice = program_of(rank, Tying::replicate), once = program_of(rank, Tying::transmit);
    const auto map_of_tie = [](const Program& program) {
      const Node* node = tests::maker(program.graph, table_of(program).gradient);
      EXPECT_EQ(node->phase, Phase::epilogue);
      return *tests::map_of(*node);
    };
    EXPECT_EQ(name(map_of_tie(twice)), "sum_reduce(pipeline 0, 1)");
    EXPECT_EQ(name(map_of_tie(once)), "sum_to_first(pipeline 0, 1)");
    EXPECT_TRUE(nodes_of(twice, Phase::hand_on).empty());
    const std::vector<const Node*> hand_on = nodes_of(once, Phase::hand_on);
    ASSERT_EQ(hand_on.size(), 1u);
    EXPECT_EQ(*tests::map_of(*hand_on.front()), adjoint(map_of_tie(once)));
    EXPECT_EQ(hand_on.front()->out, std::vector<ValueId>{table_of(once).parameter});
  }
}

/// Whatever writes a parameter, its copy follows in the same phase.
TEST(StepEnd, TheCopyThatProductsReadIsMadeWithTheParameter) {
  for (const PipelineRank rank : first<PipelineRank>(2))
    for (Tying tying : {Tying::replicate, Tying::transmit})
      for (Update update : {Update::final, Update::revocable}) {
        const Program program = program_of(rank, tying, update, Precision::bf16);
        std::map<std::string, std::map<Phase, int>> written, copied;
        for (const Node& node : program.graph.nodes)
          for (const ValueId id : node.out) {
            const graph::Value& value = program.graph[id];
            if (value.role == Role::parameter) ++written[value.name][node.phase];
            if (value.role == Role::copy) ++copied[value.name][node.phase];
          }
        EXPECT_EQ(copied.size(), 1u + 4);
        for (auto& [name, phases] : copied) {
          EXPECT_EQ(phases[Phase::prologue], 0) << name;
          EXPECT_EQ(phases[Phase::refresh], 1) << name;
          const bool handed_by_me = rank == 0 && tying == Tying::transmit && name == "embedding.token";
          if (handed_by_me) written[name].erase(Phase::hand_on);  // it stays what it was
          for (Phase phase : {Phase::update, Phase::redo, Phase::take_back, Phase::hand_on})
            EXPECT_EQ(phases[phase], written[name][phase]) << name << " " << static_cast<int>(phase);
        }
      }
}

TEST(StepEnd, ARevocableStepWritesBesideWhatItReplacesAndKnowsTheWayBack) {
  const Program program = program_of(PipelineRank(0), Tying::replicate, Update::revocable);
  for (const Trained& t : program.trained) {
    for (ValueId id : {t.kept, t.spare.first, t.spare.second})
      EXPECT_EQ(program.graph[id].role, Role::replaced) << program.graph[id].name;
    const auto writes = [&](Phase phase) {
      const auto nodes = nodes_of(program, phase);
      return *std::ranges::find_if(nodes, [&](const Node* node) { return node->out.front() == t.parameter; });
    };
    EXPECT_EQ(writes(Phase::update)->in,
              (std::vector<ValueId>{t.parameter, t.gradient, t.moments.first, t.moments.second}));
    EXPECT_EQ(writes(Phase::update)->out,
              (std::vector<ValueId>{t.parameter, t.spare.first, t.spare.second, t.kept}));
    EXPECT_EQ(writes(Phase::redo)->in,
              (std::vector<ValueId>{t.kept, t.gradient, t.spare.first, t.spare.second}));
    EXPECT_EQ(writes(Phase::redo)->out,
              (std::vector<ValueId>{t.parameter, t.moments.first, t.moments.second}));
    EXPECT_EQ(writes(Phase::take_back)->in, std::vector<ValueId>{t.kept});
  }
}

/// Whoever steps a parameter that is bf16 has what that leaves of its master, and every step reads and writes it.
TEST(StepEnd, ARemainderGoesWithEveryParameterThatIsBf16AndStepped) {
  for (const PipelineRank rank : first<PipelineRank>(2))
    for (Tying tying : {Tying::replicate, Tying::transmit})
      for (Update update : {Update::final, Update::revocable}) {
        const Program program = program_of(rank, tying, update, Precision::bf16, Masters::remainder);
        int remainders = 0;
        for (const Trained& t : program.trained) {
          const bool splits = t.stepped() && program.graph[t.parameter].dtype == DType::bf16;
          ASSERT_EQ(t.remainder >= 0, splits) << program.graph[t.parameter].name;
          ASSERT_EQ(t.kept_remainder >= 0, splits && update == Update::revocable);
          if (!splits) continue;
          ++remainders;
          const graph::Value &remainder = program.graph[t.remainder], &parameter = program.graph[t.parameter];
          EXPECT_EQ(remainder.role, Role::remainder);
          EXPECT_EQ(remainder.dtype, DType::i16);
          EXPECT_EQ(remainder.shape, parameter.shape);
          EXPECT_EQ(remainder.layout, parameter.layout);
          std::map<Phase, int> written = {{Phase::redo, 0}, {Phase::take_back, 0}};
          for (const Node& node : program.graph.nodes) {
            if (!std::ranges::count(node.out, t.remainder)) continue;
            ++written[node.phase];
            const bool again = node.phase == Phase::redo || node.phase == Phase::take_back;
            EXPECT_EQ(node.in.back(), again ? t.kept_remainder : t.remainder);
          }
          const int back = update == Update::revocable ? 1 : 0;
          EXPECT_EQ(written, (std::map<Phase, int>{
                                 {Phase::update, 1}, {Phase::redo, back}, {Phase::take_back, back}}));
        }
        const bool steps_table = tying == Tying::replicate || rank == 0;
        EXPECT_EQ(remainders, 4 + (steps_table ? 1 : 0)) << "a layer's four, and the table";
      }
}

}  // namespace
}  // namespace heddle::passes
