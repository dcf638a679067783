"""What a program's figures are held to: a JSON file beside the script that made them, written with HEDDLE_UPDATE=1."""
import json
import os
import subprocess
import sys

# What decides which instructions the libraries run, so that figures of one machine hold on another.
FIXED = {"ONEDNN_MAX_CPU_ISA": "AVX2", "OMP_NUM_THREADS": "1",
         "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def output(*command, folder=None):
    """What a command prints; where it fails, the end of the script."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | FIXED,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def version(program):
    return output(program, "--version").splitlines()[0]


def held_to(word, path, key, figures, made_with, differences, unlike):
    """The figures stored under `key`, or None where HEDDLE_UPDATE=1 had these written in their place.

    Ends the script where differences(stored, figures) has lines. `word` names the make target, `unlike` the lines.
    """
    if os.environ.get("HEDDLE_UPDATE"):
        path.write_text(json.dumps({"made_with": made_with, key: figures}, indent=1) + "\n")
        return None
    stored = json.loads(path.read_text())
    if changes := differences(stored[key], figures):
        print(f"{word}: {unlike} {path.name}:\n" + "\n".join(changes))
        if stored["made_with"] != made_with:
            print(f"  made with {stored['made_with']}, this is {made_with}: that may be why")
        sys.stdout.flush()
        sys.exit(f"{word}: if this is meant, `HEDDLE_UPDATE=1 make {word}` stores it")
    return stored[key]
