# Writes what `heddle --version` and every run file say of this build. The state of the sources is asked for with each build, since commits and
# edits configure nothing.
configure_file(${PROJECT_SOURCE_DIR}/cmake/build_info.hpp.in ${PROJECT_BINARY_DIR}/generated/heddle/build_info.hpp @ONLY)
target_include_directories(heddle_options INTERFACE ${PROJECT_BINARY_DIR}/generated)

set(state ${PROJECT_BINARY_DIR}/generated/git_state.cpp)
add_custom_target(heddle_ask_git BYPRODUCTS ${state} VERBATIM
                  COMMAND ${CMAKE_COMMAND} -D SOURCES=${PROJECT_SOURCE_DIR} -D OUTPUT=${state} -P ${PROJECT_SOURCE_DIR}/cmake/git_state.cmake)
add_library(heddle_git_state STATIC ${state})
target_include_directories(heddle_git_state PRIVATE ${PROJECT_BINARY_DIR}/generated ${PROJECT_SOURCE_DIR}/include)
add_dependencies(heddle_git_state heddle_ask_git)
set_target_properties(heddle_git_state PROPERTIES UNITY_BUILD OFF EXPORT_COMPILE_COMMANDS OFF)  # lint judges what is configured, and this is not there yet
target_link_libraries(heddle_options INTERFACE heddle_git_state)
