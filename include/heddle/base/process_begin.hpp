// When a process began.
#pragma once

#include <string>

namespace heddle {

/// In the kernel's ticks since the host's: another process of the same number began at another time. Empty where there is none, or
/// nothing but its exit code, for which nobody has asked yet.
std::string begin_of(long process);

/// Since this process began, with what the system and libraries did before `main`; 0 where the kernel does not tell.
double seconds_of_this_process();

}  // namespace heddle
