"""Hold the pages against the programs, a run, and what was measured.

    python .ci/check_page.py PRINTED

PRINTED is a file with what mnist_mlp.py printed. Other processors round differently, so that its
accuracies may differ by 0.02 from those told; that of the untrained network hardly differs.
"""
import json
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / ".github" / "figures")]
import changes  # noqa: E402

import mnist_mlp  # noqa: E402
from tests.helpers import PAGES  # noqa: E402

MEASURED = json.loads((changes.FIGURES / "measured.json").read_text(encoding="utf-8"))
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
ENGLISH = next(iter(PAGES))
BLOCK = "```.*?```"
CODE = rf"{BLOCK}|`[^`\n]*`"
ADDRESS = r"\]\([^)]*\)"
NUMBER = r"(?<![\w.−-])−?\d+(?:,\d{3})*(?:\.\d+)*"  # with a true minus sign
failures = []


def expect(is_true, message):
    """Note the message, which is printed at the end, unless something is true."""
    if not is_true:
        failures.append(message)


def known_numbers():
    """Return what the pages may tell: pairs of what was measured or computed, and a number."""
    known = {what: n for what, n in MEASURED.items() if not isinstance(n, str)}
    for name in [*changes.CONSTANTS, "SEED"]:
        if known[name] != getattr(mnist_mlp, name):
            sys.exit(f"check_page.py: the pages' numbers were measured with {name} = "
                     f"{known[name]}: run .github/figures/figures.py and changes.py again")
    for change in changes.CHANGES:
        known[change] = changes.range_with(change)
    n_batches = 60_000 / mnist_mlp.BATCH_SIZE
    scores, p = np.exp([2, 0, -1]), np.array([0.9, 0.3, 0.01])
    softmax = scores / scores.sum()
    known["computed"] = [
        2, 0, -1, *scores, scores.sum(), *softmax, *np.log(softmax), *p, *-np.log(p), *(1 - p),
        *p * (1 - p), 0.002, 0.5, 0.1, 70_000, 60_000, 10_000, n_batches, 2 * n_batches,
        sum(values.numel() for values in mnist_mlp.Net().parameters())]
    for file in (PROJECT / "requirements.txt", PROJECT / ".github" / "workflows" / "test.yml"):
        known[file] = [float(n) for n in re.findall(r"\d+\.\d+", file.read_text("utf-8"))]
    return [(what, abs(n)) for what, numbers in known.items() for n in np.ravel(numbers)]


def check_numbers(page, text, known):
    """Each decimal of a page must be known, and its numbers must be those of the English page."""
    numbers, english = [
        Counter(re.findall(NUMBER, re.sub(f"{CODE}|{ADDRESS}", " ", its, flags=re.DOTALL)))
        for its in (text, TEXTS[ENGLISH])]
    for number in numbers | english:
        expect(numbers[number] == english[number], f"{number} stands {numbers[number]} times in "
               f"{page}, but {english[number]} times in {ENGLISH}")
        if "," in number or number.count(".") == 1:
            n = float(number.replace("−", "").replace(",", ""))
            what, nearest = min(known, key=lambda pair: abs(pair[1] - n))
            unit = 1000 if number.endswith(",000") else 10 ** -len(number.partition(".")[2])
            expect(abs(nearest - n) <= unit / 2 + 1e-9,
                   f"{page}: {number} was not measured. The nearest is {nearest} ({what})")
    for n in [mnist_mlp.BATCH_SIZE, *MEASURED["read wrong, of these with p above 0.9"]]:
        expect(str(n) in numbers, f"{page} should tell {n}")


def check_code(page, text, run):
    """Blocks of code must be as on the English page; what is printed, as measured."""
    for code in re.findall(BLOCK, text, re.DOTALL):
        expect(code in TEXTS[ENGLISH], f"{ENGLISH} does not contain\n{code}")
    for code in re.findall(CODE, TEXTS[ENGLISH], re.DOTALL):
        expect(code in text or not re.search(r"\d", code), f"{page} does not contain\n{code}")
    for file in (page, page.with_name("mnist_mlp.py")):
        told = re.findall(r"accuracy: (\d\S+)", file.read_text(encoding="utf-8"))
        expect(told == list(map(str, MEASURED["accuracies"])),
               f"{file} tells {told}, but {MEASURED['accuracies']} were measured")
    for printed, measured, limit in zip(run, MEASURED["accuracies"], [0.002, 0.02, 0.02]):
        expect(abs(float(printed) - measured) <= limit, f"{printed} was printed, not {measured}")


def check_links(page, text):
    """Links to files must lead to one, and links to lines of a program to what they name."""
    for link in re.findall(r'(?:\]\(|src=")([^)":#]+)[)"#]', text):
        expect((page.parent / link).exists(), f"{page} has a link to {link}, which does not exist")
    for name, file, start, end in re.findall(r"\[`(\w+)`\]\(([\w./]+)#L(\d+)(?:-L(\d+))?\)", text):
        lines = (page.parent / file).read_text(encoding="utf-8").split("\n")
        ends_there = not end or lines[int(end):int(end) + 2] == ["", ""]
        expect(name in "".join(lines[int(start) - 1:int(start)]) and ends_there,
               f"{page}: in {file}, {name} is not at line {start} {end}")


def check_changes(page, text):
    """The page must tell the changes that it asks for, and what accuracies they bring."""
    for n, change in enumerate(list(changes.CHANGES)[:changes.N_ASKED], start=1):
        changes.changed_program(change)
        told, least = re.findall(rf"\| {n} \| ([\d.]+)", text), changes.range_with(change)[0]
        expect(told and abs(float(told[0]) - least) < 0.00051,
               f"{page}: answer {n} should begin with {least:.3f}, not {told}")
        for old, new in changes.CHANGES[change]:
            steps = [f"`{old.strip()}` → `{new.strip()}`", f"`{new.removeprefix(old).strip()}`"]
            expect(steps[new.startswith(old)] in text, f"{page} does not tell the change {change}")


if __name__ == "__main__":
    its_run = re.findall(r"accuracy: (\S+)", Path(sys.argv[1]).read_text(encoding="utf-8"))
    numbers_known = known_numbers()
    for its_page, its_text in TEXTS.items():
        check_numbers(its_page, its_text, numbers_known)
        check_code(its_page, its_text, its_run)
        check_links(its_page, its_text)
        check_changes(its_page, its_text)
    if failures:
        sys.exit("\n".join(failures))
    print("The pages agree with the programs, and with what was measured.")
