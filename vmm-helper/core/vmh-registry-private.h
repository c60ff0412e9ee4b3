/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the registry, its clients and the gate share; for these files only. */
#pragma once

#include "vmh-registry.h"
#include "vmh-limits.h"
#include "vmh-tally.h"
#include "vmh-turns.h"

G_BEGIN_DECLS

typedef struct
{
  char *path;
  uid_t owner;
  GObject *object;
  const VmhInterface *const *interfaces;
  GHashTable *changed; /* interface name → GHashTable set of property names, both static */
} VmhExport;

/* A connection that has called us, from its first call until it leaves the bus. */
typedef struct
{
  VmhRegistry *registry; /* not owned: who uses it holds a call, and that holds the registry */
  char *name;
  gboolean gone; /* it has left the bus, or we have */
  uid_t uid;
  gboolean known; /* the bus has told its uid */
  gboolean listening;
  gboolean shows_others;
  GPtrArray *calls; /* VmhCall, not owned: under way */
  GQueue waiting;   /* VmhCall, owned: came before the uid was known */
  grefcount refs;
} VmhClient;

struct _VmhRegistry
{
  GObject parent_instance;

  GDBusConnection *connection;
  gboolean system_mode;
  GHashTable *infos;     /* interface name → GDBusInterfaceInfo */
  GHashTable *by_path;   /* path → VmhExport, owned */
  GHashTable *by_object; /* GObject → VmhExport */
  GHashTable *clients;   /* unique name → VmhClient, owned */
  VmhTally listeners;
  GHashTable *dirty; /* VmhExport with changes to tell */
  guint n_calls;
  guint flush_id;
  guint trim_id;
  GArray *subtrees; /* registration ids */
  guint leaving;    /* of NameOwnerChanged */
  VmhTurns arrived; /* VmhCall, owned: whose caller is known */
  GSource *turn;    /* the gate's */
};

struct _VmhCall
{
  GDBusMethodInvocation *invocation;
  VmhRegistry *registry;
  VmhClient *client;
  GObject *object; /* set by the gate */
  const VmhMethod *method;
  GCancellable *cancellable;
  gboolean counted;
};

/* vmh-call.c */
VmhCall *vmh_call_new (GDBusMethodInvocation *invocation /* taken over */, VmhClient *client);

/* vmh-client.c */
VmhClient *vmh_client_obtain (VmhRegistry *registry, const char *name);
VmhClient *vmh_client_ref (VmhClient *client);
void vmh_client_unref (VmhClient *client);
/** vmh_client_see_leaving: the connection @name, of a client or not, has left the bus. */
void vmh_client_see_leaving (VmhRegistry *registry, const char *name);
/** vmh_client_detach: it has left the bus, or we do: cancels its calls, forgets it. */
void vmh_client_detach (VmhClient *client);
/** vmh_client_count: @call is under way from now on. */
void vmh_client_count (VmhClient *client, VmhCall *call);
void vmh_client_uncount (VmhClient *client, VmhCall *call);
/** vmh_client_listen: it is told of what changes from now on; FALSE with INN_ERROR_LIMIT if too
 * many connections of its user are. */
gboolean vmh_client_listen (VmhClient *client, GError **error);
gboolean vmh_client_sees (VmhClient *client, const VmhExport *object);

/* vmh-gate.c */
/** vmh_gate_open: the source that lets calls in; unref. */
GSource *vmh_gate_open (VmhRegistry *registry);
void vmh_gate_receive (VmhRegistry *registry, GDBusMethodInvocation *invocation);
/** vmh_gate_queue: @call, of a known caller, is looked at when its user's turn comes. */
void vmh_gate_queue (VmhCall *call);

/* vmh-registry.c */
const VmhInterface *vmh_export_find (const VmhExport *object, const char *interface);
GVariant *vmh_export_get_all (const VmhExport *object, const VmhInterface *interface);
GVariant *vmh_registry_get_managed (VmhRegistry *registry, VmhClient *client);

G_END_DECLS
