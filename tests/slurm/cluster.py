"""A Slurm of its own on this machine, with several node names: what the templates of jobs/ are tried on. Needs root, Debian's slurm-wlm and munge."""
import os
import shutil
import socket
import subprocess
import tempfile
import time

PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel"]
CONF = """\
ClusterName=loom
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=pmix
ReturnToService=2
KillWait=20
SlurmdParameters=config_overrides
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
TmpFS={folder}/tmp/%n
NodeName=n[1-{nodes}] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first}-{last}] CPUs=4 State=UNKNOWN
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=20
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=2
"""


def missing():
    """Why there can be none here; empty where there can."""
    if os.geteuid() != 0:
        return "only root can start a Slurm of its own"
    found = {name: shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") for name in PROGRAMS}
    lacking = [name for name, path in found.items() if path is None]
    return f"{', '.join(lacking)} not found: apt-get install slurm-wlm slurm-wlm-basic-plugins munge" if lacking else ""


def free_ports(count):
    """Neighbours that nobody listens on."""
    for first in range(20000 + os.getpid() % 10000, 60000, count):
        try:
            held = [socket.create_server(("127.0.0.1", port)) for port in range(first, first + count)]
        except OSError:
            continue
        for one in held:
            one.close()
        return first
    raise OSError("no free ports")


class Cluster:
    def __init__(self, nodes):
        self.folder = tempfile.mkdtemp(prefix="slurm-")
        port = free_ports(nodes + 1)
        for name in ("state", *(f"{kind}/n{node}" for kind in ("spool", "tmp") for node in range(1, nodes + 1))):
            os.makedirs(os.path.join(self.folder, name))
        with open(self.path("slurm.conf"), "w") as conf:
            conf.write(CONF.format(host=socket.gethostname(), folder=self.folder, control=port, first=port + 1, last=port + nodes, nodes=nodes))
        with open(self.path("munge.key"), "wb") as key:
            key.write(os.urandom(128))
        os.chmod(self.path("munge.key"), 0o400)
        self.environment = {**os.environ, "SLURM_CONF": self.path("slurm.conf"), "PATH": os.environ["PATH"] + ":/usr/sbin"}
        self.daemons = []
        try:
            self.start("munged", "--foreground", "--force", *(f"--{name}-file={self.path(f'munge.{name}')}" for name in ("key", "log", "pid", "seed")),
                       f"--socket={self.path('munge.socket')}")
            self.wait_for(lambda: os.path.exists(self.path("munge.socket")), "munged")
            self.start("slurmctld", "-D")
            for node in range(1, nodes + 1):
                self.start("slurmd", "-D", "-N", f"n{node}")
            self.wait_for(lambda: self.run("sinfo", "-h", "-p", "all", "-t", "idle", "-o", "%D").strip() == str(nodes), "nodes")
        except BaseException:
            self.stop()
            raise

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, *command):
        log = open(self.path(f"{len(self.daemons)}-{command[0]}.out"), "w")
        self.daemons.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL))
        log.close()

    def run(self, *command, **more):
        """What it prints."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, **more)
        return done.stdout

    def wait_for(self, happened, what, seconds=120):
        last = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > last:
                raise TimeoutError(f"{what}: {self.logs()}")
            time.sleep(0.1)

    def logs(self):
        text = ""
        for name in sorted(os.listdir(self.folder)):
            if name.endswith((".log", ".out")):
                with open(self.path(name), errors="replace") as file:
                    text += f"\n--- {name}\n" + file.read()[-2000:]
        return text

    def submit(self, *command, folder):
        """A job's number."""
        return self.run("sbatch", "--parsable", *command, cwd=folder).strip()

    def state(self, job):
        return dict(field.split("=", 1) for field in self.run("scontrol", "show", "job", "-o", job).split() if "=" in field)

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in self.daemons:
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
