/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A drop target for files. */
#include "inn-drop.h"

typedef struct
{
  InnDropped dropped;
  gpointer data;
} Receiver;

static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, gpointer data)
{
  const Receiver *receiver = data;
  GSList *files = g_value_get_boxed (value);

  if (files == NULL)
    return FALSE;
  receiver->dropped (G_FILE (files->data), receiver->data);
  return TRUE;
}

void
inn_drop_attach (GtkWidget *widget, InnDropped dropped, gpointer data)
{
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
  Receiver *receiver = g_new0 (Receiver, 1);

  receiver->dropped = dropped;
  receiver->data = data;
  g_signal_connect_data (target, "drop", G_CALLBACK (on_drop), receiver,
                         (GClosureNotify)(void (*) (void))g_free, 0);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (target));
}
