// Lists of ids by their numbers.
#pragma once

#include <initializer_list>
#include <vector>

#include "heddle/base/ids.hpp"

namespace heddle::tests {

template <class Id>
std::vector<Id> ids(std::initializer_list<int> numbers) {
  std::vector<Id> all;
  for (const int number : numbers) all.push_back(Id(number));
  return all;
}

}  // namespace heddle::tests
