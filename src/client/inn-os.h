/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The operating systems that libosinfo (and a few rows of our own) know: their names for a list,
 * and facts for a profile. Knows nothing of files or machines. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _OsinfoMedia OsinfoMedia;
typedef struct _OsinfoOs OsinfoOs;

#define INN_TYPE_OS (inn_os_get_type ())
G_DECLARE_FINAL_TYPE (InnOs, inn_os, INN, OS, GObject)

/** InnOs: properties "name" ("Debian 12") and "keys" (what a search looks in: name, identifier and
 * vendor, casefolded). */
const char *inn_os_get_id (InnOs *self);     /* libosinfo's identifier; "" for the generic one */
const char *inn_os_get_name (InnOs *self);   /* for a person */
const char *inn_os_get_family (InnOs *self); /* libosinfo's word, "linux", "winnt"; or "" */
int inn_os_get_year (InnOs *self);           /* of its release; 0 unknown */
gboolean inn_os_is_generic (InnOs *self);    /* stands for "none of these" */
/** inn_os_get_osinfo: NULL for the generic one and for our own rows. */
OsinfoOs *inn_os_get_osinfo (InnOs *self);

#define INN_TYPE_OS_DB (inn_os_db_get_type ())
G_DECLARE_FINAL_TYPE (InnOsDb, inn_os_db, INN, OS_DB, GObject)

/** inn_os_db_load_async: reads libosinfo's database in a thread, once in the program's life (half a
 * second); later calls answer the same object. A missing database is no error: the list then has
 * the generic system only. */
void
inn_os_db_load_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
InnOsDb *inn_os_db_load_finish (GAsyncResult *result, GError **error);
/** inn_os_db_load_sync: for threads and tests. */
InnOsDb *inn_os_db_load_sync (void);

/** inn_os_db_get_list: of InnOs, the generic one first, then by name, newer releases of one series
 * first. */
GListModel *inn_os_db_get_list (InnOsDb *self);
InnOs *inn_os_db_get_generic (InnOsDb *self);
InnOs *inn_os_db_find (InnOsDb *self, const char *id); /* NULL: not known */

/** inn_os_db_identify: the system on an installation medium, or NULL. @out_exact FALSE: the medium
 * is of a newer release than the database knows, and this is the nearest older one. Safe in a
 * thread as long as only one asks at a time (it takes a lock). */
InnOs *inn_os_db_identify (InnOsDb *self, OsinfoMedia *media, gboolean *out_exact);

G_END_DECLS
