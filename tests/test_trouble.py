"""If MNIST cannot be loaded, the program says in a few plain lines why, and what to do."""
import gzip
import hashlib
import shutil
import socket
import threading
import urllib.request
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest
from torchvision.datasets import MNIST

import mnist_mlp
from tests import tiny_mnist
from tests.helpers import PROJECT, run_python

FEW = tiny_mnist.drawn_mnist(n_train=60, n_test=64)
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = FEW
PACKED = {f"{name}.gz": gzip.compress(content) for name, content in FEW.items()}


class Answer(StreamRequestHandler):
    """Answer http://127.0.0.1:…/WAY/FILE in the way that the address names."""

    def handle(self):
        path = self.rfile.readline().decode().split()[1]  # GET /WAY/FILE HTTP/1.1
        _, way, name = path.split("/")
        body = PACKED[name]
        head = b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        answers = {"works": head + body,
                   "forbids": b"HTTP/1.0 403 Forbidden\r\n\r\n",
                   "sends-damage": head + body[::-1],
                   "falls-silent": head + body[:99],
                   "talks-nonsense": b"nonsense\r\n"}
        self.wfile.write(answers[way])
        if way == "falls-silent":
            self.server.is_over.wait(5)


@pytest.fixture
def use_servers(folder, monkeypatch):
    """A function that gives the script servers that answer in the ways named, in this order."""
    server = ThreadingTCPServer(("127.0.0.1", 0), Answer)
    server.is_over = threading.Event()
    server.handle_error = lambda *_: None  # The script may hang up.
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    set_limit = socket.setdefaulttimeout  # The script's 30 seconds last only one here.
    monkeypatch.setattr(socket, "setdefaulttimeout", lambda seconds: set_limit(seconds / 30))
    resources = [(name, hashlib.md5(content).hexdigest()) for name, content in PACKED.items()]
    monkeypatch.setattr(MNIST, "resources", resources)

    def use(*ways):
        addresses = []
        for way in ways:
            port = 9 if way == "is-unreachable" else server.server_address[1]
            addresses.append(f"http://127.0.0.1:{port}/{way}/")
        monkeypatch.setattr(mnist_mlp, "SERVERS", addresses)

    polling = {"poll_interval": 0.01}
    threading.Thread(target=server.serve_forever, kwargs=polling, daemon=True).start()
    yield use
    server.is_over.set()
    server.shutdown()
    server.server_close()


def check_that_it_loads():
    """Load both parts of MNIST, as the script's main does."""
    assert len(mnist_mlp.load_mnist(is_train=True)[0]) == 60
    assert len(mnist_mlp.load_mnist(is_train=False)[0]) == 64


def message():
    """Try to load MNIST, which must end with the message; return its lines."""
    with pytest.raises(SystemExit) as end:
        check_that_it_loads()
    first_line, *lines = end.value.code.splitlines()
    assert first_line == "MNIST could not be loaded:"
    return lines


def delete_as_the_message_says():
    """Delete MNIST, except for the .gz files in its folder raw."""
    packed = [file for file in Path("MNIST/raw").glob("*.gz") if file.is_file()]
    kept = {file.name: file.read_bytes() for file in packed}
    shutil.rmtree("MNIST")
    tiny_mnist.lay(kept, Path())


def test_three_servers_are_tried_in_this_order():
    assert mnist_mlp.SERVERS == ["https://ossci-datasets.s3.amazonaws.com/mnist/",
                                 "https://dataset.bj.bcebos.com/mnist/",
                                 "https://storage.googleapis.com/cvdf-datasets/mnist/"]


@pytest.mark.parametrize("way", ["forbids", "sends-damage", "falls-silent", "talks-nonsense"])
def test_if_a_server_fails_in_any_way_the_next_is_tried(use_servers, way):
    use_servers(way, "works")
    check_that_it_loads()


def test_without_network_and_data_the_program_ends_with_the_message_alone(tmp_path):
    end = run_python(PROJECT / "mnist_mlp.py", cwd=tmp_path)
    assert (end.returncode, end.stdout) == (1, "")
    first_line, reason, *_ = end.stderr.splitlines()
    assert first_line == "MNIST could not be loaded:"
    assert reason.startswith("<urlopen error ")


def test_the_message_names_each_reason_once_and_says_what_to_do(use_servers):
    use_servers("forbids", "falls-silent", "forbids")
    first, second, third = mnist_mlp.SERVERS
    mnist = Path("MNIST").absolute()
    assert message() == [
        "HTTP Error 403: Forbidden", "TimeoutError: timed out", "",
        "1. If this is a lack of permission, space or memory, put that right.",
        f"2. If {mnist} exists, delete it, except for the .gz files in its folder raw.",
        "3. Run the program again, with internet, 70 MB of space, and permission to write there.",
        "",
        f"Or download these files with a browser, and put them into {mnist / 'raw'}",
        "without unpacking them:", *[first + name for name in PACKED],
        f"The addresses may also begin with {second} or {third}"]


ONE_IMAGE_FEWER = tiny_mnist.idx(tiny_mnist.draw_digits(59, seed=6)[0])
NOT_MNIST = "ValueError: these are not 28 x 28 images"


@pytest.mark.parametrize("name, damaged, reason", [
    (TRAIN_IMAGES, FEW[TRAIN_IMAGES][:-1], "RuntimeError: shape"),
    (TRAIN_IMAGES, ONE_IMAGE_FEWER, NOT_MNIST),
    (TRAIN_LABELS, FEW[TRAIN_LABELS][:-1] + b"\x0a", NOT_MNIST)],
    ids=["a byte short", "an image fewer", "a label of 10"])
def test_damaged_unpacked_files_are_refused_until_deleted(
        folder, use_servers, name, damaged, reason):
    use_servers("is-unreachable")
    tiny_mnist.lay({**PACKED, **FEW, name: damaged}, folder)
    assert message()[0].startswith(reason)
    delete_as_the_message_says()
    check_that_it_loads()


def test_damaged_packed_files_are_downloaded_again(folder, use_servers):
    use_servers("works")
    tiny_mnist.lay({name: content[:-1] for name, content in PACKED.items()}, folder)
    check_that_it_loads()


@pytest.mark.parametrize("name", [f"raw/{TEST_LABELS}", f"raw/{TEST_LABELS}.gz"])
def test_a_folder_in_place_of_a_file_is_refused_until_deleted(folder, use_servers, name):
    use_servers("works")
    (folder / "MNIST" / name).mkdir(parents=True)
    assert "Error" in message()[0]
    delete_as_the_message_says()
    check_that_it_loads()


def test_a_damaged_file_of_an_old_torchvision_is_refused_until_deleted(folder, use_servers):
    use_servers("is-unreachable")
    tiny_mnist.lay(PACKED, folder)
    (folder / "MNIST" / "processed").mkdir()
    for name in (MNIST.training_file, MNIST.test_file):
        (folder / "MNIST" / "processed" / name).write_bytes(b"cut")
    message()
    delete_as_the_message_says()
    check_that_it_loads()


def test_ctrl_c_ends_a_download_at_once(folder, monkeypatch):
    def press_ctrl_c(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(urllib.request, "urlopen", press_ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        mnist_mlp.load_mnist(is_train=True)
