/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The application: its actions, its shortcuts, and the two connections that it offers. */
#pragma once

#include <adwaita.h>
#include "client/inn-connection.h"

G_BEGIN_DECLS

#define INN_TYPE_APPLICATION (inn_application_get_type ())
G_DECLARE_FINAL_TYPE (InnApplication, inn_application, INN, APPLICATION, AdwApplication)

InnApplication *inn_application_new (void);

/** inn_application_get_connection: made when first asked for. (transfer none) */
InnConnection *inn_application_get_connection (InnApplication *self, GBusType bus_type);

G_END_DECLS
