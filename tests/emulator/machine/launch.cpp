// A kernel: its blocks one after the other, the warps of each in turns, both in an order that the seed shuffles.
#include <algorithm>
#include <numeric>
#include <random>

#include "emulator/machine/program.hpp"
#include "emulator/machine/races.hpp"
#include "emulator/machine/warp_run.hpp"
#include "emulator/memory/memory.hpp"
#include "emulator/ptx/text.hpp"
#include "emulator/settings.hpp"

namespace heddle::emulator {
namespace {

constexpr int most_warps = 32;

std::uint64_t special(Special what, const Warp& w, int lane, Extent grid, Extent block) {
  const auto thread = static_cast<std::uint32_t>(w.number * warp_size + lane);
  static std::uint64_t ticks = 0;
  switch (what) {
    case Special::tid_x: return thread % block.x;
    case Special::tid_y: return thread / block.x % block.y;
    case Special::tid_z: return thread / block.x / block.y;
    case Special::ntid_x: return block.x;
    case Special::ntid_y: return block.y;
    case Special::ntid_z: return block.z;
    case Special::ctaid_x: return w.block->index[0];
    case Special::ctaid_y: return w.block->index[1];
    case Special::ctaid_z: return w.block->index[2];
    case Special::nctaid_x: return grid.x;
    case Special::nctaid_y: return grid.y;
    case Special::nctaid_z: return grid.z;
    case Special::laneid: return static_cast<std::uint64_t>(lane);
    case Special::warpid: return static_cast<std::uint64_t>(w.number);
    case Special::lanemask_lt: return bit(lane) - 1;
    case Special::lanemask_le: return (Mask{2} << lane) - 1;
    case Special::lanemask_gt: return ~((Mask{2} << lane) - 1);
    case Special::lanemask_ge: return ~(bit(lane) - 1);
    case Special::lanemask_eq: return bit(lane);
    case Special::clock: break;
  }
  return ++ticks;
}

char* shared_memory() {
  static char* memory = allocate_own(most_shared_bytes);
  return memory;
}

char* local_memory(std::int64_t bytes) {
  static char* memory = nullptr;
  static std::int64_t room = 0;
  if (bytes > room) memory = allocate_own(static_cast<std::size_t>(room = bytes));
  return memory;
}

std::mt19937_64& random_numbers() {
  static std::mt19937_64 numbers(seed());
  return numbers;
}

template <class T>
std::vector<T> counted(T n) {
  std::vector<T> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), T(0));
  return all;
}

class Launch {
 public:
  Launch(Program& program, Extent grid, Extent block, std::int64_t dynamic_shared)
      : program_(program), grid_(grid), extent_(block), threads_(block.x * block.y * block.z) {
    block_.shared = shared_memory();
    block_.shared_bytes = program.shared_bytes + dynamic_shared;
    block_.parameters = program.parameter_memory;
    block_.parameter_bytes = program.parameter_bytes;
    warps_.resize((threads_ + warp_size - 1) / warp_size);
    const std::int64_t local_bytes = aligned(program.local_bytes, 16);
    char* local = local_memory(local_bytes * warp_size * most_warps + 16);
    for (std::size_t i = 0; i < warps_.size(); ++i) {
      Warp& w = warps_[i];
      w.slots = slots(i);
      w.block = &block_;
      w.local = local + static_cast<std::int64_t>(i) * warp_size * local_bytes;
      w.local_bytes = local_bytes;
      w.number = static_cast<int>(i);
    }
    turns_ = counted(warps_.size());
  }

  void run() {
    auto order = counted(std::uint64_t{grid_.x} * grid_.y * grid_.z);
    std::shuffle(order.begin(), order.end(), random_numbers());
    for (const std::uint64_t index : order) {
      begin_block(index);
      while (run_to_barrier()) {
      }
    }
  }

 private:
  /// Registers begin as what no number is, the first time.
  Slot* slots(std::size_t warp) {
    if (warp < program_.slots.size()) return program_.slots[warp].data();
    program_.slots.emplace_back(static_cast<std::size_t>(program_.registers) * warp_size, ~Slot{0});
    Slot* made = program_.slots.back().data();
    for (const auto& [slot, value] : program_.constants) std::fill_n(made + slot, warp_size, value);
    return made;
  }

  void begin_block(std::uint64_t index) {
    block_.index = {static_cast<std::uint32_t>(index % grid_.x),
                    static_cast<std::uint32_t>(index / grid_.x % grid_.y),
                    static_cast<std::uint32_t>(index / grid_.x / grid_.y)};
    races().meet();
    std::memset(block_.shared, 0xff, static_cast<std::size_t>(block_.shared_bytes));
    for (Warp& w : warps_) {
      const std::uint32_t left = threads_ - static_cast<std::uint32_t>(w.number) * warp_size;
      w.live = left >= warp_size ? ~Mask{0} : bit(static_cast<int>(left)) - 1;
      w.waiting = w.at_barrier = 0;
      w.pc.fill(0);
      w.depth.fill(0);
      for (const auto& [slot, what] : program_.specials)
        for (int l = 0; l < warp_size; ++l) w.slots[slot + l] = special(what, w, l, grid_, extent_);
    }
  }

  /// False where no thread is left.
  bool run_to_barrier() {
    std::shuffle(turns_.begin(), turns_.end(), random_numbers());
    bool alive = false;
    for (const std::size_t i : turns_) {
      WarpRun(program_, warps_[i]).go();
      alive |= warps_[i].live != 0;
    }
    for (Warp& w : warps_) pass_barrier(w);
    races().meet();
    return alive;
  }

  /// All threads of a warp that live came to one barrier.
  void pass_barrier(Warp& w) {
    if (!w.at_barrier) return;
    const int first = std::countr_zero(w.at_barrier);
    each_lane(w.at_barrier, [&](int l) {
      if (w.pc[l] != w.pc[first])
        fault(program_.code[w.pc[first] - 1], w, l, "a warp whose threads came to different barriers");
    });
    w.at_barrier = 0;
  }

  Program& program_;
  const Extent grid_, extent_;
  const std::uint32_t threads_;
  Block block_;
  std::vector<Warp> warps_;
  std::vector<std::size_t> turns_;
};

}  // namespace

void launch(Program& program, Extent grid, Extent block, std::int64_t dynamic_shared,
            const std::vector<char>& parameters) {
  set_current_kernel(program.name);
  std::copy(parameters.begin(), parameters.end(), program.parameter_memory);
  Launch(program, grid, block, dynamic_shared).run();
}

}  // namespace heddle::emulator
