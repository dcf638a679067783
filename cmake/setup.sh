#!/usr/bin/env bash
# Installs what Heddle needs from Debian's packages: `cmake/setup.sh [build|lint|ci|oracle|counts|slurm]`. Where nothing is
# missing it does nothing and asks nothing. This is the only list of Debian packages; Makefile, Dockerfile and CI all
# come here.
set -euo pipefail

# shellcheck disable=SC2034  # each list is read through its name
build=(build-essential cmake ninja-build ca-certificates
       libopenmpi-dev openmpi-bin libhdf5-openmpi-dev libdeflate-dev
       libtrilinos-kokkos-dev libeigen3-dev libdnnl-dev  # kernels and matrix products
       libtomlplusplus-dev nlohmann-json3-dev libcli11-dev libfmt-dev
       libgtest-dev libgmock-dev
       python3-h5py python3-matplotlib                   # analysis/
       bible-kjv bible-kjv-text)                         # the text of `make run`
# shellcheck disable=SC2034
lint=(clang-format git python3-venv)
# shellcheck disable=SC2034
ci=(ccache git
    libbenchmark-dev   # bench_kernels
    libzstd-dev)       # the emulated GPU reads PTX by it
# shellcheck disable=SC2034
oracle=(python3-venv)
# shellcheck disable=SC2034
counts=(valgrind)
# shellcheck disable=SC2034
slurm=(slurm-wlm slurm-wlm-basic-plugins munge)  # the templates of jobs/ are tried in it

kind=${1:-build}
declare -n wanted=$kind

if ! command -v apt-get >/dev/null; then
  echo "setup: this is no Debian, nothing was installed. Bring these as docs/install_cluster.md says: ${wanted[*]}" >&2
  exit 0
fi

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $state == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "setup: packages are missing and neither root nor sudo is here. Ask an administrator for:" >&2
    echo "  apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "${missing[@]}"
