"""If the network, the data or the disk fails, the program says so in a few plain lines."""
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
ADVICE = """\
Run the program again. It needs the internet, 70 MB of free space and permission to write there.
Without internet, download what is missing or damaged with a browser on another computer, and put
it into that folder without unpacking it. Each of these servers has all four files:
https://ossci-datasets.s3.amazonaws.com/mnist/ or https://dataset.bj.bcebos.com/mnist/ or \
https://storage.googleapis.com/cvdf-datasets/mnist/
To see the program work without MNIST, on digits that it draws: python -m tests.tiny_mnist\
""".splitlines()


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
                   "talks-nonsense": b"nonsense\r\n",
                   "sends-colours": b"\x1b[31m\x07re" + 200 * b"d" + b"\r\n"}
        self.wfile.write(answers[way])
        if way in ("falls-silent", "says-nothing"):
            self.server.is_over.wait(20)


@pytest.fixture
def limits(monkeypatch):
    """The list of the time limits, in seconds, that the script sets; each is in fact 2 seconds."""
    set_limit = socket.setdefaulttimeout
    limits = []

    def remember(seconds):
        limits.append(seconds)
        set_limit(2)

    monkeypatch.setattr(socket, "setdefaulttimeout", remember)
    return limits


@pytest.fixture
def use_servers(folder, monkeypatch, limits):
    """A function that gives the script servers that answer in the ways named, in this order."""
    server = ThreadingTCPServer(("127.0.0.1", 0), Answer)
    server.asked_for = []
    server.is_over = threading.Event()
    server.handle_error = lambda *_: None  # The script may hang up.
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    resources = [(name, hashlib.md5(content).hexdigest()) for name, content in PACKED.items()]
    monkeypatch.setattr(MNIST, "resources", resources)

    def use(*ways):
        addresses = []
        for way in ways:
            port = 9 if way == "is-unreachable" else server.server_address[1]
            addresses.append(f"http://127.0.0.1:{port}/{way}/")
        monkeypatch.setattr(mnist_mlp, "SERVERS", addresses)
        return server

    polling = {"poll_interval": 0.01}
    threading.Thread(target=server.serve_forever, kwargs=polling, daemon=True).start()
    yield use
    server.is_over.set()
    server.shutdown()
    server.server_close()


def message_told():
    """Run the script's main, which must exit with the message; return its parts.

    These are: the reasons, a list; the lines about missing or damaged files, a list.
    """
    with pytest.raises(SystemExit) as end:
        mnist_mlp.main()
    lines = end.value.code.splitlines()  # Python prints them on stderr and exits with status 1.
    assert len(lines) <= 12
    assert lines[0] == "MNIST could not be loaded:"
    where = lines.index(f"In the folder {Path('MNIST', 'raw').absolute()}:")
    advice = lines.index(ADVICE[0])
    assert len(lines[advice:]) == len(ADVICE)
    return lines[1:where], lines[where + 1:advice]


def check_that_it_works(folder):
    """Run the script's main, which must find or download all four files, train and draw."""
    mnist_mlp.main()
    assert (folder / "predictions.png").exists()
    files = sorted(path.name for path in (folder / "MNIST" / "raw").iterdir())
    assert files == sorted([*FEW, *PACKED])


def test_without_network_and_data_it_ends_with_the_message_alone(tmp_path):
    end = run_python(PROJECT / "mnist_mlp.py", cwd=tmp_path)
    assert (end.returncode, end.stdout) == (1, "")
    heading, reason, *rest = end.stderr.splitlines()
    assert heading == "MNIST could not be loaded:"
    assert reason.startswith("RuntimeError: <urlopen error ")
    assert rest == [
        f"In the folder {tmp_path / 'MNIST' / 'raw'}:", "missing: " + ", ".join(PACKED), *ADVICE]


def test_the_message_names_what_is_missing_and_what_is_damaged(folder, use_servers):
    use_servers("is-unreachable")
    here = {TRAIN_IMAGES: FEW[TRAIN_IMAGES][:-1],
            TRAIN_LABELS: FEW[TRAIN_LABELS],
            f"{TEST_IMAGES}.gz": PACKED[f"{TEST_IMAGES}.gz"][:99]}
    tiny_mnist.lay(here, folder)
    _, files = message_told()
    assert files == [
        f"missing: {TEST_LABELS}.gz",
        f"damaged (delete if this message appears again): {TRAIN_IMAGES}, {TEST_IMAGES}.gz"]


