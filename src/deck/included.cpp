#include "included.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "heddle/base/input_path.hpp"

namespace heddle::deck {
namespace {

/// Of what `heddle bench` writes. Version 1 says of no version; its costs are those of version 2.
constexpr int newest_version = 2;
constexpr const char* from_bench = "write it with `heddle bench DECK --json FILE`";

toml::array list(const nlohmann::json& numbers) {
  toml::array list;
  for (const auto& number : numbers) list.push_back(number.get<double>());
  return list;
}

}  // namespace

std::string included_text(const std::string& path, const std::string& meaning, const std::string& fix) {
  constexpr std::streamsize longest = 64 << 20;
  const auto cannot_open = [&](const std::string& why) {
    return Mistake{fmt::format("cannot open {}, {}", path, meaning), why, fix};
  };
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(status)) throw cannot_open("it is a directory");
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw cannot_open("it is no regular file");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw cannot_open(std::generic_category().message(errno) + ", " + where_looked(path));
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream.bad() && static_cast<std::streamsize>(text.size()) <= longest) return text;
  throw Mistake{fmt::format("cannot read {}, {}", path, meaning), "it is no text file", fix};
}

toml::table measured_costs(const std::string& path, const std::string& text) {
  try {
    const nlohmann::json measurement = nlohmann::json::parse(text);
    if (const int version = measurement.value("version", 1); version < 1 || version > newest_version)
      throw Mistake{fmt::format("{} is of version {}", path, version),
                    fmt::format("this program reads versions 1 and {}", newest_version), from_bench};
    if (!measurement.at("cost").is_object())
      throw Mistake{fmt::format("{} holds no costs", path), "its member \"cost\" is no object", from_bench};
    toml::table costs;
    for (const auto& [name, value] : measurement.at("cost").items()) {
      if (value.is_array())
        costs.insert(name, list(value));
      else
        costs.insert(name, value.get<double>());
    }
    toml::table table;
    table.insert("cost", std::move(costs));
    return table;
  } catch (const nlohmann::json::exception& error) {
    throw Mistake{fmt::format("{} holds no costs", path), error.what(), from_bench};
  }
}

}  // namespace heddle::deck
