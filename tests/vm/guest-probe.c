/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Runs inside a guest and tells, a line each, what its hardware says: keys and pointer as its
 * drivers have them, and the size that its screen is asked to have. Fills that screen with a
 * pattern and shows a pointer of its own. Ends the guest when its power button is pressed.
 *
 *   KEY code value    AT x y (0 to 32767)    WHEEL n    MODE width height    POWER    FAIL what
 */
#include "guest-drm.h"

#include <sys/reboot.h>

#define CURSOR_SIZE 64
#define CURSOR_HOT  5
#define LOOK_MS     100

static uint32_t shown_width, shown_height;

/* The mode that the connector wants most; FALSE: nothing is connected. */
static int
wanted_mode (struct drm_mode_modeinfo *out_mode)
{
  struct drm_mode_modeinfo modes[128];
  struct drm_mode_get_connector get = { .connector_id = connector };

  control (DRM_IOCTL_MODE_GETCONNECTOR, &get, "probe");
  if (get.connection != 1 || get.count_modes == 0)
    return 0;
  if (get.count_modes > 128)
    get.count_modes = 128;
  get.count_props = get.count_encoders = 0;
  get.modes_ptr = (uintptr_t)modes;
  control (DRM_IOCTL_MODE_GETCONNECTOR, &get, "modes");
  *out_mode = modes[0];
  for (uint32_t i = 0; i < get.count_modes && i < 128; i++)
    if (modes[i].type & DRM_MODE_TYPE_PREFERRED)
      {
        *out_mode = modes[i];
        break;
      }
  return 1;
}

/* What tests/vm/test_console_guest.py draws, too. */
static uint32_t
pattern (uint32_t x, uint32_t y)
{
  const uint32_t blue = ((x >> 3) ^ (y >> 3)) & 1 ? 255 : 0;

  return (x & 255) << 16 | (y & 255) << 8 | blue;
}

static void
show (struct drm_mode_modeinfo *mode)
{
  static uint32_t old_buffer, old_handle;
  struct drm_mode_fb_cmd buffer = {
    .width = mode->hdisplay, .height = mode->vdisplay, .bpp = 32, .depth = 24
  };
  struct drm_mode_crtc set = {
    .crtc_id = crtc, .mode = *mode, .mode_valid = 1, .count_connectors = 1
  };
  struct drm_mode_destroy_dumb destroy = { .handle = old_handle };
  uint32_t *pixels = make_buffer (buffer.width, buffer.height, &buffer.handle, &buffer.pitch);

  for (uint32_t y = 0; y < buffer.height; y++)
    for (uint32_t x = 0; x < buffer.width; x++)
      pixels[y * (buffer.pitch / 4) + x] = pattern (x, y);
  munmap (pixels, (size_t)buffer.pitch * buffer.height);
  control (DRM_IOCTL_MODE_ADDFB, &buffer, "addfb");
  set.fb_id = buffer.fb_id;
  set.set_connectors_ptr = (uintptr_t)&connector;
  control (DRM_IOCTL_MODE_SETCRTC, &set, "setcrtc");
  if (old_buffer != 0)
    {
      control (DRM_IOCTL_MODE_RMFB, &old_buffer, "rmfb");
      control (DRM_IOCTL_MODE_DESTROY_DUMB, &destroy, "destroy");
    }
  old_buffer = buffer.fb_id;
  old_handle = buffer.handle;
  shown_width = mode->hdisplay;
  shown_height = mode->vdisplay;
  printf ("MODE %u %u\n", shown_width, shown_height);
}

static void
look_at_mode (void)
{
  struct drm_mode_modeinfo mode;

  if (wanted_mode (&mode) && (mode.hdisplay != shown_width || mode.vdisplay != shown_height))
    show (&mode);
}

/* A magenta square with one green corner, whose point is inside. */
static void
show_cursor (void)
{
  struct drm_mode_cursor2 cursor = { .flags = DRM_MODE_CURSOR_BO,
                                     .crtc_id = crtc,
                                     .width = CURSOR_SIZE,
                                     .height = CURSOR_SIZE,
                                     .hot_x = CURSOR_HOT,
                                     .hot_y = CURSOR_HOT };
  uint32_t pitch;
  uint32_t *pixels = make_buffer (CURSOR_SIZE, CURSOR_SIZE, &cursor.handle, &pitch);

  memset (pixels, 0, (size_t)pitch * CURSOR_SIZE);
  for (uint32_t y = 0; y < 20; y++)
    for (uint32_t x = 0; x < 20; x++)
      pixels[y * (pitch / 4) + x] = x < 6 && y < 6 ? 0xff00ff00 : 0xffff00ff;
  control (DRM_IOCTL_MODE_CURSOR2, &cursor, "cursor");
}

static void
tell_event (const struct input_event *event, int *x, int *y, int *moved)
{
  if (event->type == EV_KEY && event->code == KEY_POWER && event->value == 1)
    {
      printf ("POWER\n");
      sync ();
      reboot (RB_POWER_OFF);
    }
  else if (event->type == EV_KEY)
    printf ("KEY %d %d\n", event->code, event->value);
  else if (event->type == EV_REL && event->code == REL_WHEEL)
    printf ("WHEEL %d\n", event->value);
  else if (event->type == EV_ABS && (event->code == ABS_X || event->code == ABS_Y))
    {
      *(event->code == ABS_X ? x : y) = event->value;
      *moved = 1;
    }
  else if (event->type == EV_SYN && *moved)
    {
      printf ("AT %d %d\n", *x, *y);
      *moved = 0;
    }
}

int
main (void)
{
  struct pollfd devices[MAX_DEVICES];
  struct input_event event;
  int x = 0, y = 0, moved = 0;
  nfds_t n;

  setvbuf (stdout, NULL, _IOLBF, 0);
  n = open_inputs (devices);
  open_card ();
  look_at_mode ();
  show_cursor ();
  printf ("READY %d\n", (int)n);
  for (;;)
    {
      poll (devices, n, LOOK_MS);
      for (nfds_t i = 0; i < n; i++)
        while (read (devices[i].fd, &event, sizeof event) == sizeof event)
          tell_event (&event, &x, &y, &moved);
      look_at_mode ();
    }
}
