// Tokens and positions looked up and added.
#include "heddle/kernels/embedding.hpp"

#include "arrays.hpp"
#include "heddle/kernels/position.hpp"

namespace heddle::kernels {
namespace {

constexpr std::int64_t vocabulary = 11, rows = 29, width = 67;

struct Block {
  std::int64_t first, held;
};

Vector block_of(const Vector& table, Block block) {
  return {table.begin() + block.first * width, table.begin() + (block.first + block.held) * width};
}

TEST(Embedding, BlocksOfTheVocabularyAgreeWithTheirReferences) {
  const Vector table = random_values(vocabulary * width, 1), dy = random_values(rows * width, 2);
  const Tokens tokens = random_tokens(rows, vocabulary, 3);
  const Array token(tokens);
  for (DType type : real_types)
    for (const Block block : {Block{0, 11}, Block{0, 4}, Block{4, 4}, Block{8, 3}, Block{11, 0}}) {
      const Vector part = block_of(table, block);
      const Array held(type, {block.held, width}, part), dys(type, {rows, width}, dy);
      const Vector before = random_values(block.held * width, 4);
      Array y(type, {rows, width}), dtable(compute_type(type), {block.held, width}, before);
      embedding(lane(), held, token, block.first, y);
      expect_close(y, reference::embedding(part, tokens, block.first, width));
      const Vector expected = reference::embedding_gradient(dy, tokens, block.first, block.held, width);
      embedding_gradient(lane(), dys, token, block.first, dtable, Write::accumulate);
      expect_close(dtable, reference::add(before, expected));
      embedding_gradient(lane(), dys, token, block.first, dtable, Write::overwrite);
      expect_close(dtable, expected);
    }
}

TEST(Embedding, BlocksAddUpToTheWhole) {
  const Vector table = random_values(vocabulary * width, 1);
  const Array token(random_tokens(rows, vocabulary, 3));
  Array whole(DType::f64, {rows, width}), part(DType::f64, {rows, width});
  embedding(lane(), Array(DType::f64, {vocabulary, width}, table), token, 0, whole);
  Vector sum(rows * width, 0.0);
  for (const Block block : {Block{0, 4}, Block{4, 4}, Block{8, 3}}) {
    embedding(lane(), Array(DType::f64, {block.held, width}, block_of(table, block)), token, block.first,
              part);
    sum = reference::add(sum, part.values());
  }
  EXPECT_EQ(sum, whole.values());
}

TEST(Embedding, TreatsTokenZeroAsAnyOther) {
  const Array table(DType::f64, {2, 1}, {3, 5}), token(Tokens{0, 1, 0}), dy(DType::f64, {3, 1}, {1, 2, 4});
  Array y(DType::f64, {3, 1}), dtable(DType::f64, {2, 1});
  embedding(lane(), table, token, 0, y);
  embedding_gradient(lane(), dy, token, 0, dtable, Write::overwrite);
  EXPECT_EQ(y.values(), (Vector{3, 5, 3}));
  EXPECT_EQ(dtable.values(), (Vector{5, 2}));
}

TEST(Embedding, IsAdjointToItsGradient) {
  const Vector table = random_values(4 * width, 1), dy = random_values(rows * width, 2);
  const Array token(random_tokens(rows, vocabulary, 3));
  Array y(DType::f64, {rows, width}), dtable(DType::f64, {4, width});
  embedding(lane(), Array(DType::f64, {4, width}, table), token, 3, y);
  embedding_gradient(lane(), Array(DType::f64, {rows, width}, dy), token, 3, dtable, Write::overwrite);
  EXPECT_NEAR(inner_product(y.values(), dy), inner_product(table, dtable.values()), 1e-11);
}

TEST(Position, AgreesWithItsReferenceFromAnyRow) {
  const std::int64_t positions = 9;
  const Vector x = random_values(rows * width, 1), table = random_values(positions * width, 2);
  for (DType type : real_types)
    for (std::int64_t sequence : {1, 4, 9})
      for (std::int64_t first_row : {0, 3, 36, 41}) {
        const Array xs(type, {rows, width}, x);
        const Vector before = random_values(positions * width, 3);
        Array y(type, {rows, width}), dtable(compute_type(type), {positions, width}, before);
        add_position(lane(), xs, Array(compute_type(type), {positions, width}, table), first_row, sequence,
                     y);
        expect_close(y, reference::add_position(x, table, first_row, sequence, width));
        const Vector expected = reference::position_gradient(x, first_row, sequence, positions, width);
        position_gradient(lane(), xs, first_row, sequence, dtable, Write::accumulate);
        expect_close(dtable, reference::add(before, expected));
        position_gradient(lane(), xs, first_row, sequence, dtable, Write::overwrite);
        expect_close(dtable, expected);
      }
}

TEST(Position, IsAdjointToItsGradient) {
  const Vector table = random_values(5 * width, 1), dy = random_values(rows * width, 2);
  Array y(DType::f64, {rows, width}), dtable(DType::f64, {5, width});
  const Array nothing(DType::f64, {rows, width}, Vector(rows * width, 0.0));
  add_position(lane(), nothing, Array(DType::f64, {5, width}, table), 7, 5, y);
  position_gradient(lane(), Array(DType::f64, {rows, width}, dy), 7, 5, dtable, Write::overwrite);
  EXPECT_NEAR(inner_product(y.values(), dy), inner_product(table, dtable.values()), 1e-11);
}

}  // namespace
}  // namespace heddle::kernels
