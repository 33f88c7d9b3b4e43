"""Measure what the README's changes to mnist_mlp.py do to its accuracy.

    python .github/figures/changes.py "AMD EPYC"

runs each changed program from ten seeds and adds the accuracies to changes.csv, beside this file,
under the name of the computer's processor. Runs that are there already are left out. The whole
takes half an hour to an hour on two cores, and needs MNIST, which mnist_mlp.py downloads.

In some rows, the processor's name is followed by an environment variable, with which PyTorch
rounds its sums as it would on other processors.
"""
import csv
import io
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path

FIGURES = Path(__file__).resolve().parent
PROJECT = FIGURES.parent.parent
RESULTS = FIGURES / "changes.csv"

# The README's changes in their order, each with its name in the picture, and what is replaced in
# mnist_mlp.py. Change 0 is no change.
CHANGES = {
    "no change": [],
    "# net.zero_grad()": [("net.zero_grad()", "# net.zero_grad()")],
    "# loss.backward()": [("loss.backward()", "# loss.backward()")],
    "softmax(": [("log_softmax(", "softmax(")],
    "self.fc4(x)": [("torch.nn.functional.log_softmax(self.fc4(x), dim=1)", "self.fc4(x)")],
    "cross_entropy(": [
        ("torch.nn.functional.log_softmax(self.fc4(x), dim=1)", "self.fc4(x)"),
        ("nll_loss(", "cross_entropy(")],
    "/ 1": [("/ 255", "/ 1")],
    "shuffle=False": [("shuffle=True", "shuffle=False")],
    "SGD(": [("Adam(", "SGD(")],
    "torch.zeros(59210)": [
        ("net = Net()\n",
         "net = Net()\n"
         "    torch.nn.utils.vector_to_parameters(torch.zeros(59210), net.parameters())\n")],
    "no relu": [("torch.nn.functional.relu(", "(")],
    "no fc3": [
        ("        self.fc3 = torch.nn.Linear(64, 64)\n", ""),
        ("        x = torch.nn.functional.relu(self.fc3(x))\n", "")],
    "64 → 128": [("28, 64)", "28, 128)"), ("(64, 64)", "(128, 128)"), ("(64, 10)", "(128, 10)")],
    "torch.tanh(": [("torch.nn.functional.relu(", "torch.tanh(")],
    "torch.sigmoid(": [("torch.nn.functional.relu(", "torch.sigmoid(")],
    "BATCH_SIZE = 150": [("BATCH_SIZE = 15 ", "BATCH_SIZE = 150 ")],
    "LEARNING_RATE = 0.01": [("LEARNING_RATE = 0.001 ", "LEARNING_RATE = 0.01 ")],
    "EPOCHS = 5": [("EPOCHS = 2 ", "EPOCHS = 5 ")],
    # The picture ends here. The answers to changes 8 and 10 tell what the next two do.
    "SGD(, LEARNING_RATE = 0.1": [
        ("Adam(", "SGD("), ("LEARNING_RATE = 0.001 ", "LEARNING_RATE = 0.1 ")],
    "one layer": [
        ("        self.fc1 = torch.nn.Linear(28 * 28, 64)\n", ""),
        ("        self.fc2 = torch.nn.Linear(64, 64)\n", ""),
        ("        self.fc3 = torch.nn.Linear(64, 64)\n", ""),
        ("torch.nn.Linear(64, 10)", "torch.nn.Linear(28 * 28, 10)"),
        ("        x = torch.nn.functional.relu(self.fc1(x))\n", ""),
        ("        x = torch.nn.functional.relu(self.fc2(x))\n", ""),
        ("        x = torch.nn.functional.relu(self.fc3(x))\n", "")],
}
NAMES = list(CHANGES)
N_DRAWN = 18  # The picture shows the first 18, among them no change.
TOLD = NAMES[:11] + NAMES[N_DRAWN:]  # The pages tell the accuracies of these.


def changed_program(change):
    """Return the text of mnist_mlp.py with a change made. Raises ValueError if it cannot be."""
    program = (PROJECT / "mnist_mlp.py").read_text(encoding="utf-8")
    for old, new in list(CHANGES.values())[change]:
        if old not in program:
            raise ValueError(f"change {change}: mnist_mlp.py does not contain {old!r}")
        program = program.replace(old, new)
    return program


def run(change, seed):
    """Run the changed program from a seed, without its picture; return its accuracies, as text."""
    names = {"__name__": "changed"}
    exec(changed_program(change), names)
    names["SEED"] = seed
    names["draw_predictions"] = lambda test_data, net: None
    printed = io.StringIO()
    with redirect_stdout(printed):
        names["main"]()
    return [line.split()[-1] for line in printed.getvalue().splitlines()]


def read_results():
    """Return the runs: a dict from (change, processor, seed) to the accuracies, in their order."""
    results = {}
    with RESULTS.open(encoding="utf-8", newline="") as file:
        for change, processor, seed, *accuracies in list(csv.reader(file))[1:]:
            results[int(change), processor, int(seed)] = [float(text) for text in accuracies]
    return results


def last_accuracies(change):
    """Return two lists of last accuracies: with the change, and without, in runs like these."""
    results = read_results()
    runs = [key for key in results if key[0] == change]
    return [results[run][-1] for run in runs], [results[(0, *run[1:])][-1] for run in runs]


def measure(processor):
    """Make the runs that RESULTS lacks, two at a time, and add each to it once it is done."""
    results = read_results()
    with ProcessPoolExecutor(2) as pool:
        jobs = {}
        for change in range(len(CHANGES)):
            for seed in range(10):
                if (change, processor, seed) not in results:
                    jobs[change, processor, seed] = pool.submit(run, change, seed)
        for key, job in jobs.items():
            with RESULTS.open("a", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerow([*key, *job.result()])
            print(*key, *job.result(), flush=True)


if __name__ == "__main__":
    measure(sys.argv[1])
