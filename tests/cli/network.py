"""Hosts that are network namespaces of this machine, joined by a bridge in one more: what a run over several machines is tried on. Needs root and iproute2."""
import os
import shutil
import subprocess
import tempfile

AGENT = """\
#!/bin/sh
# Opens a shell on a host, as ssh does: agent ADDRESS COMMAND...
number=${{1##*.}}; shift
exec ip netns exec {prefix}$number unshare --uts sh -c "hostname host$number; $*"
"""


def missing():
    """Why there can be none here; empty where there can."""
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    lacking = [name for name in ("ip", "tc", "unshare") if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") is None]
    return f"{', '.join(lacking)} not found: apt-get install iproute2 util-linux" if lacking else ""


def call(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Network:
    """host1, host2, ... at 10.77.0.1, 10.77.0.2, ..."""

    def __init__(self, hosts):
        os.environ["PATH"] += ":/usr/sbin"
        self.hosts = range(1, hosts + 1)
        self.prefix = f"heddle{os.getpid()}-"
        self.made = []
        self.folder = tempfile.mkdtemp(prefix="network-")
        self.agent = os.path.join(self.folder, "agent")
        with open(self.agent, "w") as agent:
            agent.write(AGENT.format(prefix=self.prefix))
        os.chmod(self.agent, 0o755)
        try:
            self.add("switch")
            self.ip("switch", "link", "add", "bridge", "type", "bridge")
            self.ip("switch", "link", "set", "bridge", "up")
            for host in self.hosts:
                self.add(host)
                self.ip(host, "link", "add", "eth0", "type", "veth", "peer", "name", f"port{host}", "netns", self.name("switch"))
                self.ip(host, "address", "add", f"10.77.0.{host}/24", "dev", "eth0")
                for device in ("lo", "eth0"):
                    self.ip(host, "link", "set", device, "up")
                self.ip("switch", "link", "set", f"port{host}", "master", "bridge", "up")
        except BaseException:
            self.end()
            raise

    def name(self, which):
        return f"{self.prefix}{which}"

    def add(self, which):
        call("ip", "netns", "add", self.name(which))
        self.made.append(which)

    def ip(self, where, *words):
        return call("ip", "-n", self.name(where), *words)

    def shape(self, mbit):
        """No host sends faster from now on."""
        for host in self.hosts:
            call("tc", "-n", self.name(host), "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", f"{mbit}mbit", "burst", "64kb", "latency", "50ms")

    def unshape(self):
        for host in self.hosts:
            call("tc", "-n", self.name(host), "qdisc", "delete", "dev", "eth0", "root")

    def cut(self, host):
        self.ip("switch", "link", "set", f"port{host}", "down")

    def join(self, host):
        self.ip("switch", "link", "set", f"port{host}", "up")

    def launch(self, mpiexec):
        """The words that start a command on all hosts, a rank on each: Open MPI over TCP, from host1."""
        return ["ip", "netns", "exec", self.name(1), "unshare", "--uts", "sh", "-c", 'hostname host1; exec "$@"', "sh", mpiexec,
                "--host", ",".join(f"10.77.0.{host}" for host in self.hosts), "--map-by", "node", "--bind-to", "none",
                "--mca", "plm_rsh_agent", self.agent, "--mca", "plm_rsh_no_tree_spawn", "1",
                "--mca", "oob_tcp_if_include", "eth0", "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "eth0"]

    def processes(self, program):
        """Numbers of the processes of a program, by host."""
        found = {}
        for host in self.hosts:
            for pid in call("ip", "netns", "pids", self.name(host)).split():
                try:
                    if os.path.samefile(f"/proc/{pid}/exe", program):
                        found.setdefault(host, []).append(int(pid))
                except OSError:
                    pass  # it is gone
        return found

    def end(self):
        for which in self.made:
            for pid in call("ip", "netns", "pids", self.name(which)).split():
                subprocess.run(["kill", "-KILL", pid], capture_output=True)
            call("ip", "netns", "delete", self.name(which))
        self.made = []
        shutil.rmtree(self.folder, ignore_errors=True)
