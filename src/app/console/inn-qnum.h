/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* From the keycode that GTK gives to the number of the key that QEMU and the RFB extension take. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** inn_qnum_from_keycode: @keycode: hardware keycode on Wayland or X11 (evdev + 8). 0: no such key.
 */
guint inn_qnum_from_keycode (guint keycode);

G_END_DECLS
