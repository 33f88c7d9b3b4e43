"""Measure what the pages' changes to mnist_mlp.py do to its accuracy.

    python .github/figures/changes.py "AMD EPYC"

runs each changed program from ten seeds and adds the accuracies to changes.csv, beside this file,
under the name of the computer's processor. This takes half an hour to an hour on two cores,
and needs MNIST, which mnist_mlp.py downloads.
"""
import io
import itertools
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path

FIGURES = Path(__file__).resolve().parent
PROJECT = FIGURES.parent.parent
RESULTS = FIGURES / "changes.csv"
sys.path.append(str(PROJECT))
import mnist_mlp  # noqa: E402

CONSTANTS = ["BATCH_SIZE", "LEARNING_RATE", "EPOCHS"]  # Measurements hold for these alone.
NUMBERS = [str(getattr(mnist_mlp, name)) for name in CONSTANTS]
N_ASKED = 10  # The pages ask for the first ten changes.

# Each change has a name, and what is replaced in mnist_mlp.py.
CHANGES = {
    "zero_grad() left out": [("net.zero_grad()", "# net.zero_grad()")],
    "softmax": [("log_softmax(", "softmax(")],
    "no relu": [("torch.nn.functional.relu(", "(")],
    "backward() left out": [("loss.backward()", "# loss.backward()")],
    "raw scores": [("torch.nn.functional.log_softmax(self.fc4(x), dim=1)", "self.fc4(x)")],
    "cross_entropy": [
        ("torch.nn.functional.log_softmax(self.fc4(x), dim=1)", "self.fc4(x)"),
        ("nll_loss(", "cross_entropy(")],
    "not divided by 255": [("/ 255", "/ 1")],
    "not shuffled": [("shuffle=True", "shuffle=False")],
    "SGD": [("Adam(", "SGD(")],
    "all parameters 0": [
        ("net = Net()\n",
         "net = Net()\n"
         "    torch.nn.utils.vector_to_parameters(torch.zeros(59210), net.parameters())\n")],
    # Some answers also tell what these do.
    "no change": [],
    "one random order": [
        ("shuffle=True", "shuffle=False"),
        ("images = images.view(", "order = torch.randperm(len(labels))\n"
         "    images, labels = images[order], labels[order]\n"
         "    images = images.view(")],
    "SGD at 0.1": [("Adam(", "SGD("), ("LEARNING_RATE = ", "LEARNING_RATE = 0.1  # ")],
    "one layer": [
        ("        self.fc1 = torch.nn.Linear(28 * 28, 64)\n", ""),
        ("        self.fc2 = torch.nn.Linear(64, 64)\n", ""),
        ("        self.fc3 = torch.nn.Linear(64, 64)\n", ""),
        ("torch.nn.Linear(64, 10)", "torch.nn.Linear(28 * 28, 10)"),
        ("        x = torch.nn.functional.relu(self.fc1(x))\n", ""),
        ("        x = torch.nn.functional.relu(self.fc2(x))\n", ""),
        ("        x = torch.nn.functional.relu(self.fc3(x))\n", "")],
}


def changed_program(change):
    """Return the text of mnist_mlp.py with a change made. Raises SystemExit if it cannot be."""
    program = (PROJECT / "mnist_mlp.py").read_text(encoding="utf-8")
    for old, new in CHANGES[change]:
        if old not in program:
            raise SystemExit(f"changes.py: {change}: mnist_mlp.py does not contain {old!r}")
        program = program.replace(old, new)
    return program


def run(change, seed):
    """Run the changed program from a seed, without its picture; return its last accuracy."""
    names = {"__name__": "changed"}
    exec(changed_program(change), names)
    names["SEED"] = seed
    names["draw_predictions"] = lambda test_data, net: None
    printed = io.StringIO()
    with redirect_stdout(printed):
        names["main"]()
    return printed.getvalue().split()[-1]


def range_with(change):
    """Return the least and greatest measured accuracy. Raises SystemExit if there is none."""
    rows = [row.split(",") for row in RESULTS.read_text(encoding="utf-8").splitlines()]
    accuracies = [float(row[-1]) for row in rows if row[0] == change and row[2:-2] == NUMBERS]
    if not accuracies:
        raise SystemExit(f"changes.csv has no runs of: {change}. Run .github/figures/changes.py")
    return min(accuracies), max(accuracies)


def measure(processor):
    """Run each change from ten seeds, two runs at a time, and add the accuracies to RESULTS."""
    runs = list(itertools.product(CHANGES, range(10)))
    with ProcessPoolExecutor(2) as pool, RESULTS.open("a", encoding="utf-8") as file:
        for (change, seed), accuracy in zip(runs, pool.map(run, *zip(*runs))):
            print(change, processor, *NUMBERS, seed, accuracy, sep=",", file=file, flush=True)


if __name__ == "__main__":
    measure(sys.argv[1])
