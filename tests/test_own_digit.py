"""`own_digit.py` finds digits in pictures of many kinds, and says plainly when it cannot."""
import functools
import io
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import mnist_mlp
from tests import tiny_mnist
from tests.extras import own_digit

DIGITS, _ = tiny_mnist.draw_digits(40, seed=4)
# What the digits are written on, 300 x 400. SHADOW and GLOOM: its brightness, left to right.
SHADOW = np.linspace(-150, 440, 300).clip(70, 220)
GLOOM = np.where(np.arange(300) < 70, 6, 220) + np.random.default_rng(0).normal(0, 4, (400, 300))
SQUARES = np.where((np.indices((400, 300)) % 30 < 2).any(axis=0), 125, 220)
DESK = np.where(np.arange(300) < 70, 20, 220) * np.ones((400, 1))
DESK[110:118, 146:154] = 0  # a speck above the digit
TABLE = np.pad(np.full((160, 130), 220), ((120, 120), (85, 85)), constant_values=50)
GAP = np.arange(300) // 4 != 37  # where the pen writes, left to right


def picture_of(digit, paper=220, ink=0.2, pen=True, size=150):
    """Return a picture of a digit, (400, 300). ink: a fraction of the brightness of the paper."""
    strokes = np.pad(Image.fromarray(digit).resize((size, size)), (300 - size) // 2)
    strokes = (np.pad(strokes, ((50, 50), (0, 0))).clip(110, 150) - 110) / 40 * pen
    return np.uint8(np.clip(paper * (1 - (1 - ink) * strokes), 0, 255))


def cropped(digit):
    rows, columns = np.nonzero(picture_of(digit) < 150)
    return 255 - picture_of(digit)[min(rows):max(rows) + 1, min(columns):max(columns) + 1]


# Of 40 digits, this many must look as in a plain picture. With 100 other seeds, at least 24 did if
# cropped (about 17 without MARGIN), and at least 35 otherwise.
KINDS = {
    "light on dark, with a gap": (33, lambda digit: picture_of(digit, 40, ink=5, pen=GAP)),
    "pencil in the shadow": (33, lambda digit: picture_of(digit, SHADOW, ink=0.6)),
    "noise in the dark": (33, lambda digit: picture_of(digit, GLOOM)),
    "on squared paper": (33, lambda digit: np.uint8(np.minimum(picture_of(digit), SQUARES))),
    "on a desk, near a speck": (33, lambda digit: picture_of(digit, DESK)),
    "a note on a table": (33, lambda digit: picture_of(digit, TABLE, size=80)),
    "cropped, light on dark": (22, cropped)}


def read(picture):
    """Return what like_mnist makes of a picture, by way of a file: (28, 28) float."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    return np.array(own_digit.like_mnist(own_digit.read_picture(file)), float)


@functools.cache
def plain(number):
    return read(picture_of(DIGITS[number]))


def looks_plain(picture, number):
    """Return whether a picture of a digit is read much as the plain picture of it is."""
    try:
        return np.corrcoef(read(picture).flat, plain(number).flat)[0, 1] > 0.75
    except SystemExit:
        return False


@pytest.mark.parametrize("kind", KINDS)
def test_most_digits_look_as_they_do_in_a_plain_picture(kind):
    least, draw = KINDS[kind]
    assert sum(looks_plain(draw(digit), number) for number, digit in enumerate(DIGITS)) >= least


def test_16_bits_and_ink_on_a_transparent_ground_are_read_too():
    picture = picture_of(DIGITS[0])
    assert looks_plain(np.uint16(picture) * 257, 0)
    for grey in (0, 255):
        assert looks_plain(np.dstack([np.full_like(picture, grey), 255 - picture]), 0)


def test_the_digit_fits_into_20_pixels_around_its_centre_of_mass():
    image = plain(0)
    assert max(np.ptp(np.nonzero(image), axis=1) + 1) == 20
    centre = [np.average(index, weights=image) for index in np.indices((28, 28))]
    assert centre == pytest.approx([13.5, 13.5], abs=0.6)


def test_a_thin_straight_1_is_a_digit_too():
    picture = np.full((800, 600), 255, np.uint8)
    picture[100:700, 298:302] = 0
    assert (read(picture) > 0).any(axis=0).sum() == 1


def test_a_large_picture_from_a_turned_camera_is_reduced_and_turned_upright(folder, monkeypatch):
    exif = Image.Exif()
    exif[0x0112] = 6  # To look at it, turn it by 90 degrees.
    Image.new("L", (2400, 1200)).save("turned.jpg", exif=exif)
    picture = Image.open("turned.jpg")
    monkeypatch.setattr(Image, "open", lambda path: picture)
    assert own_digit.read_picture("turned.jpg").size == (150 + 100, 300 + 100)
    assert picture.size == (1200, 600)  # It was reduced as it was read.


@pytest.mark.parametrize("picture", [
    np.full((400, 300), 220, np.uint8), np.zeros((400, 300, 2), np.uint8), np.uint8(255 - TABLE),
    picture_of(DIGITS[0], paper=5), np.hstack([picture_of(digit) for digit in DIGITS[:2]])],
    ids=["blank", "transparent", "a dark square", "too faint", "two digits"])
def test_without_a_single_digit_it_says_what_to_write(picture):
    with pytest.raises(SystemExit, match="write one digit, on blank paper"):
        read(picture)


def run_main(monkeypatch, *names):
    monkeypatch.setattr(sys, "argv", ["own_digit.py", *names])
    own_digit.main()


def test_it_prints_the_answer_and_draws(folder, monkeypatch, capsys):
    scores = torch.tensor([1, 2, 3, 4, 60, 5, 6, 7, 8, 4]).log().view(1, 10)
    monkeypatch.setattr(own_digit, "trained_net", lambda: lambda x: scores * (0 <= x.max() <= 1))
    Image.fromarray(picture_of(DIGITS[0])).save("digit.png")
    run_main(monkeypatch, "digit.png")
    assert "answer: 4, with a probability of 0.600\n" in capsys.readouterr().out
    assert Image.open("digit_result.png").size == (600, 200)


@pytest.mark.parametrize("names, message", [
    (["my", "photo.jpg"], 'Name one picture: .* "my photo.jpg"'),
    (["photo.jpg"], "photo.jpg cannot be used: No such file"),
    (["text.png"], "text.png cannot be used: export the picture as JPG or PNG"),
    (["result is in use"], "digit_result.png cannot be used: ")])
def test_what_cannot_be_used_is_named(names, message, folder, monkeypatch):
    Path("text.png").write_text("no picture")
    if names == ["result is in use"]:
        Path("digit_result.png").mkdir()  # A folder cannot be deleted like a file.
    with pytest.raises(SystemExit, match=message):
        run_main(monkeypatch, *names)


def test_the_network_is_kept_until_the_program_changes(folder, monkeypatch):
    nets = []

    def main():
        nets.append(torch.nn.Module())
        nets[-1]._orig_mod = mnist_mlp.Net()  # as torch.compile does
        return nets[-1]

    monkeypatch.setattr(mnist_mlp, "main", main)
    monkeypatch.setattr(mnist_mlp, "__file__", "program.py")
    for n_trained, file in enumerate(["program.py", "program.py", "trained_net.pt"], start=1):
        Path(file).write_text(f"changed {n_trained}")
        for _ in range(2):
            net = own_digit.trained_net()
            assert torch.equal(net.fc1.weight, nets[-1]._orig_mod.fc1.weight)
            assert not net.training  # Layers such as dropout need eval().
        assert len(nets) == n_trained
