"""`own_digit.py` finds digits in pictures of many kinds, and says plainly when it cannot."""
import sys
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageOps

import mnist_mlp
from tests import tiny_mnist
from tests.extras import own_digit
from tests.helpers import PROJECT, run_python

DIGITS, _ = tiny_mnist.draw_digits(2, seed=8)
# What the digits are written on, 300 x 400. SHADOW and GLOOM: its brightness, left to right.
SHADOW = np.linspace(-150, 440, 300).clip(70, 220)
GLOOM = np.where(np.arange(300) < 70, 6, 220) + np.random.default_rng(0).normal(0, 4, (400, 300))
DESK = np.pad(np.full((330, 240), 220), ((35, 35), (30, 30)), constant_values=20)
LINES = np.where(np.arange(400) % 30 < 2, 125, 220).reshape(400, 1)
SPECK = np.pad(np.zeros((8, 8)), ((110, 282), (146, 146)), constant_values=220)
GAP = np.arange(300) != 150  # where the pen writes, left to right


def picture_of(digit, paper=220, ink=0.2, pen=True):
    """Return a picture of a digit, 300 x 400. ink: a fraction of the brightness of the paper."""
    strokes = np.zeros((400, 300))
    strokes[125:275, 75:225] = Image.fromarray(digit).resize((150, 150))
    strokes = (strokes.clip(110, 150) - 110) / 40 * pen  # This sharpens the strokes.
    return Image.fromarray(np.uint8(np.clip(paper * (1 - (1 - ink) * strokes), 0, 255)))


def on_lines(digit, paper):
    darker = np.minimum(picture_of(digit), np.broadcast_to(paper, (400, 300)))
    return Image.fromarray(np.uint8(darker))


def cropped(digit):
    picture = picture_of(digit)
    return picture.crop(picture.point(lambda grey: 255 * (grey < 150)).getbbox())


def on_transparent_ground(digit, brightness):
    alpha = ImageOps.invert(picture_of(digit, paper=255, ink=0))
    return Image.merge("LA", (Image.new("L", alpha.size, brightness), alpha))


KINDS = {
    "light on dark": lambda digit: picture_of(digit, paper=40, ink=5),
    "in the shadow": lambda digit: picture_of(digit, SHADOW),
    "pencil in the shadow": lambda digit: picture_of(digit, SHADOW, ink=0.6),
    "noise in the dark": lambda digit: picture_of(digit, GLOOM),
    "on a desk": lambda digit: picture_of(digit, DESK),
    "ruled": lambda digit: on_lines(digit, LINES),
    "squared": lambda digit: on_lines(digit, np.minimum(LINES, LINES[:300].T)),
    "a speck": lambda digit: picture_of(digit, SPECK),
    "a gap": lambda digit: picture_of(digit, pen=GAP),
    "cropped": cropped,
    "cropped, light on dark": lambda digit: ImageOps.invert(cropped(digit)),
    "28 x 28": Image.fromarray,
    "small, on a desk": lambda digit: picture_of(digit, DESK).resize((45, 60)),
    "large": lambda digit: picture_of(digit).resize((1800, 2400)),
    "16 bits": lambda digit: Image.fromarray(np.array(picture_of(digit), np.uint16) * 257),
    "black on transparent": lambda digit: on_transparent_ground(digit, 0),
    "white on transparent": lambda digit: on_transparent_ground(digit, 255)}


def read(picture):
    """Return what like_mnist makes of a picture, by way of a file: (28, 28) uint8."""
    picture.save("picture.png")
    return np.array(own_digit.like_mnist(own_digit.read_picture("picture.png")))


@pytest.mark.parametrize("kind", KINDS)
def test_a_digit_looks_as_it_does_in_a_plain_picture(kind, folder):
    for digit in DIGITS:
        image, plain = read(KINDS[kind](digit)), read(picture_of(digit))
        assert np.corrcoef(image.flat, plain.flat)[0, 1] > 0.75


def test_a_thick_digit_with_hardly_any_paper_around_it_looks_as_it_does_with_more(folder):
    wide = picture_of(DIGITS[1]).filter(ImageFilter.MinFilter(5))
    left, top, right, bottom = wide.point(lambda grey: 255 * (grey < 150)).getbbox()
    narrow = wide.crop((left - 3, top - 3, right + 3, bottom + 3))
    assert np.corrcoef(read(narrow).flat, read(wide).flat)[0, 1] > 0.75


def test_the_digit_fits_into_20_pixels_around_its_centre_of_mass(folder):
    image = read(picture_of(DIGITS[0]))
    assert max(np.ptp(np.nonzero(image), axis=1) + 1) == 20
    centre = [np.average(index, weights=image) for index in np.indices((28, 28))]
    assert centre == pytest.approx([13.5, 13.5], abs=0.6)


