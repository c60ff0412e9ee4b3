/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Runs inside a guest and draws what a console is measured by:
 *
 *   draw WIDTH HEIGHT echo [N]   each key that is pressed inverts a square of 128 pixels at the
 *                                top; N: and the rest is drawn anew N times a second
 *   draw WIDTH HEIGHT full N     all of it, N times a second: stripes that move
 *   draw WIDTH HEIGHT tile N     a square of 64 pixels, each time in another colour
 *
 * Once a second "DRAWN n": how often, in all. */
#include "guest-drm.h"

#include <time.h>

#define SQUARE    128
#define TILE      64
#define STRIPES   61
#define MAX_WIDTH 4096

static uint32_t *pixels, pitch, buffer_id;
static uint32_t width, height;

static int64_t
now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
tell (uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
  struct drm_clip_rect clip = { (unsigned short)x, (unsigned short)y, (unsigned short)(x + w),
                                (unsigned short)(y + h) };
  struct drm_mode_fb_dirty_cmd dirty = { .fb_id = buffer_id,
                                         .num_clips = 1,
                                         .clips_ptr = (uintptr_t)&clip };

  ioctl (card, DRM_IOCTL_MODE_DIRTYFB, &dirty); /* a card that scans its memory needs none */
}

static void
fill (uint32_t x, uint32_t y, uint32_t w, uint32_t h, uint32_t colour)
{
  for (uint32_t row = y; row < y + h; row++)
    for (uint32_t column = x; column < x + w; column++)
      pixels[row * (pitch / 4) + column] = colour;
  tell (x, y, w, h);
}

/* Stripes of all colours, which go on by a pixel each time. */
static void
stripe (uint32_t top, uint32_t count)
{
  static uint32_t colours[MAX_WIDTH + 2 * STRIPES];

  if (colours[1] == 0)
    for (uint32_t i = 0; i < MAX_WIDTH + 2 * STRIPES; i++)
      colours[i] = 0x0153a7 * i & 0xffffff;
  for (uint32_t row = top; row < height; row++)
    memcpy (pixels + row * (pitch / 4), colours + row % STRIPES + count % STRIPES,
            width * sizeof *pixels);
  tell (0, top, width, height - top);
}

/* FALSE: the connector has no such mode yet. */
static int
take_mode (void)
{
  struct drm_mode_modeinfo modes[128];
  struct drm_mode_get_connector get = { .connector_id = connector };
  struct drm_mode_fb_cmd buffer = { .width = width, .height = height, .bpp = 32, .depth = 24 };
  struct drm_mode_crtc set = { .crtc_id = crtc, .mode_valid = 1, .count_connectors = 1 };

  control (DRM_IOCTL_MODE_GETCONNECTOR, &get, "probe");
  if (get.count_modes > 128)
    get.count_modes = 128;
  get.count_props = get.count_encoders = 0;
  get.modes_ptr = (uintptr_t)modes;
  control (DRM_IOCTL_MODE_GETCONNECTOR, &get, "modes");
  for (uint32_t i = 0; i < get.count_modes && i < 128; i++)
    if (modes[i].hdisplay == width && modes[i].vdisplay == height)
      {
        pixels = make_buffer (width, height, &buffer.handle, &pitch);
        buffer.pitch = pitch;
        control (DRM_IOCTL_MODE_ADDFB, &buffer, "addfb");
        buffer_id = buffer.fb_id;
        set.mode = modes[i];
        set.fb_id = buffer_id;
        set.set_connectors_ptr = (uintptr_t)&connector;
        control (DRM_IOCTL_MODE_SETCRTC, &set, "setcrtc");
        return 1;
      }
  return 0;
}

int
main (int argc, char **argv)
{
  const char *what = argc > 3 ? argv[3] : "";
  const int echoes = strcmp (what, "echo") == 0, tile = strcmp (what, "tile") == 0;
  const int64_t every = argc > 4 && atoi (argv[4]) > 0 ? 1000000 / atoi (argv[4]) : 0;
  struct pollfd devices[MAX_DEVICES];
  struct input_event event;
  uint32_t drawn = 0, shown = 0;
  int64_t due, told;
  nfds_t n;

  setvbuf (stdout, NULL, _IOLBF, 0);
  if (argc < 4)
    return 2;
  width = (uint32_t)atoi (argv[1]);
  height = (uint32_t)atoi (argv[2]);
  if (width > MAX_WIDTH)
    return 2;
  n = open_inputs (devices);
  open_card ();
  while (!take_mode ())
    poll (NULL, 0, 100);
  fill (0, 0, width, height, 0x204060);
  printf ("READY %d\n", (int)n);
  due = told = now_us ();
  for (;;)
    {
      const int64_t left = every ? due - now_us () : 1000000;

      poll (devices, n, left > 0 ? (int)((left + 999) / 1000) : 0);
      for (nfds_t i = 0; i < n; i++)
        while (read (devices[i].fd, &event, sizeof event) == sizeof event)
          if (echoes && event.type == EV_KEY && event.value == 1)
            fill (0, 0, SQUARE, SQUARE, ++shown & 1 ? 0xffffff : 0x000000);
      if (every && now_us () >= due)
        {
          drawn++;
          due += every;
          if (tile)
            fill (width / 2, height / 2, TILE, TILE, 0x010203 * (drawn & 63));
          else
            stripe (echoes ? SQUARE : 0, drawn);
        }
      if (now_us () - told >= 1000000)
        {
          told = now_us ();
          printf ("DRAWN %u\n", drawn);
        }
    }
}
