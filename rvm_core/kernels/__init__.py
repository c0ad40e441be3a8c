"""One algorithm a file: a private jitted core and a public function that checks and documents."""

from __future__ import annotations

__all__ = ["warm"]


def warm() -> None:
    """Compile every kernel for the arrays of the live path and keep the result in the user's cache.

    Seconds the first time, a fraction of one afterwards.  Any thread.
    """
    import numpy as np

    from rvm_core.kernels import (
        blocks,
        bokeh,
        composite,
        cut,
        edges,
        exposure,
        full_size,
        light_wrap,
        multilevel,
        noise,
        place,
        planes,
        spill,
        steady,
        upscale,
        zones,
    )
    from rvm_core.kernels._arguments import DEPTHS

    height, width = 6, 8
    padded = np.zeros((height, width + 2, 4), np.uint8)
    alpha = np.zeros((height, width), np.float32)
    rgba = np.empty((height, width, 4), np.uint8)
    rgb = np.zeros((height, width, 3), np.uint8)
    matte, detail = full_size.small_matte(rgb, alpha, np.zeros((3, height, width), np.float32), 2.0)
    for pixels in (2.0, -2.0):
        edges.edit_alpha(alpha, pixels, pixels, alpha.copy())
    for dtype in DEPTHS:
        whole = np.zeros((2 * height, 2 * width, 3), dtype)
        whole_alpha = np.empty(whole.shape[:2], np.float32)
        full_size.full_size(whole, matte, detail, whole_alpha, whole.copy(), edge=matte, contrast=0.5)
        composite.composite(
            whole, whole_alpha, whole, whole.copy(), edge=matte, light=light_wrap.light_of(rgb)
        )
    # Whole pictures (files), pictures with a fourth channel (OBS) and views of padded rows (either).
    for picture in (np.zeros((height, width, 3), np.uint8), padded[:, :width], padded[:, :width, :3]):
        blocks.block_means(picture, 4)
        steady.steady(picture, rgb, alpha, alpha.copy())
        place.against_place(picture, rgb.astype(np.float32), np.zeros(alpha.shape, np.uint8), alpha.copy())
        upscale.fit_detail(picture, alpha, 2.0, detail)
        noise.noise_sigma(picture, rgb)
        for sigma in (0.0, 1.0):
            planes.to_planes(picture, 0, 0, np.empty((1, 3, height, width), np.float32), 1.0, sigma)
        bokeh.bokeh(picture, alpha, 2.0, 0.5, rgba)
        spill.spill_and_wrap(picture, alpha, alpha, 0.5, 0.5, detail)
        zones.apply_zones(picture, alpha, alpha, matte, detail, alpha.copy(), detail.copy())
        cut.histogram(picture)
        multilevel.multilevel_foreground(picture, alpha, np.empty((3, height, width), np.float32))
        exposure.bright_luma(picture, 0.5)
