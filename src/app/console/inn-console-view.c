/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Stands in until the console's own widget arrives. */
#include "inn-console-view.h"

struct _InnConsoleView
{
  GtkWidget parent_instance;
};

G_DEFINE_FINAL_TYPE (InnConsoleView, inn_console_view, GTK_TYPE_WIDGET)

static void
inn_console_view_class_init (InnConsoleViewClass *klass)
{
}

static void
inn_console_view_init (InnConsoleView *self)
{
}

GtkWidget *
inn_console_view_new (void)
{
  return g_object_new (INN_TYPE_CONSOLE_VIEW, NULL);
}

void
inn_console_view_set_machine (InnConsoleView *self, InnMachine *machine)
{
}
