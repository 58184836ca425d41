"""What deploy/ec2 and deploy/systemd lay on a machine: read by cloud-init's and systemd's own checkers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from celeb_ops.cli import up
from celeb_ops.core.settings import PROJECT, Settings

if TYPE_CHECKING:
    from pathlib import Path

CLOUD_INIT = PROJECT / "deploy" / "ec2" / "cloud-init.yaml"
UNITS = PROJECT / "deploy" / "systemd"
COMPOSE = PROJECT / "docker-compose.yaml"
IN_PLACE = "/srv/celebs"
PLACEHOLDERS = {"BUCKET": "bucket", "PREFIX": "press", "REGION": "eu-west-1"}


def needs(program: str, package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(program), reason=f"there is no {program} here: apt install {package}")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def cloud_config() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(CLOUD_INIT.read_text(encoding="utf-8"))
    return config


def written(path: str) -> str:
    (content,) = [one["content"] for one in cloud_config()["write_files"] if one["path"] == path]
    return str(content)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


class TestCloudInit:
    @needs("cloud-init", "cloud-init")
    def test_its_own_schema_takes_it(self) -> None:
        done = run("cloud-init", "schema", "--config-file", str(CLOUD_INIT))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Valid" in done.stdout

    def test_the_settings_are_some_that_the_project_knows(self, tmp_path: Path) -> None:
        text = written("/etc/celebs/settings")
        for placeholder, value in PLACEHOLDERS.items():
            assert placeholder in text
            text = text.replace(placeholder, value)
        (tmp_path / ".env").write_text(text)
        settings = Settings.load({}, tmp_path / ".env")
        assert (settings.store, settings.recognizer) == ("s3://bucket/press", "rekognition")
        assert settings.region == "eu-west-1"
        # The instance role's stand in their place.
        assert settings.connections == {}

    def test_the_script_names_only_what_is_there(self) -> None:
        script = written("/usr/local/sbin/celebs-first-boot")
        for target in re.findall(r'make -C "\$project" (\S+)', script):
            assert target in targets()
        files = re.findall(r'"\$project/(deploy/[^"]+)"', script)
        assert files
        assert [name for name in files if not (PROJECT / name).is_file()] == []
        assert ["/usr/local/sbin/celebs-first-boot"] in cloud_config()["runcmd"]


class TestFirstBoot:
    """The script of the first boot, with small scripts in the place of the programs that it calls."""

    @pytest.fixture
    def script(self, tmp_path: Path) -> Path:
        text = written("/usr/local/sbin/celebs-first-boot")
        for place in ("/etc/", "/srv/", "/var/"):
            (tmp_path / place.strip("/")).mkdir()
            text = text.replace(place, f"{tmp_path}{place}")
        (tmp_path / "etc" / "celebs").mkdir()
        (tmp_path / "var" / "log").mkdir()
        (tmp_path / "etc" / "celebs" / "source").write_text(written("/etc/celebs/source"))
        programs = tmp_path / "bin"
        programs.mkdir()
        for name in ("docker", "usermod", "systemctl", "runuser", "apt-get"):
            self.have(programs / name, "")
        # Without users: those are root's to give.
        self.have(
            programs / "install", 'case "$*" in *" -d "*|"-d "*) exit;; *dev/null*) : >"$4"; chmod "$2" "$4";; esac'
        )
        script = tmp_path / "first-boot"
        script.write_text(text)
        return script

    @staticmethod
    def have(program: Path, body: str) -> None:
        program.write_text(f'#!/bin/sh\necho "${{0##*/}} $*" >>"{program.parent.parent}/calls"\n{body}\n')
        program.chmod(0o755)

    @staticmethod
    def boot(script: Path) -> subprocess.CompletedProcess[str]:
        path = f"{script.parent / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            ["sh", str(script)], capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
        )

    def test_the_login_is_for_root_alone(self, script: Path) -> None:
        """EC2's console log shows what is printed."""
        self.have(script.parent / "bin" / "runuser", 'case "$*" in *" cluster") echo "password: secret";; esac')
        done = self.boot(script)
        assert done.returncode == 0, done.stderr
        log = script.parent / "var" / "log" / "celebs-cluster.log"
        assert "secret" not in done.stdout + done.stderr
        assert "secret" in log.read_text()
        assert log.stat().st_mode & 0o777 == 0o600
        assert str(log) in done.stdout

    def test_a_failure_is_one(self, script: Path) -> None:
        self.have(script.parent / "bin" / "runuser", 'case "$*" in *" cluster") echo "no image"; exit 7;; esac')
        done = self.boot(script)
        assert done.returncode == 1
        assert "no image" in done.stdout

    def test_the_rule_is_there_before_the_first_container(self, script: Path) -> None:
        self.boot(script)
        calls = (script.parent / "calls").read_text().splitlines()
        (cluster,) = [number for number, call in enumerate(calls) if call.endswith(" cluster")]
        assert "systemctl enable celebs-imds.service" in calls[:cluster]
        assert "systemctl start celebs-imds.service" in calls[:cluster]


class TestUnits:
    @needs("systemd-analyze", "systemd")
    @pytest.mark.parametrize("name", sorted(path.name for path in UNITS.glob("*.service")))
    def test_systemd_takes_it(self, name: str, tmp_path: Path) -> None:
        unit = tmp_path / name
        # The checker looks for the programs, and asks of what a unit needs whether it is there.
        text = (UNITS / name).read_text(encoding="utf-8").replace(f"{IN_PLACE}/.venv/bin/python", "/bin/sh")
        unit.write_text(text.replace("/usr/bin/make", "/bin/sh"))
        done = run("systemd-analyze", "verify", "--man=no", str(unit))
        assert (done.returncode, [line for line in done.stderr.splitlines() if name in line]) == (0, [])

    def test_chromium_keeps_its_sandbox_and_airflow_its_tasks_and_its_time_to_end(self) -> None:
        """Seen to break: no user namespaces, no page; an own view of /proc, no task."""
        given = dict(re.findall(r"^(\w+)=(.*)$", (UNITS / "celebs.service").read_text(encoding="utf-8"), re.MULTILINE))
        breaking = {"RestrictNamespaces", "MemoryDenyWriteExecute", "ProtectProc", "PrivateUsers"}
        assert given.keys().isdisjoint(breaking)
        # Its last wait, for those it killed, is 5 s.
        assert int(given["TimeoutStopSec"]) > up.END_S + 5

    def test_the_network_without_credentials_is_the_browsers(self) -> None:
        unit = (UNITS / "celebs-imds.service").read_text(encoding="utf-8")
        (subnet,) = re.findall(r"^Environment=BROWSERS_SUBNET=(\S+)$", unit, re.MULTILINE)
        compose = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
        (config,) = compose["networks"]["browsers"]["ipam"]["config"]
        assert subnet in config["subnet"]

    def test_workers_leave_by_another_network_than_the_browsers(self) -> None:
        """Docker takes the gateway of the network whose name is first in the alphabet; internal ones have none."""
        compose = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
        both = [
            name
            for name, service in compose["services"].items()
            if "browsers" in service.get("networks", []) and len(service["networks"]) > 1
        ]

        def inside(network: str) -> bool:
            return bool((compose["networks"][network] or {}).get("internal"))

        assert both, "no service is in the browsers' network and in another"
        for name in both:
            outside = [one for one in compose["services"][name]["networks"] if not inside(one)]
            assert min(outside) != "browsers", name
