// What a person asks of a schedule, and what is said where it cannot be had.
#pragma once

#include <string>

#include "heddle/base/error.hpp"
#include "heddle/schedule/costs.hpp"

namespace heddle::schedule {

struct Request {
  std::string name;  ///< one of `names()`
  int ranks = 1;
  int chunks = 1;  ///< stages a rank holds
  int microbatches = 1;
  int window = 1;            ///< of schedules whose order is decided while they run, see Schedule
  double memory_limit = 0;   ///< activations of all stages of a rank, in microbatches; 0: no limit
  double weight_memory = 1;  ///< part of a microbatch's activations that is kept from I to W
  Costs costs = {};          ///< of schedules that follow from costs; no stages: F, I and W take equally long
};

/// A request that no schedule meets; `key` is the one of [pipeline] that a person would change first.
class BadRequest : public KeyError {
 public:
  BadRequest(const std::string& key, const std::string& problem, const std::string& why,
             const std::string& fix)
      : KeyError({"pipeline." + key}, problem, why, fix) {}
};

}  // namespace heddle::schedule
