"""Slow, plain statements of what each kernel computes; they share nothing with the kernels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def linear(encoded: Array) -> Array:
    """Linear light of sRGB 0..1."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def encoded8(light: Array) -> Array:
    """8-bit sRGB, not yet rounded, of linear light."""
    light = np.clip(light, 0.0, 1.0)
    return 255.0 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def planes(picture: Array) -> Array:
    """[1, 3, h, w] in 0..1."""
    return (picture[..., :3].astype(np.float64) / 255.0).transpose(2, 0, 1)[None]


def calm_planes(picture: Array, noise: float) -> Array:
    """[1, 3, h, w] in 0..1: the Wiener filter of 3 x 3 pixels, one variance for all channels."""
    colours = picture[..., :3].astype(np.float64)
    height, width = colours.shape[:2]
    padded = np.pad(colours, ((1, 1), (1, 1), (0, 0)), mode="edge")
    near = np.stack([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)])
    mean, variance = near.mean(axis=0), near.var(axis=0).mean(axis=2, keepdims=True)
    kept = np.maximum(variance - noise**2, 0) / np.maximum(variance, 1e-3)
    return planes(mean + (colours - mean) * kept)


def diffused_foreground(alpha: Array, foreground: Array) -> Array:
    """[h, w, 4] premultiplied; foreground [3, h, w]: the mean of two square windows weighted by alpha^4."""
    a = np.clip(alpha.astype(np.float64), 0.0, 1.0)
    height, width = a.shape
    radius = max(1, round(height * 0.028 / 2))
    weight = (a**4 + 1e-6)[..., None]
    light = linear(np.clip(foreground.astype(np.float64), 0.0, 1.0)).transpose(1, 2, 0)
    cells = np.concatenate([light * weight, weight], axis=2)
    for _ in range(2):
        means = np.empty_like(cells)
        for y in range(height):
            for x in range(width):
                window = cells[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]
                means[y, x] = window.mean(axis=(0, 1))
        cells = means
    return np.concatenate([cells[..., :3] / cells[..., 3:] * a[..., None], a[..., None]], axis=2)


def full_size_foreground(picture: Array, matte: Array) -> Array:
    """8-bit steps [H, W, 3], not rounded: the matte's colour, and the picture's own as alpha goes to 1."""
    a = matte[..., 3:].astype(np.float64)
    t = np.clip((a - 0.5) / 0.5, 0.0, 1.0)
    share = t * t * (3 - 2 * t)
    colour = matte[..., :3] / np.maximum(a, 1e-4)
    return encoded8(colour * (1 - share) + linear(_unit(picture)) * share)


def _unit(picture: Array) -> Array:
    """Red, green and blue as 0..1."""
    unit: Array = picture[..., :3] / float(np.iinfo(picture.dtype).max)
    return unit


def bilinear(small: Array, size: tuple[int, int]) -> Array:
    """`small` [h, w, n] at `size` (H, W): linear between the centres of its pixels, edges repeated."""
    rows, columns = (
        (np.arange(full) + 0.5) * few / full - 0.5 for full, few in zip(size, small.shape, strict=False)
    )
    tall = np.stack([_interpolated(rows, plane.T) for plane in small.transpose(2, 0, 1)])
    return np.stack([_interpolated(columns, plane).T for plane in tall], axis=2)


def _interpolated(at: Array, lines: Array) -> Array:
    """Each of `lines` [n, few] at the places `at`, as a column of the result."""
    return np.stack([np.interp(at, np.arange(lines.shape[1]), line) for line in lines], axis=1)


def disc_weights(radius: float) -> dict[tuple[int, int], float]:
    """How much of each pixel at (dy, dx) the disc takes: rows of eight strips, widths averaged."""
    weights = {}
    reach = math.floor(radius + 0.5)
    for dy in range(-reach, reach + 1):
        strips = [dy + (k + 0.5) / 8 - 0.5 for k in range(8)]
        half = sum(math.sqrt(max(radius**2 - t**2, 0.0)) for t in strips) / 8
        for dx in range(-reach - 1, reach + 2):
            weights[dy, dx] = max(0.0, min(dx + 0.5, half) - max(dx - 0.5, -half))
    return weights


