# `cmake --install`: the program, the scripts of analysis/ as heddle-* commands, and what the program prints of itself for shells and man.
include(GNUInstallDirs)
find_program(HEDDLE_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)  # Debian's h5py and matplotlib are for this one
find_program(HEDDLE_PYTHON python3)
if(NOT HEDDLE_PYTHON)
  set(HEDDLE_PYTHON "/usr/bin/env python3")
endif()

set_target_properties(heddle PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS heddle RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# The commands are links into one folder, since the scripts import each other and Python looks where a link leads.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/analysis/ DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/heddle
        FILES_MATCHING PATTERN "*.py" PATTERN __pycache__ EXCLUDE)
foreach(variable CMAKE_INSTALL_BINDIR CMAKE_INSTALL_LIBEXECDIR CMAKE_INSTALL_DATADIR CMAKE_INSTALL_MANDIR HEDDLE_PYTHON)
  install(CODE "set(${variable} \"${${variable}}\")")
endforeach()
install(SCRIPT ${CMAKE_CURRENT_LIST_DIR}/installed.cmake)
