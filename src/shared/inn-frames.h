/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What vmm-screen, which stands beside a guest's QEMU, and a viewer of its screen say to each
 * other: packets of a SOCK_SEQPACKET socket, numbers in this computer's order. The picture itself
 * is in memory that both have: a packet says only where it has changed.
 *
 * A viewer that takes no packets is told, when it does, of all that has changed meanwhile; nobody
 * waits for it. */
#pragma once

#include <stdint.h>

#define INN_FRAMES_MAX_SIDE   16384 /* pixels, of a picture */
#define INN_FRAMES_MAX_CURSOR 512   /* pixels, of a pointer's side */
#define INN_FRAMES_MAX_RECTS  64    /* in one packet; more are told as one that has them all */
#define INN_FRAMES_MAX_VALUES (4 * INN_FRAMES_MAX_RECTS)

enum
{
  /* To the viewer. */
  INN_FRAMES_PICTURE = 1, /* width, height, bytes of a row; with a memfd, sealed, to be read: pixels
                           * are x8r8g8b8, as cairo's RGB24 */
  INN_FRAMES_CHANGED,     /* x, y, width, height; and so on: these places of the picture */
  INN_FRAMES_CURSOR, /* width, height, x and y of its hot spot; with a memfd like the picture's,
                      * of premultiplied a8r8g8b8. Before the first the guest has none, or draws
                      * it itself */
  INN_FRAMES_INPUT,  /* whether the pointer is absolute, InnFramesLocks, whether the guest can be
                      * told a size */
  /* Of the viewer. */
  INN_FRAMES_LOOK = 64, /* whether anybody looks; from then on pictures come */
  INN_FRAMES_KEY,       /* QNUM, whether it is down */
  INN_FRAMES_TO,        /* x, y: where the pointer is */
  INN_FRAMES_BY,        /* dx, dy: how far it has gone */
  INN_FRAMES_BUTTON,    /* InnFramesButton, whether it is down */
  INN_FRAMES_SIZE,      /* width, height, as pixels, and as mm; a wish */
};

typedef enum
{
  INN_FRAMES_SCROLL_LOCK = 1 << 0,
  INN_FRAMES_NUM_LOCK = 1 << 1,
  INN_FRAMES_CAPS_LOCK = 1 << 2,
  INN_FRAMES_LOCKS_KNOWN = 1 << 3,
} InnFramesLocks;

/* As QEMU numbers them. */
typedef enum
{
  INN_FRAMES_LEFT,
  INN_FRAMES_MIDDLE,
  INN_FRAMES_RIGHT,
  INN_FRAMES_WHEEL_UP,
  INN_FRAMES_WHEEL_DOWN,
  INN_FRAMES_BACK,
  INN_FRAMES_FORWARD,
  INN_FRAMES_WHEEL_LEFT,
  INN_FRAMES_WHEEL_RIGHT,
  INN_FRAMES_N_BUTTONS,
} InnFramesButton;

struct inn_frames_packet
{
  uint32_t type;
  int32_t values[INN_FRAMES_MAX_VALUES]; /* as many as are sent */
};
