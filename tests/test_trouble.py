"""Trouble with the network, the data or the disk is answered in a few plain lines."""
import gzip
import hashlib
import socket
import threading
import urllib.request
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest
from torchvision.datasets import MNIST

import mnist_mlp
from tests import tiny_mnist
from tests.helpers import LINES, PROJECT, run_python, without_accuracies

FEW = tiny_mnist.drawn_mnist(n_train=60, n_test=64)  # for tests that are not about learning
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = FEW
PACKED = {f"{name}.gz": gzip.compress(content) for name, content in FEW.items()}


class Answer(StreamRequestHandler):
    """Answer http://127.0.0.1:…/WAY/FILE in the way that the address names."""

    def handle(self):
        path = self.rfile.readline().decode().split()[1]  # GET /WAY/FILE HTTP/1.1
        _, way, name = path.split("/")
        self.server.asked_for.append(name)
        body = PACKED[name]
        head = b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        answers = {"works": head + body,
                   "forbids": b"HTTP/1.0 403 Forbidden\r\n\r\n",
                   "sends-damage": head + body[::-1],
                   "falls-silent": head + body[:99],
                   "says-nothing": b"",
                   "hangs-up": b"",
                   "talks-nonsense": b"nonsense\r\n"}
        self.wfile.write(answers[way])
        if way in ("falls-silent", "says-nothing"):
            self.server.is_over.wait(20)


@pytest.fixture
def use_servers(folder, monkeypatch):
    """A function that gives the script servers that answer in the ways named, in this order."""
    server = ThreadingTCPServer(("127.0.0.1", 0), Answer)
    server.asked_for = []
    server.is_over = threading.Event()
    server.handle_error = lambda *_: None  # The script may hang up.
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    resources = [(name, hashlib.md5(content).hexdigest()) for name, content in PACKED.items()]
    monkeypatch.setattr(MNIST, "resources", resources)
    set_limit = socket.setdefaulttimeout

    def set_shorter_limit(seconds):  # The script's 30 seconds are over after 2.
        set_limit(seconds / 15)

    def use(*ways):
        addresses = []
        for way in ways:
            port = 9 if way == "is-unreachable" else server.server_address[1]
            addresses.append(f"http://127.0.0.1:{port}/{way}/")
        monkeypatch.setattr(mnist_mlp, "SERVERS", addresses)
        return server

    monkeypatch.setattr(socket, "setdefaulttimeout", set_shorter_limit)
    polling = {"poll_interval": 0.01}
    threading.Thread(target=server.serve_forever, kwargs=polling, daemon=True).start()
    yield use
    server.is_over.set()
    server.shutdown()
    server.server_close()


def reasons_told():
    """Run the script's main, which must exit with the message; return the reasons in it."""
    with pytest.raises(SystemExit) as end:
        mnist_mlp.main()
    lines = end.value.code.splitlines()  # Python prints them on stderr and exits with status 1.
    assert lines[0] == "MNIST is unavailable or damaged:"
    return lines[1:-4]  # The last four lines are advice.


def check_that_it_works(folder):
    """Run the script's main, which must find or download all four files, train and draw."""
    mnist_mlp.main()
    assert (folder / "predictions.png").exists()
    files = sorted(path.name for path in (folder / "MNIST" / "raw").iterdir())
    assert files == sorted([*FEW, *PACKED])


def test_without_network_and_data_it_ends_with_the_message_alone(tmp_path):
    end = run_python(PROJECT / "mnist_mlp.py", cwd=tmp_path)
    assert (end.returncode, end.stdout) == (1, "")
    heading, reason, *advice = end.stderr.splitlines()
    assert heading == "MNIST is unavailable or damaged:"
    assert reason.startswith("<urlopen error ")
    folder = tmp_path / "MNIST"
    assert advice == f"""\
Delete {folder} and run again. You need 70 MB of room there, and the right to write.
No network? Then put these four files, without unzipping them, in {folder / "raw"}:
{" ".join(PACKED)}
from https://ossci-datasets.s3.amazonaws.com/mnist/ or https://dataset.bj.bcebos.com/mnist/ \
or https://storage.googleapis.com/cvdf-datasets/mnist/""".splitlines()


@pytest.mark.parametrize("way", [
    "is-unreachable", "forbids", "sends-damage", "falls-silent", "says-nothing", "hangs-up",
    "talks-nonsense"])
def test_if_a_server_fails_in_any_way_the_next_is_tried(folder, use_servers, way):
    use_servers(way, "works")
    check_that_it_works(folder)


def test_if_all_servers_fail_each_reason_is_told_once(folder, use_servers):
    use_servers("forbids", "says-nothing", "talks-nonsense", "forbids")
    assert reasons_told() == [
        "HTTP Error 403: Forbidden", "TimeoutError: timed out", "BadStatusLine: nonsense"]
    assert socket.getdefaulttimeout() == 2  # 30 in the script


