// A descriptor of cuDNN's backend: it remembers what it is told.
#pragma once
#include <cudnn.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

namespace heddle::emulator {

struct Descriptor {
  struct Attribute {
    cudnnBackendAttributeType_t type;
    std::int64_t count = 0;
    std::vector<char> bytes;
  };
  cudnnBackendDescriptorType_t type;
  std::map<int, Attribute> attributes;

  template <class T>
  std::vector<T> values(int name) const {
    const auto found = attributes.find(name);
    if (found == attributes.end()) return {};
    std::vector<T> all(found->second.bytes.size() / sizeof(T));
    std::memcpy(all.data(), found->second.bytes.data(), all.size() * sizeof(T));
    return all;
  }
  template <class T>
  T value(int name) const {
    return values<T>(name).at(0);
  }
  const Descriptor* link(int name) const { return value<const Descriptor*>(name); }
};

inline Descriptor& descriptor_of(cudnnBackendDescriptor_t handle) {
  return *reinterpret_cast<Descriptor*>(handle);
}

constexpr std::int64_t attention_workspace_bytes = 512;

/// Enqueues what a plan is of, with a pack's tensors.
void execute(cudaStream_t stream, const Descriptor& plan, const Descriptor& pack);

}  // namespace heddle::emulator
