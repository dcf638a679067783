// Loads, stores and atomics.
#include <algorithm>

#include "emulator/machine/lanewise.hpp"
#include "emulator/machine/operations.hpp"
#include "emulator/machine/program.hpp"
#include "emulator/machine/races.hpp"
#include "emulator/memory/memory.hpp"

namespace heddle::emulator {
namespace {

char* in_shared(const Instruction& in, const Warp& w, int lane, std::uint32_t offset, std::int64_t bytes,
                Touch touch) {
  if (offset + bytes > w.block->shared_bytes) fault(in, w, lane, "beyond shared memory");
  if (const char* race = races().note(offset, bytes, touch, w.number)) fault(in, w, lane, race);
  return w.block->shared + offset;
}

char* in_local(const Instruction& in, const Warp& w, int lane, std::uint64_t offset, std::int64_t bytes) {
  if (offset + static_cast<std::uint64_t>(bytes) > static_cast<std::uint64_t>(w.local_bytes))
    fault(in, w, lane, "beyond local memory");
  return w.local_of(lane) + offset;
}

char* place(const Instruction& in, const Warp& w, int lane, std::int64_t bytes, Touch touch) {
  const std::uint64_t address =
      w.slots[in.from[Instruction::address] + lane] + static_cast<std::uint64_t>(in.offset);
  if (address & static_cast<std::uint64_t>(bytes - 1)) fault(in, w, lane, "misaligned address");
  if (in.space == Space::local) return in_local(in, w, lane, address, bytes);
  if (in.space == Space::shared)
    return in_shared(in, w, lane, static_cast<std::uint32_t>(address), bytes, touch);
  const std::uint64_t from_shared = address - reinterpret_cast<std::uint64_t>(w.block->shared);
  if (from_shared < most_shared_bytes)
    return in_shared(in, w, lane, static_cast<std::uint32_t>(from_shared), bytes, touch);
  const std::uint64_t from_local = address - reinterpret_cast<std::uint64_t>(w.local_of(lane));
  if (from_local < static_cast<std::uint64_t>(w.local_bytes)) return in_local(in, w, lane, from_local, bytes);
  const std::uint64_t from_parameters = address - reinterpret_cast<std::uint64_t>(w.block->parameters);
  if (touch == Touch::read && from_parameters < static_cast<std::uint64_t>(w.block->parameter_bytes))
    return w.block->parameters + from_parameters;
  char* at = reach(address, static_cast<std::size_t>(bytes));
  if (!at) fault(in, w, lane, "illegal address");
  return at;
}

template <class T>
void load(const Instruction& in, Warp& w, Mask mask) {
  each_lane(mask, [&](int l) {
    std::array<T, 4> values;
    const std::size_t bytes = sizeof(T) * in.count;
    std::memcpy(values.data(), place(in, w, l, bytes, Touch::read), bytes);
    for (int i = 0; i < in.count; ++i) put_extended(w.slots + in.to[i], l, values[i]);
  });
}

template <class T>
void store(const Instruction& in, Warp& w, Mask mask) {
  each_lane(mask, [&](int l) {
    char* at = place(in, w, l, sizeof(T) * in.count, Touch::write);
    for (int i = 0; i < in.count; ++i) {
      const T value = get<T>(w.slots + in.from[i], l);
      std::memcpy(at + sizeof(T) * i, &value, sizeof value);
    }
  });
}

/// What a place holds becomes a function of it and of one or two operands.
template <class T, class F>
Instruction::Run atomic(F) {
  return [](const Instruction& in, Warp& w, Mask mask) {
    each_lane(mask, [&](int l) {
      char* at = place(in, w, l, sizeof(T), Touch::atomic);
      T old;
      std::memcpy(&old, at, sizeof old);
      const T b = get<T>(w.slots + in.from[0], l);
      const T c = in.from[1] >= 0 ? get<T>(w.slots + in.from[1], l) : T{};
      const T now = F{}(old, b, c);
      std::memcpy(at, &now, sizeof now);
      if (in.to[0] >= 0) put<T>(w.slots + in.to[0], l, old);
    });
  };
}

template <class T>
Instruction::Run atomic_of(const Mnemonic& m) {
  if (m.has("add")) return atomic<T>([](T a, T b, T) { return static_cast<T>(a + b); });
  if (m.has("exch")) return atomic<T>([](T, T b, T) { return b; });
  if (m.has("cas")) return atomic<T>([](T a, T b, T c) { return a == b ? c : a; });
  if (m.has("max")) return atomic<T>([](T a, T b, T) { return std::max(a, b); });
  if (m.has("min")) return atomic<T>([](T a, T b, T) { return std::min(a, b); });
  if constexpr (std::is_integral_v<T>) {
    if (m.has("and")) return atomic<T>([](T a, T b, T) { return static_cast<T>(a & b); });
    if (m.has("or")) return atomic<T>([](T a, T b, T) { return static_cast<T>(a | b); });
  }
  return nullptr;
}

}  // namespace

bool set_access(Instruction& in, const Mnemonic& m) {
  with_type(m.type(), [&]<class T>(Tag<T>) {
    in.run = m.is({"ld", "ldu"}) ? load<T> : m.op() == "st" ? store<T> : atomic_of<T>(m);
  });
  return in.run;
}

}  // namespace heddle::emulator
