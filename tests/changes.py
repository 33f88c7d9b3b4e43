"""Measure what the README's changes do to the accuracy, and draw the README's picture of them.

    python -m tests.changes

runs mnist_mlp.py with each change from ten seeds, and under three ways of rounding, since the last
bits of a computation differ from processor to processor: that of this computer; that of PyTorch
without vector instructions; that of the oldest processors that Intel's MKL library supports. It
adds the accuracies to .github/changes.csv, leaving out the runs that are there already, and draws
.github/changes.png. A whole measurement takes about an hour on two cores and needs MNIST, which
mnist_mlp.py downloads.
"""
import csv
import io
import itertools
import math
import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from multiprocessing import get_context

import matplotlib.pyplot as plt

from tests.helpers import PROJECT

RESULTS = PROJECT / ".github" / "changes.csv"
PICTURE = PROJECT / ".github" / "changes.png"
SEEDS = range(10)
ROUNDINGS = {"as is": {},
             "ATEN_CPU_CAPABILITY=default": {"ATEN_CPU_CAPABILITY": "default"},
             "MKL_CBWR=COMPATIBLE": {"MKL_CBWR": "COMPATIBLE"}}
UNCHANGED = "mnist_mlp.py"

# Each change: its name in the picture, and what it replaces in mnist_mlp.py.
BREAKS = {
    "# net.zero_grad()": [("net.zero_grad()", "# net.zero_grad()")],
    "# loss.backward()": [("loss.backward()", "# loss.backward()")],
    "softmax, nll_loss": [("log_softmax(", "softmax(")],
    "fc4, nll_loss": [("torch.nn.functional.log_softmax(self.fc4(x), dim=1)", "self.fc4(x)")],
    "fc4, cross_entropy": [("torch.nn.functional.log_softmax(self.fc4(x), dim=1)", "self.fc4(x)"),
                           ("nll_loss(", "cross_entropy(")],
    "/ 1": [("/ 255", "/ 1")],
    "shuffle=False": [("shuffle=True", "shuffle=False")],
    "SGD": [("Adam(", "SGD(")],
    "zeros_": [("    net = Net()\n",
                "    net = Net()\n"
                "    for values in net.parameters():\n"
                "        torch.nn.init.zeros_(values)\n")],
    "# relu": [("torch.nn.functional.relu(", "(")],
}
TRIALS = {
    "# fc3": [("        self.fc3 = torch.nn.Linear(64, 64)\n", ""),
              ("        x = torch.nn.functional.relu(self.fc3(x))\n", "")],
    "64 → 128": [("28, 64)", "28, 128)"), ("(64, 64)", "(128, 128)"), ("(64, 10)", "(128, 10)")],
    "tanh": [("torch.nn.functional.relu(", "torch.tanh(")],
    "sigmoid": [("torch.nn.functional.relu(", "torch.sigmoid(")],
    "BATCH_SIZE = 150": [("BATCH_SIZE = 15 ", "BATCH_SIZE = 150 ")],
    "LEARNING_RATE = 0.01": [("LEARNING_RATE = 0.001 ", "LEARNING_RATE = 0.01 ")],
    "EPOCHS = 5": [("EPOCHS = 2 ", "EPOCHS = 5 ")],
}
CHANGES = {UNCHANGED: [], **BREAKS, **TRIALS}


def changed_program(change):
    """Return the text of mnist_mlp.py with the change made. Raises ValueError if it cannot be."""
    program = (PROJECT / "mnist_mlp.py").read_text(encoding="utf-8")
    for old, new in CHANGES[change]:
        if old not in program:
            raise ValueError(f"{change}: mnist_mlp.py does not contain {old!r}")
        program = program.replace(old, new)
    return program


def run(change, seed):
    """Run the changed program from the seed, without its picture; return its accuracies."""
    names = {"__name__": "changed"}
    exec(changed_program(change), names)
    names["SEED"] = seed
    names["draw_predictions"] = lambda test_data, net: None
    printed = io.StringIO()
    with redirect_stdout(printed):
        names["main"]()
    return [line.split()[-1] for line in printed.getvalue().splitlines()]


def runs_of(change):
    """Return the runs of a change: pairs of a way of rounding and a seed."""
    if change == UNCHANGED:
        return list(itertools.product(ROUNDINGS, SEEDS))
    return list(zip(itertools.cycle(ROUNDINGS), SEEDS))


def read_results():
    """Return the measured runs: a dict from (change, rounding, seed) to the accuracies."""
    results = {}
    if RESULTS.exists():
        with RESULTS.open(encoding="utf-8", newline="") as file:
            for change, rounding, seed, *accuracies in csv.reader(file):
                results[change, rounding, int(seed)] = [float(number) for number in accuracies]
    return results


def measure():
    """Make the runs that RESULTS lacks, two at a time, and add each to it once it is done."""
    results = read_results()
    for rounding, environment in ROUNDINGS.items():
        os.environ.update(environment)  # The processes of the pool start with it.
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            jobs = {}
            for change in CHANGES:
                for its_rounding, seed in runs_of(change):
                    if its_rounding == rounding and (change, rounding, seed) not in results:
                        jobs[change, seed] = pool.submit(run, change, seed)
            for (change, seed), job in jobs.items():
                with RESULTS.open("a", encoding="utf-8", newline="") as file:
                    csv.writer(file).writerow([change, rounding, seed, *job.result()])
                print(change, rounding, seed, *job.result(), flush=True)
        for name in environment:
            del os.environ[name]


def height(accuracy):
    """Return where an accuracy stands in the picture: the scale widens towards 1."""
    return -math.log10(1 - accuracy)


def draw():
    """Draw a row for each change, with a dot for the last accuracy of each of its runs."""
    results = read_results()
    figure, axes = plt.subplots(figsize=(9, 8), layout="constrained")
    for row, change in enumerate(CHANGES):
        last = [height(accuracies[-1]) for key, accuracies in results.items() if key[0] == change]
        color = "tab:green" if change == UNCHANGED else "tab:blue"
        axes.plot(last, [row] * len(last), "o", markersize=9, alpha=0.5, color=color)
        if change == UNCHANGED:
            axes.axvspan(min(last), max(last), color=color, alpha=0.2)
    ticks = [0.1, 0.5, 0.8, 0.9, 0.95, 0.97]
    axes.set_xticks([height(accuracy) for accuracy in ticks], ticks)
    axes.set_yticks(range(len(CHANGES)), CHANGES, family="monospace")
    axes.set_ylim(len(CHANGES) - 0.5, -0.5)  # the first row at the top
    axes.axhline(0.5, color="grey", linewidth=0.8)
    axes.axhline(len(BREAKS) + 0.5, color="grey", linewidth=0.8)
    axes.tick_params(labelsize=17, labeltop=True)
    axes.grid(axis="x")
    figure.savefig(PICTURE)


if __name__ == "__main__":
    measure()
    draw()
