# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every option of `creelctl run` that its help names: what is good is taken, what is not gives one line, and nothing was
made when it comes. The values are those of optiontable.py."""

import re
import subprocess
from pathlib import Path

import pytest

import traces
from optiontable import CONFLICTS, FLAG, OPTIONS

pytestmark = pytest.mark.usefixtures("image", "no_containers")


def listed_options():
    """{name: whether it takes a value}, from the help of creelctl run."""
    text = subprocess.run(["creelctl", "run", "--help"], check=True, text=True, stdout=subprocess.PIPE).stdout
    return {name: bool(argument) for name, argument in re.findall(r"^  (?:-\w, |    )--([\w-]+)( \S+)?", text, re.M)}


LISTED = listed_options()
TRIED = sorted(name for name in LISTED if OPTIONS.get(name))


@pytest.fixture
def places(tmp_path):
    """Fills in the paths of optiontable.py; each use of {new} is new."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "file").write_text("x\n")
    (tmp_path / "lines").write_text("# a remark\nA=b\n")
    made = []

    def fill(text):
        for name in ("dir", "file", "lines"):
            text = text.replace(f"{{{name}}}", str(tmp_path / name))
        if "{new}" in text:
            made.append(tmp_path / f"new-{len(made)}")
            text = text.replace("{new}", str(made[-1]))
        return text

    return fill


def made():
    """What a refused call must add nothing to: cheap enough to look at between any two calls."""
    listed = subprocess.run(["creelctl", "ps", "-a", "-q", "--no-trunc"], check=True, text=True, stdout=subprocess.PIPE).stdout
    places = [traces.STORE / "containers", traces.RUNTIME / "containers", traces.STORE / "refs", traces.STORE / "images"]
    return {*listed.split(), *(str(path) for place in places for path in place.iterdir()), *traces.cgroups()}


def check_refused(creelctl, words, image, mentions):
    """Runs a command that must be refused. Returns what is wrong with how, or None."""
    before = made()
    done = creelctl("run", "--pull=never", *words, image, "true", check=False)
    shown = " ".join(words)
    if done.returncode != 125:
        creelctl("rm", "-a", "-f", "-t", "0", check=False)
        return f"{shown}: status {done.returncode}, {done.stdout!r} {done.stderr!r}"
    if not done.stderr.startswith("creelctl: ") or done.stderr.count("\n") != 1:
        return f"{shown}: not one line: {done.stderr!r}"
    if mentions not in done.stderr:
        return f"{shown}: does not speak of {mentions}: {done.stderr!r}"
    if made() - before:
        return f"{shown}: something was made"
    return None


def fail_with(troubles):
    troubles = [trouble for trouble in troubles if trouble]
    assert not troubles, "\n" + "\n".join(troubles)


def test_document():
    """docs/OPTIONS.md speaks the truth: what it calls supported is there, what is there is in it."""
    text = (Path(__file__).resolve().parents[2] / "docs/OPTIONS.md").read_text()
    tables, own = text.split("## Our own")
    rows = re.findall(r"^\| `--([\w-]+)` \| (yes|no|`--[\w-]+`) \| (.*) \|$", tables, re.M)
    assert len(rows) == len(re.findall(r"^\| `--[\w-]+` \|", tables, re.M)), "a row that is neither yes, no nor another option"
    for name, here, remark in rows:
        if here == "yes":
            assert name in LISTED, f"--{name} is said to be supported"
        elif here == "no":
            assert name not in LISTED and remark.strip(), f"--{name} is said not to be supported, or without a reason"
        else:
            assert here.strip("`-") in LISTED, f"--{name} is said to be {here}"
    named = {name for name, *_ in rows} | set(re.findall(r"^\| `--([\w-]+)`", own, re.M))
    assert not set(LISTED) - named, "options that docs/OPTIONS.md does not name"


def test_every_option_is_in_the_table():
    assert not [name for name in LISTED if name not in OPTIONS]


