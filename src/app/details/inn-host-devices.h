/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Chooses a device of this computer by its name. */
#pragma once

#include <adwaita.h>
#include "details/inn-draft.h"

G_BEGIN_DECLS

#define INN_TYPE_HOST_DEVICES (inn_host_devices_get_type ())
G_DECLARE_FINAL_TYPE (InnHostDevices, inn_host_devices, INN, HOST_DEVICES, AdwExpanderRow)

/** inn_host_devices_new: for the hostdev @element, which is copied; it must stay in the draft's
 * document as long as the row lives. */
GtkWidget *inn_host_devices_new (InnDraft *draft, const InnElement *element);

G_END_DECLS
