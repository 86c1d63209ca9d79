#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts a service by its unit file where no systemd runs: its user, its ExecStart, its state folder,
and the supervisor's end of sd_notify. The sandbox is systemd's and is left out.

run_unit.py start UNIT FOLDER [--expect-failure]   until READY=1; the pid goes to FOLDER/UNIT.pid
run_unit.py stop UNIT FOLDER                       SIGTERM; it must say STOPPING=1 and exit with 0
"""

import os
import pwd
import signal
import socket
import sys
import time
from pathlib import Path

SECONDS = 30


def settings(unit):
    found = {}
    for line in Path(f"/usr/lib/systemd/system/{unit}.service").read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[name] = value
    return found


def listener(path):
    path.unlink(missing_ok=True)
    found = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    found.bind(str(path))
    path.chmod(0o777)
    return found


def run(unit, folder, notify):
    """The child: becomes the unit's user and program."""
    known = settings(unit)
    user = pwd.getpwnam(known["User"])
    os.setsid()
    log = os.open(folder / f"{unit}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.umask(int(known.get("UMask", "0022"), 8))
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    words = known["ExecStart"].split()
    environment = {"PATH": "/usr/bin:/bin", "NOTIFY_SOCKET": str(notify), "WATCHDOG_USEC": "2000000"}
    os.chdir("/")
    os.execve(words[0], words, environment)


def start(unit, folder, expect_failure):
    known = settings(unit)
    user = pwd.getpwnam(known["User"])
    if "StateDirectory" in known and not expect_failure:
        state = Path("/var/lib") / known["StateDirectory"]
        state.mkdir(parents=True, exist_ok=True)
        os.chown(state, user.pw_uid, user.pw_gid)
    notify = folder / f"{unit}.notify"
    heard = listener(notify)
    heard.settimeout(0.2)
    child = os.fork()
    if child == 0:
        run(unit, folder, notify)
    wanted = {b"READY=1", b"WATCHDOG=1"} if known.get("Type") == "notify" else set()
    end = time.monotonic() + SECONDS
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            print((folder / f"{unit}.log").read_text(), end="")
            return code if expect_failure else 1
        if not wanted:
            (folder / f"{unit}.pid").write_text(f"{child}\n")
            return 1 if expect_failure else 0
        if time.monotonic() > end:
            print(f"{unit}: not heard: {wanted}\n" + (folder / f"{unit}.log").read_text())
            os.kill(child, signal.SIGKILL)
            return 1
        try:
            wanted.discard(heard.recv(256))
        except TimeoutError:
            pass


def stop(unit, folder):
    """The child of an earlier `start` belongs to init now, so its end is seen in /proc."""
    pid = int((folder / f"{unit}.pid").read_text())
    notified = settings(unit).get("Type") == "notify"
    heard = listener(folder / f"{unit}.notify")
    heard.settimeout(SECONDS)
    os.kill(pid, signal.SIGTERM)
    while notified and heard.recv(256) != b"STOPPING=1":
        pass
    end = time.monotonic() + SECONDS + 30
    while runs(pid):
        if time.monotonic() > end:
            return 1
        time.sleep(0.05)
    return 0


def runs(pid):
    """A process that has ended may stand in /proc for a while, and may go between two looks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def main():
    verb, unit, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    if verb == "start":
        return start(unit, folder, "--expect-failure" in sys.argv[4:])
    return stop(unit, folder)


if __name__ == "__main__":
    sys.exit(main())
