"""Measures everything and writes the results: `python -m tests.bench [name …]`, or `make bench`.

Each measurement is a process of its own with a time limit; whatever it started ends with it, by process id.
"""

import json
import subprocess
import sys
import time

from tests.bench import machine, report
from tests.bench.figures import Figure
from tests.bench.memory import tree

# In this order: what depends most on a quiet machine comes first. (module and its arguments, seconds it may take)
MEASUREMENTS: dict[str, tuple[tuple[str, ...], int]] = {
    "accepting": (("accepting",), 90),
    "admission": (("admitting",), 30),
    "handing over": (("handing_over",), 70),
    "gate": (("gate",), 30),
    "frames, one session": (("frames", "1"), 60),
    "frames, five sessions": (("frames", "5"), 80),
    "sessions": (("sessions",), 110),
    "profile vault": (("vault",), 90),
    "beside whatsapp-web.js": (("beside",), 150),
    "first invokes": (("first_invokes",), 120),
    "media": (("media",), 110),
    "receiving": (("receiving",), 90),
    "files": (("files",), 90),
}
ALL_SECONDS = 580


def main(wanted: list[str]) -> int:
    described, figures, missing = machine.describe(), list[Figure](), dict[str, str]()
    ends = time.monotonic() + ALL_SECONDS
    for name, (command, seconds) in MEASUREMENTS.items():
        if wanted and not any(word in name for word in wanted):
            continue
        left = min(seconds, ends - time.monotonic())
        sys.stderr.write(f"{name} …\n")
        try:
            found = run(command, left)
        except (subprocess.SubprocessError, ValueError) as error:
            missing[name] = "it took too long" if isinstance(error, subprocess.TimeoutExpired) else "it failed"
            continue
        for figure in found:
            sys.stderr.write(f"    {figure.measure}: {figure.value:.1f} {figure.unit}\n")
        figures += found
    report.write(described, figures, missing)
    return 1 if missing else 0


def run(command: tuple[str, ...], seconds: float) -> list[Figure]:
    """Raises TimeoutExpired, or CalledProcessError when the measurement failed."""
    module, *arguments = command
    line = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            said, _ = process.communicate(timeout=max(1.0, seconds))
        except BaseException:
            _end(process)
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, module)
    return [Figure(**figure) for figure in json.loads(said.splitlines()[-1])]


def _end(process: subprocess.Popen[str]) -> None:
    """As Ctrl-C would, so that it ends what it started; then, by process id, whatever is left."""
    started = tree(process.pid)
    process.send_signal(2)
    try:
        process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
    for pid in started:
        subprocess.run(["kill", "-9", str(pid)], stderr=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
