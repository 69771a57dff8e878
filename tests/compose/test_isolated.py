"""What a run of the tests leaves on the machine when it is killed: nothing."""

import signal
import subprocess
import sys

import pytest

from tests.compose.engine import ROOT

pytestmark = pytest.mark.compose_long

STARTS_A_DAEMON = """
ip link add left-over type veth
iptables --table nat --append OUTPUT --protocol tcp --dport 45847 --jump DNAT --to-destination 10.1.1.1:443
setsid sleep infinity &
echo ready
wait
"""
RUN = "import sys; from tests.compose.isolated import run_isolated; sys.exit(run_isolated(sys.argv[1:]))"


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
