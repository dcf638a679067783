# Maps the third-party words of LAYERS to CMake targets: heddle_third_party_<word>.
# The words are resolved here and nowhere else, so another platform's packaging is absorbed in this file.

function(heddle_third_party word)
  add_library(heddle_third_party_${word} INTERFACE)
  target_link_libraries(heddle_third_party_${word} INTERFACE ${ARGN})
endfunction()

find_package(fmt REQUIRED)
heddle_third_party(fmt fmt::fmt)
find_package(tomlplusplus REQUIRED)
heddle_third_party(tomlplusplus tomlplusplus::tomlplusplus)
find_package(nlohmann_json REQUIRED)
heddle_third_party(json nlohmann_json::nlohmann_json)
find_package(CLI11 REQUIRED)
heddle_third_party(cli11 CLI11::CLI11)
find_package(GTest REQUIRED)

if(NOT HEDDLE_PURE)
  find_package(MPI REQUIRED COMPONENTS CXX)
  heddle_third_party(mpi MPI::MPI_CXX)
  target_compile_definitions(heddle_third_party_mpi INTERFACE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)

  set(HDF5_PREFER_PARALLEL TRUE)
  find_package(HDF5 REQUIRED COMPONENTS C)
  heddle_third_party(hdf5 HDF5::HDF5)

  find_package(Eigen3 REQUIRED NO_MODULE)
  heddle_third_party(eigen Eigen3::Eigen)
  find_package(OpenMP COMPONENTS CXX)
  heddle_third_party(openmp $<TARGET_NAME_IF_EXISTS:OpenMP::OpenMP_CXX>)

  # oneDNN multiplies matrices on the host where it is found; Eigen does otherwise. It is looked up by hand, because
  # Debian's dnnl-config.cmake demands OpenCL's headers, which nothing here needs.
  find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.h)
  find_library(DNNL_LIBRARY dnnl)
  if(DNNL_INCLUDE_DIR AND DNNL_LIBRARY)
    heddle_third_party(dnnl ${DNNL_LIBRARY})
    target_include_directories(heddle_third_party_dnnl SYSTEM INTERFACE ${DNNL_INCLUDE_DIR})
    target_compile_definitions(heddle_third_party_dnnl INTERFACE HEDDLE_HAVE_ONEDNN)
  else()
    heddle_third_party(dnnl)
  endif()

  # Debian's Trilinos ships Kokkos with an imported target whose include path does not exist; its core library works.
  find_package(Kokkos REQUIRED)
  if(TARGET trilinos_kokkoscore)
    heddle_third_party(kokkos trilinos_kokkoscore)
    target_include_directories(heddle_third_party_kokkos SYSTEM INTERFACE /usr/include/trilinos)
  else()
    heddle_third_party(kokkos Kokkos::kokkos)
  endif()
endif()
