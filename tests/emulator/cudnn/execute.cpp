// A plan is known as attention by the ids that Heddle gives its tensors (src/kernels/cudnn/attention_plans.cpp).
#include <cstring>
#include <set>

#include "emulator/cudnn/attention.hpp"
#include "emulator/cudnn/descriptor.hpp"
#include "emulator/failure.hpp"
#include "emulator/memory/memory.hpp"
#include "emulator/runtime/handles.hpp"

namespace heddle::emulator {
namespace {

enum Id : std::int64_t { q_id = 1, k_id, v_id, out_id, statistics_id, d_out_id, dq_id, dk_id, dv_id };

using Tensors = std::map<std::int64_t, const Descriptor*>;

/// All that operations of a graph name, whatever they do with them.
void collect(const Descriptor* from, Tensors& tensors, std::set<const Descriptor*>& seen) {
  if (!seen.insert(from).second) return;
  if (from->type == CUDNN_BACKEND_TENSOR_DESCRIPTOR) {
    tensors[from->value<std::int64_t>(CUDNN_ATTR_TENSOR_UNIQUE_ID)] = from;
    return;
  }
  for (const auto& [name, attribute] : from->attributes)
    if (attribute.type == CUDNN_TYPE_BACKEND_DESCRIPTOR)
      for (const Descriptor* one : from->values<const Descriptor*>(name)) collect(one, tensors, seen);
}

/// The frontend names a factor as it is multiplied: it may be the transpose of what Heddle named.
AttentionTensor attention_tensor(const Descriptor& tensor, const void* data) {
  AttentionTensor made;
  const bool narrow = tensor.value<int>(CUDNN_ATTR_TENSOR_DATA_TYPE) == CUDNN_DATA_BFLOAT16;
  made.type = narrow ? Number::bf16 : Number::f32;
  const auto sizes = tensor.values<std::int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS);
  const auto strides = tensor.values<std::int64_t>(CUDNN_ATTR_TENSOR_STRIDES);
  std::int64_t last = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    made.sizes[i] = sizes.at(i);
    made.strides[i] = strides.at(i);
    last += (sizes[i] - 1) * strides[i];
  }
  if (made.strides[2] == 1 && made.strides[3] != 1) {
    std::swap(made.sizes[2], made.sizes[3]);
    std::swap(made.strides[2], made.strides[3]);
  }
  if (reinterpret_cast<std::uint64_t>(data) % (narrow ? 16 : 4) != 0)
    fail("a tensor of attention is not aligned");
  made.data = reach(data, static_cast<std::size_t>((last + 1) * bytes_of(made.type)));
  if (!made.data) fail("a tensor of attention goes beyond the device's memory");
  return made;
}

class Call {
 public:
  Call(const Descriptor& plan, const Descriptor& pack) {
    std::set<const Descriptor*> seen;
    const Descriptor* engine =
        plan.link(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)->link(CUDNN_ATTR_ENGINECFG_ENGINE);
    collect(engine->link(CUDNN_ATTR_ENGINE_OPERATION_GRAPH), tensors_, seen);
    const auto ids = pack.values<std::int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
    const auto pointers = pack.values<void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
    for (std::size_t i = 0; i < ids.size(); ++i) add(ids[i], pointers.at(i));
    if (scale_ == 0) fail("attention has no scale");
    workspace_ = reach(pack.value<void*>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE), attention_workspace_bytes);
    if (!workspace_) fail("attention's workspace is not the device's");
  }

  void carry_out() const {
    std::memset(workspace_, 0xff, attention_workspace_bytes);  // whatever lay there is gone
    Attention a{tensor(q_id), tensor(k_id), tensor(v_id), tensor(out_id), tensor(statistics_id), {}, scale_};
    if (data_.contains(dq_id))
      a.gradients = Attention::Gradients{tensor(d_out_id), tensor(dq_id), tensor(dk_id), tensor(dv_id)};
    attend(a);
  }

 private:
  /// Heddle's ids are small; the frontend's own, of scalars and what lies between operations, come after them.
  void add(std::int64_t id, const void* pointer) {
    const auto known = tensors_.find(id);
    if (known == tensors_.end()) return;
    const auto by_value = known->second->values<char>(CUDNN_ATTR_TENSOR_IS_BY_VALUE);
    const bool scalar = !by_value.empty() && by_value[0];
    if (id >= q_id && id <= dv_id && !scalar)
      data_[id] = pointer;
    else if (place_of(pointer) == Place::host)
      take_scale(pointer);
  }
  /// The first scalar that may be one: others are no number between 0 and 1.
  void take_scale(const void* scalar) {
    float value = 0;
    std::memcpy(&value, scalar, sizeof value);
    if (scale_ == 0 && value > 0 && value <= 1) scale_ = value;
  }
  AttentionTensor tensor(Id id) const { return attention_tensor(*tensors_.at(id), data_.at(id)); }

  Tensors tensors_;
  std::map<std::int64_t, const void*> data_;
  float scale_ = 0;
  char* workspace_ = nullptr;
};

}  // namespace

void execute(cudaStream_t stream, const Descriptor& plan, const Descriptor& pack) {
  Gpu::get().enqueue(stream_of(stream), [call = Call(plan, pack)] {
    call.carry_out();
    return true;
  });
}

}  // namespace heddle::emulator
