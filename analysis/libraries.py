"""What the scripts of this folder import: a library that is missing is said in one line, and a pipe that closes (`summary.py RUN |
head`) ends them quietly, as it ends other programs."""
import importlib
import signal
import sys

signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def load(name):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        print(f"{sys.executable} cannot import {name} ({error}); on Debian `apt install python3-numpy python3-h5py python3-matplotlib` "
              f"and /usr/bin/python3, elsewhere `{sys.executable} -m pip install numpy h5py matplotlib`", file=sys.stderr)
        sys.exit(2)


h5py, np = load("h5py"), load("numpy")
