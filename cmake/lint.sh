#!/usr/bin/env bash
# Everything that is judged without running the program: `cmake/lint.sh BUILD_DIR`, a configured build with its
# compile_commands.json and clang-tidy in lint/ (`make lint`). Stops at the first kind of offence.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: cmake/lint.sh BUILD_DIR}

echo "lint: clang-format"
git ls-files '*.[ch]pp' | xargs clang-format --dry-run --Werror
echo "lint: layers"
python3 tests/lint/layers.py .
echo "lint: lengths, names, usings"
python3 tests/lint/length.py .
python3 tests/lint/usings.py .
python3 tests/lint/names.py .
echo "lint: clang-tidy"
lint=$build/lint/bin
# omp.h is GCC's; all other headers of a compiler are clang's own.
findings=$("$lint/python" "$lint/run-clang-tidy.py" -clang-tidy-binary "$lint/clang-tidy" -extra-arg="-idirafter$(c++ -print-file-name=include)" \
  -quiet -p "$build" 2>/dev/null) || { grep -v '^clang-tidy' <<<"$findings"; exit 1; }
