// What was measured of a machine, as a table for people and as a [machine] for decks.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace heddle::bench {

enum class Unit { flops_per_second, bytes_per_second, seconds };

/// Over the ranks that took part.
struct Spread {
  double median, least, most;
};

/// A line of the table.
struct Figure {
  std::string what;
  Unit unit;
  Spread of_ranks;
};

/// A key of [machine].
struct MachineKey {
  std::string name;
  std::optional<std::string> value;  ///< as TOML; none: it could not be measured
  std::string remark;                ///< its unit and how it was measured, or why it was not
};

struct MachineReport {
  std::vector<Figure> figures;
  std::vector<MachineKey> keys;
};

/// Where figures come from.
struct Origin {
  std::string program, when;
  std::vector<std::string> processors;  ///< each once
  int ranks = 0, nodes = 0;
};

/// "216.5 GFLOP/s", "4.02 us": four digits.
std::string text(double value, Unit unit);
/// At most 120 columns.
std::string table(const std::vector<Figure>& figures);
/// A file that cost.machine names.
std::string machine_file(const Origin& origin, const std::vector<MachineKey>& keys);

}  // namespace heddle::bench
