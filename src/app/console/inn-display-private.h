/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What InnDisplay's two halves share: inn-display.c draws, inn-display-input.c listens. */
#pragma once

#include "inn-display.h"
#include "inn-tiles.h"

G_BEGIN_DECLS

typedef struct _InnInput InnInput;

InnInput *inn_input_new (InnDisplay *display);
void inn_input_free (InnInput *self);
/** inn_input_set_source: what is pressed is released on the old one. */
void inn_input_set_source (InnInput *self, InnDisplaySource *source);
/** inn_input_set_view_only: what is pressed is released. */
void inn_input_set_view_only (InnInput *self, gboolean view_only);
gboolean inn_input_get_captured (InnInput *self);
gboolean inn_input_get_typing (InnInput *self);
gboolean inn_input_type (InnInput *self, const char *text, GError **error);

G_END_DECLS
