// cuDNN's backend as its frontend calls it.
#include <cudnn.h>

#include <algorithm>
#include <cstdio>

#include "emulator/cudnn/descriptor.hpp"
#include "emulator/settings.hpp"

namespace heddle::emulator {
namespace {

struct Handle {
  cudaStream_t stream = nullptr;
};
Handle& of(cudnnHandle_t handle) { return *reinterpret_cast<Handle*>(handle); }

std::size_t size_of(cudnnBackendAttributeType_t type) {
  switch (type) {
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_DOUBLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR: return 8;
    case CUDNN_TYPE_BOOLEAN:
    case CUDNN_TYPE_CHAR: return 1;
    case CUDNN_TYPE_FRACTION: return 16;
    default: return 4;
  }
}

/// The only engine there is for a graph, as heuristics find it.
Descriptor configured(const Descriptor& heuristics) {
  auto* engine = new Descriptor{CUDNN_BACKEND_ENGINE_DESCRIPTOR, {}};
  engine->attributes[CUDNN_ATTR_ENGINE_OPERATION_GRAPH] =
      heuristics.attributes.at(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
  Descriptor::Attribute link{CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, std::vector<char>(sizeof engine)};
  std::memcpy(link.bytes.data(), &engine, sizeof engine);
  return {CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, {{CUDNN_ATTR_ENGINECFG_ENGINE, link}}};
}

/// The answer to a question after one thing.
class Answer {
 public:
  Answer(std::int64_t* count, void* values, std::int64_t room)
      : count_(count), values_(values), room_(room) {}

  void give_none() const { set_count(0); }
  template <class T>
  void give_number(T value) const {
    set_count(1);
    if (values_ && room_ > 0) std::memcpy(values_, &value, sizeof value);
  }
  /// Into a descriptor of the caller's.
  void give(const Descriptor& made) const {
    set_count(1);
    if (values_ && room_ > 0) descriptor_of(*static_cast<cudnnBackendDescriptor_t*>(values_)) = made;
  }
  void give(const Descriptor::Attribute& known) const {
    set_count(known.count);
    const std::size_t room = static_cast<std::size_t>(room_) * size_of(known.type);
    if (values_) std::memcpy(values_, known.bytes.data(), std::min(known.bytes.size(), room));
  }

 private:
  void set_count(std::int64_t count) const {
    if (count_) *count_ = count;
  }
  std::int64_t* count_;
  void* values_;
  std::int64_t room_;
};

void answer(const Descriptor& asked, int name, const Answer& to) {
  switch (name) {
    case CUDNN_ATTR_ENGINEHEUR_RESULTS: return to.give(configured(asked));
    case CUDNN_ATTR_ENGINECFG_ENGINE: return to.give(*asked.link(name));
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
    case CUDNN_ATTR_ENGINECFG_WORKSPACE_SIZE: return to.give_number<std::int64_t>(attention_workspace_bytes);
    case CUDNN_ATTR_ENGINECFG_SHARED_MEMORY_USED: return to.give_number<std::int32_t>(1024);
    case CUDNN_ATTR_ENGINE_GLOBAL_INDEX: return to.give_number<std::int64_t>(0);
    default: break;
  }
  if (const auto known = asked.attributes.find(name); known != asked.attributes.end())
    return to.give(known->second);
  if (verbose()) std::fprintf(stderr, "emulator: cuDNN's descriptor %d is asked for %d\n", asked.type, name);
  to.give_none();
}

}  // namespace

extern "C" {

std::size_t cudnnGetVersion() { return CUDNN_VERSION; }
const char* cudnnGetErrorString(cudnnStatus_t status) {
  return status == CUDNN_STATUS_SUCCESS ? "success" : "an error of the emulator";
}
void cudnnGetLastErrorString(char* text, std::size_t room) {
  if (room > 0) text[0] = 0;
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  *handle = reinterpret_cast<cudnnHandle_t>(new Handle);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  delete &of(handle);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  of(handle).stream = stream;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnGetStream(cudnnHandle_t handle, cudaStream_t* stream) {
  *stream = of(handle).stream;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type,
                                           cudnnBackendDescriptor_t* made) {
  *made = reinterpret_cast<cudnnBackendDescriptor_t>(new Descriptor{type, {}});
  return CUDNN_STATUS_SUCCESS;
}
/// What others link to may outlive its handle: it stays.
/// Descriptors hold each other, but nobody the one that every call makes.
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t handle) {
  Descriptor& descriptor = descriptor_of(handle);
  if (descriptor.type == CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR) delete &descriptor;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t) { return CUDNN_STATUS_SUCCESS; }

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, std::int64_t count,
                                       const void* values) {
  const char* from = static_cast<const char*>(values);
  const std::size_t bytes = static_cast<std::size_t>(count) * size_of(type);
  descriptor_of(descriptor).attributes[name] = {type, count, std::vector<char>(from, from + bytes)};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t, std::int64_t room, std::int64_t* count,
                                       void* values) {
  answer(descriptor_of(descriptor), name, Answer(count, values, room));
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                                  cudnnBackendDescriptor_t pack) {
  execute(of(handle).stream, descriptor_of(plan), descriptor_of(pack));
  return CUDNN_STATUS_SUCCESS;
}

}  // extern "C"
}  // namespace heddle::emulator
