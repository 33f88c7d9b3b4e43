"""Hold the accuracies that a run printed against those that the README and the script tell.

    python check_figures.py PRINTED

PRINTED is a file with what mnist_mlp.py printed. The README and the script are in the current
folder. Processors round differently, so that the accuracies of a trained network may differ by
0.02; the untrained network is hardly affected.
"""
import re
import sys
from pathlib import Path

# A line as the script prints it, or a row of the README's table: | `line:` | ours | theirs |
FIGURES = re.compile(
    r"^(?:\| `| *)(initial|epoch 0|epoch 1) accuracy:(?:` \|)? (\d\.\d+)(?: \| \2 \|)?$",
    re.MULTILINE)


def figures(file):
    """Return the pairs of a line's name and its accuracy in a text file, in their order."""
    for encoding in ("utf-8", "utf-16"):  # The second is what PowerShell writes.
        try:
            return FIGURES.findall(Path(file).read_text(encoding=encoding))
        except UnicodeError:
            continue
    sys.exit(f"{file} is not a text file")


printed = figures(sys.argv[1])
if len(printed) != 3:
    sys.exit(f"{sys.argv[1]} should have three accuracies, but has {len(printed)}")
told = figures("README.md") + figures("mnist_mlp.py")
if len(told) != 9:
    sys.exit(f"the README (both halves) and the script should tell 9 accuracies, not {len(told)}")
for i, (name, accuracy) in enumerate(told):
    its_name, its_accuracy = printed[i % 3]
    limit = 0.002 if name == "initial" else 0.02
    if name != its_name or abs(float(accuracy) - float(its_accuracy)) > limit:
        sys.exit(f"told: {name} accuracy: {accuracy}; printed: {its_name} {its_accuracy}")
print("The README and the script tell what was printed, up to rounding.")
