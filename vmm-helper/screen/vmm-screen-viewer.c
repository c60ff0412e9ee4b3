/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Who looks. What a viewer does not take is put together until it does. */
#include "vmm-screen-private.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/vmh-wire.h"

#define MAX_KEY 256 /* QNUM */

struct viewer
{
  int fd;
  bool looks;
  bool full;                   /* it takes nothing now */
  bool picture, cursor, input; /* it is to be told of */
  int shown;                   /* the picture's fd that it has; -1: none */
  struct screen_damage damage;
  uint8_t keys[MAX_KEY / 8]; /* that it holds down */
  uint16_t buttons;
};

static struct viewer viewers[SCREEN_MAX_VIEWERS];
static unsigned n_viewers;

static void
look (void)
{
  bool any = false;

  for (unsigned i = 0; i < n_viewers; i++)
    any |= viewers[i].looks;
  screen_qemu_look (any);
}

/* ---- what they are told ---- */

/* Answers whether it went; where there is no room it is tried again. */
static bool
tell (struct viewer *viewer, uint32_t type, const void *values, size_t n, int passed)
{
  struct inn_frames_packet packet = { .type = type };

  if (viewer->full)
    return false;
  memcpy (packet.values, values, n * sizeof packet.values[0]);
  viewer->full =
      vmh_wire_send (viewer->fd, &packet, sizeof packet.type + n * sizeof packet.values[0], passed,
                     MSG_DONTWAIT) < 0;
  return !viewer->full;
}

static void
flush (struct viewer *viewer)
{
  const struct screen_memory *picture = &screen_state.picture, *cursor = &screen_state.cursor;

  if (viewer->input)
    {
      const int32_t values[] = { screen_state.absolute, screen_state.locks,
                                 screen_state.resizable };

      viewer->input = !tell (viewer, INN_FRAMES_INPUT, values, 3, -1);
    }
  if (viewer->picture && viewer->looks && picture->fd >= 0)
    {
      const int32_t values[] = { picture->width, picture->height, picture->stride };

      viewer->picture = !tell (viewer, INN_FRAMES_PICTURE, values, 3, picture->fd);
    }
  if (viewer->cursor && viewer->looks && cursor->fd >= 0)
    {
      const int32_t values[] = { cursor->width, cursor->height, cursor->hot_x, cursor->hot_y };

      viewer->cursor = !tell (viewer, INN_FRAMES_CURSOR, values, 4, cursor->fd);
    }
  if (viewer->damage.n > 0 && !viewer->picture &&
      tell (viewer, INN_FRAMES_CHANGED, viewer->damage.rects, 4 * viewer->damage.n, -1))
    viewer->damage.n = 0;
}

static bool
waits (const struct viewer *viewer)
{
  return viewer->input || viewer->damage.n > 0 ||
         (viewer->looks && ((viewer->picture && screen_state.picture.fd >= 0) ||
                            (viewer->cursor && screen_state.cursor.fd >= 0)));
}

void
screen_viewers_flush (void)
{
  for (unsigned i = 0; i < n_viewers; i++)
    if (!viewers[i].full && waits (&viewers[i]))
      flush (&viewers[i]);
}

void
screen_viewers_damage (struct screen_rect rect)
{
  for (unsigned i = 0; i < n_viewers; i++)
    if (viewers[i].looks && !viewers[i].picture)
      screen_damage_add (&viewers[i].damage, rect);
}

void
screen_viewers_tell_picture (void)
{
  const struct screen_memory *picture = &screen_state.picture;
  const struct screen_rect all = { 0, 0, picture->width, picture->height };

  for (unsigned i = 0; i < n_viewers; i++)
    if (viewers[i].shown == picture->fd && viewers[i].looks && !viewers[i].picture)
      screen_damage_add (&viewers[i].damage, all);
    else
      {
        viewers[i].picture = true;
        viewers[i].damage.n = 0;
        viewers[i].shown = picture->fd;
      }
}

void
screen_viewers_tell_cursor (void)
{
  for (unsigned i = 0; i < n_viewers; i++)
    viewers[i].cursor = true;
}

void
screen_viewers_tell_input (void)
{
  for (unsigned i = 0; i < n_viewers; i++)
    viewers[i].input = true;
}

/* ---- what they say ---- */

static void
send_up (uint32_t type, int32_t which)
{
  const struct inn_frames_packet packet = { type, { which, 0 } };

  screen_qemu_input (&packet, 2);
}

