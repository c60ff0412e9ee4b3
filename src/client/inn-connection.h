/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The app's side of the bus: one connection to one helper (the user's session's or the system's),
 * its machines and jobs as list models. No GTK. */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include "shared/inn-errors.h"
#include "shared/inn-names.h"

G_BEGIN_DECLS

typedef enum
{
  INN_CONNECTION_CONNECTING,
  INN_CONNECTION_READY,
  INN_CONNECTION_FAILED, /* see inn_connection_get_error(); it goes on trying when the helper
                            appears again */
} InnConnectionState;

#define INN_TYPE_CONNECTION (inn_connection_get_type ())
G_DECLARE_FINAL_TYPE (InnConnection, inn_connection, INN, CONNECTION, GObject)

/** InnConnection: properties "state" (InnConnectionState), "error" (GError, boxed), "mode"
 * ("session"/"system"). The helper is started by bus activation; in a checkout by src/run. One
 * GetManagedObjects and three signal subscriptions serve all machines: no proxy per object. */
InnConnection *inn_connection_new (GBusType bus_type);
InnConnectionState inn_connection_get_state (InnConnection *self);
const GError *inn_connection_get_error (InnConnection *self);
const char *inn_connection_get_mode (InnConnection *self);
GListModel *inn_connection_get_machines (InnConnection *self); /* of InnMachine; sorted by no one */
GListModel *inn_connection_get_jobs (InnConnection *self);     /* of InnJob, newest last */
/** inn_connection_get_host: value of a property of org.innkeeper.Helper1.Host, NULL before READY;
 * the caller unrefs it. */
GVariant *inn_connection_get_host (InnConnection *self, const char *property);
/** inn_connection_dup_network_problem: why no card of a machine here can be connected to @type, as
 * an interface's field "type" says it; NULL: it can be, or an older helper does not tell. */
char *inn_connection_dup_network_problem (InnConnection *self, const char *type);

/** inn_connection_is_trying: it connects by itself, now or after a while. */
gboolean inn_connection_is_trying (InnConnection *self);

/** inn_connection_can_retry: inn_connection_retry() would do something. */
gboolean inn_connection_can_retry (InnConnection *self);

/** inn_connection_retry: at once what would be tried again later anyway, or not at all; nothing
 * when READY. */
void inn_connection_retry (InnConnection *self);
/** inn_connection_lookup_machine: NULL if there is none at @path; transfer none. */
struct _InnMachine *inn_connection_lookup_machine (InnConnection *self, const char *path);
/** inn_connection_set_statistics: @on: ask every 2 s, while machines run, how much CPU they use
 * ("cpu-use"). */
void inn_connection_set_statistics (InnConnection *self, gboolean on);

typedef enum
{
  INN_CALL_MAY_ASK, /* somebody wants this: a person may be asked for a password */
  INN_CALL_QUIET,   /* nobody has asked for it: what needs a password fails */
} InnCallFlags;

/** inn_connection_call_full_async: the one call helper: no timeout, maps errors to INN_ERROR with
 * the helper's sentence as message. @parameters and @fds may be NULL. */
void inn_connection_call_full_async (InnConnection *self,
                                     const char *path,
                                     const char *interface,
                                     const char *method,
                                     GVariant *parameters,
                                     GUnixFDList *fds,
                                     InnCallFlags flags,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer data);
/** inn_connection_call_async: with INN_CALL_MAY_ASK. */
void inn_connection_call_async (InnConnection *self,
                                const char *path,
                                const char *interface,
                                const char *method,
                                GVariant *parameters,
                                GUnixFDList *fds,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer data);
GVariant *inn_connection_call_finish (InnConnection *self,
                                      GAsyncResult *result,
                                      GUnixFDList **out_fds,
                                      GError **error);

G_END_DECLS
