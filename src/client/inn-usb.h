/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* USB devices of this computer that are handed on to a machine for as long as this program runs,
 * each by a program of its own (innkeeper-usb). They are in no definition. */
#pragma once

#include "client/inn-machine.h"

G_BEGIN_DECLS

#define INN_TYPE_USB (inn_usb_get_type ())
G_DECLARE_FINAL_TYPE (InnUsb, inn_usb, INN, USB, GObject)

/** InnUsb::changed: (guint key, const char *problem): the device has been taken back; @problem: a
 * sentence where nobody wanted that, or NULL. */

/** inn_usb_get: those of @machine; the same as long as that lives. */
InnUsb *inn_usb_get (InnMachine *machine);
/** inn_usb_key: of the device with that number on that bus. */
guint inn_usb_key (guint bus, guint device);
gboolean inn_usb_has (InnUsb *self, guint key);
/** inn_usb_dup_problem: why whoever runs this cannot hand it on; NULL: nothing is known against it.
 */
char *inn_usb_dup_problem (guint bus, guint device);

/** inn_usb_hand_on_async: until its program has begun. */
void inn_usb_hand_on_async (InnUsb *self,
                            guint bus,
                            guint device,
                            GAsyncReadyCallback callback,
                            gpointer data);
gboolean inn_usb_hand_on_finish (InnUsb *self, GAsyncResult *result, GError **error);
void inn_usb_take_back (InnUsb *self, guint key);

G_END_DECLS
