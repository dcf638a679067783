#!/usr/bin/env bash
# Proves a build for GPUs on the machine at hand, in under eight minutes: `tests/device/run_all.sh [BUILD] [REPORT]`. BUILD is build/cuda;
# REPORT, a folder that is not there yet, gets table.md, a row a part as it ends, and what each part printed. ONLY='kernels|losses' runs
# some parts. It needs the built tree, or what bundle.sh packed of it, and python3; CUDA's libraries, cuDNN and NCCL are taken from where
# they are, PyTorch's own among them. Ends with 0 if all went well, 1 if a part failed, 77 if there is no GPU.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${1:-$root/build/cuda}" && pwd) || exit 1
report=${2:-$root/runs/device-$(date +%Y%m%d-%H%M%S)}
only=${ONLY:-.*}
readonly seconds=470  # in all

if [[ -d $root/usr ]]; then  # of bundle.sh
  export OPAL_PREFIX=$root/usr PMIX_INSTALL_PREFIX=$root/usr/lib/x86_64-linux-gnu/pmix2 PATH=$root/usr/bin:$PATH
  export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
fi
export HEDDLE_SOURCE_DIR=$root OMP_NUM_THREADS=1 GTEST_COLOR=no  # mpirun gives programs a terminal

# Folders that may hold libraries for GPUs: the CUDA Toolkit's, and those that PyTorch brought.
library_folders() {
  printf '%s\n' "${CUDA_HOME:-/usr/local/cuda}"{/lib64,/lib,/targets/x86_64-linux/lib} /usr/local/cuda-*/lib64
  python3 -c 'import nvidia; print(*nvidia.__path__, sep="\n")' 2>/dev/null | while read -r folder; do
    printf '%s\n' "$folder"/*/lib
  done
}

find_libraries() {
  local folder library
  for library in $(ldd "$build/heddle" | awk '/not found/ {print $1}'); do
    while read -r folder; do
      if [[ -e $folder/$library ]]; then
        export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder
        break
      fi
    done < <(library_folders)
  done
  library=$(ldd "$build/heddle" | awk '/not found/ {print $1}' | sort -u | tr '\n' ' ')
  if [[ -n $library ]]; then
    echo "$0: these libraries are not on this machine: $library" >&2
    echo "  Looked in $(library_folders | sort -u | tr '\n' ' ')and LD_LIBRARY_PATH" >&2
    exit 1
  fi
}

row() { printf '| %s | %s | %s | %s |\n' "$@" | tee -a "$report/table.md"; }

# How many of GoogleTest's tests passed, and which did not.
suite_said() {
  awk '/^\[  PASSED  \]/ {passed = $4} /^\[  SKIPPED \] [0-9]/ {skipped = ", " $4 " skipped"}
       /^\[  FAILED  \]/ && $4 !~ /^[0-9]/ && !/ms\)/ {sub(/,$/, "", $4); names = names " " $4}
       END {if (passed != "" || names) print passed + 0 " passed" skipped (names ? ", failed:" names : "")}' "$1"
}

# Who carried the messages of tests that several ranks ran.
carried() { sed -n 's/^messages between GPUs go \(.*\)/, messages \1/p' "$1" | head -1; }

# What a part said at its end: its line after "=>", its tests, or its last line.
said() {
  local line
  line=$(sed -n 's/^=> //p' "$1" | tail -1)
  [[ -n $line ]] || line=$(suite_said "$1")$(carried "$1")
  [[ -n $line ]] || line=$(grep -v '^ *$' "$1" | tail -1)
  printf '%s' "${line//|/ }"
}

# part NAME SECONDS COMMAND [ARGUMENT ...]
part() {
  local name=$1 limit=$2 code=0 begin=$SECONDS
  shift 2
  [[ $name =~ ^($only)$ ]] || return 0
  ((limit < seconds - begin)) || limit=$((seconds - begin))
  if ((limit < 5)); then
    failed=1
    row "$name" "not begun" "no time was left" 0
    return
  fi
  timeout --kill-after=5 "$limit" "$@" >"$report/$name.log" 2>&1 </dev/null || code=$?
  local verdict=failed
  case $code in
    0) verdict=passed ;;
    124 | 137) verdict="ran past $limit s" ;;
  esac
  ((code)) && failed=1
  row "$name" "$verdict" "$(said "$report/$name.log")" "$((SECONDS - begin))"
}

if ! gpus=$(nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader 2>&1); then
  echo "there is no GPU here: ${gpus##*: }"
  exit 77
fi
find_libraries
count=$(wc -l <<<"$gpus")
mkdir -p "$(dirname "$report")" && mkdir "$report" || exit 1
failed=0
launch=$root/jobs/local.sh
tests=$build/tests
many_runs=$(<"$tests/many_runs")

printf '# %s\n%s\n\n| part | verdict | what came out | seconds |\n|---|---|---|--:|\n' "$("$build/heddle" --version)" "$gpus" | tee "$report/table.md"
part attention 60 "$tests/test_kernels" --gtest_filter='Attention*'
part kernels 60 "$tests/test_kernels" --gtest_filter=-'Attention*'
part losses 90 "$root/tests/device/losses.py" "$build/heddle" "$tests/cli/observed_run" "$launch"
for shape in 124M 1558M 7B; do
  part "speed.$shape" 80 "$root/tests/device/speed.py" "$shape" "$build/heddle"
done
for ranks in 1 2 4 $((count > 4 ? count : 0)); do
  ((ranks)) || continue
  part "comm.$ranks" 30 "$launch" "$ranks" "$tests/test_comm_mpi"
  part "exec.$ranks" 30 "$launch" "$ranks" "$tests/test_exec_mpi"
  part "train.$ranks" 30 "$launch" "$ranks" "$tests/test_train_mpi"
  part "session.$ranks" 60 "$launch" "$ranks" "$tests/test_session_mpi" --gtest_filter=-"$many_runs"
done
sanitizer=$(PATH=$PATH:${CUDA_HOME:-/usr/local/cuda}/bin type -P compute-sanitizer)
if [[ -n $sanitizer ]]; then
  some='*LayerNorm*:*CrossEntropy*:*ColumnSum*:*Embedding*:*Residual*:*AdamW*'
  part memcheck 60 "$sanitizer" --tool memcheck --error-exitcode 1 "$tests/test_kernels" --gtest_filter="$some"
  part racecheck 60 "$sanitizer" --tool racecheck --error-exitcode 1 "$tests/test_kernels" --gtest_filter="$some"
else
  row sanitizer "not run" "compute-sanitizer is not on this machine" 0
fi
echo "The table and what each part printed are in $report"
exit $failed
