"""What the README tells people to paste, save or change is done here, as they would do it."""
import ast
import re
import runpy
import sys

import numpy as np
import pytest
from PIL import Image

import mnist_mlp
from tests import tiny_mnist
from tests.changes import CHANGES, TRIALS, UNCHANGED, changed_program, read_results
from tests.helpers import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
SCRIPT = (PROJECT / "mnist_mlp.py").read_text(encoding="utf-8")
START = README.index("# 用 PyTorch 识别手写数字")  # Here the Chinese half begins.
HALVES = {"English": README[:START], "Chinese": README[START:]}
PROGRAMS = ["use_net.py", "read_digit.py", "wrong.py", "watch.py", "better_net.py", "gpu.py"]
LAST_LINE = "    draw_predictions(test_data, net)\n"


def python_blocks(half):
    """Return the blocks of Python code in a half of the README, without what indents them."""
    return re.findall(r"```python\n(.*?)```", HALVES[half], re.DOTALL)


def programs(half):
    """Return the programs to save: a dict from the name, told before the block, to its text."""
    found = {}
    for block in python_blocks(half):
        if block.startswith('"""'):
            before = HALVES[half].split("```python\n" + block)[0]
            names = re.findall(r"`(?:python )?(\w+\.py)`", before)
            found[[name for name in names if name != "mnist_mlp.py"][-1]] = block
    return found


def save_programs(half, folder):
    for name, program in programs(half).items():
        (folder / name).write_text(program, encoding="utf-8")


SAVED = []  # what net.pt contains, once it has been made


@pytest.fixture
def beside_the_script(folder, monkeypatch):
    """A folder with drawn digits and net.pt, which the script saves with the README's line."""
    tiny_mnist.lay(tiny_mnist.drawn_mnist(), folder)
    monkeypatch.setattr(mnist_mlp, "Net", mnist_mlp.Net)  # Some programs replace it.
    if not SAVED:
        line, = [block for block in python_blocks("English") if "torch.save" in block]
        assert SCRIPT.count(LAST_LINE) == 1
        exec(SCRIPT.replace(LAST_LINE, line + LAST_LINE), {"__name__": "__main__"})
        SAVED.append((folder / "net.pt").read_bytes())
    (folder / "net.pt").write_bytes(SAVED[0])
    return folder


def test_both_halves_have_the_same_programs():
    assert list(programs("English")) == PROGRAMS
    assert list(programs("Chinese")) == PROGRAMS
    for name in PROGRAMS:
        without_texts = []
        for half in HALVES:
            tree = ast.parse(programs(half)[name])
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    if re.search(r"[^\x00-\x7f]|[ :]", node.value):  # a text for people
                        node.value = "text"
            without_texts.append(ast.unparse(tree))
        assert without_texts[0] == without_texts[1], name


@pytest.mark.parametrize("half", HALVES)
def test_the_saved_network_keeps_its_accuracy(beside_the_script, half, capsys):
    save_programs(half, beside_the_script)
    runpy.run_path("use_net.py", run_name="__main__")
    accuracy = float(re.search(r"\d\.\d+", capsys.readouterr().out)[0])
    assert accuracy > 0.7  # The network learns drawn digits that well in two epochs.


def picture_of(digits):
    """Return a picture of some digits side by side, dark on light."""
    return Image.fromarray(np.hstack(255 - digits)).resize((200 * len(digits), 200))


