"""The shader, in OBS's effect language (HLSL for Direct3D, translated for OpenGL and Metal).

Colours: pictures are read as linear light and written as linear light; libobs's sRGB framebuffer
encodes.  Pictures have premultiplied alpha.  The matte texture holds, in half floats, alpha in `a` and
in `rgb` the person's colour, linear and multiplied by alpha (:mod:`rvm_core.kernels.foreground`); the
detail texture, how alpha follows the picture's colour (:mod:`rvm_core.kernels.upscale`); the edge texture,
in `rgb` the room's colour that is taken out of the person's, in `a` how much of the background's light
reaches there (:mod:`rvm_core.kernels.spill`).  The light texture is a background of a handful of pixels.
"""

from __future__ import annotations

import ctypes
from functools import cache

import numpy as np

from rvm_core.errors import HostError
from rvm_core.kernels.foreground import PICTURE_FROM
from rvm_core.kernels.srgb import LUMA
from rvm_core.kernels.upscale import LEAST_ALPHA
from rvm_core.libobs.handles import immortal
from rvm_core.obs_filter import gpu
from rvm_core.obs_filter.state import PARAMETERS, TECHNIQUES

_SOURCE = """
uniform float4x4 ViewProj;
uniform texture2d image;
uniform texture2d matte;
uniform texture2d detail;
uniform texture2d edge;
uniform texture2d backdrop;
uniform texture2d light;
uniform float4 color;
uniform float gain;
uniform float edged;
uniform float2 source_size;
uniform float2 target_size;
uniform float2 light_size;

sampler_state linear_clamp { Filter = Linear; AddressU = Clamp; AddressV = Clamp; };

struct Vertex { float4 pos : POSITION; float2 uv : TEXCOORD0; };

Vertex place(Vertex v)
{
    Vertex o;
    o.pos = mul(float4(v.pos.xyz, 1.0), ViewProj);
    o.uv = v.uv;
    return o;
}

/* Mean over exactly the area that one target pixel covers, as cv2.INTER_AREA computes it. */
float4 area_mean(float2 uv)
{
    float2 ratio = source_size / target_size;
    float2 low = floor(uv * target_size) * ratio;
    float2 high = min(low + ratio, source_size);
    float2 first = floor(low + 0.0001);
    float4 sum = float4(0.0, 0.0, 0.0, 0.0);
    float y = first.y;
    do {
        float tall = min(y + 1.0, high.y) - max(y, low.y);
        float x = first.x;
        do {
            float wide = min(x + 1.0, high.x) - max(x, low.x);
            sum += image.Load(int3(x, y, 0)) * (wide * tall);
            x += 1.0;
        } while (x < high.x - 0.0001);
        y += 1.0;
    } while (y < high.y - 0.0001);
    return sum / (ratio.x * ratio.y);
}

float encode_channel(float v)
{
    return (v <= 0.0031308) ? (12.92 * v) : (1.055 * pow(v, 1.0 / 2.4) - 0.055);
}

float4 shrink(Vertex v) : TARGET { return area_mean(v.uv); }

/* For pictures held in linear light: into the range and the encoding that the network knows. */
float4 shrink_linear(Vertex v) : TARGET
{
    float4 c = saturate(area_mean(v.uv));
    return float4(encode_channel(c.r), encode_channel(c.g), encode_channel(c.b), c.a);
}

/* A handful of pixels, drawn with a smooth (cubic B-spline) kernel built from four linear reads. */
float4 light_at(float2 uv)
{
    float2 p = uv * light_size - 0.5;
    float2 f = frac(p);
    float2 i = p - f + 0.5;
    float2 w0 = (1.0 - f) * (1.0 - f) * (1.0 - f) / 6.0;
    float2 w1 = (4.0 - 6.0 * f * f + 3.0 * f * f * f) / 6.0;
    float2 w3 = f * f * f / 6.0;
    float2 w2 = 1.0 - w0 - w1 - w3;
    float2 g0 = w0 + w1;
    float2 g1 = w2 + w3;
    float2 h0 = (i - 1.0 + w1 / g0) / light_size;
    float2 h1 = (i + 1.0 + w3 / g1) / light_size;
    float4 c00 = light.Sample(linear_clamp, float2(h0.x, h0.y));
    float4 c10 = light.Sample(linear_clamp, float2(h1.x, h0.y));
    float4 c01 = light.Sample(linear_clamp, float2(h0.x, h1.y));
    float4 c11 = light.Sample(linear_clamp, float2(h1.x, h1.y));
    return (c00 * g0.x + c10 * g1.x) * g0.y + (c01 * g0.x + c11 * g1.x) * g1.y;
}

/* The matte at full size, with the picture's detail; full_size in rvm_core/kernels/full_size.py. */
float4 full_size(float2 uv, float3 picture)
{
    float4 m = matte.Sample(linear_clamp, uv);
    float4 slope = detail.Sample(linear_clamp, uv);
    float room = m.a * (1.0 - m.a);
    float change = clamp(dot(slope.rgb, sqrt(saturate(picture))) + slope.a, -room, room);
    float alpha = saturate((m.a + change - 0.5) * gain + 0.5);
    return float4(m.rgb * (alpha / max(m.a, LEAST_ALPHA)), alpha);
}

/* In the edge the person's colour without the room, inside the picture with all its detail; the same
   blend as in rvm_core/kernels/full_size.py. */
float4 foreground(float2 uv)
{
    float4 picture = image.Sample(linear_clamp, uv);
    float4 m = full_size(uv, picture.rgb);
    float share = smoothstep(PICTURE_FROM, 1.0, m.a);
    float3 mixed = lerp(m.rgb * picture.a, picture.rgb * m.a, share);
    if (edged > 0.5) {
        float3 spill = edge.Sample(linear_clamp, uv).rgb;
        float luma = dot(mixed, float3(LUMA));
        float3 most = max(mixed, picture.a * m.a);
        mixed = min(max(mixed - max(dot(mixed - luma, spill), 0.0) * spill, 0.0), most);
    }
    return float4(mixed, picture.a * m.a);
}

/* `front` before a background, whose light shines around its edges. */
float4 before(float4 front, float3 background, float3 shine, float2 uv)
{
    if (edged > 0.5)
        front.rgb += edge.Sample(linear_clamp, uv).a * shine * max(front.a - front.rgb, 0.0);
    return float4(front.rgb + background * (1.0 - front.a), 1.0);
}

float4 transparent(Vertex v) : TARGET { return foreground(v.uv); }

float4 over_color(Vertex v) : TARGET
{
    return before(foreground(v.uv), color.rgb, color.rgb, v.uv);
}

float4 over_backdrop(Vertex v) : TARGET
{
    float3 background = backdrop.Sample(linear_clamp, v.uv).rgb;
    float3 shine = float3(0.0, 0.0, 0.0);
    if (edged > 0.5)
        shine = light_at(v.uv).rgb;
    return before(foreground(v.uv), background, shine, v.uv);
}

float decode_channel(float v)
{
    return (v <= 0.04045) ? (v / 12.92) : pow((v + 0.055) / 1.055, 2.4);
}

/* Alpha is no colour: the framebuffer's encoding is undone, so that a pixel reads 255 * alpha. */
float4 only_matte(Vertex v) : TARGET
{
    float a = decode_channel(saturate(full_size(v.uv, image.Sample(linear_clamp, v.uv).rgb).a));
    return float4(a, a, a, 1.0);
}

float4 veil(Vertex v) : TARGET { return light_at(v.uv); }

/* OpenGL drops a vertex attribute that nothing reads, and libobs then refuses to draw. */
float4 fill_color(Vertex v) : TARGET { return float4(color.rgb, 1.0) * saturate(v.uv.x + 2.0); }
float4 fill_backdrop(Vertex v) : TARGET { return float4(backdrop.Sample(linear_clamp, v.uv).rgb, 1.0); }
"""

