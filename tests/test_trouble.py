"""Trouble with the data, the disk or the screen is answered in a few plain lines."""
import hashlib
import os
import signal
import socket
import struct
import subprocess
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from torchvision.datasets import MNIST

import mnist_mlp
from tests import tiny_mnist
from tests.conftest import run_script, script_in

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = NAMES = [
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]


def answer(capfd):
    """Run the script's main, which must give up within 12 lines; return its answer."""
    with pytest.raises(SystemExit) as end:
        mnist_mlp.main()
    assert isinstance(end.value.code, str)  # Python prints it on stderr and exits with status 1.
    bars = capfd.readouterr().err  # torchvision's progress, a line for each download
    assert len(f"{bars}{end.value.code}".split("\n")) <= 12
    return end.value.code


def works(capfd):
    """Run the script's main, which must train and draw."""
    capfd.readouterr()
    mnist_mlp.main()
    assert "epoch 1 accuracy: " in capfd.readouterr().out
    return True


@pytest.fixture(scope="session")
def few_files():
    """A data set of a few images, for tests that are not about learning."""
    return tiny_mnist.idx_files(n_train=60, n_test=64)


@pytest.fixture
def few(folder, few_files):
    """A current folder in which MNIST is those few images, unpacked."""
    tiny_mnist.lay(few_files, folder)
    return folder


@pytest.fixture
def raw(folder):
    return folder / "MNIST" / "raw"


# Downloads, from a server on this machine

