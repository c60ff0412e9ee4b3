/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the changes of a running machine share. Each is a function of the task of all of them, which
 * it ends, once, by vmh_live_end() or one of those that do. */
#pragma once

#include <glib/gi18n-lib.h>

#include "machine/vmh-live.h"
#include "qemu/vmh-qmp-live.h"
#include "qemu/vmh-qmp-plug.h"
#include "vmh-files.h"

G_BEGIN_DECLS

#define VMH_LIVE_RESUMED                                                                           \
  "vmh-resumed" /* the machine's VmhLive, while what nobody called for goes on */

/* A call that waits for the end of it. */
typedef struct
{
  VmhCall *call;
  void (*verb) (VmhCall *call);
} VmhPutOff;

typedef struct
{
  VmhMachine *machine;
  InnDomain *wanted;
  GPtrArray *changes;
  GArray *outcomes;
  guint next;
  gboolean silent;  /* QEMU has not answered */
  gboolean written; /* what is under way, for the next helper */
  gboolean resumed; /* of a helper that was killed: some of it may have been done */
  gboolean hurried; /* no guest is waited for any longer */
  GArray *put_off;  /* VmhPutOff */
  /* Of the one that is under way. */
  const InnChange *change;
  VmhQmp *monitor;
  VmhQmpCpus cpus;
  VmhQmpMemory memory;
  guint64 goal, reached;
  guint module; /* the memory module that is under way */
  guint plugs;  /* how many have come */
  VmhPlanRunning *running;
  VmhPlan *plan;
  VmhFiles *files;
  gulong refused_id; /* of the handler that sees it */
  gboolean refused;  /* by the guest, to let a device go */
  gint64 until;      /* it is looked, of g_get_monotonic_time() */
  guint look_ms, look_id;
  GSourceFunc look;
  gulong event_id; /* of the handler that has it looked sooner */
  /* What QEMU told says all, and the change is ended: TRUE. NULL: it is looked, at once too. */
  gboolean (*heard) (GTask *task, const char *event, JsonObject *data);
} VmhLive; /* the task's data */

/** vmh_live_begin: see vmh_live_change_async(); @written: what is under way, for the next helper;
 * @resumed: what is VMH_LIVE_RESUMED. */
void vmh_live_begin (VmhMachine *machine,
                     InnDomain *wanted,
                     GPtrArray *changes,
                     GArray *outcomes,
                     gboolean written,
                     gboolean resumed,
                     GAsyncReadyCallback callback,
                     gpointer data);

/** vmh_live_end: the change is @done in what runs, or waits; @sentence (consumed) may be NULL. */
void vmh_live_end (GTask *task, gboolean done, char *sentence);
void vmh_live_clear (VmhLive *live); /* what one change has left in it */
void vmh_live_done (GTask *task);    /* all of it, as it was wanted */
void vmh_live_wait (GTask *task, const char *format, ...) G_GNUC_PRINTF (2, 3);
void vmh_live_fail (GTask *task, GError *error); /* consumed */
/** vmh_live_on_told: of a command whose answer is all that there is to know. */
void vmh_live_on_told (GObject *source, GAsyncResult *result, gpointer task);
/** vmh_live_note_uint: the field says @number of what runs. */
void vmh_live_note_uint (VmhLive *live, guint64 number);

/** vmh_live_note_fields: what runs has these fields of the changed device as they are wanted. */
void vmh_live_note_fields (VmhLive *live, const char *const *names);
/** vmh_live_note_device: what runs has the device, or not any more. */
void vmh_live_note_device (VmhMachine *machine, const char *id, const InnElement *device);

/** vmh_live_dup_shared_group: the throttle group of the disk @device, where others of what runs are
 * in it too; NULL. */
char *vmh_live_dup_shared_group (VmhMachine *machine, const InnElement *device);

/** vmh_live_begin_to_look: @look looks whether the guest has followed, now and, as it asks for by
 * vmh_live_look_again(), later, or when QEMU tells of something; that is FALSE where it has been
 * looked for long enough. */
void vmh_live_begin_to_look (GTask *task, GSourceFunc look);
gboolean vmh_live_look_again (GTask *task);

void vmh_live_change_cpus (GTask *task);
void vmh_live_change_cpuset (GTask *task);
void vmh_live_change_share (GTask *task);
void vmh_live_change_memory (GTask *task);
void vmh_live_change_limits (GTask *task);
void vmh_live_change_group (GTask *task);
void vmh_live_change_medium (GTask *task);
void vmh_live_change_link (GTask *task);
void vmh_live_change_cable (GTask *task);
void vmh_live_change_bandwidth (GTask *task);
void vmh_live_change_balloon_period (GTask *task);
void vmh_live_change_watchdog (GTask *task);
/** vmh_live_change_modules: by memory modules, when live->memory is known. */
void vmh_live_change_modules (GTask *task);
/** vmh_live_let_cpu_go: the guest has let the processor @id go; FALSE: it is none. */
gboolean vmh_live_let_cpu_go (VmhMachine *machine, const char *id);
/** vmh_live_let_module_go: the guest has let the module @id go; FALSE: it is none. */
gboolean vmh_live_let_module_go (VmhMachine *machine, const char *id);
/** vmh_live_is_refusal: by @event of QEMU the guest says that it keeps the device @id. */
gboolean vmh_live_is_refusal (const char *event, JsonObject *data, const char *id);
/** vmh_live_note_cpus: what runs has so many processors. */
void vmh_live_note_cpus (VmhMachine *machine, guint count);
/** vmh_live_note_memory: what runs has so many bytes of memory. */
void vmh_live_note_memory (VmhMachine *machine, guint64 size);
void vmh_live_plug (GTask *task); /* a device that came, or went */

G_END_DECLS
