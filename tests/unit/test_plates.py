"""Clean plates: their files, and what a capture takes for movement."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import plates
from rvm_core.bench.footage import frames
from rvm_core.errors import PictureError, PlateError

Picture = NDArray[np.uint8]
RANDOM = np.random.default_rng(7)


def room(height: int = 90, width: int = 160) -> Picture:
    """Shelves and a window: coarse blocks of colour."""
    coarse = np.random.default_rng(1).integers(20, 220, (9, 16, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)


def seen(light: NDArray[np.float64]) -> Picture:
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def captured(pictures: Iterable[Picture]) -> plates.PlateCapture:
    capture = plates.PlateCapture()
    for picture in pictures:
        capture.add(picture)
    return capture


# Files


@pytest.mark.parametrize("size", [(1, 1), (90, 160), (33, 17)])
def test_what_is_written_is_read(tmp_path: Path, size: tuple[int, int]) -> None:
    picture = RANDOM.integers(0, 256, (*size, 3), np.uint8)
    file = tmp_path / "new" / "plate.png"
    for _ in range(2):
        plates.write(picture, file)
    assert (plates.read(str(file)) == picture).all()
    assert list(file.parent.iterdir()) == [file], "nothing is left beside it"


def test_red_is_red(tmp_path: Path) -> None:
    plates.write(np.full((2, 2, 3), (200, 100, 0), np.uint8), tmp_path / "plate.png")
    assert cv2.imread(str(tmp_path / "plate.png"))[0, 0].tolist() == [0, 100, 200]


def test_a_failed_write_keeps_the_old_plate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "plate.png"
    plates.write(room(), file)

    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as begun:
            begun.write(data[:100])
        raise OSError(28, "No space left on device")

    def held(_path: Path, _target: Path) -> Path:
        raise OSError(13, "Permission denied")

    for method, fault, words in (("write_bytes", full, "No space left"), ("replace", held, "denied")):
        with monkeypatch.context() as broken:
            broken.setattr(Path, method, fault)
            with pytest.raises(PlateError, match=words):
                plates.write(room() // 2, file)
        assert (plates.read(str(file)) == room()).all()
        assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PlateError):
        plates.write(room(), tmp_path / "file" / "plate.png")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_kind_of_png(tmp_path: Path, dtype: type, channels: int) -> None:
    image = np.full((4, 6, channels), np.iinfo(dtype).max, dtype)
    image[..., 3:] = 0
    cv2.imwrite(str(tmp_path / "plate.png"), image)
    plate = plates.read(str(tmp_path / "plate.png"))
    assert plate.shape == (4, 6, 3)
    assert (plate == 255).all()


def test_unreadable_files_say_so(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no picture")
    for name in ("", "missing.png", ".", "empty.png", "text.png"):
        with pytest.raises(PlateError) as fault:
            plates.read(str(tmp_path / name) if name else "")
        assert "clean plate" in str(fault.value)
        assert fault.value.remedy


def test_an_image_too_large_for_opencv_says_so(tmp_path: Path) -> None:
    side = 40_000
    header = f"P5 {side} {side} 255\n".encode()
    (tmp_path / "huge.pgm").write_bytes(header + bytes(100))
    with pytest.raises(PlateError, match="too large"):
        plates.read(str(tmp_path / "huge.pgm"))


# Capture


def test_noise_is_averaged_out() -> None:
    noise = np.random.default_rng(2)
    clean = np.clip(room(), 40, 215)
    capture = captured(seen(clean + noise.normal(0, 10, clean.shape)) for _ in range(plates.FRAMES))
    error = capture.result() - clean.astype(float)
    assert error.std() < 10 / np.sqrt(plates.FRAMES) * 1.05
    assert abs(error.mean()) < 0.05, "rounded, not cut off"


def test_what_a_fourth_channel_holds_does_not_matter() -> None:
    padded = np.dstack([room(), np.zeros((90, 160), np.uint8)])
    assert (captured([padded] * plates.FRAMES).result() == room()).all()


def test_it_is_complete_after_its_frames_and_takes_no_more() -> None:
    capture = captured([room()] * (plates.FRAMES - 1))
    assert not capture.is_complete
    with pytest.raises(PlateError, match=rf"{plates.FRAMES - 1} of {plates.FRAMES}"):
        capture.result()
    for picture in (room(), np.zeros_like(room()), np.zeros((2, 2, 3), np.uint8)):
        capture.add(picture)
        assert capture.is_complete
        assert capture.frames == plates.FRAMES
    assert (capture.result() == room()).all()


def test_white_does_not_overflow() -> None:
    white = np.full((40, 40, 3), 255, np.uint8)
    assert (captured([white] * plates.FRAMES).result() == 255).all()


def test_another_size_begins_anew() -> None:
    moved = room().copy()
    moved[20:60, 40:90] = 255
    capture = captured([room(), moved] * 3 + [room(180, 320)] * plates.FRAMES)
    assert (capture.result() == room(180, 320)).all()


def bands(number: int, strength: float) -> NDArray[np.float64]:
    """The light of each row of 90 under a flickering lamp, for a camera that reads line by line."""
    return 1 + strength * np.sin(number * 2.1 + np.arange(90)[:, None, None] / 8)


def test_a_lamp_that_flickers_is_no_movement() -> None:
    noise = np.random.default_rng(3)
    lit = [seen(room() * bands(n, 0.1) + noise.normal(0, 6, room().shape)) for n in range(plates.FRAMES)]
    captured(lit).result()


def test_what_the_lamp_does_not_light_has_not_moved() -> None:
    def lit(number: int) -> Picture:
        picture = seen(room() * bands(number, 0.1))
        picture[20:50, 110:150] = (230, 240, 250)  # the day in the window
        return picture

    captured(map(lit, range(plates.FRAMES))).result()


@pytest.mark.parametrize("number", [1, plates.FRAMES // 2, plates.FRAMES - 1])
def test_something_that_moves_is_said(number: int) -> None:
    pictures = [room()] * plates.FRAMES
    moved = room().copy()
    moved[30:60, 50:80] = 255 - moved[30:60, 50:80] // 2
    pictures[number] = moved
    with pytest.raises(PlateError, match="moved"):
        captured(pictures).result()


def test_a_camera_that_shakes_is_said() -> None:
    pictures = [np.roll(room(360, 640), 2 * (n % 2), axis=1) for n in range(plates.FRAMES)]
    with pytest.raises(PlateError, match="moved"):
        captured(pictures).result()


def test_wrong_pictures_are_refused() -> None:
    with pytest.raises(PictureError):
        plates.PlateCapture().add(np.zeros((4, 4), np.uint8))
    with pytest.raises(PictureError):
        plates.PlateCapture().add(np.zeros((4, 4, 3), np.float32))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["halfbody_room", "fullbody_crissyfield"])
def test_real_clips(reference_data: Path, name: str) -> None:
    clip = reference_data / "gt" / f"{name}.mp4"
    pictures = [frame.picture for frame in frames(clip, "clean", 60)]
    bare = (pictures[:15] * 2)[: plates.FRAMES]  # 15 frames of the bare room begin each clip
    plate = captured(bare).result()
    truth = plates.read(str(clip.with_name(f"{name}_plate.png")))
    assert np.abs(plate - truth.astype(float)).mean() < 4.0, "but for the codec"
    for begin in (10, 20, 30):
        with pytest.raises(PlateError, match="moved"):
            captured(pictures[begin : begin + plates.FRAMES]).result()
