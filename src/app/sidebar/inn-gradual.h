/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The beginning of a long list. GtkListView makes some 200 rows for whatever its model has, all in
 * one frame: a letter typed into a search would stop the window for a quarter of a second. So what
 * is shown after a great change is short, and grows with the frames: to the end of the list, or as
 * far as somebody scrolls. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef struct _InnGradual InnGradual;

/** inn_gradual_new: @model (taken over) is what there is; @scroller (not kept alive) is where the
 * list is seen. Everything is shown at first. */
InnGradual *inn_gradual_new (GListModel *model, GtkScrolledWindow *scroller);
void inn_gradual_free (InnGradual *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (InnGradual, inn_gradual_free)

/** inn_gradual_get_model: what is shown. (transfer none) */
GListModel *inn_gradual_get_model (InnGradual *self);
/** inn_gradual_shorten: call before the great change. It grows as far as somebody scrolls. */
void inn_gradual_shorten (InnGradual *self);
/** inn_gradual_lengthen: it grows to the end by itself; @done is called then. */
void inn_gradual_lengthen (InnGradual *self, void (*done) (gpointer data), gpointer data);
/** inn_gradual_show_all: now, as long as that takes. */
void inn_gradual_show_all (InnGradual *self);

G_END_DECLS
