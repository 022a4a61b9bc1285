# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images in the store: listing, removing, what is shared and what is collected."""

import json
from pathlib import Path

import pytest

import images
from fixtures import eventually
from ociwriter import Image, Layer

LAYERS = Path("/var/lib/creel/layers")


def layer_names():
    return {path.name for path in LAYERS.iterdir()}


@pytest.fixture
def two(registry, creelctl):
    """Two images on one base, and no others."""
    for identifier in set(creelctl("images", "-q").stdout.split()):
        creelctl("rmi", "-f", identifier)
    base = images.busybox_layer()
    made = []
    for n in (1, 2):
        image = Image([base, Layer().file(f"own{n}", f"{n}")], config={"Env": [images.PATH_ENV], "Cmd": ["sh"]})
        made.append(registry.push(image, f"images/two:{n}"))
        creelctl("pull", "-q", made[-1])
    yield made
    creelctl("rm", "-a", "-f", "-t", "0", check=False)
    for reference in made:
        creelctl("rmi", "-f", reference, check=False)


@pytest.mark.smoke
def test_shared_layers_stay_and_others_go(creelctl, two):
    assert len(layer_names()) == 3
    creelctl("rmi", two[0])
    eventually(lambda: len(layer_names()) == 2, layer_names)
    assert creelctl("run", "--rm", two[1], "cat", "/own2").stdout == "2"
    creelctl("rmi", two[1])
    eventually(lambda: not layer_names(), layer_names)
    eventually(lambda: not list(Path("/var/lib/creel/staging").iterdir()), "staging is not emptied")
    assert not list(Path("/var/lib/creel/blobs/sha256").iterdir())


def test_an_image_in_use_stays(creelctl, two):
    creelctl("create", "--name", "user", two[0], "true")
    done = creelctl("rmi", two[0], check=False)
    assert done.returncode == 125 and "user" in done.stderr and done.stderr.count("\n") == 1
    done = creelctl("rmi", "-f", two[0], check=False)
    assert done.returncode == 125
    creelctl("rm", "user")
    creelctl("rmi", two[0])


def test_names(creelctl, two):
    rows = json.loads(creelctl("images", "--format", "json").stdout)
    assert len(rows) == 2
    identifier = json.loads(creelctl("inspect", two[0]).stdout)[0]["Id"]
    for name in (identifier, identifier.removeprefix("sha256:")[:12], identifier.removeprefix("sha256:")):
        assert json.loads(creelctl("inspect", "--type", "image", name).stdout)[0]["Id"] == identifier
    assert identifier.removeprefix("sha256:")[:12] in creelctl("images", "-q").stdout
    done = creelctl("rmi", "no/such:1", check=False)
    assert done.returncode == 125 and "no/such:1" in done.stderr


def test_two_tags_of_one_image(creelctl, registry, two):
    image = Image([images.busybox_layer(), Layer().file("own1", "1")], config={"Env": [images.PATH_ENV], "Cmd": ["sh"]})
    other = registry.push(image, "images/other:1")
    creelctl("pull", "-q", other)
    identifier = json.loads(creelctl("inspect", other).stdout)[0]["Id"].removeprefix("sha256:")
    assert len(json.loads(creelctl("inspect", identifier).stdout)[0]["RepoTags"]) == 2
    done = creelctl("rmi", identifier[:12], check=False)
    assert done.returncode == 125 and "several tags" in done.stderr
    shown = creelctl("rmi", other).stdout
    assert "Untagged" in shown and "Deleted" not in shown
    assert creelctl("run", "--rm", two[0], "true").returncode == 0


def test_images_outlive_a_restart(creelctl, two, run):
    before = creelctl("images", "--no-trunc").stdout
    run("systemctl", "restart", "creeld")
    assert creelctl("images", "--no-trunc").stdout == before