def test_a_thin_straight_1_is_a_digit_too(folder):
    picture = Image.new("L", (600, 800), 255)
    ImageDraw.Draw(picture).line([(300, 100), (300, 700)], fill=0, width=4)
    assert (np.ptp(np.nonzero(read(picture)), axis=1) + 1).tolist() == [19, 1]


def test_a_picture_from_a_turned_camera_is_turned_upright(folder):
    exif = Image.Exif()
    exif[0x0112] = 6  # To look at it, turn it by 90 degrees.
    Image.new("L", (400, 300)).save("turned.jpg", exif=exif)
    assert own_digit.read_picture("turned.jpg").size == (225, 300)


def test_a_large_jpeg_is_reduced_while_it_is_read(folder, monkeypatch):
    Image.new("L", (2400, 2400)).save("large.jpg")
    picture = Image.open("large.jpg")
    monkeypatch.setattr(Image, "open", lambda path: picture)
    own_digit.read_picture("large.jpg")
    assert picture.size == (600, 600)


NO_SINGLE_DIGIT = {
    "blank": Image.new("L", (300, 400), 220), "transparent": Image.new("LA", (300, 400)),
    "too faint": picture_of(DIGITS[0], paper=5),
    "two digits": Image.fromarray(np.hstack([picture_of(digit) for digit in DIGITS]))}


@pytest.mark.parametrize("kind", NO_SINGLE_DIGIT)
def test_without_a_single_digit_it_says_what_to_write(kind, folder):
    with pytest.raises(SystemExit, match="write one digit, on blank paper"):
        read(NO_SINGLE_DIGIT[kind])


@pytest.mark.parametrize("constant", [0, 3], ids=["log-probabilities", "raw outputs"])
def test_it_prints_ten_probabilities_and_the_answer_and_draws(
        constant, folder, monkeypatch, capsys):
    output = torch.log(torch.tensor([[1, 2, 3, 4, 60, 5, 6, 7, 8, 4]]) / 100) + constant
    monkeypatch.setattr(own_digit, "trained_net", lambda: lambda x: output * (0 <= x.max() <= 1))
    picture_of(DIGITS[0]).save("digit.png")
    monkeypatch.setattr(sys, "argv", ["own_digit.py", "digit.png"])
    own_digit.main()
    assert capsys.readouterr().out.split() == (
        "0: 0.010 1: 0.020 2: 0.030 3: 0.040 4: 0.600 5: 0.050 6: 0.060 7: 0.070 8: 0.080 9: 0.040"
        " answer: 4 saved digit_result.png").split()
    assert Image.open("digit_result.png").size == (600, 200)


@pytest.mark.parametrize("names, message", [
    ([], "Name one picture: python -m"), (["my", "photo.jpg"], '"my photo.jpg"'),
    (["photo.jpg"], "photo.jpg cannot be opened: No such file"), (["."], " cannot be opened: "),
    (["text.png"], "text.png cannot be read"), (["large.png"], "large.png has too many pixels")])
def test_what_cannot_be_read_is_named(names, message, folder, monkeypatch):
    Path("digit_result.png").write_bytes(b"an older result")
    Path("text.png").write_text("no picture")
    Image.new("L", (60, 60)).save("large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    monkeypatch.setattr(sys, "argv", ["own_digit.py", *names])
    with pytest.raises(SystemExit, match=message):
        own_digit.main()
    assert not Path("digit_result.png").exists()


def test_a_file_that_one_may_not_read_is_named(folder, monkeypatch):
    error = PermissionError(13, "Permission denied")
    monkeypatch.setattr(Image, "open", Mock(side_effect=error))
    monkeypatch.setattr(sys, "argv", ["own_digit.py", "secret.png"])
    with pytest.raises(SystemExit, match="secret.png cannot be opened: Permission denied"):
        own_digit.main()


@pytest.mark.parametrize("file, content, n_trained", [
    ("other.txt", b"", 1), ("program.py", b"changed", 2), ("trained_net.pt", b"damaged", 2)])
def test_the_network_is_kept_until_the_program_changes(
        file, content, n_trained, folder, monkeypatch):
    nets = []
    monkeypatch.setattr(mnist_mlp, "main", lambda: nets.append(mnist_mlp.Net()) or nets[-1])
    monkeypatch.setattr(mnist_mlp, "__file__", "program.py")
    Path("program.py").write_text("")
    own_digit.trained_net()
    Path(file).write_bytes(content)
    own_digit.trained_net()
    assert torch.equal(own_digit.trained_net().fc1.weight, nets[-1].fc1.weight)
    assert len(nets) == n_trained


@pytest.mark.parametrize("name", ["own_digit", "wrong_digits", "conv_net"])
def test_started_by_its_path_an_extra_says_what_to_type(name, folder):
    run = run_python(PROJECT / "tests" / "extras" / f"{name}.py", "photo.jpg", cwd=folder)
    line = f"In mnist_mlp.py's folder, type: python -m tests.extras.{name}"
    assert run.stderr.rstrip() in (line, f"{line} photo.jpg")
    assert list(folder.iterdir()) == []
