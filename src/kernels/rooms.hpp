// Memory of teams that work on more than a GPU's near memory holds. A host's team has all in its scratch. On a GPU scratch of the
// main memory would be Kokkos': as much as all teams that may ever run at once would want, taken when a kernel is first launched and
// in no plan. So there a caller hands over a workspace, and as many teams are launched as have a place in it.
#pragma once

#include "heddle/base/attention_memory.hpp"
#include "rows.hpp"

namespace heddle::kernels {

/// Numbers in a row, one after the other, aligned to cache lines. A copy begins where it was copied.
struct Room {
  std::byte* next;

  template <class T>
  KOKKOS_INLINE_FUNCTION T* take(std::int64_t count) {
    T* const taken = reinterpret_cast<T*>(next);
    next += (count * std::int64_t{sizeof(T)} + scratch_alignment - 1) / scratch_alignment * scratch_alignment;
    return taken;
  }
};
/// What a team has for one task: memory as near as it is large, and memory that may be far.
struct Rooms {
  Room near, far;
};

/// Bytes of both for each team.
struct RoomBytes {
  std::int64_t near = 0, far = 0;
};

/// f(team, task, rooms) for every task in [0, tasks), tasks in parallel. On a GPU `workspace` holds what is far, for one team at
/// least; where it holds less than one for each task, a team does several, one after the other.
template <class F>
void each_task_in_rooms(const lanes::Lane& lane, const char* name, std::int64_t tasks, RoomBytes bytes,
                        const Tensor& workspace, const F& f) {
  if (tasks == 0) return;
  const bool near_fits = on_host || bytes.near <= tiled_attention::most_near;
  const std::int64_t near = tiled_attention::whole_lines(bytes.near),
                     far = tiled_attention::whole_lines(bytes.far);
  const std::int64_t scratch = on_host ? near + far : near_fits ? near : 0;
  const std::int64_t place = on_host ? 0 : near_fits ? far : near + far;
  const std::int64_t places = place > 0 ? workspace.bytes() / place : tasks;
  HEDDLE_EXPECT(places > 0 && (place == 0 || workspace.data));
  const std::int64_t teams = places < tasks ? places : tasks;
  std::byte* const all_places = static_cast<std::byte*>(workspace.data);
  each_row(
      lane, name, teams,
      KOKKOS_LAMBDA(const Team& team, std::int64_t number) {
        std::byte* const near_begin =
            scratch > 0 ? take<std::byte>(team, scratch) : all_places + number * place;
        std::byte* const far_begin =
            scratch > 0 && place > 0 ? all_places + number * place : near_begin + near;
        for (std::int64_t task = number; task < tasks; task += teams) {
          f(team, task, Rooms{{near_begin}, {far_begin}});
          team.team_barrier();
        }
      },
      scratch);
}

}  // namespace heddle::kernels
