# Builds a Kokkos into a cache outside the tree, once: `cmake -P cmake/kokkos.cmake` one with threads (Serial and OpenMP),
# `cmake -DDEVICE=cuda -P ...` one for NVIDIA GPUs (Serial and CUDA) of compute capability ARCHITECTURE: 80, 86 or 90.
# The source is Kokkos 3.4.01 as PyPI keeps it inside pykokkos-base 0.0.7, file for file the upstream tag, pinned by hash;
# Debian's binary package is the same version without either. PREFIX names another place: `cmake -DPREFIX=DIR -P ...`.
set(archive_url https://files.pythonhosted.org/packages/1d/2e/e3e6035ba1b7358033ad15e07ed0d49ba1b1298fdfa9ea8814a8ccc39df8/pykokkos-base-0.0.7.tar.gz)
set(archive_sha256 6339daced1e81a2748f381847d8717cd77d824407da3c263b9491b5630c642b0)

if(NOT ARCHITECTURE)
  set(ARCHITECTURE 90)
endif()
if(DEVICE STREQUAL "cuda")
  set(kind cuda${ARCHITECTURE})
else()
  set(kind openmp)
endif()
if(NOT PREFIX)
  set(PREFIX $ENV{HOME}/.cache/heddle/kokkos-${kind})
endif()
file(GLOB installed ${PREFIX}/lib*/cmake/Kokkos/KokkosConfig.cmake)
if(installed)
  message(STATUS "Kokkos (${kind}) is at ${PREFIX}")
  return()
endif()

set(work ${PREFIX}.work)
set(source ${work}/pykokkos-base-0.0.7/external/kokkos)
file(DOWNLOAD ${archive_url} ${work}/archive.tar.gz EXPECTED_HASH SHA256=${archive_sha256} TLS_VERIFY ON)
file(ARCHIVE_EXTRACT INPUT ${work}/archive.tar.gz DESTINATION ${work})

if(DEVICE STREQUAL "cuda")
  set(names 80=AMPERE80 86=AMPERE86 90=HOPPER90)
  list(FILTER names INCLUDE REGEX "^${ARCHITECTURE}=")
  if(NOT names)
    message(FATAL_ERROR "Kokkos 3.4.01 knows no compute capability ${ARCHITECTURE}. Bring a Kokkos 4.7 or newer, and name it in Kokkos_ROOT")
  endif()
  string(REGEX REPLACE ".*=" "" name "${names}")
  find_program(patch patch REQUIRED)
  execute_process(COMMAND ${patch} -p1 -i ${CMAKE_CURRENT_LIST_DIR}/kokkos-3.4.01-cuda13.patch
                  WORKING_DIRECTORY ${source} COMMAND_ERROR_IS_FATAL ANY)
  set(options -DCMAKE_CXX_COMPILER=${source}/bin/nvcc_wrapper -DKokkos_ENABLE_CUDA=ON -DKokkos_ENABLE_CUDA_LAMBDA=ON
              -DKokkos_ARCH_${name}=ON)
else()
  set(options -DKokkos_ENABLE_OPENMP=ON)
endif()
execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${source} -B ${work}/build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=20
          -DCMAKE_CXX_EXTENSIONS=OFF -DKokkos_ENABLE_SERIAL=ON ${options} -DCMAKE_INSTALL_PREFIX=${PREFIX}
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${work}/build --target install COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE_RECURSE ${work})
message(STATUS "Kokkos (${kind}) is at ${PREFIX}")
