"""Runs clients: in a home of their own, unprivileged, and never for ever."""

import os
import pwd
import subprocess
from pathlib import Path

# Mail programs rightly dislike root; where the suite runs as root, they run as nobody.
NOBODY = pwd.getpwnam("nobody") if os.geteuid() == 0 else None


class Home:
    """A folder that is a client's whole world."""

    def __init__(self, path):
        self.path = Path(path)
        self.path.mkdir(parents=True)
        self._give(self.path)

    def put(self, name, content, mode=0o600):
        """Writes a file for the client, such as its configuration."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        self._give(path)
        return path

    def folder(self, *names):
        path = self.path.joinpath(*names)
        for one in [*reversed(path.relative_to(self.path).parents), path.relative_to(self.path)]:
            (self.path / one).mkdir(exist_ok=True)
            self._give(self.path / one)
        return path

    def run(self, *command, status=0, input=b"", seconds=60, **more):
        """Runs a client and gives what it printed; `status` is what it must end with (None: anything)."""
        done = subprocess.run(
            [str(word) for word in command],
            input=input,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=seconds,
            **self.surroundings(),
            **more,
        )
        if status is not None and done.returncode != status:
            said = (done.stderr + done.stdout)[-600:].decode(errors="replace").strip()
            raise AssertionError(f"{command[0]} ended with {done.returncode}, not {status}: {said}")
        return done

    def surroundings(self):
        """Keyword arguments for `subprocess`: the home, a clean environment, and who to be."""
        keywords = {
            "cwd": self.path,
            "env": {
                "HOME": str(self.path),
                "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                "LC_ALL": "C.UTF-8",
                "TERM": "vt100",
                "USER": NOBODY.pw_name if NOBODY else os.environ.get("USER", "user"),
            },
        }
        if NOBODY:
            keywords.update(user=NOBODY.pw_uid, group=NOBODY.pw_gid, extra_groups=[])
        return keywords

    def _give(self, path):
        if NOBODY:
            os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
