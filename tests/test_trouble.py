"""Trouble with the network, the data or the disk is answered in a few plain lines."""
import contextlib
import gzip
import hashlib
import shutil
import signal
import socket
import threading
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

import numpy as np
import pytest
import torchvision
from torchvision.datasets import MNIST

import mnist_mlp
from tests import tiny_mnist
from tests.conftest import PROJECT, run_python

FEW = tiny_mnist.idx_files(n_train=60, n_test=64)  # for tests that are not about learning
NEXT_AFTER_DAMAGE = tuple(map(int, torchvision.__version__.split(".")[:2])) >= (0, 27)
PACKED = {f"{name}.gz": gzip.compress(content) for name, content in FEW.items()}


def advice(folder):
    """Return what every message about the data ends in."""
    return (f"\nDelete {folder / 'MNIST'} and run again. You need 70 MB of room there, and the "
            "right to write.\nNo network? Then put these four files, without unzipping them, in "
            f"{folder / 'MNIST' / 'raw'}:\n{' '.join(PACKED)}\nfrom {' or '.join(MNIST.mirrors)}")


def problem(folder):
    """Run the script's main, which must exit with a message; return what it says failed."""
    with pytest.raises(SystemExit) as end:
        mnist_mlp.main()
    message = end.value.code  # Python prints it on stderr and exits with status 1.
    assert message.startswith("MNIST is unavailable: ") and message.endswith(advice(folder))
    return message.removeprefix("MNIST is unavailable: ").removesuffix(advice(folder))


def works(folder):
    """Run the script's main, which must train and draw."""
    mnist_mlp.main()
    (folder / "predictions.png").unlink()
    return {path.name for path in (folder / "MNIST" / "raw").iterdir()} == {*FEW, *PACKED}


@pytest.fixture
def answers(folder, monkeypatch):
    """How the second and third server answer (the first cannot be reached): an empty dict.

    A value makes of the right answer's head and body a list of what is sent; None is silence.
    """
    answers = {}
    over = threading.Event()

    class Handler(StreamRequestHandler):
        def handle(self):
            _, server, name = self.rfile.readline().split()[1].decode().split("/")
            head = b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PACKED[name])
            for part in answers.get(server, lambda *whole: whole)(head, PACKED[name]):
                self.wfile.write(part) if part is not None else over.wait(5)

    server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # The script may hang up.
    threading.Thread(target=server.serve_forever, args=[0.01]).start()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(MNIST, "mirrors", ["http://unknown.invalid/", *(
        f"http://127.0.0.1:{server.server_address[1]}/{name}/" for name in ("second", "third"))])
    monkeypatch.setattr(MNIST, "resources", [
        (name, hashlib.md5(content).hexdigest()) for name, content in PACKED.items()])
    set_limit = socket.setdefaulttimeout  # Here, 30 seconds are over after 1.
    monkeypatch.setattr(
        socket, "setdefaulttimeout", lambda limit: set_limit(limit and limit / 30))
    yield answers
    over.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("answer, reason, next_is_tried", [
    (lambda head, body: [b"HTTP/1.0 403 Forbidden\r\n\r\n"], "HTTP Error 403: Forbidden", True),
    (lambda head, body: [head, body[::-1]], "File not found or corrupted", NEXT_AFTER_DAMAGE),
    (lambda head, body: [head, body[:99]], "File not found or corrupted", NEXT_AFTER_DAMAGE),
    (lambda head, body: [], "Remote end closed connection", False),
    (lambda head, body: [b"nonsense"], "nonsense", False),
    (lambda head, body: [None], "timed out", False),
    (lambda head, body: [head, body[:99], None], "timed out", False),
], ids=["forbids", "damaged", "cut", "hangs up", "nonsense", "says nothing", "falls silent"])
def test_where_a_server_fails_the_next_is_tried_or_the_reason_told(
        folder, answers, answer, reason, next_is_tried):
    answers.update(second=answer, third=answer)
    assert reason in problem(folder) and socket.getdefaulttimeout() == 1
    del answers["third" if next_is_tried else "second"]
    assert works(folder)


def test_without_network_or_data_it_says_what_failed_and_what_to_do(tmp_path):
    end = run_python(PROJECT / "mnist_mlp.py", cwd=tmp_path)
    assert (end.returncode, end.stdout) == (1, "")
    assert end.stderr.startswith("MNIST is unavailable: Error downloading train-images-idx3-ubyte")
    assert end.stderr.endswith(advice(tmp_path) + "\n") and len(end.stderr.splitlines()) <= 12
    assert len([server for server in MNIST.mirrors if "yann.lecun.com" not in server]) >= 3
    assert all(f"Tried {name}, got:\n<urlopen error " in end.stderr for name in MNIST.mirrors)


