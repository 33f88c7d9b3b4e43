"""Hold what the two pages tell against the programs, a run, and the measured changes.

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
from tests.helpers import PAGES  # noqa: E402

ENGLISH, CHINESE = [page.read_text(encoding="utf-8") for page in PAGES]
UP = 1e-9  # added to a number before it is rounded, so that 0.9135 becomes 0.914


def expect(true, message):
    """Exit with the message unless something is true."""
    if not true:
        sys.exit(f"check_page.py: {message}")


def check_accuracies(printed):
    """Both pages and both programs must tell the same accuracies, close to those printed."""
    def accuracies(text):
        return re.findall(r"^ *(?:initial|epoch \d) accuracy: (\d\.\d+)", text, re.MULTILINE)

    told = accuracies(ENGLISH)
    for page in PAGES:
        for file in (page, page.with_name("mnist_mlp.py")):
            its_own = accuracies(file.read_text(encoding="utf-8"))
            expect(its_own == told, f"README.md tells {told}, but {file} tells {its_own}")
    run = accuracies(printed)
    expect(len(told) == len(run) == 3, f"README.md tells {told}, but {run} were printed")
    for accuracy, its_accuracy, limit in zip(told, run, [0.002, 0.02, 0.02]):
        expect(abs(float(accuracy) - float(its_accuracy)) <= limit,
               f"README.md tells {accuracy}, but {its_accuracy} was printed")


def check_links(page):
    """Links to files must lead to one, and links to lines of a program to what they name."""
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r'(?:\]\(|src=")([^)":#]+)[)"#]', text):
        expect((page.parent / link).exists(), f"{page} has a link to {link}, which does not exist")
    for name, file, start, end in re.findall(
            r"\[`(\w+)`\]\(([\w./]+\.py)#L(\d+)(?:-L(\d+))?\)", text):
        program = (page.parent / file).read_text(encoding="utf-8")
        found = name in program.splitlines()[int(start) - 1]
        for node in ast.parse(program).body:
            if end and getattr(node, "name", "") == name:
                found = (node.lineno, node.end_lineno) == (int(start), int(end))
        expect(found, f"{page}: in {file}, {name} is not at line {start} {end}")


def accuracies_of(change):
    """Return the lowest and the highest last accuracy with a change, as text."""
    accuracies, _ = changes.last_accuracies(change)
    return f"{min(accuracies) + UP:.3f}", f"{max(accuracies) + UP:.3f}"


def check_changes():
    """Each change must run, and both pages must tell it, and what was measured of it."""
    for change, (name, replacements) in enumerate(changes.CHANGES.items()):
        with redirect_stdout(io.StringIO()):
            exec(changes.changed_program(change), {"__name__": "__main__"})
        if name not in changes.TOLD:
            continue
        low, high = accuracies_of(change)
        for page, to in [(ENGLISH, " to "), (CHINESE, "～")]:
            told = low if low == high else low + to + high
            is_asked = 0 < change < changes.N_DRAWN
            told = f"| {change} | {told} |" if is_asked else told
            expect(told in page, f"of change {change}, {name}, both pages should tell {told}")
            for old, new in replacements if is_asked else []:
                step = f"`{old.strip()}` → `{new.strip()}`"
                if new.startswith(old):  # A line is added.
                    step = f"`{new.removeprefix(old).strip()}`"
                expect(step in page, f"change {change} should be told as {step} on both pages")
    accuracies, unchanged = changes.last_accuracies(list(changes.CHANGES).index("shuffle=False"))
    worse = sum(a < b for a, b in zip(accuracies, unchanged))
    for page, told in [(ENGLISH, f"{worse} of the {len(unchanged)} runs"),
                       (CHINESE, f"{len(unchanged)} 次中有 {worse} 次")]:
        expect(told in page, f"of shuffle=False, the page should tell {told}")


if __name__ == "__main__":
    matplotlib.use("Agg")
    check_accuracies(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for page in PAGES:
        check_links(page)
    with tempfile.TemporaryDirectory() as folder:
        tiny_mnist.lay(tiny_mnist.drawn_mnist(60, 64), Path(folder))
        os.chdir(folder)
        check_changes()
        os.chdir(PROJECT)
    print("Both pages agree with the programs and with the measured changes.")
