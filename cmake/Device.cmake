# The device of lanes and kernels. On the host every source is the C++ compiler's; for a GPU its compiler takes the kernels and the
# device's own sources, which see Kokkos, and the C++ compiler all others.
set(HEDDLE_DEVICE host CACHE STRING "The device of lanes and kernels, a folder of each: host or cuda")
set_property(CACHE HEDDLE_DEVICE PROPERTY STRINGS host cuda)
set(HEDDLE_DEVICE_ROOMS false)  # from which plans know of base/device_rooms.hpp
set(HEDDLE_ATTENTION_BY host)   # and of base/attention_memory.hpp
set(HEDDLE_FUSES false)         # whether they join ops, see passes/epilogues.hpp and passes/residual_norms.hpp
# Up to a multiple of what a rank's rows of the table are padded, see schedule/padding.hpp.
set(HEDDLE_TABLE_MULTIPLE 1)

if(HEDDLE_DEVICE STREQUAL "cuda")
  set(HEDDLE_DEVICE_ROOMS true)
  set(HEDDLE_FUSES true)
  set(HEDDLE_ATTENTION_BY device)
  set(HEDDLE_CUDA_ARCHITECTURE 90 CACHE STRING "Compute capability of the GPUs: 80 is Ampere, 90 Hopper")
  set(CMAKE_CUDA_ARCHITECTURES ${HEDDLE_CUDA_ARCHITECTURE})
  set(HEDDLE_TABLE_MULTIPLE 64)
  include(CheckLanguage)
  check_language(CUDA)
  if(NOT CMAKE_CUDA_COMPILER)
    message(FATAL_ERROR "nvcc is not found (a build for NVIDIA GPUs needs the CUDA Toolkit, 12.4 or newer). "
                        "Install it or load its module, and put nvcc on the PATH")
  endif()
  set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
  enable_language(CUDA)
  if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know it
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  endif()
elseif(NOT HEDDLE_DEVICE STREQUAL "host")
  message(FATAL_ERROR "HEDDLE_DEVICE is ${HEDDLE_DEVICE} (there are no sources for it). It may be host or cuda")
endif()

# Sources that see Kokkos, to be compiled for the device: not cuDNN's frontend, of whose headers nvcc makes three minutes.
function(heddle_for_device)
  list(FILTER ARGN EXCLUDE REGEX "/attention_plans\\.cpp$")
  if(HEDDLE_DEVICE STREQUAL "cuda")
    set_source_files_properties(${ARGN} PROPERTIES LANGUAGE CUDA)
  endif()
endfunction()