def test_the_four_files_that_it_asks_for_are_all_it_needs(folder, answers):
    answers.update(second=None, third=None)  # so that asking a server would be an error
    tiny_mnist.lay(PACKED, folder)
    assert works(folder)


IMAGES, LABELS = tiny_mnist.draw_digits(30, seed=6)
DAMAGED = {
    "empty": lambda whole: b"", "3 bytes": lambda whole: whole[:3],
    "10 bytes": lambda whole: whole[:10], "half": lambda whole: whole[:len(whole) // 2],
    "a byte short": lambda whole: whole[:-1], "a byte long": lambda whole: whole + b"\0",
    "a web page": lambda whole: b"<html>404</html>", "zeros": lambda whole: bytes(len(whole)),
    "ones": lambda whole: b"\xff" * len(whole),
    "another number": lambda whole: whole[:7] + b"\1" + whole[8:]}
NOT_MNIST = {
    "a label less": (IMAGES, LABELS[:29]), "an image less": (IMAGES[:29], LABELS),
    "nothing": (IMAGES[:0], LABELS[:0]), "one image": (IMAGES[0], LABELS[:1]),
    "27 x 28": (IMAGES[:, :27], LABELS), "28 x 27": (IMAGES[:, :, :27], LABELS),
    "rows": (IMAGES.reshape(30, 784), LABELS), "14 x 56": (IMAGES.reshape(30, 14, 56), LABELS),
    "label 10": (IMAGES, np.full(30, 10, np.uint8))}


@pytest.mark.parametrize("files", [
    *(pytest.param({name: damage(FEW[name])}, id=f"{name}: {what}")
      for name in FEW for what, damage in DAMAGED.items()),
    *(pytest.param(dict(zip(names, map(tiny_mnist.idx, arrays))), id=f"{names[0]}: {what}")
      for names in ([*FEW][:2], [*FEW][2:]) for what, arrays in NOT_MNIST.items()),
])
def test_damaged_data_is_refused_and_once_the_folder_is_deleted_it_is_fetched_anew(
        folder, answers, files):
    tiny_mnist.lay({**FEW, **files}, folder)
    assert problem(folder)
    shutil.rmtree(folder / "MNIST")
    assert works(folder)


@contextlib.contextmanager
def disk_full():
    resource = pytest.importorskip("resource", reason="this system has no limits on file sizes")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_told_and_once_there_is_room_the_script_works(folder, answers):
    with disk_full():
        assert "File too large" in problem(folder)
    assert works(folder)


@pytest.mark.parametrize("trouble", [disk_full, lambda: contextlib.nullcontext(
    Path("predictions.png").mkdir())], ids=["disk full", "folder in the way"])
def test_a_picture_that_cannot_be_written_is_named_and_no_accuracy_is_lost(
        folder, capsys, trouble):
    tiny_mnist.lay(FEW, folder)
    with trouble(), pytest.raises(SystemExit) as end:
        mnist_mlp.main()
    assert end.value.code.startswith(f"{folder / 'predictions.png'} could not be written: [Errno ")
    printed = [line.rpartition(" ")[0] for line in capsys.readouterr().out.splitlines()]
    assert printed == ["initial accuracy:", "epoch 0 accuracy:", "epoch 1 accuracy:"]


def test_the_command_that_draws_digits_leaves_an_existing_mnist_alone(tmp_path):
    tiny_mnist.lay({"mine": b"mine"}, tmp_path)
    end = run_python("-m", "tests.tiny_mnist", tmp_path, cwd=PROJECT)
    assert end.returncode == 1 and "left alone" in end.stderr and "Traceback" not in end.stderr
    assert [path.name for path in (tmp_path / "MNIST" / "raw").iterdir()] == ["mine"]


@pytest.mark.parametrize("mistake", [
    RuntimeError, ValueError, TypeError, AssertionError, OSError, KeyboardInterrupt])
def test_a_mistake_in_the_program_keeps_its_traceback_and_so_does_ctrl_c(
        folder, monkeypatch, mistake):
    def forward(self, x):
        raise mistake("in the program")

    tiny_mnist.lay(FEW, folder)
    monkeypatch.setattr(mnist_mlp.Net, "forward", forward)
    with pytest.raises(mistake, match="in the program"):
        mnist_mlp.main()
