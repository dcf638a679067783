# Writes what `heddle --version` and every run file say of this build.
execute_process(COMMAND git describe --always --dirty --tags WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
                OUTPUT_VARIABLE HEDDLE_GIT_STATE OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT HEDDLE_GIT_STATE)
  set(HEDDLE_GIT_STATE "unknown")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/build_info.hpp.in ${PROJECT_BINARY_DIR}/generated/heddle/build_info.hpp @ONLY)
target_include_directories(heddle_options INTERFACE ${PROJECT_BINARY_DIR}/generated)
