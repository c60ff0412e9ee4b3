/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-open-line.h"

#include <unistd.h>

typedef struct
{
  InnScreens *screens;
  char *name;
  GCancellable *cancellable;
} Line;

static void
on_opened (GObject *object, GAsyncResult *result, gpointer data)
{
  Line *line = data;
  g_autoptr (GError) error = NULL;
  const int fd = inn_machine_open_finish (INN_MACHINE (object), result, &error);

  if (g_cancellable_is_cancelled (line->cancellable))
    {
      if (fd >= 0)
        close (fd);
    }
  else if (fd >= 0)
    inn_screens_open_line (line->screens, line->name, fd);
  else
    inn_screens_fail_line (line->screens, line->name, error->message);
  g_object_unref (line->screens);
  g_object_unref (line->cancellable);
  g_free (line->name);
  g_free (line);
}

void
inn_open_line (InnScreens *screens,
               InnMachine *machine,
               const char *name,
               GCancellable *cancellable)
{
  Line *line = g_new (Line, 1);

  line->screens = g_object_ref (screens);
  line->name = g_strdup (name);
  line->cancellable = g_object_ref (cancellable);
  inn_machine_open_serial_async (machine, name, FALSE, cancellable, on_opened, line);
}
