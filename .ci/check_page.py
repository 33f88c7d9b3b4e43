"""Hold what README.md tells against the script, a run of it, and the measured changes.

    python .ci/check_page.py PRINTED

PRINTED is a file with what mnist_mlp.py printed. Other processors round differently, so that its
accuracies may differ by 0.02 from those told; that of the untrained network hardly differs.
"""
import ast
import io
import os
import re
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import matplotlib

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / ".github" / "figures")]
import changes  # noqa: E402

from tests import tiny_mnist  # noqa: E402

README = (PROJECT / "README.md").read_text(encoding="utf-8")
ENGLISH, CHINESE = README.split("\n# 用 PyTorch 识别手写数字\n")


def expect(true, message):
    """Exit with the message unless something is true."""
    if not true:
        sys.exit(f"check_page.py: {message}")


def check_accuracies(printed):
    """Both halves and both programs must tell the same accuracies, close to those printed."""
    def accuracies(text):
        return re.findall(r"^ *(?:initial|epoch \d) accuracy: (\d\.\d+)", text, re.MULTILINE)

    told = accuracies(ENGLISH)
    expect(accuracies(CHINESE) == told, f"README.md tells {told} and {accuracies(CHINESE)}")
    for file in ("mnist_mlp.py", ".github/mnist_mlp_zh.py"):
        its_own = accuracies((PROJECT / file).read_text(encoding="utf-8"))
        expect(its_own == told, f"README.md tells {told}, but {file} tells {its_own}")
    run = accuracies(printed)
    expect(len(told) == len(run) == 3, f"README.md tells {told}, but {run} were printed")
    for accuracy, its_accuracy, limit in zip(told, run, [0.002, 0.02, 0.02]):
        expect(abs(float(accuracy) - float(its_accuracy)) <= limit,
               f"README.md tells {accuracy}, but {its_accuracy} was printed")


def check_links():
    """Links to lines of the programs must lead to what they name."""
    for name, file, start, end in re.findall(
            r"\[`(\w+)`\]\(([\w./]+\.py)#L(\d+)(?:-L(\d+))?\)", README):
        program = (PROJECT / file).read_text(encoding="utf-8")
        found = name in program.splitlines()[int(start) - 1]
        for node in ast.parse(program).body:
            if end and getattr(node, "name", "") == name:
                found = (node.lineno, node.end_lineno) == (int(start), int(end))
        expect(found, f"in {file}, {name} is not at line {start} {end}")


def check_changes():
    """Each change must run, and both halves must tell it, and what was measured of it."""
    for change, replacements in enumerate(changes.CHANGES.values()):
        with redirect_stdout(io.StringIO()):
            exec(changes.changed_program(change), {"__name__": "__main__"})
        if change > 10:  # Only the picture tells what these do.
            continue
        accuracies, unchanged = changes.last_accuracies(change)
        low, high = f"{min(accuracies) + 1e-9:.3f}", f"{max(accuracies) + 1e-9:.3f}"
        for half, to in [(ENGLISH, " to "), (CHINESE, "～")]:
            told = low if low == high else low + to + high
            told = f"| {change} | {told} |" if change else told
            expect(told in half, f"of change {change}, README.md should tell {told}")
            for old, new in replacements:
                step = f"`{old.strip()}` → `{new.strip()}`"
                expect(change == 9 or step in half, f"change {change} should be told as {step}")
        if change == 7:
            worse = sum(a < b for a, b in zip(accuracies, unchanged))
            for half, told in [(ENGLISH, f" {worse} of the {len(unchanged)} runs"),
                               (CHINESE, f"{len(unchanged)} 次中有 {worse} 次")]:
                expect(told in half, f"of change 7, README.md should tell {told}")


if __name__ == "__main__":
    matplotlib.use("Agg")
    check_accuracies(Path(sys.argv[1]).read_text(encoding="utf-8"))
    check_links()
    with tempfile.TemporaryDirectory() as folder:
        tiny_mnist.lay(tiny_mnist.drawn_mnist(60, 64), Path(folder))
        os.chdir(folder)
        check_changes()
        os.chdir(PROJECT)
    print("README.md agrees with the program and with the measured changes.")
