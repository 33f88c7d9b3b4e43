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
    before, after = SCRIPT.split("    draw_predictions(test_data, net)\n")
    script = before + "    draw_predictions(test_data, net)\n" + english + after
    (tmp_path / "mnist_mlp.py").write_text(script, encoding="utf-8")
    tiny_mnist.lay(tiny_mnist.drawn_mnist(), tmp_path)
    (image,), (label,) = tiny_mnist.draw_digits(1, seed=8)
    Image.fromarray(255 - image).resize((300, 300)).save(tmp_path / "digit.png")

    end = run_python("mnist_mlp.py", cwd=tmp_path)
    assert end.returncode == 0, end.stderr
    probabilities = [float(line.split()[1]) for line in end.stdout.splitlines()[4:]]
    assert len(probabilities) == 10
    assert sum(probabilities) == pytest.approx(1, abs=0.01)
    assert np.argmax(probabilities) == label


@pytest.mark.parametrize("old, new", [
    ("torch.nn.functional.relu(self.fc1(x))", "self.fc1(x)"),
    ("        self.fc3 = torch.nn.Linear(64, 64)\n", ""),
    ("torch.nn.functional.relu", "torch.tanh"),
    ("torch.nn.functional.relu", "torch.sigmoid"),
    ("BATCH_SIZE = 15", "BATCH_SIZE = 150"),
    ("LEARNING_RATE = 0.001", "LEARNING_RATE = 0.01"),
    ("EPOCHS = 2", "EPOCHS = 5"),
])
def test_a_change_to_try_is_one_that_the_program_can_make(folder, old, new):
    assert old in SCRIPT
    changed = SCRIPT.replace(old, new)
    if "fc3" in old:
        changed = changed.replace("        x = torch.nn.functional.relu(self.fc3(x))\n", "")
    (folder / "mnist_mlp.py").write_text(changed, encoding="utf-8")
    tiny_mnist.lay(tiny_mnist.drawn_mnist(60, 64), folder)
    runpy.run_path("mnist_mlp.py", run_name="__main__")
    assert (folder / "predictions.png").exists()
