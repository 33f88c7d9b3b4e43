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
from decimal import ROUND_HALF_UP, Decimal
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
    pattern = r"^ *(initial|epoch 0|epoch 1) accuracy: (\d\.\d+)\r?$"
    told = re.findall(pattern, ENGLISH, re.MULTILINE)
    for file in ("mnist_mlp.py", ".github/mnist_mlp_zh.py", "README.md"):
        text = CHINESE if file == "README.md" else (PROJECT / file).read_text(encoding="utf-8")
        its_own = re.findall(pattern, text, re.MULTILINE)
        expect(its_own == told, f"README.md tells {told}, but {file} also {its_own}")
    run = re.findall(pattern, printed, re.MULTILINE)
    expect(len(run) == len(told) == 3, f"told: {told}; printed: {run}")
    for (name, accuracy), (_, its_accuracy) in zip(told, run):
        limit = 0.002 if name == "initial" else 0.02
        expect(abs(float(accuracy) - float(its_accuracy)) <= limit,
               f"told: {name} accuracy {accuracy}; printed: {its_accuracy}")


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


def three_digits(accuracy):
    """Return an accuracy of four digits as text with three; 0.9135 becomes 0.914."""
    return str(Decimal(str(accuracy)).quantize(Decimal("0.001"), ROUND_HALF_UP))


def check_changes():
    """Each change must run, and both halves must tell it, and what was measured of it."""
    always_better = []
    for change, replacements in enumerate(changes.CHANGES.values()):
        with redirect_stdout(io.StringIO()):
            exec(changes.changed_program(change), {"__name__": "__main__"})
        accuracies, unchanged = changes.last_accuracies(change)
        worse = sum(a < b for a, b in zip(accuracies, unchanged))
        if all(a > b for a, b in zip(accuracies, unchanged)):
            always_better.append(change)
        if change > 10:  # Only the picture tells what these do.
            continue
        low, high = three_digits(min(accuracies)), three_digits(max(accuracies))
        for half, to in [(ENGLISH, " to "), (CHINESE, "～")]:
            told = low if low == high else low + to + high
            if change:
                told = f"| {change} | {told} | {worse} |"
            expect(told in half, f"of change {change}, README.md should tell {told}")
            for old, new in replacements:
                step = f"`{old.strip()}` → `{new.strip()}`"
                expect(change == 9 or step in half, f"change {change} should be told as {step}")
    expect(always_better == [12, 17], f"always better are changes {always_better}")


if __name__ == "__main__":
    matplotlib.use("Agg")
    content = Path(sys.argv[1]).read_bytes()  # PowerShell writes UTF-16.
    check_accuracies(content.decode("utf-16" if content[:2] == b"\xff\xfe" else "utf-8"))
    check_links()
    with tempfile.TemporaryDirectory() as folder:
        tiny_mnist.lay(tiny_mnist.drawn_mnist(60, 64), Path(folder))
        os.chdir(folder)
        check_changes()
        os.chdir(PROJECT)
    print("README.md agrees with the program and with the measured changes.")