def bokeh(picture: Array, alpha: Array, radius: float, highlights: float) -> Array:
    """RGB [h, w, 3] in 8-bit steps, not rounded."""
    height, width = alpha.shape
    light = linear(picture[..., :3] / 255.0)
    luma = light @ np.array([0.2126, 0.7152, 0.0722])
    weight = (1.0 - np.clip(alpha.astype(np.float64), 0, 1)) ** 2 * (1.0 + 60.0 * highlights * luma**4)
    cells = np.concatenate([light * weight[..., None], weight[..., None]], axis=2)
    pyramid = [cells]
    while pyramid[-1].shape[:2] != (1, 1):
        fine = pyramid[-1]
        even = np.pad(fine, ((0, fine.shape[0] % 2), (0, fine.shape[1] % 2), (0, 0)))
        pyramid.append((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4)
    if radius > 0.5:
        disc = disc_weights(radius)
        sums = np.zeros_like(cells)
        for y in range(height):
            for x in range(width):
                for (dy, dx), part in disc.items():
                    if 0 <= y + dy < height and 0 <= x + dx < width:
                        sums[y, x] += part * cells[y + dy, x + dx]
        pyramid[0] = sums / sum(disc.values())
    filled = pyramid[-1][..., :3] / (pyramid[-1][..., 3:] + 1e-9)
    for fine in pyramid[-2::-1]:
        fill = _enlarged(filled, fine.shape[0], fine.shape[1])
        filled = (fine[..., :3] + 1e-3 * fill) / (fine[..., 3:] + 1e-3)
    return encoded8(filled)


def _enlarged(coarse: Array, height: int, width: int) -> Array:
    """Twice the size, bilinear between the centres of the cells, edges repeated."""
    rows = np.clip((np.arange(height) - 0.5) / 2, 0, coarse.shape[0] - 1)
    columns = np.clip((np.arange(width) - 0.5) / 2, 0, coarse.shape[1] - 1)
    out = np.empty((height, width, 3))
    for c in range(3):
        across = np.array([np.interp(columns, np.arange(coarse.shape[1]), row) for row in coarse[..., c]])
        for x in range(width):
            out[:, x, c] = np.interp(rows, np.arange(coarse.shape[0]), across[:, x])
    return out


def histogram(picture: Array) -> Array:
    """[12 * 8]: quarters (top left, top right, bottom left, bottom right), luma, blue, red, 8 levels."""
    height, width = picture.shape[:2]
    out = np.zeros((4, 3, 8))
    for y in range(height):
        for x in range(width):
            quarter = (2 if y >= height / 2 else 0) + (1 if x >= width / 2 else 0)
            r, g, b = (float(v) for v in picture[y, x, :3])
            luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
            for c, value in enumerate((luma, (b - luma) / 2 + 127.5, (r - luma) / 2 + 127.5)):
                position = value / 255 * 7
                for k in range(8):
                    out[quarter, c, k] += max(0.0, 1.0 - abs(position - k))
    totals = out.sum(axis=2, keepdims=True)
    return np.where(totals > 0, out / np.maximum(totals, 1), 0.0).reshape(-1)


def distance(a: Array, b: Array) -> float:
    """The earth mover's, by carrying earth from bin to bin."""
    total = 0.0
    for group_a, group_b in zip(a.reshape(12, 8), b.reshape(12, 8), strict=True):
        carried = 0.0
        for k in range(7):
            carried += float(group_a[k]) - float(group_b[k])
            total += abs(carried)
    return total / 12 / 7


def composite(foreground: Array, alpha: Array, background: Array) -> Array:
    """``kernels.composite`` in floating point."""
    share = np.clip(alpha, 0, 1)[..., None]
    light = linear(foreground[..., :3] / 255.0) * share + linear(background / 255.0) * (1 - share)
    return encoded8(light).astype(int)


def steady(
    picture: NDArray[np.uint8],
    before: NDArray[np.uint8],
    alpha_before: NDArray[np.float32],
    alpha: NDArray[np.float32],
) -> NDArray[np.float64]:
    """``kernels.steady`` over padded arrays."""
    change = picture[..., :3].astype(np.float64) - before[..., :3]
    height, width = alpha.shape
    padded = np.pad(change, ((1, 1), (1, 1), (0, 0)))
    counts = np.pad(np.ones((height, width)), 1)
    around = [(slice(v, v + height), slice(u, u + width)) for v in range(3) for u in range(3)]
    total = sum(padded[place] for place in around)
    moved = np.abs(total).max(axis=2) / sum(counts[place] for place in around)
    difference = alpha.astype(np.float64) - alpha_before
    free = np.maximum((moved - 1.0) / 3.0, (np.abs(difference) - 0.1) / 0.2).clip(0, 1)
    return np.asarray(alpha_before + (0.3 + 0.7 * free) * difference)


def multilevel_foreground(picture: Array, alpha: Array) -> Array:
    """``kernels.multilevel`` over padded arrays, half of the chequerboard at a time: [3, h, w]."""
    image: Array = picture[..., :3] / 255.0
    share: Array = np.clip(np.nan_to_num(alpha.astype(np.float64)), 0, 1)
    sizes = [(image, share)]
    while share.size > 1:
        rows, columns = share.shape[0] % 2, share.shape[1] % 2
        image = np.pad(image, ((0, rows), (0, columns), (0, 0)), mode="edge")
        share = np.pad(share, ((0, rows), (0, columns)), mode="edge")
        image, share = (
            (a[::2, ::2] + a[1::2, ::2] + a[::2, 1::2] + a[1::2, 1::2]) / 4 for a in (image, share)
        )
        sizes.append((image, share))
    front = back = image
    for image, share in sizes[::-1]:
        height, width = share.shape
        person, room = share >= 0.999, share <= 0.001
        front, back = (np.kron(f, np.ones((2, 2, 1)))[:height, :width] for f in (front, back))
        front, back = np.where(person[..., None], image, front), np.where(room[..., None], image, back)
        board = np.indices(share.shape).sum(axis=0) % 2
        for turn in range(20 if max(height, width) <= 32 else 4):
            _solve(image, share, front, back, ~person & ~room & (board == turn % 2))
    return front.transpose(2, 0, 1)


def _solve(image: Array, share: Array, front: Array, back: Array, where: Array) -> None:
    """Each pixel of `where` for itself, by numpy's solver."""
    height, width = share.shape
    for y, x in np.argwhere(where):
        a = share[y, x]
        around = [(y + v, x + u) for v, u in ((-1, 0), (1, 0), (0, -1), (0, 1))]
        around = [(v, u) for v, u in around if 0 <= v < height and 0 <= u < width]
        if not around:
            continue
        costs = np.array([0.005 + 0.1 * abs(a - share[place]) for place in around])
        matrix = np.outer([a, 1 - a], [a, 1 - a]) + np.eye(2) * costs.sum()
        wanted = np.outer([a, 1 - a], image[y, x])
        for k, layer in enumerate((front, back)):
            wanted[k] += sum(cost * layer[place] for cost, place in zip(costs, around, strict=True))
        front[y, x], back[y, x] = np.clip(np.linalg.solve(matrix, wanted), 0, 1)


def slopes(picture: Array, alpha: Array) -> Array:
    """[h, w, 3]: ridge regression of alpha on the roots of light over 3 x 3 pixels; 0 where it is flat."""
    root = np.sqrt(linear(picture[..., :3] / 255.0))
    height, width = alpha.shape
    found = np.zeros((height, width, 3))
    for y in range(height):
        for x in range(width):
            window = np.s_[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
            colours, alphas = root[window].reshape(-1, 3), alpha[window].reshape(-1).astype(np.float64)
            if np.ptp(alphas) > 0.01:
                colours, alphas = colours - colours.mean(axis=0), alphas - alphas.mean()
                spread = colours.T @ colours / len(alphas) + 5e-3 * np.eye(3)
                found[y, x] = np.linalg.solve(spread, colours.T @ alphas / len(alphas))
    return found


def detail(picture: Array, alpha: Array, enlargement: float) -> Array:
    """[h, w, 4]: the mean slope of 3 x 3 pixels and the offset that takes the pixel's own colour out."""
    own = slopes(picture, alpha) * min(max((enlargement - 1) / 2.5, 0.0), 1.0)
    mean = np.empty_like(own)
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            mean[y, x] = own[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].mean(axis=(0, 1))
    root = np.sqrt(linear(picture[..., :3] / 255.0))
    return np.dstack([mean, -(mean * root).sum(axis=2)])


def sharpened(picture: Array, detail: Array, matte: Array) -> Array:
    """[H, W, 4]: alpha moved by the detail, by alpha * (1 - alpha) at most; the straight colour stays."""
    a = matte[..., 3].astype(np.float64)
    root = np.sqrt(linear(_unit(picture)))
    wanted = (detail[..., :3] * root).sum(axis=2) + detail[..., 3]
    change = np.clip(wanted, -a * (1 - a), a * (1 - a))
    scale = 1 + change / np.maximum(a, 1e-4)
    return np.dstack([matte[..., :3] * scale[..., None], a + change])


def against_place(
    picture: Array, place: Array, age: Array, alpha: Array
) -> tuple[Array, Array, Array, float]:
    """(alpha, place, age, trust) after `picture`: means of 3 x 3 pixels beside those of the place."""
    colours, known = picture[..., :3].astype(np.float64), place.astype(np.float64)
    seen, kept = _means_of_nine(colours), _means_of_nine(known)
    apart = np.abs(seen - kept).max(axis=2)
    light = np.clip((seen * kept).sum(axis=2) / np.maximum((kept**2).sum(axis=2), 1), 0.6, 1)
    foreign = np.abs(seen - light[..., None] * kept).max(axis=2)
    is_checked = (age >= 8) & (alpha < 0.05)
    trust = 0.0
    if is_checked.sum() >= 0.05 * alpha.size:
        trust = float(np.clip((np.mean(apart[is_checked] < 10) - 0.7) / 0.2, 0, 1))
    same, other = np.clip((10 - apart) / 5, 0, 1), np.clip((foreign - 15) / 25, 0, 1)
    held = np.minimum(alpha.astype(np.float64), 0.98)
    odds = held / (1 - held) * np.exp(trust * (3 * other - 5 * same))
    judged = np.clip((odds / (1 + odds) - 0.02) / 0.96, 0, 1)
    is_open = (age >= 8) & (alpha > 0.02) & ((same > 0) | (other > 0)) & (trust > 0)
    judged = np.where(is_open, judged, alpha)
    height, width = alpha.shape
    padded = np.pad(judged, 2, mode="edge")
    near = [padded[y : y + height, x : x + width] for y in (0, 2, 4) for x in (0, 2, 4)]
    is_away = np.max(near, axis=0) < 0.1
    if trust == 0 and is_checked.sum() >= 0.05 * alpha.size:
        age = np.zeros_like(age)
    past = np.where(apart > 10, 0, age.astype(int))
    rate = np.maximum(1 / (past + 1), 0.05)[..., None]
    learnt = np.where(is_away[..., None], known + rate * (colours - known), known)
    return judged, learnt, np.where(is_away, np.minimum(past + 1, 255), age), trust


def _means_of_nine(colours: Array) -> Array:
    """The mean of the 3 x 3 pixels around each, as far as there are any."""
    height, width = colours.shape[:2]
    means = np.empty(colours.shape)
    for y in range(height):
        for x in range(width):
            means[y, x] = colours[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].mean(axis=(0, 1))
    return means


def shifted(alpha: Array, px: float) -> Array:
    """The highest alpha on the chords of a disc, each a line of places that are looked at one by one."""
    if px < 0:
        return 1.0 - shifted(1.0 - alpha.astype(np.float64), -px)
    height, width = alpha.shape
    count = max(4, math.ceil(1.6 * px))
    found = np.zeros((height, width))
    for i in range(-count, count + 1):
        turn = i / count * math.pi / 2
        half = px * math.cos(turn)
        rows = np.clip(np.arange(height) + px * math.sin(turn), 0, height - 1)
        line = _interpolated(rows, alpha.astype(np.float64).T)
        for dx in {-half, half, *range(-math.floor(half), math.floor(half) + 1)}:
            columns = np.clip(np.arange(width) + dx, 0, width - 1)
            found = np.maximum(found, _interpolated(columns, line).T)
    return found


def feathered(alpha: Array, px: float) -> Array:
    """max(alpha, P ** 2), P found by looking at every other pixel."""
    if px < 0:
        return 1.0 - feathered(1.0 - alpha.astype(np.float64), -px)
    if px == 0:
        return alpha.astype(np.float64)
    y, x = np.indices(alpha.shape)
    found = np.empty(alpha.shape)
    for v, u in np.ndindex(alpha.shape):
        best = (alpha - ((y - v) ** 2 + (x - u) ** 2) / px**2).max()
        found[v, u] = max(float(alpha[v, u]), best**2)
    return found


LUMA = np.array([0.2126, 0.7152, 0.0722])


def edge(picture: Array, alpha: Array, kept: Array, spill: float, wrap: float) -> Array:
    """[h, w, 4] of ``kernels.spill``: cells of the picture one by one, and their windows."""
    height, width = alpha.shape
    side = max(1, round(height / 72))
    rows, columns = -(-height // side), -(-width // side)
    light = linear(picture[..., :3] / 255.0)
    near = np.empty((rows, columns, 1))
    room, own = np.full((2, rows, columns, 4), 1e-6)
    for v, u in np.ndindex(rows, columns):
        cell = np.s_[v * side : (v + 1) * side, u * side : (u + 1) * side]
        near[v, u] = (1 - kept[cell]).mean()
        for sums, weight in ((room, (1 - alpha[cell]) ** 4.0), (own, alpha[cell] ** 4.0)):
            sums[v, u, :3] += (light[cell] * weight[..., None]).sum(axis=(0, 1))
            sums[v, u, 3] += weight.sum()
    near = _diffused(near, 0.045)
    room = _diffused(room, 0.06)
    own = _diffused(own * (np.maximum(1 - 2 * near, 0) ** 2 + 1e-3), 0.06)
    cells = np.zeros((rows, columns, 4))
    for v, u in np.ndindex(rows, columns):
        by = min(2 * float(near[v, u, 0]), 1.0)
        behind, before = (sums[v, u, :3] / sums[v, u, 3] for sums in (room, own))
        way, other = behind - behind @ LUMA, before - before @ LUMA
        size = float(np.linalg.norm(way))
        if size > 1e-4:
            likeness = max(other @ way, 0) / size**2 * (behind @ LUMA) / (before @ LUMA + 0.03)
            gate = size**2 / (size**2 + 0.02**2) * max(1 - 2 * likeness, 0)
            cells[v, u, :3] = math.sqrt(spill * by * gate) * way / size
        cells[v, u, 3] = wrap * 0.6 * by**2
    down, across = (np.clip((np.arange(n) + 0.5) / side - 0.5, 0, None) for n in (height, width))
    tall = np.stack([_interpolated(down, plane.T) for plane in cells.transpose(2, 0, 1)])
    return np.stack([_interpolated(across, plane).T for plane in tall], axis=2)


def _diffused(cells: Array, share: float) -> Array:
    """Two means over square windows."""
    radius = max(1, round(cells.shape[0] * share / 2))
    for _ in range(2):
        means = np.empty_like(cells)
        for y, x in np.ndindex(*cells.shape[:2]):
            window = cells[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]
            means[y, x] = window.mean(axis=(0, 1))
        cells = means
    return cells


def without_spill(light: Array, edge: Array) -> Array:
    """Linear light [h, w, 3] without what of its chroma goes the way that `edge` says."""
    chroma = light - (light @ LUMA)[..., None]
    along = np.maximum((chroma * edge[..., :3]).sum(axis=2), 0)
    return np.clip(light - along[..., None] * edge[..., :3], 0, 1)


def wrapped(light: Array, size: tuple[int, int]) -> Array:
    """`light` [h, w, 3] at `size` (H, W): a cubic B-spline between the centres of its pixels."""
    for axis, full in enumerate(size):
        few = light.shape[axis]
        at = (np.arange(full) + 0.5) * few / full - 0.5
        lines = np.zeros((full, *np.moveaxis(light, axis, 0).shape[1:]))
        for k in range(-3, few + 3):
            distance = np.abs(at - k)
            near, far = 2 / 3 - distance**2 + distance**3 / 2, (2 - distance) ** 3 / 6
            weight = np.where(distance < 1, near, np.where(distance < 2, far, 0.0))
            line = np.take(light, min(max(k, 0), few - 1), axis=axis)
            lines += weight.reshape(-1, *([1] * line.ndim)) * line
        light = np.moveaxis(lines, 0, axis)
    return light


def coverage(zones: Array, softness: float, width: int, height: int) -> Array:
    """[h, w]: how much of each pixel lies in any of `zones` [n, 4] (left, top, right, bottom; shares)."""
    rest = np.ones((height, width))
    soft = softness / 100 * height
    for left, top, right, bottom in zones:
        for y, x in np.ndindex(height, width):
            inside = 1.0
            for at, count, low, high in ((x, width, left, right), (y, height, top, bottom)):
                for distance, is_border in (
                    (at + 0.5 - low * count, low <= 0),
                    (high * count - at - 0.5, high >= 1),
                ):
                    t = min(max(distance / max(soft, 1.0) + 0.5, 0.0), 1.0)
                    inside *= 1.0 if is_border else t * t * (3 - 2 * t)
            rest[y, x] *= 1 - inside
    return 1 - rest
