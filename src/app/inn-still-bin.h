/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Holds one child, which is kept as a picture: see inn-still.h. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define INN_TYPE_STILL_BIN (inn_still_bin_get_type ())
G_DECLARE_FINAL_TYPE (InnStillBin, inn_still_bin, INN, STILL_BIN, GtkWidget)

G_END_DECLS
