/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* From the keycode that GTK gives to the number of the key that QEMU and the RFB extension take. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* As X11 and Wayland number the keys of linux/input-event-codes.h. */
#define INN_KEYCODE(code) ((code) + 8)

/** inn_qnum_from_keycode: @keycode: hardware keycode on Wayland or X11 (evdev + 8). 0: no such key.
 */
guint inn_qnum_from_keycode (guint keycode);
/** inn_qnum_from_keyval: where nothing says which key it was (a browser): the one that has @keyval
 * on a US keyboard. 0: none has. */
guint inn_qnum_from_keyval (guint keyval);
/** inn_qnum_of_us: likewise; @out_shift: whether Shift is held for it. */
guint inn_qnum_of_us (guint keyval, gboolean *out_shift);

G_END_DECLS