def test_a_file_with_a_slightly_wrong_name_counts_as_missing(folder, use_servers):
    use_servers("is-unreachable")
    tiny_mnist.lay(PACKED, folder)
    file = folder / "MNIST" / "raw" / f"{TEST_LABELS}.gz"
    file.rename(file.with_name(f"{TEST_LABELS} (1).gz"))
    _, files = message_told()
    assert files == [f"missing: {TEST_LABELS}.gz"]


def test_if_too_little_memory_is_free_no_file_is_blamed(folder, monkeypatch):
    def read_nothing(path):
        raise MemoryError

    tiny_mnist.lay(FEW, folder)
    monkeypatch.setattr("torchvision.datasets.mnist.read_image_file", read_nothing)
    with pytest.raises(SystemExit) as end:
        mnist_mlp.main()
    assert end.value.code == "There is too little free memory: the program needs about 1 GB."


@pytest.mark.parametrize("way", [
    "is-unreachable", "forbids", "sends-damage", "falls-silent", "says-nothing", "hangs-up",
    "talks-nonsense"])
def test_if_a_server_fails_in_any_way_the_next_is_tried(folder, use_servers, way):
    use_servers(way, "works")
    check_that_it_works(folder)


def test_if_all_servers_fail_each_reason_is_told_once(folder, use_servers):
    use_servers("forbids", "says-nothing", "talks-nonsense", "forbids")
    reasons, _ = message_told()
    assert reasons == ["RuntimeError: HTTP Error 403: Forbidden", "TimeoutError: timed out",
                       "BadStatusLine: nonsense"]


def test_a_server_may_be_silent_for_30_seconds(folder, use_servers, limits):
    tiny_mnist.lay(PACKED, folder)
    use_servers("works")
    check_that_it_works(folder)
    assert limits == [30, 30]  # set for the training images, and again for the test images


def test_of_what_a_server_says_only_what_can_be_printed_is_shown_on_one_line(folder, use_servers):
    use_servers("sends-colours")
    reasons, _ = message_told()
    assert reasons == ["BadStatusLine: [31mre" + 74 * "d"]


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
TRAIN_IMAGES_DAMAGED = [f"damaged (delete if this message appears again): {TRAIN_IMAGES}"]
TRAIN_LABELS_DAMAGED = [f"damaged (delete if this message appears again): {TRAIN_LABELS}"]
ALL_READABLE = ["nothing is missing; delete the folder if this message appears again"]
NO_IMAGES = "ValueError: these are not 28 x 28 images, each with a label from 0 to 9"
DAMAGE = {  # what is wrong: the file, its content, a part of the reason, what is said of the files
    "empty": (TRAIN_IMAGES, b"", "invalid literal", TRAIN_IMAGES_DAMAGED),
    "a byte short": (TRAIN_IMAGES, FEW[TRAIN_IMAGES][:-1], "shape", TRAIN_IMAGES_DAMAGED),
    "a web page": (TRAIN_LABELS, b"<html>404</html>", "AssertionError", TRAIN_LABELS_DAMAGED),
    "another number type": (TRAIN_LABELS, b"\0\0\x0a" + FEW[TRAIN_LABELS][3:], "KeyError: 10",
                            TRAIN_LABELS_DAMAGED),
    "one image fewer": (TRAIN_IMAGES, tiny_mnist.idx(IMAGES), NO_IMAGES, ALL_READABLE),
    "27 x 28": (TRAIN_IMAGES, tiny_mnist.idx(IMAGES[:, :27]), NO_IMAGES, ALL_READABLE),
    "a label of 10": (TRAIN_LABELS, FEW[TRAIN_LABELS][:-1] + b"\x0a", NO_IMAGES, ALL_READABLE)}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_file_is_refused_and_named(folder, what):
    name, content, part_of_reason, said_of_files = DAMAGE[what]
    tiny_mnist.lay({**FEW, name: content}, folder)
    (reason,), files = message_told()
    assert part_of_reason in reason
    assert files == said_of_files


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
