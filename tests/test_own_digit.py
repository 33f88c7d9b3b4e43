"""`python -m tests.own_digit` finds digits in pictures, and says plainly when it cannot."""
import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

import mnist_mlp
from tests import own_digit, tiny_mnist

DIGITS, _ = tiny_mnist.draw_digits(5, seed=8)
SHADOW = np.linspace(-150, 440, 600).clip(70, 220)  # the brightness of paper, left to right
DESK = np.pad(np.full((660, 480), 220), ((70, 70), (60, 60)), constant_values=20)


def picture_of(digit, paper=220, ink=50):
    """Return a picture, 600 x 800, of a digit on paper; paper and ink are their brightness."""
    strokes = np.zeros((800, 600))
    strokes[250:550, 150:450] = Image.fromarray(digit).resize((300, 300))
    strokes = (strokes.clip(110, 150) - 110) / 40  # This sharpens the strokes.
    return Image.fromarray(np.uint8(paper * (1 - strokes) + ink * strokes))


def turned(picture):
    exif = Image.Exif()
    exif[0x0112] = 6  # To look at it, turn it by 90 degrees.
    file = io.BytesIO()
    picture.rotate(90, expand=True).save(file, "JPEG", exif=exif)
    return Image.open(file)


def in_16_bits(picture):
    return Image.fromarray(np.array(picture, np.uint16) * 257)


def on_transparent_ground(picture):
    black = Image.new("L", picture.size)
    return Image.merge("LA", (black, picture.point(lambda grey: 255 - grey)))


PICTURES = {
    "plain": [picture_of(digit) for digit in DIGITS],
    "light on dark": [picture_of(digit, paper=40, ink=210) for digit in DIGITS],
    "half in the shadow": [picture_of(digit, SHADOW, 0.2 * SHADOW) for digit in DIGITS],
    "on a dark desk": [picture_of(digit, paper=DESK) for digit in DIGITS],
    "camera turned": [turned(picture_of(digit)) for digit in DIGITS],
    "16 bits": [in_16_bits(picture_of(digit)) for digit in DIGITS],
    "transparent": [on_transparent_ground(picture_of(digit, 255, 0)) for digit in DIGITS]}


@pytest.mark.parametrize("kind", PICTURES)
def test_the_digit_becomes_like_those_of_mnist(kind):
    for picture, plain in zip(PICTURES[kind], PICTURES["plain"]):
        image = own_digit.like_mnist(picture)
        assert (image.mode, image.size) == ("L", (28, 28))
        left, top, right, bottom = image.getbbox()
        assert max(right - left, bottom - top) == 20
        rows, columns = np.indices((28, 28))
        assert np.average(rows, weights=image) == pytest.approx(13.5, abs=0.6)
        assert np.average(columns, weights=image) == pytest.approx(13.5, abs=0.6)
        similarity = np.corrcoef(np.ravel(image), np.ravel(own_digit.like_mnist(plain)))[0, 1]
        assert similarity > 0.7


def test_a_thin_straight_1_is_a_digit_too():
    picture = Image.new("L", (600, 800), 255)
    ImageDraw.Draw(picture).line([(300, 100), (300, 700)], fill=0, width=4)
    left, top, right, bottom = own_digit.like_mnist(picture).getbbox()
    assert (right - left, bottom - top) == (1, 19)


@pytest.fixture
def command(folder, monkeypatch):
    """A function that runs the command in a folder with digit.png and an untrained net.pt."""
    torch.save(mnist_mlp.Net().state_dict(), "net.pt")
    PICTURES["plain"][0].save("digit.png")

    def run(name="digit.png"):
        monkeypatch.setattr(sys, "argv", ["own_digit.py", name])
        own_digit.main()
    return run


def test_it_prints_ten_probabilities_and_the_likeliest_digit_and_draws_the_result(
        command, capsys):
    command()
    *lines, answer, saved = capsys.readouterr().out.splitlines()
    assert [line[:3] for line in lines] == [f"{digit}: " for digit in range(10)]
    probabilities = [float(line[3:]) for line in lines]
    assert sum(probabilities) == pytest.approx(1, abs=0.01)
    assert probabilities[int(answer.removeprefix("answer: "))] == max(probabilities)
    assert saved == "saved digit_result.png"
    assert Path("digit_result.png").exists()


def test_the_network_is_trained_first_and_again_once_the_script_is_newer(command, folder, capsys):
    tiny_mnist.lay(tiny_mnist.drawn_mnist(60, 64), folder)
    Path("net.pt").unlink()
    command()
    assert "epoch 1 accuracy:" in capsys.readouterr().out
    command()
    assert "epoch 1 accuracy:" not in capsys.readouterr().out
    os.utime("net.pt", (0, 0))  # Now it is older than mnist_mlp.py.
    command()
    assert "epoch 1 accuracy:" in capsys.readouterr().out


def check_that_it_ends_with(text, command, name="digit.png"):
    Path("digit_result.png").write_bytes(b"an older result")
    with pytest.raises(SystemExit, match=text):
        command(name)
    assert not Path("digit_result.png").exists()


def test_it_says_what_is_wrong_with_a_picture(command, monkeypatch):
    check_that_it_ends_with("There is no photo.jpg in the folder", command, "photo.jpg")
    Path("digit.png").write_bytes(b"no picture")
    check_that_it_ends_with("digit.png cannot be read", command)
    Image.new("L", (300, 300), 255).save("digit.png")
    check_that_it_ends_with("No digit was found", command)
    Image.fromarray(255 - np.hstack(DIGITS[:2])).resize((800, 400)).save("digit.png")
    check_that_it_ends_with("Several marks were found", command)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    check_that_it_ends_with("digit.png has too many pixels", command)


def test_if_the_saved_network_cannot_be_used_it_says_so_of_net_pt(command):
    for content in (b"", Path("net.pt").read_bytes()[:1000]):  # empty, and cut off
        Path("net.pt").write_bytes(content)
        check_that_it_ends_with("net.pt is damaged, or belongs to another network", command)
    torch.save(torch.nn.Linear(2, 3).state_dict(), "net.pt")
    check_that_it_ends_with("net.pt is damaged, or belongs to another network", command)
