# cmake -D SOURCES=FOLDER -D OUTPUT=FILE -P git_state.cmake: the commit of the sources, as a source that is touched only when it changes.
execute_process(COMMAND git describe --always --dirty --tags WORKING_DIRECTORY ${SOURCES}
                OUTPUT_VARIABLE state OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT state)
  set(state "unknown")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[
#include "heddle/build_info.hpp"
namespace heddle::build_info {
const char* const git_state = "@state@";
}  // namespace heddle::build_info
]] @ONLY)
