#!/usr/bin/env bash
# Starts a program on N ranks of this machine, as srun does on a cluster: `jobs/local.sh N PROGRAM [ARG ...]`.
set -euo pipefail
ranks=${1:?usage: jobs/local.sh N PROGRAM [ARG ...]}
shift

cores=$(lscpu -p=CORE,SOCKET | grep -v '^#' | sort -u | wc -l)
allowed=$(env -u OMP_NUM_THREADS nproc)  # which believes OMP_NUM_THREADS instead of counting cores
((allowed < cores)) && cores=$allowed

flags=()
if ((ranks > cores)); then
  flags+=(--oversubscribe --bind-to none)
  export OMPI_MCA_mpi_yield_when_idle=1  # a waiting rank leaves its core to one that works: 1000 times faster
fi
if ((EUID == 0)); then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}          # a rank is a core

# In the background, so that a signal to this script reaches the launcher at once, and in a session of its own, so that a terminal's Ctrl-C comes here
# alone; it ends when the script is killed, too.
setpriv --pdeathsig TERM setsid mpirun -q "${flags[@]}" -n "$ranks" "$@" <&0 &
launcher=$!
# mpirun hands SIGUSR1 on, and Heddle stops with a checkpoint; by SIGTERM and SIGINT mpirun leaves its ranks a second.
asked=
ask() {
  if [[ $1 == INT && $asked ]]; then kill -s INT "$launcher"; else kill -s USR1 "$launcher"; fi
  asked=yes
}
trap 'ask INT' INT
trap 'ask TERM' TERM
for signal in HUP USR1 USR2; do
  trap "kill -s $signal $launcher" "$signal"
done
code=0
wait "$launcher" || code=$?
while kill -0 "$launcher" 2>/dev/null; do  # a trap ends a wait
  code=0
  wait "$launcher" || code=$?
done
if ((code > 128)) && name=$(kill -l "$code" 2>/dev/null); then
  why=""
  ((code == 137)) && why=" (as the kernel does where memory runs out: see dmesg)"
  echo "jobs/local.sh: a rank was ended by SIG$name$why" >&2
fi
exit "$code"
