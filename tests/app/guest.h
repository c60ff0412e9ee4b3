/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A QEMU for tests of the console alone, without a helper: a boot sector that paints a pattern,
 * and then the whole screen in the colour of each key that is typed. */
#pragma once

#include <gtk/gtk.h>

typedef struct _Guest Guest;

/* @device: of the screen, as "VGA"; @serial: a socket for its first serial line, taken, or -1. */
Guest *guest_new (const char *device, int serial);
void guest_free (Guest *guest);
int guest_open_vnc (Guest *guest); /* the client's end */
/* QEMU's own picture: 0xrrggbb a pixel; free it. */
guint32 *guest_screendump (Guest *guest, int *out_width, int *out_height);
