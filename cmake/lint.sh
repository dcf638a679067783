#!/usr/bin/env bash
# Everything that is judged without running the program: `cmake/lint.sh BUILD_DIR`, a configured build with its
# compile_commands.json. Stops at the first kind of offence.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: cmake/lint.sh BUILD_DIR}

echo "lint: clang-format"
git ls-files '*.[ch]pp' | xargs clang-format --dry-run --Werror
echo "lint: layers"
python3 tests/lint/layers.py .
echo "lint: lengths and names"
python3 tests/lint/length.py .
python3 tests/lint/names.py .
echo "lint: clang-tidy"
findings=$(run-clang-tidy -quiet -p "$build" "^$PWD/src/" 2>/dev/null) || { grep -v '^clang-tidy' <<<"$findings"; exit 1; }
