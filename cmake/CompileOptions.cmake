# How every target of Heddle is compiled.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_ENABLE_EXPORTS ON)  # so that the table of a hang has names for functions
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug or RelWithDebInfo" FORCE)
endif()

find_program(HEDDLE_CCACHE ccache)
if(HEDDLE_CCACHE)
  # A header that was compiled beforehand is known by its content, not by its time.
  set(HEDDLE_CCACHE ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${HEDDLE_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${HEDDLE_CCACHE})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${HEDDLE_CCACHE})
endif()

add_library(heddle_options INTERFACE)
target_include_directories(heddle_options INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_compile_options(heddle_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow>")
if(CMAKE_UNITY_BUILD)
  target_compile_options(heddle_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)  # sources look like headers to it
endif()
if(HEDDLE_NATIVE)
  target_compile_options(heddle_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-march=native>)
endif()
# A function of the host that device code calls makes a kernel that computes nothing: an error, not nvcc's warning. Its 1675 is of GCC's pragmas for the host's
# loops.
target_compile_options(heddle_options INTERFACE
  "$<$<COMPILE_LANGUAGE:CUDA>:--extended-lambda;--expt-relaxed-constexpr;--Werror=cross-execution-space-call;--diag-suppress=1675;-Xcompiler=-Wall,-Wextra>")
if(HEDDLE_SANITIZE)
  target_compile_options(heddle_options INTERFACE -fsanitize=${HEDDLE_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(heddle_options INTERFACE -fsanitize=${HEDDLE_SANITIZE})
endif()

# Options of one module, HEDDLE_OPTIONS_<module>. Kernels never look at errno or floating-point traps; NaN and infinity stay.
set(HEDDLE_OPTIONS_kernels "$<$<COMPILE_LANGUAGE:CXX>:-fno-math-errno;-fno-trapping-math;-fopenmp-simd>")
