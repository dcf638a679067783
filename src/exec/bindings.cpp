#include "heddle/exec/bindings.hpp"

#include <array>

#include "heddle/base/random.hpp"
#include "heddle/kernels/attention.hpp"
#include "heddle/kernels/bias_gelu.hpp"
#include "heddle/kernels/column_sum.hpp"
#include "heddle/kernels/cross_entropy.hpp"
#include "heddle/kernels/dropout.hpp"
#include "heddle/kernels/elementwise.hpp"
#include "heddle/kernels/embedding.hpp"
#include "heddle/kernels/layer_norm.hpp"
#include "heddle/kernels/linear.hpp"
#include "heddle/kernels/position.hpp"
#include "heddle/kernels/residual.hpp"
#include "heddle/kernels/residual_norm.hpp"
#include "heddle/kernels/sum_of_squares.hpp"

namespace heddle::exec {
namespace {

template <class T>
const T& attribute(const Call& c) {
  return std::get<T>(c.node.attributes);
}

std::int64_t first(const Call& c, int input, int dim) { return c.in_box[input][dim].begin; }
/// The index in the step's whole batch of the first row of an input.
std::int64_t first_row(const Call& c, int input) { return first(c, input, 0) + c.run.changing().row_shift; }

/// Where nothing is dropped no mask is drawn, and nothing asked.
kernels::Dropout dropout(const Call& c, const graph::Dropout& d) {
  if (d.rate == 0) return {};
  const RunState& run = c.run.changing();
  return {random_key(d.key, run.seed), run.step, d.rate, first_row(c, 0)};
}

/// `qkv` is the input [rows, 3, heads, head_dim].
kernels::AttentionDropout attention_dropout(const Call& c, int qkv) {
  const auto& d = attribute<graph::Attention>(c).dropout;
  if (d.rate == 0) return {};
  const RunState& run = c.run.changing();
  return {random_key(d.key, run.seed), run.step,         d.rate,
          first_row(c, qkv),           first(c, qkv, 2), c.in_global[qkv][2]};
}

/// The tokens of this rank, of which the first input is logits.
kernels::TokenBlock tokens(const Call& c) {
  const maps::Block held = c.in_box[0][1];
  return {held.begin, held.size()};
}

/// A weight as the product that has `columns` takes it: with the rows of zeros behind a table where logits are padded
/// (src/schedule/padding.hpp).
Tensor with_padding(Tensor weight, const Tensor& columns) {
  if (columns.shape.rank() == 2) {
    HEDDLE_EXPECT(weight.shape[0] <= columns.shape[1]);
    weight.shape[0] = columns.shape[1];
  }
  return weight;
}

/// Of an input in its whole tensor.
kernels::Box place(const Call& c, int input) { return {c.in_global[input], c.in_box[input].origin()}; }

void embedding(const Call& c) { kernels::embedding(c.lane, c.in[0], c.in[1], first(c, 0, 0), c.out[0]); }

void attention(const Call& c) {
  kernels::attention(c.lane, c.in[0], c.extents[graph::sequence], attribute<graph::Attention>(c).scale,
                     attention_dropout(c, 0), c.out[0], c.out[1], c.workspace);
}

void attention_gradient(const Call& c) {
  kernels::attention_gradient(c.lane, c.in[0], c.in[1], c.in[2], c.in[3], c.extents[graph::sequence],
                              attribute<graph::Attention>(c).scale, attention_dropout(c, 3), c.out[0],
                              c.workspace);
}

/// Of the input `qkv`.
void prepare_attention(const Call& c, fused_attention::Pass pass, int qkv) {
  if (c.workspace.data)
    kernels::prepare_attention(pass, c.in[qkv], c.extents[graph::sequence],
                               attribute<graph::Attention>(c).scale, attention_dropout(c, qkv));
}

/// The last of the inputs, where there are more than `others`.
Tensor bias_behind(std::size_t others, std::span<const Tensor> in) {
  return in.size() > others ? in[others] : Tensor{};
}

kernels::Product unrounded_product(graph::Op op, std::span<const Tensor> in, std::span<const Tensor> out) {
  switch (op) {
    case graph::Op::linear_input_gradient:
      return kernels::input_gradient_product(in[0], with_padding(in[1], in[0]), out[0]);
    case graph::Op::linear_gelu_gradient: {
      kernels::Product product = kernels::input_gradient_product(in[0], in[1], out[0]);
      product.gelu_of = in[2];
      return product;
    }
    case graph::Op::linear_weight_gradient:
      return kernels::weight_gradient_product(in[0], in[1], with_padding(out[0], in[0]));
    default:
      HEDDLE_EXPECT(op == graph::Op::linear);
      return kernels::linear_product(in[0], with_padding(in[1], out[0]), bias_behind(2, in), out[0]);
  }
}

void product(const Call& c) { kernels::gemm(c.lane, *product_of(c.node, c.in, c.out), c.write); }

void sum_of_squares(const Call& c) {
  kernels::fill(c.lane, c.out[0], 0.0);
  for (std::size_t i = 0; i < c.in.size(); ++i)
    if (c.counted[c.node.in[i]])
      kernels::sum_of_squares(c.lane, c.in[i], {c.out[0].as<double>() + i, DType::f64, {}});
}

void adamw(const Call& c) {
  const RunState& run = c.run.changing();
  kernels::AdamWStep step = run.update;
  const auto& update = attribute<graph::Update>(c);
  if (!update.decays) step.weight_decay = 0;
  const bool splits = c.in.size() > 4;
  std::size_t behind = 3;
  const auto next = [&](bool there) { return there ? c.out[behind++] : Tensor{}; };
  const Tensor remainder = next(splits), kept = next(update.keeps),
               kept_remainder = next(update.keeps && splits);
  kernels::adamw(c.lane, {c.in[0], c.in[2], c.in[3], splits ? c.in[4] : Tensor{}}, c.in[1],
                 {c.out[0], c.out[1], c.out[2], remainder}, {kept, kept_remainder}, next(update.copies), step,
                 {random_key(update.key, run.seed), run.step, place(c, 0)});
}

constexpr std::array<Binding, graph::op_count> table = {
    embedding,
    // The table's own part begins where the gradient's does; it is the third input for that alone.
    [](const Call& c) {
      kernels::embedding_gradient(c.lane, c.in[0], c.in[1], first(c, 2, 0), c.out[0], c.write);
    },
    [](const Call& c) {
      kernels::add_position(c.lane, c.in[0], c.in[1], first_row(c, 0), c.extents[graph::sequence], c.out[0]);
    },
    [](const Call& c) {
      kernels::position_gradient(c.lane, c.in[0], first_row(c, 0), c.extents[graph::sequence], c.out[0],
                                 c.write);
    },
    [](const Call& c) {
      kernels::layer_norm(c.lane, c.in[0], c.in[1], c.in[2], attribute<graph::Norm>(c).epsilon, c.out[0],
                          c.out[1], c.out[2]);
    },
    [](const Call& c) {
      kernels::layer_norm_apply(c.lane, c.in[0], c.in[1], c.in[2], c.in[3], c.in[4], c.out[0]);
    },
    [](const Call& c) {
      kernels::layer_norm_input_gradient(c.lane, c.in[0], c.in[1], c.in[2], c.in[3], c.in[4], c.out[0]);
    },
    [](const Call& c) {
      kernels::layer_norm_parameter_gradient(c.lane, c.in[0], c.in[1], c.in[2], c.in[3], c.out[0], c.out[1],
                                             c.write);
    },
    product,  // linear
    product,  // linear_input_gradient
    product,  // linear_weight_gradient
    product,  // linear_gelu_gradient
    [](const Call& c) { kernels::column_sum(c.lane, c.in[0], c.out[0], c.write); },
    [](const Call& c) { kernels::bias_gelu(c.lane, c.in[0], bias_behind(1, c.in), c.out[0]); },
    [](const Call& c) {
      kernels::bias_gelu_gradient(c.lane, c.in[0], c.in[1], bias_behind(2, c.in), c.out[0]);
    },
    attention, attention_gradient,
    [](const Call& c) {
      kernels::dropout(c.lane, c.in[0], dropout(c, attribute<graph::Dropout>(c)), c.out[0]);
    },
    [](const Call& c) {
      kernels::residual(c.lane, c.in[0], c.in[1], c.in[2], dropout(c, attribute<graph::Dropout>(c)),
                        c.out[0]);
    },
    [](const Call& c) {
      const auto& [drops, norm] = attribute<graph::ResidualNorm>(c);
      kernels::residual_norm(c.lane, {c.in[0], c.in[1], c.in[2], dropout(c, drops), c.out[0]},
                             {c.in[3], c.in[4], norm.epsilon, c.out[1], c.out[2], c.out[3]});
    },
    [](const Call& c) { kernels::add(c.lane, c.in[0], c.in[1], c.out[0]); },
    [](const Call& c) { kernels::log_sum_exp(c.lane, c.in[0], tokens(c), c.out[0]); },
    [](const Call& c) { kernels::log_probability(c.lane, c.in[0], c.in[1], c.in[2], tokens(c), c.out[0]); },
    [](const Call& c) {
      kernels::log_probability_gradient(c.lane, c.in[0], c.in[1], c.in[2], tokens(c), c.in[3], c.out[0]);
    },
    [](const Call& c) { kernels::nll(c.lane, c.in[0], c.run.loss_scale(), c.out[0], c.write); },
    [](const Call& c) { kernels::nll_gradient(c.lane, c.run.loss_scale(), 1.0, c.out[0]); }, sum_of_squares,
    adamw, [](const Call& c) { kernels::copy(c.lane, c.in[0], c.out[0]); },
    [](const Call& c) { kernels::convert(c.lane, c.in[0], c.out[0]); },
    nullptr,  // map
};

}  // namespace

Binding binding(graph::Op op) { return table[static_cast<int>(op)]; }

std::optional<kernels::Product> product_of(const graph::Node& node, std::span<const Tensor> in,
                                           std::span<const Tensor> out) {
  const auto* linear = std::get_if<graph::Linear>(&node.attributes);
  if (!linear) return {};
  kernels::Product product = unrounded_product(node.op, in, out);
  product.rounding = linear->rounding;
  return product;
}

Binding preparation(graph::Op op) {
  if (op == graph::Op::attention)
    return [](const Call& c) { prepare_attention(c, fused_attention::Pass::forward, 0); };
  if (op == graph::Op::attention_gradient)
    return [](const Call& c) { prepare_attention(c, fused_attention::Pass::backward, 3); };
  return nullptr;
}

}  // namespace heddle::exec
