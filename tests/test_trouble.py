"""If MNIST cannot be loaded, the program says in a few plain lines why, and what to do."""
import gzip
import hashlib
import io
import shutil
import socket
import urllib.request
from http.client import BadStatusLine
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest
from torchvision.datasets import MNIST

import mnist_mlp
from tests import tiny_mnist
from tests.helpers import PAGES, run_python

FEW = tiny_mnist.drawn_mnist(n_train=60, n_test=64)
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = FEW
PACKED = {f"{name}.gz": gzip.compress(content) for name, content in FEW.items()}
ERRORS = {"forbids": HTTPError("", 403, "Forbidden", {}, None), "interrupts": KeyboardInterrupt(),
          "falls-silent": TimeoutError("timed out"), "is-unreachable": URLError("unreachable"),
          "talks-nonsense": BadStatusLine("nonsense")}


class Response(io.BytesIO):
    url = length = None


@pytest.fixture
def use_servers(folder, monkeypatch):
    """A function that gives the script servers that answer in the ways named, in this order."""
    def answer(request):
        assert socket.getdefaulttimeout() == 30  # Without a limit, silence would last.
        way, name = request.full_url.split("/")[-2:]
        if way in ERRORS:
            raise ERRORS[way]
        return Response(PACKED[name] if way == "works" else PACKED[name][::-1])

    def use(*ways):
        monkeypatch.setattr(mnist_mlp, "SERVERS", [f"https://server/{way}/" for way in ways])

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    resources = [(name, hashlib.md5(content).hexdigest()) for name, content in PACKED.items()]
    monkeypatch.setattr(MNIST, "resources", resources)
    return use


def check_that_it_loads():
    """Load both parts of MNIST, as the script's main does."""
    assert len(mnist_mlp.load_mnist(is_train=True)[0]) == 60
    assert len(mnist_mlp.load_mnist(is_train=False)[0]) == 64


def message():
    """Try to load MNIST, which must end with the message; return its lines from the reasons on."""
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


@pytest.mark.parametrize("way", ["forbids", "sends-damage", "falls-silent", "talks-nonsense"])
def test_if_a_server_fails_in_any_way_the_next_is_tried(use_servers, way):
    use_servers(way, "works")
    check_that_it_loads()


def test_ctrl_c_ends_a_download_at_once(use_servers):
    use_servers("interrupts", "works")
    with pytest.raises(KeyboardInterrupt):
        check_that_it_loads()


def test_without_network_and_data_the_program_ends_with_the_message_alone(tmp_path):
    program = list(PAGES)[-1].with_name("mnist_mlp.py")  # in Chinese, on a console that has none
    end = run_python(program, cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert (end.returncode, end.stdout) == (1, "")
    assert "Traceback" not in end.stderr
    assert end.stderr.splitlines()[1].startswith("<urlopen error ")


def test_the_message_names_each_reason_once_the_folder_and_the_addresses(use_servers):
    use_servers("forbids", "falls-silent", "forbids")
    lines = message()
    assert lines[:3] == ["HTTP Error 403: Forbidden", "TimeoutError: timed out", ""]
    first, *others = mnist_mlp.SERVERS
    for place in [Path("MNIST").absolute(), *others, *[first + name for name in PACKED]]:
        assert str(place) in "\n".join(lines)


@pytest.mark.parametrize("name, damaged", [
    (TRAIN_IMAGES, FEW[TRAIN_IMAGES][:-1]), (TRAIN_LABELS, FEW[TRAIN_LABELS][:-1] + b"\x0a"),
    (TRAIN_IMAGES, tiny_mnist.idx(tiny_mnist.draw_digits(59, seed=6)[0]))],
    ids=["a byte short", "a label of 10", "an image fewer"])
def test_damaged_unpacked_files_are_refused_until_deleted(folder, use_servers, name, damaged):
    use_servers("is-unreachable")
    tiny_mnist.lay({**PACKED, **FEW, name: damaged}, folder)
    assert "Error: " in message()[0]
    delete_as_the_message_says()
    check_that_it_loads()


def test_damaged_packed_files_are_downloaded_again(folder, use_servers):
    use_servers("works")
    tiny_mnist.lay({name: content[:-1] for name, content in PACKED.items()}, folder)
    check_that_it_loads()


def test_without_network_damaged_packed_files_can_be_replaced_by_hand(folder, use_servers):
    use_servers("is-unreachable")
    tiny_mnist.lay({name: content[:-1] for name, content in PACKED.items()}, folder)
    assert message()[0] == "<urlopen error unreachable>"
    tiny_mnist.lay(PACKED, folder)
    check_that_it_loads()


@pytest.mark.parametrize("name", [TEST_LABELS, f"{TEST_LABELS}.gz"])
def test_a_folder_in_place_of_a_file_is_refused_until_deleted(folder, use_servers, name):
    use_servers("works")
    (folder / "MNIST" / "raw" / name).mkdir(parents=True)
    assert "Error: " in message()[0]
    delete_as_the_message_says()
    check_that_it_loads()
