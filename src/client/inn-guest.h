/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the system in a machine says of itself, by its guest agent: asked while somebody looks. */
#pragma once

#include "inn-machine.h"

G_BEGIN_DECLS

typedef enum
{
  INN_GUEST_UNKNOWN, /* not asked yet, or the machine does not run */
  INN_GUEST_SILENT,  /* no agent answers */
  INN_GUEST_PRESENT,
} InnGuestState;

#define INN_TYPE_GUEST (inn_guest_get_type ())
G_DECLARE_FINAL_TYPE (InnGuest, inn_guest, INN, GUEST, GObject)

/** InnGuest: signal "changed": something is told otherwise than before. */
InnGuest *inn_machine_get_guest (InnMachine *machine); /* transfer none */
/** inn_guest_want: @on: ask every few seconds, while the machine runs. */
void inn_guest_want (InnGuest *self, gboolean on);
InnGuestState inn_guest_get_state (InnGuest *self);
/** inn_guest_get_error: why the last question had no answer; NULL: it had one. */
const GError *inn_guest_get_error (InnGuest *self);
/** inn_guest_get_text: "hostname", "os-name", "kernel", "version"; "": it does not say so. */
const char *inn_guest_get_text (InnGuest *self, const char *what);
/** inn_guest_get_list: "users" a(st), "cards" a(ssas), "disks" a(sstt), as the contract has them;
 * NULL: it does not say so. transfer full. */
GVariant *inn_guest_get_list (InnGuest *self, const char *what);

void inn_guest_set_password_async (InnGuest *self,
                                   const char *user,
                                   const char *password,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer data);
/** inn_guest_trim_async: its file systems give back what they do not use. */
void inn_guest_trim_async (InnGuest *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer data);
/** inn_guest_set_time_async: its clock shows this computer's time. */
void inn_guest_set_time_async (InnGuest *self,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer data);
/** inn_guest_power_off_async: for a guest that does not heed its power button; asks for no
 * password. */
void inn_guest_power_off_async (InnGuest *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer data);
/** inn_guest_do_finish: of all four. */
gboolean inn_guest_do_finish (InnGuest *self, GAsyncResult *result, GError **error);

G_END_DECLS