/* Nothing stays pressed that nobody holds. */
static void
lift (struct viewer *viewer)
{
  for (int32_t key = 0; key < MAX_KEY; key++)
    if (viewer->keys[key / 8] & 1 << key % 8)
      send_up (INN_FRAMES_KEY, key);
  for (int32_t button = 0; button < INN_FRAMES_N_BUTTONS; button++)
    if (viewer->buttons & 1 << button)
      send_up (INN_FRAMES_BUTTON, button);
  memset (viewer->keys, 0, sizeof viewer->keys);
  viewer->buttons = 0;
}

static void
set_look (struct viewer *viewer, bool looks)
{
  if (viewer->looks == looks)
    return;
  viewer->looks = looks;
  viewer->damage.n = 0;
  viewer->picture = looks && screen_state.picture.fd >= 0;
  viewer->shown = viewer->picture ? screen_state.picture.fd : -1;
  viewer->cursor = looks;
  if (!looks)
    lift (viewer);
  look ();
}

/* Keeps to what QEMU has: a number that it does not know ends it where it looks it up in a table.
 */
static bool
is_input (struct viewer *viewer, const struct inn_frames_packet *packet, unsigned n)
{
  const int32_t *values = packet->values;

  switch (packet->type)
    {
    case INN_FRAMES_KEY:
      if (n != 2 || values[0] < 1 || values[0] >= MAX_KEY)
        return false;
      if (values[1])
        viewer->keys[values[0] / 8] |= (uint8_t)(1 << values[0] % 8);
      else
        viewer->keys[values[0] / 8] &= (uint8_t) ~(1 << values[0] % 8);
      return true;
    case INN_FRAMES_BUTTON:
      if (n != 2 || values[0] < 0 || values[0] >= INN_FRAMES_N_BUTTONS)
        return false;
      if (values[1])
        viewer->buttons |= (uint16_t)(1 << values[0]);
      else
        viewer->buttons &= (uint16_t) ~(1 << values[0]);
      return true;
    case INN_FRAMES_TO:
      return n == 2 && values[0] >= 0 && values[1] >= 0 && values[0] < screen_state.picture.width &&
             values[1] < screen_state.picture.height;
    case INN_FRAMES_BY:
      return n == 2 && values[0] >= -INN_FRAMES_MAX_SIDE && values[0] <= INN_FRAMES_MAX_SIDE &&
             values[1] >= -INN_FRAMES_MAX_SIDE && values[1] <= INN_FRAMES_MAX_SIDE;
    case INN_FRAMES_SIZE:
      return n == 4 && values[0] >= 1 && values[1] >= 1 && values[0] <= INN_FRAMES_MAX_SIDE &&
             values[1] <= INN_FRAMES_MAX_SIDE && values[2] >= 0 && values[3] >= 0 &&
             values[2] <= UINT16_MAX && values[3] <= UINT16_MAX;
    default:
      return false;
    }
}

static bool
hear (struct viewer *viewer)
{
  struct inn_frames_packet packet;
  ssize_t size;
  unsigned n;

  /* No room for control data: what comes with it is closed. */
  size = recv (viewer->fd, &packet, sizeof packet, MSG_DONTWAIT);
  if (size < 0)
    return errno == EAGAIN || errno == EINTR;
  if (size < (ssize_t)sizeof packet.type || size % 4 != 0)
    return false;
  n = (unsigned)(size - (ssize_t)sizeof packet.type) / 4;
  if (packet.type == INN_FRAMES_LOOK && n == 1)
    set_look (viewer, packet.values[0] != 0);
  else if (is_input (viewer, &packet, n))
    screen_qemu_input (&packet, n);
  return true;
}

void
screen_viewers_add (int fd)
{
  if (n_viewers == SCREEN_MAX_VIEWERS)
    {
      close (fd);
      return;
    }
  viewers[n_viewers++] = (struct viewer){ .fd = fd, .input = true, .shown = -1 };
}

static void
drop (struct viewer *viewer)
{
  lift (viewer);
  close (viewer->fd);
  *viewer = viewers[--n_viewers];
  look ();
}

void
screen_viewers_end (void)
{
  for (unsigned i = 0; i < n_viewers; i++)
    close (viewers[i].fd);
  n_viewers = 0;
  screen_qemu_look (false);
}

unsigned
screen_viewers_list (int fds[SCREEN_MAX_VIEWERS], bool writes[SCREEN_MAX_VIEWERS])
{
  for (unsigned i = 0; i < n_viewers; i++)
    {
      fds[i] = viewers[i].fd;
      writes[i] = viewers[i].full;
    }
  return n_viewers;
}

bool
screen_viewers_on (int fd, uint32_t events)
{
  for (unsigned i = 0; i < n_viewers; i++)
    if (viewers[i].fd == fd)
      {
        if (events & EPOLLOUT)
          {
            viewers[i].full = false;
            flush (&viewers[i]);
          }
        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !hear (&viewers[i]))
          drop (&viewers[i]);
        return true;
      }
  return false;
}
