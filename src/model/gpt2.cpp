// Learned positions, pre-layer-norm blocks with biases and tanh-GELU, a head tied to the token embedding,
// dropout after the embedding, in attention and before each residual sum. Residual branches start smaller, by
// 1 / sqrt(2 layers).
#include "gpt2.hpp"

#include <fmt/format.h>

#include <cmath>

#include "heddle/graph/builder.hpp"

namespace heddle::model {
namespace {

using graph::Block;
using graph::Graph;
using graph::Op;
using graph::ValueId;

class Gpt2 : private graph::Builder {
 public:
  Gpt2(const deck::Model& model, DType dtype) : Builder(dtype), model_(model) {}

  Graph build(Head head) {
    begin_block(Block::Kind::embedding, "embedding");
    const ValueId tokens = input("tokens");
    const ValueId token_table = weight("embedding.token", {model_.vocabulary, width()}, model_.init_std);
    ValueId x = embed(tokens, token_table);
    for (int layer = 0; layer < model_.layers; ++layer) x = transform(x, layer);
    begin_block(Block::Kind::head, "head");
    const ValueId y = norm(x, "norm");
    if (head == Head::loss) begin_tail();
    const ValueId logits = node(Op::linear, {y, token_table}, "logits", graph::Linear{});
    return finish(head == Head::logits ? logits : cross_entropy(logits));
  }

 private:
  ValueId embed(ValueId tokens, ValueId token_table) {
    const ValueId positions = weight("embedding.position", {model_.context, width()}, model_.init_std);
    const ValueId x = node(Op::embedding, {token_table, tokens}, "embedding.tokens");
    const ValueId y = node(Op::add_position, {x, positions}, "embedding.sum");
    if (model_.dropout == 0) return y;
    return node(Op::dropout, {y}, "embedding.dropout", dropout("embedding.dropout"));
  }

  ValueId transform(ValueId x, int layer) {
    const std::string prefix = fmt::format("layers.{}.", layer);
    begin_block(Block::Kind::layer, fmt::format("layers.{}", layer));
    const ValueId attended =
        residual(x, attention(norm(x, prefix + "norm1"), prefix + "attention."), prefix + "attention.out");
    return residual(attended, mlp(norm(attended, prefix + "norm2"), prefix + "mlp."), prefix + "mlp.down");
  }

  ValueId attention(ValueId x, const std::string& prefix) {
    const std::int64_t heads = model_.heads, head_dim = width() / heads;
    const ValueId w = weight(prefix + "qkv.weight", {3, heads, head_dim, width()}, model_.init_std);
    const ValueId b = bias(prefix + "qkv.bias", {3, heads, head_dim});
    const ValueId qkv = node(Op::linear, {x, w, b}, prefix + "qkv", graph::Linear{.split_out = 1});
    const graph::Attention attributes{.scale = 1.0 / std::sqrt(static_cast<double>(head_dim)),
                                      .dropout = dropout(prefix + "dropout")};
    const ValueId y = node(Op::attention, {qkv}, prefix + "heads", attributes);
    const ValueId out = weight(prefix + "out.weight", {width(), heads, head_dim}, branch_std());
    return node(Op::linear, {y, out}, prefix + "out", graph::Linear{});
  }

  ValueId mlp(ValueId x, const std::string& prefix) {
    const std::int64_t hidden = 4 * width();
    const ValueId up = weight(prefix + "up.weight", {hidden, width()}, model_.init_std);
    const ValueId up_bias = bias(prefix + "up.bias", {hidden});
    const ValueId h = node(Op::linear, {x, up}, prefix + "up", graph::Linear{});
    const ValueId a = node(Op::bias_gelu, {h, up_bias}, prefix + "gelu");
    const ValueId down = weight(prefix + "down.weight", {width(), hidden}, branch_std());
    return node(Op::linear, {a, down}, prefix + "down", graph::Linear{});
  }

  ValueId residual(ValueId x, ValueId branch, const std::string& name) {
    const ValueId b = bias(name + ".bias", {width()});
    return node(Op::residual, {x, branch, b}, name + ".residual", dropout(name + ".dropout"));
  }

  ValueId norm(ValueId x, const std::string& name) {
    return Builder::norm(x, width(), name, model_.norm_epsilon);
  }

  std::int64_t width() const { return model_.width; }
  double branch_std() const { return model_.init_std / std::sqrt(2.0 * static_cast<double>(model_.layers)); }
  graph::Dropout dropout(const std::string& key) const { return {model_.dropout, key}; }

  const deck::Model& model_;
};

}  // namespace

Graph gpt2(const deck::Model& model, Head head, DType dtype) { return Gpt2(model, dtype).build(head); }

}  // namespace heddle::model
