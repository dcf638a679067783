// A library of products whose algorithms take the seconds that a test says, and that tells what it was asked. It computes nothing.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "heddle/kernels/product_library.hpp"

namespace heddle::tests {

class ProductDouble final : public kernels::ProductLibrary {
 public:
  using Key = kernels::ProductKey;
  using Algorithm = kernels::ProductAlgorithm;

  std::string name() const override { return library; }
  std::vector<Algorithm> algorithms(const Key&, int most) override {
    std::vector<Algorithm> all;
    for (int i = 0; i < most; ++i) all.push_back(algorithm(i));
    return all;
  }
  bool takes(const Key&, const Algorithm& asked) override { return !refused.contains(asked); }
  std::vector<std::vector<double>> seconds(const Key& key, std::span<const Algorithm> of,
                                           int calls) override {
    begins_search(key);
    searched.insert(key);
    std::vector<std::vector<double>> all;
    for (const Algorithm& one : of)
      all.emplace_back(static_cast<std::size_t>(calls), taken(std::to_integer<int>(one[0])));
    return all;
  }
  void choose(const Key& key, const Algorithm& one) override { chosen[key] = one; }

  /// The library's i-th for every product.
  static Algorithm algorithm(int i) {
    Algorithm bytes;
    bytes.fill(static_cast<std::byte>(0xa0 + i));
    bytes[0] = static_cast<std::byte>(i);
    return bytes;
  }

  std::string library = "a GPU, products 1.0";
  std::function<double(int)> taken = [](int i) { return i == 3 ? 0.5 : 1.0; };  ///< seconds of the i-th
  std::function<void(const Key&)> begins_search = [](const Key&) {};
  std::set<Algorithm> refused;
  std::set<Key> searched;
  std::map<Key, Algorithm> chosen;
};

}  // namespace heddle::tests
