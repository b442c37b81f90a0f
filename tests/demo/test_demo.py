"""The server of the demo over HTTP on this machine."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
from serving import Demo, serving

import dicoms
import nerveseg
from nerveseg.demo import clips, upload
from nerveseg.demo.clips import Clip
from nerveseg.demo.networks import names_of
from nerveseg.demo.server import listen
from nerveseg.errors import InputError
from nerveseg.media.frame import Frame
from nerveseg.models import weights


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with serving() as served:
        yield served


@pytest.fixture
def image() -> np.ndarray:
    image = np.zeros((60, 80), np.uint8)
    image[20:40, 30:70] = 200
    return image


def cine(folder: Path, images: np.ndarray, **elements: object) -> bytes:
    file = dicoms.dataset(images, "MONOCHROME2", **elements)
    assert dicoms.mark(file) > 100
    return dicoms.save(folder / "cine.dcm", file).read_bytes()


def test_a_still_is_shown_with_what_is_found_on_it(demo: Demo, image: np.ndarray) -> None:
    dropped = demo.drop(imagecodecs.png_encode(image), ".png").json()
    assert (dropped["frames"], dropped["complete"]) == (1, True)
    picture = demo.ask(f"/files/{dropped['name']}/0.png").content
    assert np.array_equal(imagecodecs.png_decode(picture), image)
    found = demo.ask(f"/files/{dropped['name']}/0/0").json()
    assert (found["state"], found["probability"], found["pixels"]) == ("nerve", 0.9, 800)
    assert found["probability_in_words"] == "0.90"
    assert (found["height"], found["width"], found["square_mm"]) == (60, 80, None)
    assert found["milliseconds"] > 0
    drawn = np.zeros_like(image)
    cv2.fillPoly(drawn, [np.floor(each).astype(np.int32) for each in found["outlines"]], 200)
    assert np.array_equal(drawn, image)
    assert demo.ask(f"/files/{dropped['name']}/0/1").json()["state"] == "unsure"


def test_frames_of_a_cine_are_told_apart(demo: Demo, image: np.ndarray, tmp_path: Path) -> None:
    content = cine(tmp_path, np.stack([image, image * 0, image.T.reshape(60, 80)]), FrameTime=40)
    dropped = demo.drop(content, ".dcm").json()
    assert dropped["frames"] == 3
    found = [demo.ask(f"/files/{dropped['name']}/{index}/0").json() for index in range(3)]
    assert [each["state"] for each in found] == ["nerve", "none", "nerve"]
    assert [each["time"] for each in found] == [0.0, 0.04, 0.08]
    assert demo.ask(f"/files/{dropped['name']}/3/0").status == 404
    assert demo.ask(f"/files/{dropped['name']}/0/2").status == 404


def test_nothing_of_a_header_is_shown_and_margins_are_black(
    demo: Demo, image: np.ndarray, tmp_path: Path
) -> None:
    image[:10] = 255  # where a scanner writes the name
    region = dicoms.region(0, 10, 79, 59)
    content = cine(tmp_path, image, SequenceOfUltrasoundRegions=dicoms.regions(region))
    dropped = demo.drop(content, "")
    name = dropped.json()["name"]
    picture, found = demo.ask(f"/files/{name}/0.png"), demo.ask(f"/files/{name}/0/0")
    assert not imagecodecs.png_decode(picture.content)[:10].any()
    assert found.json()["pixels"] == 800
    told = b"".join(each.content + repr(each.headers).encode() for each in (dropped, found))
    assert not [mark for mark in dicoms.MARKS if mark.encode() in told + picture.content]


@pytest.mark.parametrize("suffix", [".png", ".dcm", ".mp4", "", "/../../x", ".%00"])
@pytest.mark.parametrize("content", [b"", b"hello" * 50, b"\0" * 128 + b"DICM" + b"\1" * 99])
def test_a_bad_file_is_one_line_without_a_path(demo: Demo, content: bytes, suffix: str) -> None:
    reply = demo.drop(content, suffix)
    assert reply.status == 400
    assert re.fullmatch(r"[^\n]+; [^\n]+", reply.json()["error"])
    assert tempfile.gettempdir() not in reply.json()["error"]


def test_files_are_measured_before_they_are_decoded(
    demo: Demo, monkeypatch: pytest.MonkeyPatch, image: np.ndarray
) -> None:
    bomb = bytearray(imagecodecs.png_encode(image))
    bomb[16:24] = (100_000).to_bytes(4, "big") * 2
    assert "more than the 33,554,432 pixels" in demo.drop(bytes(bomb), ".png").json()["error"]
    monkeypatch.setattr(upload, "MOST_BYTES", 10)
    assert "bytes that a file may have" in demo.drop(bytes(11), ".png").json()["error"]
    # Not even the rest is waited for.
    with socket.create_connection(("127.0.0.1", demo.port)) as sent:
        head = f"POST /files HTTP/1.1\r\nHost: 127.0.0.1:{demo.port}\r\nContent-Length: 99\r\n\r\n"
        sent.sendall(head.encode())
        assert b" 400 " in sent.recv(4096)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_other_sites_are_refused(demo: Demo, headers: dict[str, str]) -> None:
    given = {key: value.format(port=demo.port) for key, value in headers.items()}
    for path, body in (("/", None), ("/networks", None), ("/files?suffix=.png", b"a")):
        reply = demo.ask(path, body, given)
        assert reply.status == 403
        assert b"sure" not in reply.content


def test_the_page_itself_is_answered_under_both_of_its_names(demo: Demo) -> None:
    for name in ("127.0.0.1", "localhost"):
        site = f"{name}:{demo.port}"
        given = {"Host": site, "Origin": f"http://{site}", "Sec-Fetch-Site": "same-origin"}
        assert [each["name"] for each in demo.ask("/networks", headers=given).json()] == [
            "sure",
            "doubtful",
        ]


@pytest.mark.parametrize("path", ["/", "/page.js", "/networks", "/nothing", "/files/a/0/0"])
def test_every_answer_forbids_other_sites(demo: Demo, path: str) -> None:
    headers = demo.ask(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert not re.search(r"unsafe|https?:|\*", policy)
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def test_only_this_machine_is_listened_to() -> None:
    with listen(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
        port = listening.getsockname()[1]
        with pytest.raises(InputError, match=rf"^port {port}: address already in use; give "):
            listen(port)


def test_frames_beyond_the_limits_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [Frame(np.full((2, 3), level, np.uint8)) for level in range(5)]
    monkeypatch.setattr(clips, "MOST_STORED", 24)
    clip = Clip(iter(frames), threading.Event())
    assert (len(clip), clip.complete) == (4, False)
    assert clip[3].image.tolist() == frames[3].image.tolist()
    clip.close()


def test_the_oldest_file_is_freed(demo: Demo, image: np.ndarray) -> None:
    names = [demo.drop(imagecodecs.png_encode(image), ".png").json()["name"] for _ in range(5)]
    replies = [demo.ask(f"/files/{name}/0/0").status for name in names]
    assert replies == [404, 200, 200, 200, 200]


def test_networks_are_called_after_their_files() -> None:
    paths = ["unet.nerveseg.zip", "models/baseline/weights.safetensors", "other/unet.safetensors"]
    assert names_of([Path(path) for path in paths]) == ["unet (1)", "baseline", "unet (3)"]


def test_ctrl_c_ends_it_and_leaves_nothing(tmp_path: Path, image: np.ndarray) -> None:
    model = tmp_path / "tiny.safetensors"
    described = weights.Description("unet", {"width": 4}, 1, (32, 48), {"flips": []})
    weights.save_weights(model, nerveseg.build("unet", width=4), described)
    (tmp_path / "temporary").mkdir()
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"sys.argv[1:] = ['demo', {str(model)!r}, '--port', '0', '--no-browser']; "
        "from nerveseg.cli.main import main; main()"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path / "temporary")}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 120)[0]
        line = process.stdout.readline()
        assert re.search(r"http://127\.0\.0\.1:\d+/ ", line), "nothing sticks to the address"
        served = Demo(int(re.findall(r"127\.0\.0\.1:(\d+)/", line)[0]))
        name = served.drop(imagecodecs.png_encode(image), ".png").json()["name"]
        assert served.ask(f"/files/{name}/0/0").json()["state"] in ("nerve", "none", "unsure")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.strip()) == (130, "interrupted")
    assert list((tmp_path / "temporary").glob("nerveseg-demo-*")) == []
