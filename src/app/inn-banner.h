/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A line above the content that tells of something lasting, with at most one button.
 * (AdwBanner is newer than Debian 12's libadwaita.) */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define INN_TYPE_BANNER (inn_banner_get_type ())
G_DECLARE_FINAL_TYPE (InnBanner, inn_banner, INN, BANNER, GtkWidget)

/* signal "clicked": of the button */

/** inn_banner_set: @text NULL hides it; @button NULL: no button. */
void inn_banner_set (InnBanner *self, const char *text, const char *button);
const char *inn_banner_get_text (InnBanner *self); /* NULL while hidden */

G_END_DECLS
