// Paths of files that a command reads.
#pragma once

#include <string>

namespace heddle {

/// Of a file that is not there, "looked for in /home/me/data": relative paths start at the working folder, whoever gives them.
std::string where_looked(const std::string& path);

}  // namespace heddle
