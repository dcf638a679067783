#include "landing.hpp"

#include <cstring>
#include <type_traits>

#include "heddle/lanes/log_add.hpp"
#include "landing_types.hpp"

namespace heddle::lanes::host {
namespace {

/// From numbers of type From to those of type To.
template <class From, class To>
void land(const std::vector<Run>& runs, const void* from, void* to, Landing landing) {
  for (const Run& run : runs) {
    const From* const terms = static_cast<const From*>(from) + run.from;
    To* const sums = static_cast<To*>(to) + run.to;
    switch (landing) {
      case Landing::replace:
        for (std::int64_t i = 0; i < run.length; ++i) sums[i] = static_cast<To>(terms[i]);
        break;
      case Landing::add:
        for (std::int64_t i = 0; i < run.length; ++i) sums[i] = static_cast<To>(sums[i] + terms[i]);
        break;
      case Landing::log_add:
        if constexpr (std::is_floating_point_v<To>)
          for (std::int64_t i = 0; i < run.length; ++i) sums[i] = log_add(sums[i], static_cast<To>(terms[i]));
        break;
    }
  }
}

void copy(const std::vector<Run>& runs, std::int64_t size, const void* from, void* to) {
  for (const Run& run : runs)
    std::memcpy(static_cast<char*>(to) + run.to * size, static_cast<const char*>(from) + run.from * size,
                static_cast<std::size_t>(run.length * size));
}

}  // namespace

void land(const std::vector<Run>& runs, LandingTypes types, const void* from, void* to, Landing landing) {
  if (types.from == types.to && landing == Landing::replace) return copy(runs, size_of(types.from), from, to);
  with_landing_types(types, landing, [&](auto source, auto target) {
    land<decltype(source), decltype(target)>(runs, from, to, landing);
  });
}

}  // namespace heddle::lanes::host
