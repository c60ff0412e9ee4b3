/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A guest's screen in memory that vmm-screen shares with us (shared/inn-frames.h). Knows no widget.
 */
#pragma once

#include "inn-display-source.h"

G_BEGIN_DECLS

#define INN_TYPE_FRAMES_SOURCE (inn_frames_source_get_type ())
G_DECLARE_FINAL_TYPE (InnFramesSource, inn_frames_source, INN, FRAMES_SOURCE, InnDisplaySource)

InnDisplaySource *inn_frames_source_new (void);

G_END_DECLS
