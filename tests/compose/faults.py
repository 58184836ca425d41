"""What breaks in a cluster, done for real from outside of it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.compose.stack import docker

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.compose.stack import Stack

CUT_S = 30


def worker_killed(stack: Stack, run: str) -> None:
    """One that has a step of a site under way."""
    workers = {container[:12]: container for container in stack.containers("worker")}
    _kill(workers[_awaited(lambda: [host for host in stack.hosts(run, "running") if host in workers])])


def browser_killed(stack: Stack, run: str) -> None:
    """One that shows a page."""
    _kill(_awaited(lambda: [one for one in stack.containers("browser") if stack.sessions(one)]))


def scheduler_killed(stack: Stack, run: str) -> None:
    _kill(stack.containers("scheduler")[0])


def _awaited(find: Callable[[], list[str]]) -> str:
    """The first of those that are found, once there are some."""
    deadline = time.monotonic() + 60
    while not (found := find()):
        if time.monotonic() > deadline:
            raise TimeoutError("nobody had work within 60 s")
        time.sleep(0.1)
    return found[0]


def _kill(container: str) -> None:
    """Every process in it, as by the kernel when memory runs out.

    Not by `docker kill`: the engine takes that for somebody's wish and starts nothing anew.
    """
    os.kill(int(docker("inspect", "-f", "{{.State.Pid}}", container)), signal.SIGKILL)


def restarted(service: str) -> Callable[[Stack, str], None]:
    def fault(stack: Stack, run: str) -> None:
        docker("restart", "--time", "0", *stack.containers(service))

    return fault


def disk_full(stack: Stack, run: str) -> None:
    """Not a byte is free in the store, until a task has met it and 10 s more."""
    filler = stack.folder / "data" / "filler"
    free = os.statvfs(filler.parent)
    try:
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            states = [state for states in stack.states(run).values() for state in states]
            if {"failed", "up_for_retry"} & set(states):
                break
            time.sleep(1)
        else:
            raise TimeoutError("no task noticed that the disk is full")
        time.sleep(10)
    finally:
        filler.unlink(missing_ok=True)


def browsers_cut_off(stack: Stack, run: str) -> None:
    """The cable of every browser is out for 30 s."""
    ends = [_host_end(one) for one in stack.containers("browser")]
    try:
        for end in ends:
            _link(end, "down")
        time.sleep(CUT_S)
    finally:
        for end in ends:
            _link(end, "up")


def _host_end(container: str) -> str:
    """The name of the container's network device as the host has it."""
    index = docker("exec", container, "cat", "/sys/class/net/eth0/iflink").strip()
    devices = Path("/sys/class/net")
    return next(one.name for one in devices.iterdir() if (one / "ifindex").read_text().strip() == index)


def _link(device: str, state: str) -> None:
    subprocess.run(["ip", "link", "set", "dev", device, state], check=True)
