/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What guest-probe.c and guest-draw.c have of their guest's screen and keys, by libdrm's headers.
 */
#pragma once

#include <dirent.h>
#include <drm.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_DEVICES 16

static int card;
static uint32_t connector, crtc;

static void
fail (const char *what)
{
  printf ("FAIL %s: %s\n", what, strerror (errno));
  exit (1);
}

static void *
control (unsigned long request, void *argument, const char *what)
{
  if (ioctl (card, request, argument) != 0)
    fail (what);
  return argument;
}

/* Pixels of the card's own, mapped. */
static uint32_t *
make_buffer (uint32_t width, uint32_t height, uint32_t *handle, uint32_t *pitch)
{
  struct drm_mode_create_dumb create = { .width = width, .height = height, .bpp = 32 };
  struct drm_mode_map_dumb map = { 0 };
  uint32_t *pixels;

  control (DRM_IOCTL_MODE_CREATE_DUMB, &create, "create");
  map.handle = *handle = create.handle;
  *pitch = create.pitch;
  control (DRM_IOCTL_MODE_MAP_DUMB, &map, "map");
  pixels = mmap (NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, card, (off_t)map.offset);
  if (pixels == MAP_FAILED)
    fail ("mmap");
  return pixels;
}

static void
open_card (void)
{
  struct drm_mode_card_res resources = { 0 };
  uint32_t connectors[16], crtcs[16];

  card = open ("/dev/dri/card0", O_RDWR | O_CLOEXEC);
  if (card < 0)
    fail ("card0");
  resources.connector_id_ptr = (uintptr_t)connectors;
  resources.crtc_id_ptr = (uintptr_t)crtcs;
  resources.count_connectors = resources.count_crtcs = 16;
  control (DRM_IOCTL_MODE_GETRESOURCES, &resources, "resources");
  if (resources.count_connectors == 0 || resources.count_crtcs == 0)
    fail ("nothing to connect");
  connector = connectors[0];
  crtc = crtcs[0];
}

static nfds_t
open_inputs (struct pollfd *devices)
{
  DIR *folder = opendir ("/dev/input");
  struct dirent *entry;
  nfds_t n = 0;

  if (folder == NULL)
    fail ("/dev/input");
  while (n < MAX_DEVICES && (entry = readdir (folder)) != NULL)
    if (strncmp (entry->d_name, "event", 5) == 0)
      {
        devices[n].fd = openat (dirfd (folder), entry->d_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        devices[n].events = POLLIN;
        if (devices[n].fd >= 0)
          n++;
      }
  closedir (folder);
  return n;
}
