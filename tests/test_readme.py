"""The programs to paste from the pages run, in the pages' order."""
import re
from pathlib import Path

import pytest

from tests import tiny_mnist
from tests.helpers import PAGES


def test_the_programs_to_paste_are_the_same_on_all_pages_and_run(folder, capsys):
    english, *others = [
        re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        for page in PAGES]
    assert others == [english] * len(others)
    gradients, save = english
    assert (gradients + save).isascii()
    files = tiny_mnist.drawn_mnist(600, 64)
    tiny_mnist.lay(files, folder)

    exec(re.sub("number = .*", "number = 7", gradients), {})
    printed = capsys.readouterr().out
    before, after = re.search("loss: (.*) then: (.*)", printed).groups()
    assert float(after) < float(before)
    products = re.findall("(.*) x (.*) = (.*)", printed)
    assert len(products) == 2
    for derivative, value, gradient in products:
        assert float(derivative) * float(value) == pytest.approx(float(gradient), abs=1e-6)

    exec(save, {})
    labels = tiny_mnist.draw_digits(64, seed=2)[1]
    assert f"label: {labels[0]}" in capsys.readouterr().out
    assert Path("net.pt").exists()
