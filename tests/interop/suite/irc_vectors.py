"""The public vectors for parsers of IRC (irc-parser-tests, from PyPI) against our codec."""

import os
import subprocess

from .cases import case, equal


def vectors(name):
    # Only these cases need it, and it needs a YAML parser.
    import parser_tests.data

    tests = getattr(parser_tests.data, name)["tests"]
    assert tests, f"there are no tests in {name}"
    return tests


def hexadecimal(text):
    return "x" + text.encode().hex()


def plain(word):
    return bytes.fromhex(word.removeprefix("x")).decode()


def ask(jobs):
    """Gives one answer for each job."""
    jobs = list(jobs)
    done = subprocess.run(
        [os.environ["INTEROP_CODEC"]], input="".join(job + "\n" for job in jobs), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-800:]
    answers = done.stdout.splitlines()
    equal(len(answers), len(jobs), "answers")
    return answers


def parts(words):
    """Reads `tag KEY VALUE ... source TEXT command TEXT param TEXT ...`."""
    found = {"tags": {}, "params": []}
    words = iter(words)
    for word in words:
        if word == "tag":
            key, value = plain(next(words)), plain(next(words))
            found["tags"][key] = value
        elif word == "param":
            found["params"].append(plain(next(words)))
        else:
            found[word] = plain(next(words))
    return found


@case("split every line into its parts", messages=[])
def msg_split(_world):
    tests = vectors("msg_split")
    for test, answer in zip(tests, ask(f"split {hexadecimal(test['input'])}" for test in tests)):
        atoms = test["atoms"]
        wanted = {"tags": atoms.get("tags", {}), "params": atoms.get("params", []), "command": atoms["verb"]}
        if "source" in atoms:
            wanted["source"] = atoms["source"]
        equal(parts(answer.split(" ")), wanted, repr(test["input"]))


@case("join all parts into one of the lines", messages=[])
def msg_join(_world):
    tests = vectors("msg_join")

    def job(atoms):
        words = ["join"]
        for key, value in atoms.get("tags", {}).items():
            words += ["tag", hexadecimal(key), hexadecimal(value or "")]
        if "source" in atoms:
            words += ["source", hexadecimal(atoms["source"])]
        words += ["command", hexadecimal(atoms["verb"])]
        for param in atoms.get("params", []):
            words += ["param", hexadecimal(param)]
        return " ".join(words)

    for test, answer in zip(tests, ask(job(test["atoms"]) for test in tests)):
        for line in map(plain, answer.split(" ")):
            assert line in test["matches"], f"{line!r} is none of {test['matches']!r}"


@case("split every source", messages=[])
def userhost_split(_world):
    tests = vectors("userhost_split")
    for test, answer in zip(tests, ask(f"source {hexadecimal(test['source'])}" for test in tests)):
        words = answer.split(" ")
        # To the vectors what is empty and what is missing are the same.
        found = {name: plain(text) for name, text in zip(words[::2], words[1::2]) if plain(text)}
        equal(found, {name: text for name, text in test["atoms"].items() if text}, repr(test["source"]))


@case("match every mask", messages=[])
def mask_match(_world):
    tests = vectors("mask_match")
    pairs = [
        (test["mask"], text, answer)
        for test in tests
        for answer, texts in (("yes", test["matches"]), ("no", test["fails"]))
        for text in texts
    ]
    answers = ask(f"mask {hexadecimal(mask)} {hexadecimal(text)}" for mask, text, _ in pairs)
    for (mask, text, wanted), answer in zip(pairs, answers):
        equal(answer, wanted, f"{mask!r} and {text!r}")


@case("validate every host name", messages=[])
def validate_hostname(_world):
    tests = vectors("validate_hostname")
    for test, answer in zip(tests, ask(f"host {hexadecimal(test['host'])}" for test in tests)):
        equal(answer, "yes" if test["valid"] else "no", repr(test["host"]))
