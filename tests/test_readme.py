"""What the README tells people to paste or to change is done here, as they would do it."""
import re
import runpy

import numpy as np
import pytest
from PIL import Image

from tests import tiny_mnist
from tests.helpers import PROJECT, run_python

README = (PROJECT / "README.md").read_text(encoding="utf-8")
SCRIPT = (PROJECT / "mnist_mlp.py").read_text(encoding="utf-8")


def test_the_lines_for_your_own_handwriting_read_an_enlarged_drawn_digit(tmp_path):
    english, chinese = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert english == chinese
    line = "    draw_predictions(test_data, net)\n"  # The README says to put them after it.
    assert SCRIPT.count(line) == 1
    (tmp_path / "mnist_mlp.py").write_text(SCRIPT.replace(line, line + english), encoding="utf-8")
    tiny_mnist.lay(tiny_mnist.drawn_mnist(), tmp_path)
    images, labels = tiny_mnist.draw_digits(1, seed=8)
    Image.fromarray(255 - images[0]).resize((300, 300)).save(tmp_path / "digit.png")

    end = run_python("mnist_mlp.py", cwd=tmp_path)
    assert end.returncode == 0, end.stderr
    probabilities = [float(line.split()[1]) for line in end.stdout.splitlines()[4:]]
    assert len(probabilities) == 10
    assert sum(probabilities) == pytest.approx(1, abs=0.01)
    assert np.argmax(probabilities) == labels[0]


def check_that_it_runs(script, folder):
    (folder / "mnist_mlp.py").write_text(script, encoding="utf-8")
    tiny_mnist.lay(tiny_mnist.drawn_mnist(60, 64), folder)
    runpy.run_path("mnist_mlp.py", run_name="__main__")
    assert (folder / "predictions.png").exists()


@pytest.mark.parametrize("old, new", [
    ("torch.nn.functional.relu(", "("), ("torch.nn.functional.relu", "torch.tanh"),
    ("torch.nn.functional.relu", "torch.sigmoid"), ("BATCH_SIZE = 15", "BATCH_SIZE = 150"),
    ("LEARNING_RATE = 0.001", "LEARNING_RATE = 0.01"), ("EPOCHS = 2", "EPOCHS = 5"),
])
def test_the_program_runs_with_a_change_from_the_readme(folder, old, new):
    assert old in SCRIPT
    check_that_it_runs(SCRIPT.replace(old, new), folder)


def test_the_program_runs_without_the_lines_with_fc3(folder):
    lines = [line for line in SCRIPT.splitlines() if "fc3" not in line]
    assert len(lines) == len(SCRIPT.splitlines()) - 2
    check_that_it_runs("\n".join(lines), folder)
