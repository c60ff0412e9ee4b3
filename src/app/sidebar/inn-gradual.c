/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Knows models and a scrolled window, not what the rows are. */
#include "inn-gradual.h"

#define FEW     4 /* rows that are made at once; the window's others are there three frames later */
#define A_FRAME 4 /* rows that are made in a frame: 1 ms each, of 16, and the frame's drawing 8 */
#define ENOUGH  240 /* more than GtkListView makes: all the rest costs nothing */

struct _InnGradual
{
  GtkSliceListModel *slice;
  GtkScrolledWindow *scroller;
  GtkAdjustment *adjustment;
  guint tick;
  gboolean to_the_end;
  void (*done) (gpointer data);
  gpointer data;
};

static gboolean
is_short (InnGradual *self)
{
  return gtk_slice_list_model_get_size (self->slice) <
         g_list_model_get_n_items (gtk_slice_list_model_get_model (self->slice));
}

/* Half a page before the end, so that who scrolls does not come to one. */
static gboolean
end_is_near (InnGradual *self)
{
  const double page = gtk_adjustment_get_page_size (self->adjustment);

  return gtk_adjustment_get_value (self->adjustment) + page * 1.5 >=
         gtk_adjustment_get_upper (self->adjustment);
}

static void
rest (InnGradual *self)
{
  if (self->tick != 0)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self->scroller), self->tick);
  self->tick = 0;
}

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  InnGradual *self = data;
  const guint size = gtk_slice_list_model_get_size (self->slice);

  if (self->to_the_end && (size >= ENOUGH || !is_short (self)))
    inn_gradual_show_all (self);
  else if (is_short (self) && (self->to_the_end || end_is_near (self)))
    gtk_slice_list_model_set_size (self->slice, size + A_FRAME);
  else
    rest (self);
  return G_SOURCE_CONTINUE; /* rest() has removed it */
}

static void
grow (InnGradual *self)
{
  if (self->tick == 0)
    self->tick = gtk_widget_add_tick_callback (GTK_WIDGET (self->scroller), on_tick, self, NULL);
}

static void
on_scrolled (InnGradual *self)
{
  if (is_short (self) && end_is_near (self))
    grow (self);
}

InnGradual *
inn_gradual_new (GListModel *model, GtkScrolledWindow *scroller)
{
  InnGradual *self = g_new0 (InnGradual, 1);

  self->slice = gtk_slice_list_model_new (model, 0, G_MAXUINT);
  self->scroller = scroller;
  self->adjustment = g_object_ref (gtk_scrolled_window_get_vadjustment (scroller));
  g_signal_connect_swapped (self->adjustment, "changed", G_CALLBACK (on_scrolled), self);
  g_signal_connect_swapped (self->adjustment, "value-changed", G_CALLBACK (on_scrolled), self);
  return self;
}

void
inn_gradual_free (InnGradual *self)
{
  rest (self);
  g_signal_handlers_disconnect_by_data (self->adjustment, self);
  g_object_unref (self->adjustment);
  g_object_unref (self->slice);
  g_free (self);
}

GListModel *
inn_gradual_get_model (InnGradual *self)
{
  return G_LIST_MODEL (self->slice);
}

void
inn_gradual_shorten (InnGradual *self)
{
  self->to_the_end = FALSE;
  self->done = NULL;
  gtk_slice_list_model_set_size (self->slice, FEW);
  grow (self); /* it may be too short for a high window */
}

void
inn_gradual_lengthen (InnGradual *self, void (*done) (gpointer data), gpointer data)
{
  self->to_the_end = TRUE;
  self->done = done;
  self->data = data;
  grow (self);
}

void
inn_gradual_show_all (InnGradual *self)
{
  void (*done) (gpointer) = self->done;

  rest (self);
  self->to_the_end = FALSE;
  self->done = NULL;
  gtk_slice_list_model_set_size (self->slice, G_MAXUINT);
  if (done != NULL)
    done (self->data);
}
