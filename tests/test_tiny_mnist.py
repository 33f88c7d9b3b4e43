"""The command that runs the program on drawn digits answers plainly, whatever it finds."""
import pytest

import mnist_mlp
from tests import tiny_mnist
from tests.helpers import LINES, PROJECT, run_python, without_accuracies

FIRST_LINE = "1505 drawn digits to train on and 203 to test on, in place of MNIST:"


@pytest.fixture
def command(folder, monkeypatch, capsys):
    """A function that runs the command in folder/drawn and returns the lines that it printed."""
    def run():
        monkeypatch.setattr("sys.argv", ["tiny_mnist"])
        tiny_mnist.main(folder / "drawn")
        return without_accuracies(capsys.readouterr().out)
    return run


def test_it_says_that_the_digits_are_drawn_and_runs_the_program_on_them(command, folder):
    assert command() == [FIRST_LINE, *LINES]
    assert (folder / "drawn" / "predictions.png").exists()


def test_a_second_run_leaves_the_files_alone_and_mends_one_that_was_cut_short(command, folder):
    raw = folder / "drawn" / "MNIST" / "raw"
    tiny_mnist.lay(tiny_mnist.drawn_mnist(), folder / "drawn")
    whole = raw / "train-labels-idx1-ubyte"
    cut = raw / "train-images-idx3-ubyte"
    time_written = whole.stat().st_mtime_ns
    cut.write_bytes(b"cut")
    assert command() == [FIRST_LINE, *LINES]
    assert whole.stat().st_mtime_ns == time_written
    assert len(mnist_mlp.read_image_file(cut)) == 1505


def test_a_folder_that_cannot_be_written_is_named(command, folder):
    (folder / "drawn").write_text("a file in the way")
    with pytest.raises(SystemExit) as end:
        command()
    assert end.value.code.startswith(
        f"The digits could not be written into {folder / 'drawn'}: [Errno ")


def test_it_takes_no_arguments():
    end = run_python("-m", "tests.tiny_mnist", "somewhere", cwd=PROJECT)
    assert end.returncode == 2
    assert end.stderr.splitlines()[-1] == (
        "python -m tests.tiny_mnist: error: unrecognized arguments: somewhere")