def test_only_the_files_that_are_missing_or_damaged_are_downloaded(folder, use_servers):
    here = {**PACKED, f"{TEST_IMAGES}.gz": b"damaged"}
    del here[f"{TRAIN_LABELS}.gz"]
    tiny_mnist.lay(here, folder)
    server = use_servers("works")
    check_that_it_works(folder)
    # torchvision asks for each file twice: whether it has moved, and for the file itself.
    assert set(server.asked_for) == {f"{TEST_IMAGES}.gz", f"{TRAIN_LABELS}.gz"}


def test_with_all_four_files_here_no_server_is_asked(folder, use_servers):
    tiny_mnist.lay(PACKED, folder)
    server = use_servers("works")
    check_that_it_works(folder)
    assert server.asked_for == []


def press_ctrl_c(*_):
    raise KeyboardInterrupt


def test_ctrl_c_ends_a_download_at_once(folder, monkeypatch):
    monkeypatch.setattr(urllib.request, "urlopen", press_ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        mnist_mlp.main()


IMAGES, LABELS = tiny_mnist.draw_digits(59, seed=6)  # one fewer than in FEW
DAMAGE = {
    "images: empty": (TRAIN_IMAGES, b""),
    "images: cut in the header": (TRAIN_IMAGES, FEW[TRAIN_IMAGES][:10]),
    "images: a byte short": (TRAIN_IMAGES, FEW[TRAIN_IMAGES][:-1]),
    "images: a web page": (TRAIN_IMAGES, b"<html>404</html>"),
    "images: one fewer": (TRAIN_IMAGES, tiny_mnist.idx(IMAGES)),
    "images: 27 x 28": (TRAIN_IMAGES, tiny_mnist.idx(IMAGES[:, :27])),
    "images: another number type": (TRAIN_IMAGES, b"\0\0\x0a" + FEW[TRAIN_IMAGES][3:]),
    "labels: empty": (TRAIN_LABELS, b""),
    "labels: cut in the header": (TRAIN_LABELS, FEW[TRAIN_LABELS][:3]),
    "labels: a byte short": (TRAIN_LABELS, FEW[TRAIN_LABELS][:-1]),
    "labels: a web page": (TRAIN_LABELS, b"<html>404</html>"),
    "labels: one fewer": (TRAIN_LABELS, tiny_mnist.idx(LABELS)),
    "labels: a label is 10": (TRAIN_LABELS, FEW[TRAIN_LABELS][:-1] + b"\x0a"),
    "test images: a byte short": (TEST_IMAGES, FEW[TEST_IMAGES][:-1])}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_file_is_refused_for_one_reason(folder, what):
    name, content = DAMAGE[what]
    tiny_mnist.lay({**FEW, name: content}, folder)
    assert len(reasons_told()) == 1


def test_a_picture_that_cannot_be_written_is_named_and_no_accuracy_is_lost(folder, capsys):
    tiny_mnist.lay(FEW, folder)
    Path("predictions.png").mkdir()
    with pytest.raises(SystemExit) as end:
        mnist_mlp.main()
    assert end.value.code.startswith(f"{folder / 'predictions.png'} could not be written: [Errno ")
    assert without_accuracies(capsys.readouterr().out) == LINES[:3]


def test_where_no_window_can_be_opened_matplotlib_says_so(tmp_path):
    tiny_mnist.lay(FEW, tmp_path)
    end = run_python(PROJECT / "mnist_mlp.py", cwd=tmp_path, DISPLAY=":0", MPLBACKEND="agg")
    assert end.returncode == 0, end.stderr
    assert "FigureCanvasAgg is non-interactive, and thus cannot be shown" in end.stderr


@pytest.mark.parametrize("mistake", [ValueError, KeyboardInterrupt])
def test_a_mistake_in_the_program_keeps_its_traceback_and_so_does_ctrl_c(
        folder, monkeypatch, mistake):
    def forward(self, x):
        raise mistake("in the program")

    tiny_mnist.lay(FEW, folder)
    monkeypatch.setattr(mnist_mlp.Net, "forward", forward)
    with pytest.raises(mistake, match="in the program"):
        mnist_mlp.main()


def test_the_command_that_draws_digits_leaves_an_existing_mnist_alone(tmp_path):
    tiny_mnist.lay({"mine": b"mine"}, tmp_path)
    end = run_python("-m", "tests.tiny_mnist", tmp_path, cwd=PROJECT)
    assert end.returncode == 1
    assert end.stderr == (
        f"{tmp_path / 'MNIST'} is there already and was left alone. Name another folder.\n")
    assert [path.name for path in (tmp_path / "MNIST" / "raw").iterdir()] == ["mine"]
