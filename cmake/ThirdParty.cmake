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
if(HEDDLE_TESTS)
  find_package(GTest REQUIRED)
endif()

if(NOT HEDDLE_PURE)
  find_package(MPI REQUIRED COMPONENTS CXX)
  heddle_third_party(mpi MPI::MPI_CXX)
  target_compile_definitions(heddle_third_party_mpi INTERFACE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)

  # Before glibc 2.34 the memory that ranks of a host share is opened by a library of its own.
  find_library(RT_LIBRARY rt)
  if(RT_LIBRARY)
    target_link_libraries(heddle_third_party_mpi INTERFACE ${RT_LIBRARY})
  endif()

  set(HDF5_PREFER_PARALLEL TRUE)
  find_package(HDF5 REQUIRED COMPONENTS C)
  heddle_third_party(hdf5 HDF5::HDF5)

  find_path(LIBDEFLATE_INCLUDE_DIR libdeflate.h REQUIRED)  # before 1.15 it has no package of CMake's
  find_library(LIBDEFLATE_LIBRARY deflate REQUIRED)
  heddle_third_party(libdeflate ${LIBDEFLATE_LIBRARY})
  target_include_directories(heddle_third_party_libdeflate SYSTEM INTERFACE ${LIBDEFLATE_INCLUDE_DIR})

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

  if(HEDDLE_DEVICE STREQUAL "cuda")
    find_package(CUDAToolkit 12.4 REQUIRED)
    if(NOT TARGET CUDA::cublasLt)
      message(FATAL_ERROR "cuBLASLt is not found beside nvcc (matrix products on NVIDIA GPUs are its). Install libcublas of the CUDA Toolkit")
    endif()
    heddle_third_party(cuda CUDA::cudart CUDA::cublasLt)
    # Its components are asked for so that it leaves the compiler of everything else alone.
    find_package(Kokkos REQUIRED COMPONENTS separable_compilation)
    if(NOT Kokkos_ENABLE_CUDA)
      message(FATAL_ERROR "The Kokkos in ${Kokkos_DIR} has no CUDA. `make kokkos DEVICE=cuda` builds one, or Kokkos_ROOT names one")
    endif()
    # Its library and headers without its options, which take the C++ compiler for nvcc.
    heddle_third_party(kokkos $<TARGET_FILE:Kokkos::kokkoscore> CUDA::cuda_driver ${CMAKE_DL_LIBS})
    get_target_property(kokkos_headers Kokkos::kokkoscore INTERFACE_INCLUDE_DIRECTORIES)
    target_include_directories(heddle_third_party_kokkos SYSTEM INTERFACE ${kokkos_headers})
    return()
  endif()
  heddle_third_party(cuda)

  # Debian's Trilinos ships Kokkos with an imported target whose include path does not exist; its core library works.
  find_package(Kokkos REQUIRED)
  if(TARGET trilinos_kokkoscore)
    heddle_third_party(kokkos trilinos_kokkoscore)
    target_include_directories(heddle_third_party_kokkos SYSTEM INTERFACE /usr/include/trilinos)
  else()
    heddle_third_party(kokkos Kokkos::kokkos)
  endif()
endif()
