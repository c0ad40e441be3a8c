-- A filter that draws what is below it at every second frame only and shows that picture at the next one,
-- as a canvas or a plug-in at half the frame rate does.

obs = obslua

local info = {
    id = "obs_rvm_test_half_rate",
    type = obs.OBS_SOURCE_TYPE_FILTER,
    output_flags = obs.OBS_SOURCE_VIDEO,
}

info.get_name = function() return "Half rate" end

info.create = function(_, source)
    local data = { source = source, ticks = 0 }
    obs.obs_enter_graphics()
    data.texrender = obs.gs_texrender_create(obs.GS_RGBA, obs.GS_ZS_NONE)
    obs.obs_leave_graphics()
    return data
end

info.destroy = function(data)
    obs.obs_enter_graphics()
    obs.gs_texrender_destroy(data.texrender)
    obs.obs_leave_graphics()
end

-- OBS takes a Lua source without these for one of no size.
info.get_width = function(data)
    return obs.obs_source_get_base_width(obs.obs_filter_get_target(data.source))
end

info.get_height = function(data)
    return obs.obs_source_get_base_height(obs.obs_filter_get_target(data.source))
end

info.video_tick = function(data)
    data.ticks = data.ticks + 1
    data.is_due = data.ticks % 2 == 0
end

local function draw_below(data, target, width, height)
    obs.gs_texrender_reset(data.texrender)
    if not obs.gs_texrender_begin(data.texrender, width, height) then return end
    local nothing = obs.vec4()
    obs.vec4_set(nothing, 0, 0, 0, 0)
    obs.gs_clear(obs.GS_CLEAR_COLOR, nothing, 0, 0)
    obs.gs_ortho(0, width, 0, height, -100, 100)
    obs.gs_blend_state_push()
    obs.gs_blend_function(obs.GS_BLEND_ONE, obs.GS_BLEND_ZERO)
    obs.obs_source_video_render(target)
    obs.gs_blend_state_pop()
    obs.gs_texrender_end(data.texrender)
end

info.video_render = function(data)
    local target = obs.obs_filter_get_target(data.source)
    if target == nil then return end
    local width, height = obs.obs_source_get_base_width(target), obs.obs_source_get_base_height(target)
    if width == 0 or height == 0 then return end
    if data.is_due then
        data.is_due = false
        draw_below(data, target, width, height)
    end
    local texture = obs.gs_texrender_get_texture(data.texrender)
    if texture == nil then return end
    local effect = obs.obs_get_base_effect(obs.OBS_EFFECT_DEFAULT)
    obs.gs_effect_set_texture(obs.gs_effect_get_param_by_name(effect, "image"), texture)
    obs.gs_blend_state_push()
    obs.gs_blend_function(obs.GS_BLEND_ONE, obs.GS_BLEND_INVSRCALPHA)
    while obs.gs_effect_loop(effect, "Draw") do
        obs.gs_draw_sprite(texture, 0, width, height)
    end
    obs.gs_blend_state_pop()
end

obs.obs_register_source(info)

function script_description() return "A filter for tests." end
