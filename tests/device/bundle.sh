#!/usr/bin/env bash
# Packs what proves a build for GPUs where nothing of ours is installed: `tests/device/bundle.sh FILE.tar.gz [BUILD]`. There, unpack it and start
# heddle-device/tests/device/run_all.sh. It holds the programs, stripped, mpirun, and the distribution's libraries that they need, but for
# glibc and libstdc++, of which the machine's own must be as new; and nothing of NVIDIA's.
set -euo pipefail
file=$(realpath -m "${1:?usage: tests/device/bundle.sh FILE.tar.gz [BUILD]}")
[[ ! -e $file ]] || { echo "$0: $file is there already; remove it or name another" >&2; exit 1; }
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${2:-$root/build/cuda}" && pwd)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
top=$folder/heddle-device usr=$folder/heddle-device/usr
libraries=usr/lib/x86_64-linux-gnu
programs=(heddle tests/test_kernels tests/test_comm_mpi tests/test_exec_mpi tests/test_train_mpi tests/test_session_mpi tests/cli/observed_run)

# What `ldd` finds for the arguments, but for NVIDIA's and what every machine has of its own.
needed() {
  ldd "$@" | awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u |
    grep -vE '/(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|stdc\+\+|gcc_s|cu[a-z]+[A-Za-z]*|nv[a-z]+|nccl))\.so'
}

mkdir -p "$top/build/cuda/tests/cli" "$top/$libraries/openmpi/lib" "$usr/bin" "$usr/share"
for program in "${programs[@]}"; do
  strip -o "$top/build/cuda/$program" "$build/$program"
done
cp "$build/tests/many_runs" "$top/build/cuda/tests/"
(cd "$root" && cp --parents tests/device/* tests/support/stored.py tests/bench/{gpt2_124m.toml,torch_gpt2.py} tests/parity/golden.{h5,toml} jobs/local.sh "$top")

# Open MPI without what is for networks between nodes, which would bring these networks' libraries along.
mpi=$(dirname "$(realpath "$(ompi_info --parsable --path pkglibdir | cut -d: -f3)")")
cp -r "$mpi/openmpi3" "$top/$libraries/openmpi/lib/"
for component in "$top/$libraries"/openmpi/lib/openmpi3/*.so; do
  if ldd "$component" | grep -qE 'lib(ucp|fabric|psm|ibverbs)'; then rm "$component"; fi
done
cp -L "$(command -v mpirun)" "$usr/bin/mpirun"
cp -L "$(command -v orted)" "$usr/bin/orted"
cp -r /usr/share/openmpi "$usr/share/"
pmix=/usr/lib/x86_64-linux-gnu/pmix2
[[ ! -d $pmix ]] || (cd / && cp -r --parents "${pmix#/}"/lib/pmix "$top")
mapfile -t plugins < <(find "$top/$libraries" -name '*.so')
mapfile -t found < <(needed "${programs[@]/#/$build/}" "$usr/bin/mpirun" "$usr/bin/orted" "${plugins[@]}")
cp -L "${found[@]}" "$top/$libraries/"

tar -C "$folder" -czf "$file.partial" heddle-device
mv "$file.partial" "$file"
echo "$file holds what tests/device/run_all.sh needs, $(du -m "$file" | cut -f1) MiB"
