"""How the tests of the command line start the program, and what it may leave on stderr."""
import os
import re
import shutil
import subprocess
import tempfile
import time

DECK = """\
[model]
layers = 2
heads = 2
width = 16
context = 16
vocabulary = 256

[data]
tokens = "tokens.h5"

[train]
steps = 2
batch = 8
evaluate_windows = 8

[output]
directory = "out"
"""
TEXT = "To be, or not to be, that is the question:\nWhether 'tis nobler in the mind to suffer\n" * 40

PATIENCE = float(os.environ.get("HEDDLE_PATIENCE", 1))  # with builds that take their time

# mpirun's own words on a rank that leaves with an exit code: boxes between dashed lines.
LAUNCHER_BOX = re.compile(
    r"^-{40,}\n(?:Primary job +terminated normally"
    r"|mpi\w+ detected that one or more processes exited with non-zero status)"
    r".*?^-{40,}\n",
    re.MULTILINE | re.DOTALL,
)


class Program:
    """`heddle` on a number of ranks, in a folder of its own."""

    def __init__(self, heddle, folder, ranks, launch):
        self.ranks = ranks
        self.folder = folder
        self.command = [heddle] if ranks == 1 else [*launch, "-n", str(ranks), heddle]

    def run(self, *arguments, seconds=60):
        """Exit code, stdout, and stderr without what mpirun says of itself. A hang raises TimeoutExpired."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run([*self.command, *arguments], cwd=self.folder, env=environment, capture_output=True,
                              text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=seconds * PATIENCE)
        return done.returncode, done.stdout, LAUNCHER_BOX.sub("", done.stderr)

    def start(self, *arguments):
        """The same under way."""
        return subprocess.Popen([*self.command, *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                stdin=subprocess.DEVNULL, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})

    def processes(self, launched):
        """The numbers of the ranks' processes, by rank, once all are there."""
        ranks = {}
        while len(ranks) < self.ranks and launched.poll() is None:
            time.sleep(0.01)
            with open(f"/proc/{launched.pid}/task/{launched.pid}/children") as children:
                for pid in map(int, children.read().split()):
                    with open(f"/proc/{pid}/environ") as environment:
                        rank = re.search(r"\0OMPI_COMM_WORLD_RANK=(\d+)\0", environment.read())
                    if rank:
                        ranks[int(rank[1])] = pid
        return [pid for _, pid in sorted(ranks.items())]

    def prepare(self):
        """Writes the deck of these tests and the tokens that it names."""
        self.write("deck.toml", DECK)
        self.write("text.txt", TEXT)
        return self.run("prepare", "text.txt", "-o", "tokens.h5")

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()


def alive(pid):
    """One of which nothing but its exit code is left is not."""
    try:
        with open(f"/proc/{pid}/stat") as fields:
            return fields.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def mounted(folder, kib):
    """Whether a disk of so many KiB is at `folder` now; only root may mount one."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "heddle-test", folder]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0


def alone_and_on(ranks, heddle, launch, test_case):
    """The program on one rank and on so many, in one folder, which is gone after the tests of `test_case`."""
    folder = tempfile.mkdtemp(prefix="heddle-")
    test_case.addClassCleanup(shutil.rmtree, folder)
    return Program(heddle, folder, 1, launch), Program(heddle, folder, ranks, launch)
