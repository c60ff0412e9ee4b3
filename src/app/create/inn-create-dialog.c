/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Stands in until the wizard arrives. */
#include "inn-create-dialog.h"

struct _InnCreateDialog
{
  AdwWindow parent_instance;
};

G_DEFINE_FINAL_TYPE (InnCreateDialog, inn_create_dialog, ADW_TYPE_WINDOW)

static void
inn_create_dialog_class_init (InnCreateDialogClass *klass)
{
  g_signal_new ("created", INN_TYPE_CREATE_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
inn_create_dialog_init (InnCreateDialog *self)
{
}

GtkWidget *
inn_create_dialog_new (GtkWindow *parent, InnConnection *connection, GFile *file)
{
  return g_object_new (INN_TYPE_CREATE_DIALOG, "transient-for", parent, NULL);
}
