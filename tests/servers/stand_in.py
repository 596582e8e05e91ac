"""The image service's stand-in, as the real program in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "image_service.py"


class StandIn:
    def __init__(self, folder: Path, secrets: list[str], crm: str = "http://127.0.0.1:9") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._crm = crm
        (folder / "secrets").write_text("\n".join(secrets))

    def __enter__(self) -> Self:
        command = [sys.executable, "-W", "error", str(SCRIPT), "--port", "0", "--crm", self._crm]
        command += ["--secret-file", str(self._folder / "secrets"), "--data", str(self._folder)]
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            command,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"},
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[-1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        assert self._process.wait(timeout=10) == 0
        assert self._process.stdout is not None
        self._process.stdout.close()

    def kill(self) -> None:
        """As a power cut would; starting again follows."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
