# NCCL, by which NVIDIA GPUs send each other messages. It is optional. Sets HEDDLE_MESSAGES to the folder of src/comm whose
# sources belong to the build.
option(HEDDLE_NCCL "For GPUs: messages by NCCL where it is found" ON)
set(HEDDLE_MESSAGES by_host)

if(HEDDLE_DEVICE STREQUAL "cuda" AND HEDDLE_NCCL)
  set(places ${NCCL_ROOT} $ENV{NCCL_ROOT} $ENV{NCCL_HOME})
  find_path(NCCL_INCLUDE_DIR nccl.h HINTS ${places} ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES include)
  find_library(NCCL_LIBRARY NAMES nccl libnccl.so.2 HINTS ${places} ${CUDAToolkit_LIBRARY_DIR} PATH_SUFFIXES lib lib64)
  if(NCCL_INCLUDE_DIR AND NCCL_LIBRARY)
    message(STATUS "Messages between GPUs are NCCL's")
    set(HEDDLE_MESSAGES nccl)
  else()
    message(STATUS "Messages between GPUs go through the host, where NCCL is faster by far. It is not found: install NCCL 2.19 or "
                   "newer beside the CUDA Toolkit or name its folder in NCCL_ROOT")
  endif()
endif()

if(HEDDLE_MESSAGES STREQUAL "nccl")
  heddle_third_party(nccl ${NCCL_LIBRARY} CUDA::cudart)
  target_include_directories(heddle_third_party_nccl SYSTEM INTERFACE ${NCCL_INCLUDE_DIR})
else()
  heddle_third_party(nccl)
endif()
