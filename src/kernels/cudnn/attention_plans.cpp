// A plan is a graph of cuDNN's frontend with one node, built for the GPU that is there.
#include "attention_plans.hpp"

#include <cudnn_frontend.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "heddle/base/error.hpp"

namespace heddle::kernels {
namespace {

namespace frontend = cudnn_frontend;
using frontend::graph::Tensor_attributes;
using GraphTensor = std::shared_ptr<Tensor_attributes>;
using fused_attention::Pass;

constexpr std::size_t oldest_version = 91200;
constexpr const char* without = "build with -DHEDDLE_CUDNN=OFF, and attention is Kokkos'";

/// The tensors of a graph, by which they are told when it runs.
enum Id : std::int64_t { q_id = 1, k_id, v_id, out_id, statistics_id, dout_id, dq_id, dk_id, dv_id };

void check(cudnnStatus_t status, const char* call) {
  if (status != CUDNN_STATUS_SUCCESS)
    throw Error(ExitCode::failure, std::string(call) + " failed", cudnnGetErrorString(status), without);
}

void check(frontend::error_t status, const char* call, const AttentionKey& key) {
  if (status.is_good()) return;
  throw Error(ExitCode::failure,
              std::string(call) + " of cuDNN's frontend failed for attention " +
                  (key.pass == Pass::forward ? "forward" : "backward") + " of " +
                  std::to_string(key.samples) + " x " + std::to_string(key.sequence) + " rows with " +
                  std::to_string(key.heads) + " heads of " + std::to_string(key.dim),
              status.get_message(), without);
}

/// One piece's tensors for cuDNN, which calls them [samples, heads, sequence, dim] however they lie.
class Writer {
 public:
  Writer(frontend::graph::Graph& graph, const AttentionKey& key) : graph_(graph), key_(key) {}

  GraphTensor input(Id id, const std::vector<std::int64_t>& strides) const {
    return graph_.tensor(Tensor_attributes().set_uid(id).set_dim(dims()).set_stride(strides));
  }
  void output(const GraphTensor& tensor, Id id, const std::vector<std::int64_t>& strides) const {
    tensor->set_output(true).set_uid(id).set_dim(dims()).set_stride(strides);
  }

  void forward() const {
    auto attributes = frontend::graph::SDPA_attributes().set_generate_stats(true);
    const auto [out, statistics] = graph_.sdpa(input(q_id, in_qkv()), input(k_id, in_qkv()),
                                               input(v_id, in_qkv()), causal(std::move(attributes)));
    output(out, out_id, in_out());
    statistics->set_output(true)
        .set_uid(statistics_id)
        .set_data_type(frontend::DataType_t::FLOAT)
        .set_dim(statistics_dims())
        .set_stride({key_.sequence * key_.row_heads, 1, key_.row_heads, 1});
  }

  /// Before 9.26 cuDNN reads statistics wrongly that do not lie sample by sample, head by head.
  void backward() const {
    const GraphTensor statistics =
        graph_.tensor(Tensor_attributes()
                          .set_uid(statistics_id)
                          .set_data_type(frontend::DataType_t::FLOAT)
                          .set_dim(statistics_dims())
                          .set_stride({key_.heads * key_.sequence, key_.sequence, 1, 1}));
    auto attributes = frontend::graph::SDPA_backward_attributes().set_deterministic_algorithm(true);
    const auto [dq, dk, dv] = graph_.sdpa_backward(
        input(q_id, in_qkv()), input(k_id, in_qkv()), input(v_id, in_qkv()), input(out_id, in_out()),
        input(dout_id, in_out()), statistics, causal(std::move(attributes)));
    output(dq, dq_id, in_qkv());
    output(dk, dk_id, in_qkv());
    output(dv, dv_id, in_qkv());
  }

 private:
  std::vector<std::int64_t> dims() const { return {key_.samples, key_.heads, key_.sequence, key_.dim}; }
  std::vector<std::int64_t> statistics_dims() const { return {key_.samples, key_.heads, key_.sequence, 1}; }
  /// In qkv [rows, 3, heads, dim] and in out [rows, heads, dim].
  std::vector<std::int64_t> in_qkv() const { return strides(3 * key_.row_heads * key_.dim); }
  std::vector<std::int64_t> in_out() const { return strides(key_.row_heads * key_.dim); }
  std::vector<std::int64_t> strides(std::int64_t row) const {
    return {key_.sequence * row, key_.dim, row, 1};
  }
  template <class Attributes>
  Attributes causal(Attributes attributes) const {
    attributes.set_attn_scale(static_cast<float>(key_.scale))
        .set_diagonal_alignment(frontend::DiagonalAlignment_t::TOP_LEFT)
        .set_diagonal_band_right_bound(0);
    return attributes;
  }

