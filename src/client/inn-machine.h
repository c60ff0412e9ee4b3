/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A machine as the app sees it: cached properties that notify, and its verbs. */
#pragma once

#include "inn-connection.h"

G_BEGIN_DECLS

typedef enum
{
  INN_STATE_OFF,
  INN_STATE_STARTING,
  INN_STATE_RUNNING,
  INN_STATE_PAUSED,
  INN_STATE_STOPPING,
  INN_STATE_CRASHED,
  INN_STATE_BROKEN,
  INN_STATE_UNKNOWN, /* of a newer helper */
} InnState;
GType inn_state_get_type (void);

#define INN_TYPE_MACHINE (inn_machine_get_type ())
G_DECLARE_FINAL_TYPE (InnMachine, inn_machine, INN, MACHINE, GObject)

/** InnMachine: GObject properties, all read-only and notifying: "uuid", "name", "title", "state"
 * (InnState), "state-text" (translated), "state-reason", "os-id", "vcpus", "memory", "autostart",
 * "generation", "pending" (GStrv), "accelerator", "accelerator-reason", "folder", "owner" (uid),
 * "displays" (GStrv), "serials" (GVariant), "cpu-use" (double, host CPUs, e.g. 0.5; -1 unknown). */
InnConnection *inn_machine_get_connection (InnMachine *self);
const char *inn_machine_get_path (InnMachine *self);
const char *inn_machine_get_name (InnMachine *self);
InnState inn_machine_get_state (InnMachine *self);
double inn_machine_get_cpu_use (InnMachine *self);
const char *inn_machine_get_state_reason (InnMachine *self);
guint64 inn_machine_get_generation (InnMachine *self);
const char *const *inn_machine_get_displays (InnMachine *self);
gboolean inn_machine_has_sound (InnMachine *self);
GVariant *inn_machine_get_serials (InnMachine *self); /* a(ss), transfer none; NULL: none known */

/** InnVerb: what may be done in which states is one table, in inn-machine.c; actions are enabled
 * from it. */
typedef enum
{
  INN_VERB_START,
  INN_VERB_SHUTDOWN,
  INN_VERB_FORCE_OFF,
  INN_VERB_RESET,
  INN_VERB_PAUSE,
  INN_VERB_RESUME,
  INN_VERB_DELETE,
  INN_VERB_EXPORT,
  INN_VERB_USB,
  INN_VERB_OPEN_DISPLAY,
  INN_N_VERBS
} InnVerb;
gboolean inn_machine_can (InnMachine *self, InnVerb verb);
/** inn_machine_do_async: START to RESUME; a START is finished when its job has ended, so that its
 * error arrives here. */
void inn_machine_do_async (InnMachine *self,
                           InnVerb verb,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer data);
gboolean inn_machine_do_finish (InnMachine *self, GAsyncResult *result, GError **error);

/** inn_machine_get_xml_async: @live: what runs instead of what is desired. */
void inn_machine_get_xml_async (InnMachine *self,
                                gboolean live,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer data);
char *inn_machine_get_xml_finish (InnMachine *self,
                                  GAsyncResult *result,
                                  guint64 *out_generation,
                                  GError **error);
/** inn_machine_apply_async: @generation 0: whatever it is now. @storage: aa{sv} as in
 * Manager.Create, for disks that the helper shall make; floating is taken over; NULL: none. */
void inn_machine_apply_async (InnMachine *self,
                              const char *xml,
                              guint64 generation,
                              GVariant *storage,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data);
GVariant *
inn_machine_apply_finish (InnMachine *self, GAsyncResult *result, GError **error); /* a(sss) */
/** inn_machine_inspect_disk_async: how large the image of the disk @target is. Asks nobody. */
void inn_machine_inspect_disk_async (InnMachine *self,
                                     const char *target,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer data);
GVariant *inn_machine_inspect_disk_finish (InnMachine *self,
                                           GAsyncResult *result,
                                           GError **error); /* a{sv} */
/** inn_machine_grow_disk_async: @size: bytes, a multiple of 512. */
void inn_machine_grow_disk_async (InnMachine *self,
                                  const char *target,
                                  guint64 size,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer data);
/** inn_machine_grow_disk_finish: a sentence where there is more to say, or "". */
char *inn_machine_grow_disk_finish (InnMachine *self, GAsyncResult *result, GError **error);

/* Each answers an fd that the caller closes, or -1. */
void inn_machine_open_display_async (InnMachine *self,
                                     const char *protocol,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer data);
void inn_machine_open_serial_async (InnMachine *self,
                                    const char *name,
                                    gboolean read_only,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer data);
/** inn_machine_open_usb_async: usbredir's protocol, for one device. */
void inn_machine_open_usb_async (InnMachine *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer data);
/** inn_machine_screenshot_async: a sealed memfd with a binary PPM: the screen now, or, of a machine
 * that is off, the last one. */
void inn_machine_screenshot_async (InnMachine *self,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer data);
int inn_machine_open_finish (InnMachine *self, GAsyncResult *result, GError **error);

G_END_DECLS
