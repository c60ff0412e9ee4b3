/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* ISO files that lie where people put downloads, so that they need not be looked for. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GFile *file;
  char *name;   /* for a person */
  char *folder; /* for a person: "Downloads" */
  guint64 size; /* bytes */
  gint64 time;  /* of the last change, s */
} InnFoundFile;

void inn_found_file_free (InnFoundFile *found);

/** inn_found_media_async: in a thread; not in folders below. */
void
inn_found_media_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/** inn_found_media_finish: (element-type InnFoundFile), newest first, a dozen at most. */
GPtrArray *inn_found_media_finish (GAsyncResult *result, GError **error);

G_END_DECLS