@pytest.mark.parametrize("half", HALVES)
def test_read_digit_reads_an_enlarged_drawn_digit(beside_the_script, half, monkeypatch, capsys):
    save_programs(half, beside_the_script)
    images, labels = tiny_mnist.draw_digits(1, seed=8)
    picture_of(images).save("digit.png")
    monkeypatch.setattr(sys, "argv", ["read_digit.py"])
    capsys.readouterr()
    runpy.run_path("read_digit.py", run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert int(lines[10][-1]) == labels[0]
    assert sum(float(line.split(": ")[1]) for line in lines[:10]) == pytest.approx(1, abs=0.01)
    assert Image.open("digit_28x28.png").size == (280, 280)


@pytest.mark.parametrize("half, no_file, unreadable, nothing, too_much", [
    ("English", "There is no digit.png", "I cannot read digit.png", "I see no digit",
     "I see too much"),
    ("Chinese", "没有 digit.png", "无法读取图片 digit.png", "没有找到数字", "图片里的东西太多")])
def test_read_digit_says_what_is_wrong_with_a_picture(
        beside_the_script, monkeypatch, half, no_file, unreadable, nothing, too_much):
    save_programs(half, beside_the_script)
    monkeypatch.setattr(sys, "argv", ["read_digit.py"])
    with pytest.raises(SystemExit, match=no_file):
        runpy.run_path("read_digit.py", run_name="__main__")
    (beside_the_script / "digit.png").write_bytes(b"no picture")
    with pytest.raises(SystemExit, match=unreadable):
        runpy.run_path("read_digit.py", run_name="__main__")
    Image.new("L", (300, 300), 255).save("digit.png")
    with pytest.raises(SystemExit, match=nothing):
        runpy.run_path("read_digit.py", run_name="__main__")
    picture_of(tiny_mnist.draw_digits(5, seed=8)[0]).save("digit.png")
    with pytest.raises(SystemExit, match=too_much):
        runpy.run_path("read_digit.py", run_name="__main__")


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("name, picture", [
    ("wrong.py", "wrong.png"), ("watch.py", "learning.png"),
    ("better_net.py", "predictions.png"), ("gpu.py", "predictions.png")])
def test_the_program_runs_and_draws_its_picture(beside_the_script, half, name, picture):
    save_programs(half, beside_the_script)
    (beside_the_script / picture).unlink(missing_ok=True)
    tiny_mnist.lay(tiny_mnist.drawn_mnist(60, 64), beside_the_script)
    runpy.run_path(name, run_name="__main__")
    assert (beside_the_script / picture).exists()


@pytest.mark.parametrize("change", CHANGES)
def test_the_program_runs_with_the_change(folder, change):
    tiny_mnist.lay(tiny_mnist.drawn_mnist(60, 64), folder)
    exec(changed_program(change), {"__name__": "__main__"})
    assert (folder / "predictions.png").exists()


# Changes that the README tells in words or as a block, not as `old` → `new`.
IN_WORDS = {"zeros_": "torch.nn.init.zeros_(values)\n```", "# fc3": "`fc3`", "64 → 128": "128"}


@pytest.mark.parametrize("half", HALVES)
def test_the_readme_tells_each_change(half):
    text = HALVES[half].replace("<code>", "`").replace("</code>", "`")
    for change, replacements in CHANGES.items():
        if change in IN_WORDS:
            assert IN_WORDS[change] in text
            continue
        for old, new in replacements:
            assert f"`{old.strip()}` → `{new.strip()}`" in text, change
    lines, = [block for block in python_blocks(half) if "zeros_" in block]
    assert CHANGES["zeros_"] == [("    net = Net()\n", "    net = Net()\n" + lines)]


@pytest.mark.parametrize("half", HALVES)
def test_the_readme_tells_the_measured_ranges_of_the_changes(half):
    results = read_results()
    for change in CHANGES:
        last = [accuracies[-1] for key, accuracies in results.items() if key[0] == change]
        assert len(last) == (30 if change == UNCHANGED else 10)
        if change == "fc4, cross_entropy":
            continue  # The README says that these runs are as the unchanged ones: see below.
        if min(last) == max(last):
            assert f"{max(last)}" in HALVES[half], change
        else:
            told = re.findall(r"(0\.\d+)(?: to | and |～)(0\.\d+)", HALVES[half])
            assert (min(last), max(last)) in [(float(a), float(b)) for a, b in told], change


@pytest.mark.parametrize("half, better, worse, unclear", [
    ("English", "better in all ten runs", "worse in all ten runs", "no clear difference"),
    ("Chinese", "十次都更好", "十次都更差", "看不出差别")])
def test_the_readme_tells_what_ten_runs_say_of_the_trials(half, better, worse, unclear):
    results = read_results()
    for change in TRIALS:
        differences = []
        for (its_change, rounding, seed), accuracies in results.items():
            if its_change == change:
                unchanged = results[UNCHANGED, rounding, seed]
                differences.append(accuracies[-1] - unchanged[-1])
        if min(differences) > 0:
            verdict = better
        elif max(differences) < 0:
            verdict = worse
        else:
            verdict = unclear
        lowest = min(accuracies[-1] for key, accuracies in results.items() if key[0] == change)
        row, = re.findall(rf"^\|.*\| {lowest:.4f}\D.*\|$", HALVES[half], re.MULTILINE)
        assert f"| {verdict} |" in row, change


def test_with_cross_entropy_the_accuracies_stay_the_same():
    results = read_results()
    for (change, rounding, seed), accuracies in results.items():
        if change == "fc4, cross_entropy":
            assert accuracies == results[UNCHANGED, rounding, seed]


@pytest.mark.parametrize("half", HALVES)
def test_the_links_lead_to_the_lines_that_they_name(half):
    links = re.findall(r"\[`([^`]+)`\]\(mnist_mlp\.py#L(\d+)(?:-L(\d+))?\)", HALVES[half])
    assert len(links) > 10
    lines = SCRIPT.splitlines()
    ends = {}
    for node in ast.parse(SCRIPT).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            ends[node.name] = (node.lineno, node.end_lineno)
    for name, start, end in links:
        if end:
            assert (int(start), int(end)) == ends[name]
        else:
            assert name in lines[int(start) - 1]


def test_both_halves_tell_the_same_accuracies_for_both_programs():
    rows = re.findall(r"\| `(.* accuracy:)` \| (0\.\d+) \| (0\.\d+) \|", README)
    assert len(rows) == 6
    assert rows[:3] == rows[3:]
    for _, ours, theirs in rows:
        assert ours == theirs


@pytest.mark.parametrize("half", HALVES)
def test_links_and_pictures_lead_somewhere(half):
    for picture in re.findall(r'src="([^"]+)"', HALVES[half]):
        assert (PROJECT / picture).is_file()
    for heading in re.findall(r"\]\(#([^)]+)\)", HALVES[half]):
        words = heading.replace("-", " ")
        titles = [re.sub(r"[?？]", "", title.lower().replace("'", ""))
                  for title in re.findall(r"^#+ (.*)$", README, re.MULTILINE)]
        assert words in titles
