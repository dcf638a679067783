// Where a command writes, and whether it may.
#pragma once

#include <string>
#include <string_view>

namespace heddle {

/// Words in every file of a kind, by which the command that wrote it knows its own.
namespace marks {
inline constexpr std::string_view tokens = "heddle tokens", picture = "heddle picture",
                                  simulation = "heddle simulation", bench = "heddle bench",
                                  none = {};  ///< a file of a kind that does not tell who wrote it
}  // namespace marks

/// What a command does with an output that is there already.
struct Replacing {
  std::string_view mark;
  bool overwrite = false;  ///< as somebody asked for
};

/// Where `path` leads when links are followed; what is not there yet may be behind the last.
std::string behind_links(const std::string& path);

/// Is there something that is neither a file nor a folder, as a pipe or a device? It is written to as it stands, never replaced.
bool is_stream(const std::string& path);

/// Asked before the work begins. Throws Error(usage) if `path` is a file that is neither empty nor the command's own.
void demand_replaceable(const std::string& path, const Replacing& replacing);

/// From the begin of what is there. Throws Error(failure) that names `path` unless the system takes all.
void write_bytes(const std::string& place, std::string_view bytes, const std::string& path);

}  // namespace heddle
