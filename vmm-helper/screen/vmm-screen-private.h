/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the parts of vmm-screen share: -frame has the picture, -qemu the two connections to QEMU's
 * display, -pointer the guest's, -viewer who looks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/inn-frames.h"
#include "vmm-screen-wire.h"

#define SCREEN_MAX_VIEWERS 16

/* Memory that viewers read: sealed, so that it keeps its size. */
struct screen_memory
{
  int fd; /* -1: none */
  uint8_t *data;
  int32_t width, height, stride; /* pixels; bytes */
  int32_t hot_x, hot_y;          /* of a pointer */
};

struct screen_rect
{
  int32_t x, y, width, height;
};

/* Places that have changed; more than so many are one that has them all. */
struct screen_damage
{
  uint32_t n;
  struct screen_rect rects[INN_FRAMES_MAX_RECTS];
};

void screen_log (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

/* ---- frame ---- */

/** screen_memory_make: of another size than it has; false: there is not so much, or it makes no
 * sense. */
bool screen_memory_make (struct screen_memory *memory, int32_t width, int32_t height);
void screen_memory_drop (struct screen_memory *memory);
void screen_damage_add (struct screen_damage *damage, struct screen_rect rect);
/** screen_convert: how rows of the pixman format @format become x8r8g8b8, and the bytes of a pixel
 * there: 0: it is none that is known. *@convert: NULL: they are. */
uint32_t screen_convert (uint32_t format,
                         void (**convert) (uint32_t *to, const uint8_t *from, uint32_t width));

/* ---- qemu ---- */

struct screen_state
{
  struct screen_memory picture, cursor;
  unsigned pieces;         /* of the picture that came, and nobody was told of */
  int32_t absolute, locks; /* InnFramesLocks */
  int32_t resizable;
};

extern struct screen_state screen_state;

/** screen_qemu_begin: its display is at @fd (taken over), and at no other any more. */
void screen_qemu_begin (int fd);
/** screen_qemu_look: whether anybody does: else QEMU is not to tell of pictures. */
void screen_qemu_look (bool look);
/** screen_qemu_input: a packet of a viewer that is for the guest. */
void screen_qemu_input (const struct inn_frames_packet *packet, unsigned n);
/** screen_qemu_has_room: it takes what is sent. */
bool screen_qemu_has_room (void);
/** screen_qemu_get_fds: {fd, whether it is to be written to}, -1: none; of two. */
void screen_qemu_get_fds (int fds[2], bool writes[2]);
/** screen_qemu_on: something can be read or written at @fd. */
void screen_qemu_on (int fd, uint32_t events);
/** screen_qemu_get_delay: ms until screen_qemu_due() is; -1: nothing is. */
int screen_qemu_get_delay (void);
void screen_qemu_due (void);

/* ---- pointer ---- */

/** screen_pointer_begin: QEMU speaks VNC at @fd (taken over). */
void screen_pointer_begin (int fd);
int screen_pointer_get_fd (void); /* -1: it does not, or not any more */
void screen_pointer_on (uint32_t events);

/* ---- viewers ---- */

void screen_viewers_add (int fd);
/** screen_viewers_tell: of the picture's new memory, of the pointer's, of what is in screen_state.
 */
void screen_viewers_tell_picture (void);
void screen_viewers_tell_cursor (void);
void screen_viewers_tell_input (void);
void screen_viewers_damage (struct screen_rect rect);
void screen_viewers_flush (void);
/** screen_viewers_end: QEMU's display has: all are told. */
void screen_viewers_end (void);
unsigned screen_viewers_list (int fds[SCREEN_MAX_VIEWERS], bool writes[SCREEN_MAX_VIEWERS]);
/** screen_viewers_on: false: it is none of theirs. */
bool screen_viewers_on (int fd, uint32_t events);