@pytest.mark.parametrize("name", TRIED)
def test_bad_values(creelctl, image, places, name):
    row = OPTIONS[name]
    values = [*row.bad] if row is not FLAG else []
    if LISTED[name] and not row.empty:
        values.append("")
    needs = [places(word) for word in row.needs]
    fail_with([check_refused(creelctl, [*needs, f"--{name}={places(value)}"], image, row.says if value and row.says else name) for value in values])


@pytest.mark.parametrize("name", [name for name in TRIED if LISTED[name]])
def test_value_is_missing(creelctl, name):
    done = creelctl("run", f"--{name}", check=False)
    assert done.returncode == 125 and done.stderr.startswith("creelctl: ") and done.stderr.count("\n") == 1, done
    assert name in done.stderr


def check_taken(creelctl, row, words, image):
    if row.create:
        done = creelctl("create", *words, image, "true", check=False)
        creelctl("rm", "-a", "-f", "-t", "0", check=False)
    else:
        done = creelctl("run", "--rm", *words, image, "true", check=False)
    return None if done.returncode == 0 else f"{' '.join(words)}: status {done.returncode}, {done.stderr!r}"


@pytest.mark.parametrize("name", TRIED)
def test_good_values(creelctl, image, places, name):
    row = OPTIONS[name]
    if name in ("detach", "sig-proxy"):  # of run alone
        return
    troubles = []
    for value in row.good:
        words = [f"--{name}={places(value)}"]
        troubles.append(check_taken(creelctl, row, [*row.needs, *words], image))
        if row.twice and not troubles[-1]:
            troubles.append(check_taken(creelctl, row, [*row.needs, *words, f"--{name}={places(value)}"], image))
    fail_with(troubles)


@pytest.mark.parametrize("name", TRIED)
def test_bad_value_before_a_good_one(creelctl, image, places, name):
    """A later value does not make up for an earlier one that is no value at all."""
    row = OPTIONS[name]
    if not row.good or not row.bad or not row.twice:
        return
    words = [*row.needs, f"--{name}={places(row.bad[0])}", f"--{name}={places(row.good[0])}"]
    fail_with([check_refused(creelctl, words, image, row.says or name)])


def option_names(words):
    return [word[2:].partition("=")[0] for word in words]


@pytest.mark.parametrize("words, mentions", [case for case in CONFLICTS if all(name in LISTED for name in option_names(case[0]))], ids=lambda value: "+".join(value) if isinstance(value, list) else "")
def test_conflicts(creelctl, image, places, words, mentions):
    fail_with([check_refused(creelctl, [places(word) for word in words], image, mentions)])


@pytest.mark.parametrize("word", ["--", "---", "--=x", "--no-such-option", "--no-such-option=x", "-?", "--Name=x", "--name\n=x", "--nam=x"])
def test_words_that_are_no_option(creelctl, image, word):
    if word == "--":
        assert creelctl("run", "--rm", "--", image, "true").returncode == 0
        return
    before = made()
    done = creelctl("run", word, image, "true", check=False)
    assert done.returncode == 125 and done.stderr.startswith("creelctl: "), done
    assert not made() - before


@pytest.mark.parametrize("reference", ["", " ", "/", ":", "@", "a b", "UPPER/case:1", "a:b:c", "a@sha256:short", "../../etc/passwd", "a" * 5000, "-", "x\ny", "%s%n%s"])
def test_bad_images(creelctl, reference):
    before = made()
    done = creelctl("run", "--pull=never", "--", reference, "true", check=False)
    assert done.returncode == 125 and done.stderr.startswith("creelctl: ") and done.stderr.count("\n") == 1, done
    assert not made() - before


def test_huge_command_lines(creelctl, image):
    """What the kernel still hands to a program is either taken or refused in one line."""
    for words in (["--label", "a=" + "x" * 120_000], ["--env", "A=" + "x" * 120_000], *[["--label", f"k{i}=v"] * 3000 for i in (1,)]):
        done = creelctl("create", *words, image, "true", check=False)
        assert done.returncode in (0, 125) and done.stderr.count("\n") == (done.returncode != 0), done.stderr[:300]
    creelctl("rm", "-a", "-f")
    assert creelctl("info").returncode == 0
