/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the menu of keys sends to a guest. */
#pragma once

#include "inn-display.h"

G_BEGIN_DECLS

/** inn_send_keys: @name: a combination's, as inn-screens.ui names it. */
void inn_send_keys (InnDisplay *display, const char *name);
/** inn_send_clipboard: types the clipboard's text; tells near @display why it is not typed. */
void inn_send_clipboard (InnDisplay *display);

G_END_DECLS