  frontend::graph::Graph& graph_;
  const AttentionKey& key_;
};

}  // namespace

class AttentionPlans::Plan {
 public:
  Plan(cudnnHandle_t handle, const AttentionKey& key);
  std::int64_t workspace_bytes() const { return workspace_bytes_; }
  void enqueue(cudnnHandle_t handle, const AttentionPiece& piece, void* workspace);

 private:
  AttentionKey key_;
  frontend::graph::Graph graph_;
  std::int64_t workspace_bytes_ = 0;
};

AttentionPlans::Plan::Plan(cudnnHandle_t handle, const AttentionKey& key) : key_(key) {
  graph_.set_io_data_type(frontend::DataType_t::BFLOAT16)
      .set_intermediate_data_type(frontend::DataType_t::FLOAT)
      .set_compute_data_type(frontend::DataType_t::FLOAT);
  const Writer writer(graph_, key);
  if (key.pass == Pass::forward)
    writer.forward();
  else
    writer.backward();
  check(graph_.validate(), "validate", key);
  check(graph_.build_operation_graph(handle), "build_operation_graph", key);
  check(graph_.create_execution_plans({frontend::HeurMode_t::A}), "create_execution_plans", key);
  check(graph_.check_support(), "check_support", key);
  check(graph_.build_plans(frontend::BuildPlanPolicy_t::HEURISTICS_CHOICE), "build_plans", key);
  check(graph_.get_workspace_size(workspace_bytes_), "get_workspace_size", key);
}

void AttentionPlans::Plan::enqueue(cudnnHandle_t handle, const AttentionPiece& piece, void* workspace) {
  std::unordered_map<std::int64_t, void*> tensors = {{q_id, piece.q},
                                                     {k_id, piece.k},
                                                     {v_id, piece.v},
                                                     {out_id, piece.out},
                                                     {statistics_id, piece.statistics}};
  if (key_.pass == Pass::backward)
    tensors.insert({{dout_id, piece.dout}, {dq_id, piece.dq}, {dk_id, piece.dk}, {dv_id, piece.dv}});
  check(graph_.execute(handle, tensors, workspace), "execute", key_);
}

std::unique_ptr<AttentionPlans> AttentionPlans::the_plans;

AttentionPlans& AttentionPlans::open() {
  if (!the_plans) the_plans.reset(new AttentionPlans);
  return *the_plans;
}
void AttentionPlans::close() { the_plans.reset(); }

AttentionPlans::AttentionPlans() {
  if (cudnnGetVersion() < oldest_version)
    throw Error(ExitCode::failure, "the cuDNN that this process has loaded is too old for attention",
                "it is " + std::to_string(cudnnGetVersion()) + ", and 91200 is the oldest",
                std::string("load 9.12 or newer, or ") + without);
  check(cudnnCreate(&handle_), "cudnnCreate");
}
AttentionPlans::~AttentionPlans() { cudnnDestroy(handle_); }

AttentionPlans::Plan& AttentionPlans::plan(const AttentionKey& key) {
  std::unique_ptr<Plan>& plan = plans_[key];
  if (!plan) plan = std::make_unique<Plan>(handle_, key);
  return *plan;
}

void AttentionPlans::enqueue(cudaStream_t stream, const AttentionKey& key, const AttentionPiece& piece,
                             void* workspace, std::int64_t workspace_bytes) {
  Plan& plan = this->plan(key);
  if (plan.workspace_bytes() > workspace_bytes)
    throw Error(ExitCode::failure,
                "cuDNN wants a workspace of " + std::to_string(plan.workspace_bytes()) +
                    " bytes for attention, and " + std::to_string(workspace_bytes) + " are planned",
                "this version or GPU takes more than those that the bound was made for", without);
  check(cudnnSetStream(handle_, stream), "cudnnSetStream");
  plan.enqueue(handle_, piece, workspace);
}

}  // namespace heddle::kernels
