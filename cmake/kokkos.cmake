# Builds a Kokkos with threads (Serial and OpenMP) into a cache outside the tree, once: `cmake -P cmake/kokkos.cmake`.
# The source is Kokkos 3.4.01 as PyPI keeps it inside pykokkos-base 0.0.7, file for file the upstream tag, pinned by hash;
# Debian's binary package is the same version without OpenMP. PREFIX names another place: `cmake -DPREFIX=DIR -P ...`.
set(archive_url https://files.pythonhosted.org/packages/1d/2e/e3e6035ba1b7358033ad15e07ed0d49ba1b1298fdfa9ea8814a8ccc39df8/pykokkos-base-0.0.7.tar.gz)
set(archive_sha256 6339daced1e81a2748f381847d8717cd77d824407da3c263b9491b5630c642b0)

if(NOT PREFIX)
  set(PREFIX $ENV{HOME}/.cache/heddle/kokkos-openmp)
endif()
file(GLOB installed ${PREFIX}/lib*/cmake/Kokkos/KokkosConfig.cmake)
if(installed)
  message(STATUS "Kokkos with OpenMP is at ${PREFIX}")
  return()
endif()

set(work ${PREFIX}.work)
file(DOWNLOAD ${archive_url} ${work}/archive.tar.gz EXPECTED_HASH SHA256=${archive_sha256} TLS_VERIFY ON)
file(ARCHIVE_EXTRACT INPUT ${work}/archive.tar.gz DESTINATION ${work})
execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${work}/pykokkos-base-0.0.7/external/kokkos -B ${work}/build -G Ninja
          -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=20 -DCMAKE_CXX_EXTENSIONS=OFF
          -DKokkos_ENABLE_SERIAL=ON -DKokkos_ENABLE_OPENMP=ON -DCMAKE_INSTALL_PREFIX=${PREFIX}
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${work}/build --target install COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE_RECURSE ${work})
message(STATUS "Kokkos with OpenMP is at ${PREFIX}")
