# NERSC's Perlmutter, GPU nodes (four A100 each): what jobs/gpu.sbatch wants beside itself. Not tried: written from the site's public pages of 2024, whose versions move on.
#   source jobs/sites/perlmutter_gpu.sh                        # before building, on a login node
#   sbatch --account=ACCOUNT_g --constraint=gpu --qos=regular jobs/gpu.sbatch DECK [section.key=value ...]
# The job needs the same: source this file where the template says "Bring the libraries". Preemptible: --qos=preempt, with jobs/preemptible.sbatch's lines.
module load PrgEnv-gnu gcc-native/12.3 cudatoolkit/12.4 craype-accel-nvidia80 cray-hdf5 nccl
spack env activate cmake/spack_cuda    # Kokkos, Eigen, oneDNN, fmt, toml++, nlohmann::json, CLI11, GoogleTest; Cray's MPICH as an external
export MPICH_GPU_SUPPORT_ENABLED=1     # for comm.device_aware = true; NCCL needs none of it
export SLURM_MPI_TYPE=cray_shasta      # Cray's MPICH is not started by pmix: take --mpi=pmix out of the template's srun
# build: cmake --preset cuda -DHEDDLE_CUDA_ARCHITECTURE=80 -DCMAKE_CXX_COMPILER=CC && cmake --build --preset cuda
