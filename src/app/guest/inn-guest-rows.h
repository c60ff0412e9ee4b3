/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Rows of a group that are filled anew while somebody reads them: those that are there stay, so
 * that neither the focus nor what is marked in them is lost. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

typedef struct
{
  AdwPreferencesGroup *group;
  GPtrArray *rows;
  guint n; /* filled since inn_guest_rows_begin() */
} InnGuestRows;

void inn_guest_rows_init (InnGuestRows *self, AdwPreferencesGroup *group);
void inn_guest_rows_clear (InnGuestRows *self);
void inn_guest_rows_begin (InnGuestRows *self);
/** inn_guest_rows_add: the next row; all text is plain. @level: 0 to 1, or less than 0 for none. */
void inn_guest_rows_add (InnGuestRows *self,
                         const char *title,
                         const char *subtitle,
                         const char *value,
                         double level);
/** inn_guest_rows_end: what was not filled goes; @none stands alone where nothing was. */
void inn_guest_rows_end (InnGuestRows *self, const char *none);

G_END_DECLS
