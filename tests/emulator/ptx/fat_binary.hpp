// What nvcc puts into a program for its GPU.
#pragma once
#include <string>

namespace heddle::emulator {

/// The first piece of PTX in what a program registers; empty where it has none.
std::string ptx_of(const void* wrapper);

}  // namespace heddle::emulator
