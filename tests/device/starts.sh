#!/usr/bin/env bash
# Does what bundle.sh packs of a build start where it is unpacked? `tests/device/starts.sh BUILD`. Where there is a GPU, it proves the build.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$(dirname "$0")/bundle.sh" "$folder/bundle.tar.gz" "$1"
tar -C "$folder" -xzf "$folder/bundle.tar.gz"
"$folder/heddle-device/tests/device/run_all.sh"
