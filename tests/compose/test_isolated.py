"""What a run of the tests leaves on the machine when it is killed: nothing."""

import json
import signal
import subprocess
import sys

import pytest

from tests.compose.engine import ROOT, Engine, new_name
from tests.compose.images import base_image

pytestmark = pytest.mark.compose_long

STARTS_A_DAEMON = """
ip link add left-over type veth
iptables --table nat --append OUTPUT --protocol tcp --dport 45847 --jump DNAT --to-destination 10.1.1.1:443
setsid sleep infinity &
echo ready
wait
"""
RUN = "import sys; from tests.compose.isolated import run_isolated; sys.exit(run_isolated(sys.argv[1:]))"

ASK = r"""
import re, socket
server = re.search(r"^nameserver (\S+)", open("/etc/resolv.conf").read(), re.MULTILINE)[1]
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.settimeout(3)
header, name, a_in = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0", b"\x07nothing\0", b"\0\x01\0\x01"
asking.sendto(header + name + a_in, (server, 53))
print(asking.recv(512)[:2].hex())
"""
"""One packet, which nobody repeats."""


def of_the_machine() -> str:
    """Devices, and rules of netfilter."""
    commands = "ip -brief link; iptables-save | grep -v '^[#:]'"
    done = subprocess.run(["/bin/sh", "-c", commands], capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_killed_leaves_nothing(number: signal.Signals):
    """Neither processes that have detached themselves, nor devices, nor rules that redirect connections."""
    before = of_the_machine()
    command = [sys.executable, "-c", RUN, "/bin/sh", "-euc", STARTS_A_DAEMON]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert of_the_machine() == before
        process.send_signal(number)
        # At its end when nobody has it open any more.
        assert process.stdout.read() == b""
    assert of_the_machine() == before


def test_a_run_ends_as_its_command_does():
    """With its exit code."""
    command = [sys.executable, "-c", RUN, "/bin/sh", "-c", "exit 7"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 7  # noqa: S603


def test_containers_find_a_bridge_that_has_changed(engine: Engine):
    """When its hardware address changes, as it may when any container comes or goes, nothing is lost."""
    network = new_name()
    asker = f"{network}-asker"
    engine.run("network", "create", network)
    try:
        [described] = json.loads(engine.run("network", "inspect", network).stdout)
        # Docker names it after the network's id.
        bridge = described.get("network_interface") or f"br-{described['Id'][:12]}"
        image = base_image(engine)
        options = ("--detach", "--init", f"--name={asker}", f"--network={network}")
        engine.run("run", *options, image, "sleep", "infinity")
        for address in ("02:42:00:00:00:aa", "02:42:00:00:00:bb"):
            changing = ["ip", "link", "set", "dev", bridge, "address", address]
            subprocess.run(changing, check=True)  # noqa: S603
            assert engine.run("exec", asker, "python3", "-c", ASK).stdout == "1234\n"
    finally:
        engine.remove(network)
