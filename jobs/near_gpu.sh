#!/usr/bin/env bash
# Starts a rank on the cores that its GPU hangs on: `srun ... jobs/near_gpu.sh PROGRAM [ARG ...]`. A rank takes the GPU of its number on the
# node, as Heddle does. Where the machine does not say which cores are near, the rank stays where it is.
set -euo pipefail
rank=${SLURM_LOCALID:-${OMPI_COMM_WORLD_LOCAL_RANK:-${MPI_LOCALRANKID:-${PALS_LOCAL_RANKID:-0}}}}
devices=${SYSFS:-/sys}/bus/pci/devices

visible=(); [[ ${CUDA_VISIBLE_DEVICES:-} ]] && visible=(--id="$CUDA_VISIBLE_DEVICES")
mapfile -t addresses < <(nvidia-smi "${visible[@]}" --query-gpu=pci.bus_id --format=csv,noheader 2>/dev/null || true)
cores=
if ((${#addresses[@]})); then
  address=${addresses[rank % ${#addresses[@]}],,}  # 00000000:3b:00.0, where Linux says 0000:3b:00.0
  cores=$(cat "$devices/${address: -12}/local_cpulist" 2>/dev/null || true)
fi
if [[ $cores ]] && taskset -c "$cores" true 2>/dev/null; then
  exec taskset -c "$cores" "$@"
fi
exec "$@"
