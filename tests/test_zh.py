"""The program with Chinese comments is the same program, and all its texts are in Chinese."""
import io
import re
import tokenize

import pytest

from tests.helpers import PAGES

ENGLISH, *OTHERS = [page.with_name("mnist_mlp.py") for page in PAGES]


def parts(file):
    """Return the code of a program, a list of (line, token), and its texts.

    These are its comments and what stands in triple quotes: a dict from the number of tokens
    before a text to (line, text).
    """
    code = []
    texts = {}
    for token in tokenize.generate_tokens(io.StringIO(file.read_text(encoding="utf-8")).readline):
        line = token.start[0]
        if token.type == tokenize.COMMENT or token.string.startswith('"""'):
            first_line, text = texts.get(len(code), (line, ""))
            texts[len(code)] = first_line, text + token.string
        elif token.type != tokenize.NL:
            code.append((line, token.string))
    return code, texts


@pytest.mark.parametrize("file", OTHERS, ids=str)
def test_it_is_the_same_program_and_each_of_its_texts_is_in_its_language(file):
    code, texts = parts(ENGLISH)
    its_code, its_texts = parts(file)
    for (line, token), (its_line, its_token) in zip(code, its_code, strict=True):
        assert its_token == token, f"{file}, line {its_line}: see mnist_mlp.py, line {line}"
    for place, (line, text) in texts.items():
        its_line, its_text = its_texts.pop(place, ("?", ""))
        where = f"{file}, line {its_line}: see mnist_mlp.py, line {line}"
        assert re.search(PAGES[file.with_name("README.md")], its_text), where
        assert re.findall(r"{\w+}", its_text) == re.findall(r"{\w+}", text), where
    assert its_texts == {}
