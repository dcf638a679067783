# Juelich's JUWELS Booster (four A100 each): what jobs/gpu.sbatch wants beside itself. Not tried: written from the site's public pages of 2024, whose versions move on.
#   source jobs/sites/juwels_booster.sh                        # before building, on a login node
#   sbatch --account=BUDGET --partition=booster jobs/gpu.sbatch DECK [section.key=value ...]
# The job needs the same: source this file where the template says "Bring the libraries".
module load Stages/2024 GCC/12.3.0 OpenMPI/4.1.5 CUDA/12 NCCL HDF5/1.14.2 Eigen/3.4.0 CMake Ninja
spack env activate cmake/spack_cuda    # Kokkos, oneDNN, fmt, toml++, nlohmann::json, CLI11, GoogleTest
export UCX_RNDV_FRAG_MEM_TYPE=cuda     # for comm.device_aware = true, as the site advises; NCCL needs none of it
# build: cmake --preset cuda -DHEDDLE_CUDA_ARCHITECTURE=80 && cmake --build --preset cuda
# ParaStationMPI is the site's default; its srun starts OpenMPI's ranks by --mpi=pmix, as the template has it.
