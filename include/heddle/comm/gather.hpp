// What every rank has to say, brought together: lists whose lengths differ from rank to rank.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "heddle/comm/communicator.hpp"

namespace heddle::comm {

enum class Receivers { first, all };  ///< rank 0 only, or every rank

/// The ranks' bytes by rank, of any length; empty on a rank that receives nothing. Collective. Waits;
/// `action` names it in a hang report.
std::vector<std::string> gather(const Communicator& communicator, std::string mine, Receivers receivers,
                                const std::string& action);

/// The same for rows that are plain bytes.
template <class Row>
std::vector<std::vector<Row>> gather_rows(const Communicator& communicator, std::span<const Row> mine,
                                          Receivers receivers, const std::string& action) {
  static_assert(std::is_trivially_copyable_v<Row>);
  std::string bytes(mine.size_bytes(), '\0');
  if (!mine.empty()) std::memcpy(bytes.data(), mine.data(), bytes.size());
  std::vector<std::vector<Row>> all;
  for (const auto& part : gather(communicator, std::move(bytes), receivers, action)) {
    auto& rows = all.emplace_back(part.size() / sizeof(Row));
    if (!rows.empty()) std::memcpy(rows.data(), part.data(), part.size());
  }
  return all;
}

}  // namespace heddle::comm