@pytest.fixture
def mirror(folder, few_files, monkeypatch):
    """A server of a few images, the only one that torchvision knows of.

    Set `manner` to say how it serves; it serves whole files at first. `stop()` ends it.
    """
    files = tiny_mnist.packed(few_files)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = files[self.path.removeprefix("/")]
            manner = self.server.manner
            if manner == "forbidden":
                return self.send_error(403)
            if manner == "silent":
                return time.sleep(0.5)
            if manner == "hung up":
                return None
            if manner == "garbage":
                return self.wfile.write(b"garbage\r\n")
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content if manner == "whole" else content[:len(content) // 2])
            if manner == "reset":  # An abrupt end, unlike that of "cut", is an error to read.
                self.wfile.flush()
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        manner = "whole"

        def handle_error(self, *_):
            pass  # The client may hang up, as it does when it only looks for redirections.

        def stop(self):
            self.shutdown()
            self.server_close()

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    monkeypatch.setattr(MNIST, "resources", [
        (name, hashlib.md5(content).hexdigest()) for name, content in files.items()])
    yield server
    server.stop()
    thread.join()


def test_missing_data_is_downloaded_verified_unpacked_and_learned(mirror, raw, capfd):
    assert works(capfd)
    assert {path.name for path in raw.iterdir()} == {*NAMES, *(f"{name}.gz" for name in NAMES)}


def check_download_advice(message, raw):
    assert "could not be downloaded" in message and "Traceback" not in message
    assert f"lay these files, whole, in {raw}:" in message
    assert " ".join(f"{name}.gz" for name in NAMES) in message


def test_without_network_or_data_it_says_what_failed_and_how_to_go_on(tmp_path):
    end = run_script(tmp_path)
    assert (end.returncode, end.stdout) == (1, "")
    assert len(end.stderr.splitlines()) <= 12
    check_download_advice(end.stderr, tmp_path / "MNIST" / "raw")
    for what_failed in (*MNIST.mirrors, "train-images-idx3-ubyte.gz:", "Connection refused"):
        assert what_failed in end.stderr


def test_the_files_that_it_asks_for_are_all_it_needs(mirror, raw, few_files, capfd):
    mirror.stop()
    check_download_advice(answer(capfd), raw)
    tiny_mnist.lay(tiny_mnist.packed(few_files), raw.parent.parent)
    assert works(capfd)


def test_a_server_that_refuses_is_named_with_its_reason(mirror, raw, capfd):
    mirror.manner = "forbidden"
    message = answer(capfd)
    check_download_advice(message, raw)
    assert MNIST.mirrors[0] in message and "HTTP Error 403" in message
    mirror.manner = "whole"
    assert works(capfd)


@pytest.mark.parametrize("manner", ["cut", "reset", "hung up", "garbage", "silent"])
def test_a_download_that_fails_is_fetched_again(mirror, raw, capfd, manner):
    socket.setdefaulttimeout(0.2)
    mirror.manner = manner
    try:
        check_download_advice(answer(capfd), raw)
    finally:
        socket.setdefaulttimeout(None)
    mirror.manner = "whole"
    assert works(capfd)


def test_a_download_that_was_cut_short_is_named_when_the_network_is_gone(
        mirror, raw, few_files, capfd):
    content = tiny_mnist.packed(few_files)[f"{TRAIN_IMAGES}.gz"]
    tiny_mnist.lay({f"{TRAIN_IMAGES}.gz": content[:1000]}, raw.parent.parent)
    mirror.stop()
    message = answer(capfd)
    check_download_advice(message, raw)
    assert MNIST.mirrors[0] in message and f"{TRAIN_IMAGES}.gz:" in message


# Runs that were stopped

@pytest.mark.parametrize("left", [0, 10, 60])
@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_was_stopped_while_it_unpacked_is_healed_by_the_next(
        mirror, raw, few_files, capfd, name, left):
    everything = {**few_files, **tiny_mnist.packed(few_files)}
    tiny_mnist.lay({**everything, name: few_files[name][:left]}, raw.parent.parent)
    mirror.stop()
    assert works(capfd)
    assert (raw / name).read_bytes() == few_files[name]


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to whole groups of processes")
def test_ctrl_c_stops_the_training_at_once_and_the_next_run_works(few, capfd):
    # So many images that the training goes on for seconds after the signal is sent.
    images, labels = tiny_mnist.draw_digits(100, seed=5)
    tiny_mnist.lay({TRAIN_IMAGES: tiny_mnist.idx(np.tile(images, (1000, 1, 1))),
                    TRAIN_LABELS: tiny_mnist.idx(np.tile(labels, 1000))}, few)
    with subprocess.Popen(
            **script_in(few, PYTHONUNBUFFERED="1"), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Tests that run in the background may have been told to ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as run:
        assert run.stdout.readline().startswith("initial accuracy: ")
        time.sleep(0.5)
        run.send_signal(signal.SIGINT)
        stdout, stderr = run.communicate(timeout=30)
    assert run.returncode == -signal.SIGINT and stdout == ""
    assert stderr.count("Traceback") == 1 and stderr.endswith("KeyboardInterrupt\n")
    tiny_mnist.lay({TRAIN_IMAGES: tiny_mnist.idx(images), TRAIN_LABELS: tiny_mnist.idx(labels)},
                   few)
    assert works(capfd)


# Data that is damaged, or is not MNIST

def check_damage_advice(message, name, raw):
    assert message.startswith("Damaged, or not MNIST: ") and name in message.splitlines()[0]
    assert f"Delete the folder {raw} and run again" in message


@pytest.mark.parametrize("damaged", [
    lambda whole: b"", lambda whole: whole[:3], lambda whole: whole[:10],
    lambda whole: whole[:len(whole) // 2], lambda whole: whole[:-1], lambda whole: whole + b"\0",
    lambda whole: b"<html>404</html>", lambda whole: b"\0" * len(whole),
    lambda whole: b"\xff" * len(whole), lambda whole: whole[:7] + b"\1" + whole[8:],
], ids=["empty", "3 bytes", "10 bytes", "half", "a byte short", "a byte long", "a web page",
        "zeros", "ones", "another number"])
@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_refused_with_the_folder_to_delete(few, raw, capfd, name, damaged):
    whole = (raw / name).read_bytes()
    (raw / name).write_bytes(damaged(whole))
    check_damage_advice(answer(capfd), name, raw)


def test_after_the_folder_is_deleted_the_data_is_fetched_anew(
        mirror, raw, few_files, capfd):
    tiny_mnist.lay({**few_files, TEST_IMAGES: b""}, raw.parent.parent)
    check_damage_advice(answer(capfd), TEST_IMAGES, raw)
    for path in raw.iterdir():
        path.unlink()
    raw.rmdir()
    assert works(capfd)


def test_a_damaged_packed_file_is_fetched_anew(mirror, raw, few_files, capfd):
    packed = tiny_mnist.packed(few_files)
    tiny_mnist.lay({name: b"damaged" for name in packed}, raw.parent.parent)
    assert works(capfd)
    tiny_mnist.lay({name: b"damaged" for name in [*packed, *NAMES]}, raw.parent.parent)
    assert works(capfd)


IMAGES, LABELS = tiny_mnist.draw_digits(30, seed=6)


@pytest.mark.parametrize("images, labels", [
    (IMAGES, LABELS[:29]),
    (IMAGES[:29], LABELS),
    (IMAGES[:0], LABELS[:0]),
    (IMAGES[:, :27], LABELS),
    (np.tile(IMAGES, (1, 2, 2)), LABELS),
    (IMAGES.reshape(30, 14, 56), LABELS),
    (IMAGES.reshape(30, 784), LABELS),
    (IMAGES, np.where(LABELS == 3, 10, LABELS).astype(np.uint8)),
    (IMAGES, np.full(30, 255, np.uint8)),
], ids=["a label less", "an image less", "nothing", "27 x 28", "56 x 56", "14 x 56", "rows of 784",
        "label 10", "label 255"])
@pytest.mark.parametrize("part, names", [("train", NAMES[:2]), ("t10k", NAMES[2:])])
def test_data_that_is_not_mnist_is_refused_when_it_is_loaded(
        few, raw, capfd, part, names, images, labels):
    tiny_mnist.lay(dict(zip(names, map(tiny_mnist.idx, (images, labels)))), few)
    with pytest.raises(SystemExit) as end:
        mnist_mlp.get_data_loader(is_train=part == "train")
    check_damage_advice(end.value.code, names[0], raw)


# The disk

@pytest.fixture
def file_size_limit():
    """A function that limits the size of files, as a full disk does, until the test ends."""
    resource = pytest.importorskip("resource", reason="this system has no limits on file sizes")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limited = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size or soft, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, limited)


def check_disk_advice(message, raw):
    assert message.startswith(f"{raw} could not be read or written: [Errno ")
    assert "70 MB of room" in message


@pytest.mark.parametrize("share", [0.5, 1], ids=["download", "unpacking"])
def test_a_full_disk_is_named_and_once_there_is_room_the_script_works(
        mirror, raw, few_files, capfd, file_size_limit, share):
    packed = tiny_mnist.packed(few_files)[f"{TRAIN_IMAGES}.gz"]
    assert len(packed) < len(few_files[TRAIN_IMAGES])
    file_size_limit(int(len(packed) * share))
    message = answer(capfd)
    file_size_limit(None)
    check_disk_advice(message, raw)
    assert "File too large" in message
    assert works(capfd)


def test_a_folder_where_nothing_may_be_written_is_named(folder, raw, capfd):
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has no user ids to take rights away from")
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:  # Root may write anywhere, so be somebody else for a moment.
        os.seteuid(65534)
    try:
        message = answer(capfd)
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
    check_disk_advice(message, raw)
    assert "Permission denied" in message


@pytest.mark.parametrize("in_the_way", ["MNIST", "MNIST/raw"])
def test_a_file_in_the_way_of_the_folder_is_named(folder, few_files, raw, capfd, in_the_way):
    (folder / in_the_way).parent.mkdir(exist_ok=True)
    (folder / in_the_way).write_text("in the way")
    message = answer(capfd)
    check_disk_advice(message, raw)
    assert "no file in its way" in message and "'MNIST/raw'" in message
    (folder / in_the_way).unlink()
    tiny_mnist.lay(few_files, folder)
    assert works(capfd)


def picture_fails(capfd, folder):
    """Run the script's main, which must print its accuracies and fail to write the picture."""
    with pytest.raises(SystemExit) as end:
        mnist_mlp.main()
    assert end.value.code.startswith(f"{folder / 'predictions.png'} could not be written: ")
    assert "\n" not in end.value.code
    printed = [line.rpartition(" ")[0] for line in capfd.readouterr().out.splitlines()]
    return printed == ["initial accuracy:", "epoch 0 accuracy:", "epoch 1 accuracy:"]


def test_a_picture_that_cannot_be_written_is_named_and_no_accuracy_is_lost(few, capfd):
    (few / "predictions.png").mkdir()
    assert picture_fails(capfd, few)
    (few / "predictions.png").rmdir()
    assert works(capfd)


def test_a_picture_that_finds_no_room_is_named_and_no_accuracy_is_lost(
        few, capfd, file_size_limit):
    file_size_limit(5_000)
    assert picture_fails(capfd, few)
    file_size_limit(None)
    assert works(capfd)


# The screen

@pytest.mark.parametrize("backend", ["agg", "pdf", "module://no_such_toolkit"])
@pytest.mark.parametrize("display", ["", ":0"])
def test_without_a_window_the_picture_is_saved_and_nothing_is_warned(
        few, monkeypatch, capfd, backend, display):
    monkeypatch.setenv("DISPLAY", display)
    with warnings.catch_warnings(record=True) as caught, matplotlib.rc_context():
        warnings.simplefilter("always", UserWarning)
        plt.switch_backend("agg")
        matplotlib.rcParams["backend"] = backend
        assert works(capfd)
        plt.close("all")
        plt.switch_backend("agg")
    assert [str(warning.message) for warning in caught] == []
    assert plt.imread(few / "predictions.png").shape[1] == 800


# Mistakes

@pytest.mark.parametrize("mistake", [RuntimeError, ValueError, TypeError, OSError])
def test_a_mistake_in_the_program_keeps_its_traceback(few, monkeypatch, mistake):
    def forward(self, x):
        raise mistake("in the program")

    monkeypatch.setattr(mnist_mlp.Net, "forward", forward)
    with pytest.raises(mistake, match="in the program"):
        mnist_mlp.main()


def test_a_mistake_in_a_call_of_torchvision_keeps_its_traceback(few, monkeypatch):
    monkeypatch.setattr(mnist_mlp, "MNIST", lambda *args, **options: MNIST(no_such_option=1))
    with pytest.raises(TypeError, match="no_such_option"):
        mnist_mlp.main()