_PIXEL_SHADERS = {
    "Shrink": "shrink",
    "ShrinkLinear": "shrink_linear",
    "Transparent": "transparent",
    "Color": "over_color",
    "Backdrop": "over_backdrop",
    "Matte": "only_matte",
    "Veil": "veil",
    "FillColor": "fill_color",
    "FillBackdrop": "fill_backdrop",
}
assert tuple(_PIXEL_SHADERS) == TECHNIQUES


def source() -> str:
    """The whole effect as text."""
    passes = "".join(
        f"technique {name} {{ pass {{ vertex_shader = place(v); pixel_shader = {shader}(v); }} }}\n"
        for name, shader in _PIXEL_SHADERS.items()
    )
    values = {
        "PICTURE_FROM": PICTURE_FROM,
        "LEAST_ALPHA": LEAST_ALPHA,
        "LUMA": ", ".join(map(str, LUMA)),
    }
    text = _SOURCE
    for name, value in values.items():
        text = text.replace(name, str(value))
    return text + passes


@cache
def handles() -> dict[str, int]:
    """Fields of the shared record: the effect, its parameters, and its techniques' names.

    Compiled at the first call and then one for the life of the process: libobs keeps every effect
    until it shuts down, so one per instance would leak.  Any thread but the graphics thread.
    Raises HostError with the compiler's words.
    """
    text = ctypes.create_string_buffer(source().encode())
    file_name = ctypes.create_string_buffer(b"rvm_background_filter.effect")
    names = [ctypes.create_string_buffer(name.encode()) for name in PARAMETERS]
    message = ctypes.c_char_p()
    parameters = np.zeros(len(PARAMETERS), np.int64)
    effect = gpu.create_effect(
        ctypes.addressof(text),
        ctypes.addressof(file_name),
        ctypes.addressof(message),
        np.array([ctypes.addressof(name) for name in names], np.int64),
        parameters,
    )
    if not effect:
        detail = (message.value or b"no message").decode(errors="replace")
        raise HostError(f"The driver refused the shader: {detail}", "Update the graphics driver.")
    found = {f"param_{name}": int(parameters[i]) for i, name in enumerate(PARAMETERS)}
    for name in TECHNIQUES:
        found[f"tech_{name}"] = ctypes.addressof(immortal(ctypes.create_string_buffer(name.encode())))
    return {"effect": effect, **found}
