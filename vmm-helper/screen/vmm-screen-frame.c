/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "vmm-screen-private.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- memory ---- */

void
screen_memory_drop (struct screen_memory *memory)
{
  if (memory->data)
    munmap (memory->data, (size_t)memory->stride * (size_t)memory->height);
  if (memory->fd >= 0)
    close (memory->fd);
  *memory = (struct screen_memory){ .fd = -1 };
}

bool
screen_memory_make (struct screen_memory *memory, int32_t width, int32_t height)
{
  const size_t size = (size_t)width * 4 * (size_t)height;
  void *data;
  int fd;

  if (width < 1 || height < 1 || width > INN_FRAMES_MAX_SIDE || height > INN_FRAMES_MAX_SIDE)
    return false;
  fd = memfd_create ("screen", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    return false;
  data = ftruncate (fd, (off_t)size) == 0
             ? mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
             : MAP_FAILED;
  /* Whoever has it reads it only, and is sure that it stays. */
  if (data == MAP_FAILED ||
      fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0)
    {
      if (data != MAP_FAILED)
        munmap (data, size);
      close (fd);
      return false;
    }
  screen_memory_drop (memory);
  *memory = (struct screen_memory){
    .fd = fd, .data = data, .width = width, .height = height, .stride = width * 4
  };
  return true;
}

/* ---- what has changed ---- */

static int32_t
least (int32_t a, int32_t b)
{
  return a < b ? a : b;
}

static int32_t
most (int32_t a, int32_t b)
{
  return a > b ? a : b;
}

static bool
has (const struct screen_rect *all, const struct screen_rect *part)
{
  return part->x >= all->x && part->y >= all->y && part->x + part->width <= all->x + all->width &&
         part->y + part->height <= all->y + all->height;
}

static void
join (struct screen_rect *all, const struct screen_rect *part)
{
  const int32_t right = most (all->x + all->width, part->x + part->width);
  const int32_t bottom = most (all->y + all->height, part->y + part->height);

  all->x = least (all->x, part->x);
  all->y = least (all->y, part->y);
  all->width = right - all->x;
  all->height = bottom - all->y;
}

void
screen_damage_add (struct screen_damage *damage, struct screen_rect rect)
{
  for (uint32_t i = 0; i < damage->n; i++)
    if (has (&damage->rects[i], &rect))
      return;
  if (damage->n == INN_FRAMES_MAX_RECTS)
    {
      for (uint32_t i = 1; i < damage->n; i++)
        join (&damage->rects[0], &damage->rects[i]);
      damage->n = 1;
      join (&damage->rects[0], &rect);
      return;
    }
  damage->rects[damage->n++] = rect;
}

/* ---- pixels ---- */

static void
from_r5g6b5 (uint32_t *to, const uint8_t *from, uint32_t width)
{
  for (uint32_t i = 0; i < width; i++)
    {
      uint16_t p;

      memcpy (&p, from + (size_t)i * 2, sizeof p);
      to[i] = (uint32_t)((p >> 11) * 255 / 31) << 16 | (uint32_t)((p >> 5 & 63) * 255 / 63) << 8 |
              (uint32_t)((p & 31) * 255 / 31);
    }
}

static void
from_x1r5g5b5 (uint32_t *to, const uint8_t *from, uint32_t width)
{
  for (uint32_t i = 0; i < width; i++)
    {
      uint16_t p;

      memcpy (&p, from + (size_t)i * 2, sizeof p);
      to[i] = (uint32_t)((p >> 10 & 31) * 255 / 31) << 16 |
              (uint32_t)((p >> 5 & 31) * 255 / 31) << 8 | (uint32_t)((p & 31) * 255 / 31);
    }
}

/* Of three bytes; in memory blue comes first where the computer's order does. */
static void
from_r8g8b8 (uint32_t *to, const uint8_t *from, uint32_t width)
{
  for (uint32_t i = 0; i < width; i++, from += 3)
    to[i] = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
                ? (uint32_t)from[2] << 16 | (uint32_t)from[1] << 8 | from[0]
                : (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
}

static void
from_b8g8r8x8 (uint32_t *to, const uint8_t *from, uint32_t width)
{
  for (uint32_t i = 0; i < width; i++)
    {
      uint32_t p;

      memcpy (&p, from + (size_t)i * 4, sizeof p);
      to[i] = (p >> 8 & 0xff) << 16 | (p >> 16 & 0xff) << 8 | p >> 24;
    }
}

static void
from_x8b8g8r8 (uint32_t *to, const uint8_t *from, uint32_t width)
{
  for (uint32_t i = 0; i < width; i++)
    {
      uint32_t p;

      memcpy (&p, from + (size_t)i * 4, sizeof p);
      to[i] = (p & 0xff) << 16 | (p & 0xff00) | (p >> 16 & 0xff);
    }
}

static void
from_r8g8b8x8 (uint32_t *to, const uint8_t *from, uint32_t width)
{
  for (uint32_t i = 0; i < width; i++)
    {
      uint32_t p;

      memcpy (&p, from + (size_t)i * 4, sizeof p);
      to[i] = p >> 8;
    }
}

/* pixman.h: PIXMAN_FORMAT (bits, type, a, r, g, b). */
#define FORMAT(bits, type, a, r, g, b)                                                             \
  ((bits) << 24 | (type) << 16 | (a) << 12 | (r) << 8 | (g) << 4 | (b))

enum
{
  ARGB = 2,
  ABGR = 3,
  BGRA = 8,
  RGBA = 9,
};

uint32_t
screen_convert (uint32_t format,
                void (**convert) (uint32_t *to, const uint8_t *from, uint32_t width))
{
  static const struct
  {
    uint32_t format, bytes;
    void (*convert) (uint32_t *to, const uint8_t *from, uint32_t width);
  } known[] = {
    { FORMAT (32u, ARGB, 0, 8, 8, 8), 4, NULL },
    { FORMAT (32u, ARGB, 8, 8, 8, 8), 4, NULL },
    { FORMAT (16u, ARGB, 0, 5, 6, 5), 2, from_r5g6b5 },
    { FORMAT (16u, ARGB, 0, 5, 5, 5), 2, from_x1r5g5b5 },
    { FORMAT (24u, ARGB, 0, 8, 8, 8), 3, from_r8g8b8 },
    { FORMAT (32u, BGRA, 0, 8, 8, 8), 4, from_b8g8r8x8 },
    { FORMAT (32u, BGRA, 8, 8, 8, 8), 4, from_b8g8r8x8 },
    { FORMAT (32u, ABGR, 0, 8, 8, 8), 4, from_x8b8g8r8 },
    { FORMAT (32u, ABGR, 8, 8, 8, 8), 4, from_x8b8g8r8 },
    { FORMAT (32u, RGBA, 0, 8, 8, 8), 4, from_r8g8b8x8 },
    { FORMAT (32u, RGBA, 8, 8, 8, 8), 4, from_r8g8b8x8 },
  };

  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (known[i].format == format)
      {
        *convert = known[i].convert;
        return known[i].bytes;
      }
  return 0;
}
