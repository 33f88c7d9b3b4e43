"""The program with Chinese comments is the same program, and no comment is missing in it."""
import io
import re
import tokenize

from tests.helpers import PROJECT

ENGLISH = (PROJECT / "mnist_mlp.py").read_text(encoding="utf-8")
CHINESE = (PROJECT / ".github" / "zh" / "mnist_mlp.py").read_text(encoding="utf-8")


def parts(program):
    """Return the code of a program, a list of tokens, and its comments and docstrings.

    These are a dict from the number of tokens before a comment to its text.
    """
    code = []
    comments = {}
    for token in tokenize.generate_tokens(io.StringIO(program).readline):
        if token.type == tokenize.COMMENT or token.string.startswith('"""'):
            comments[len(code)] = comments.get(len(code), "") + token.string
        elif token.type != tokenize.NL:
            code.append(token.string)
    return code, comments


def test_the_code_is_the_same():
    assert parts(CHINESE)[0] == parts(ENGLISH)[0]


def test_there_is_a_chinese_comment_for_each_english_one():
    english = parts(ENGLISH)[1]
    chinese = parts(CHINESE)[1]
    for place, comment in english.items():
        assert re.search("[一-鿿]", chinese.get(place, "")), f"not in Chinese: {comment}"
    assert len(chinese) == len(english)
