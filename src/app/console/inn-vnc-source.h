/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A guest's screen by VNC over a socket that is open already (libgvnc). Knows no widget. */
#pragma once

#include "inn-display-source.h"

G_BEGIN_DECLS

#define INN_TYPE_VNC_SOURCE (inn_vnc_source_get_type ())
G_DECLARE_FINAL_TYPE (InnVncSource, inn_vnc_source, INN, VNC_SOURCE, InnDisplaySource)

InnDisplaySource *inn_vnc_source_new (void);

G_END_DECLS
