/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What is plugged into this computer comes into the running machines that want it, and goes. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** vmh_replug_follow: which machines run, or what they want, has changed. */
void vmh_replug_follow (void);
/** vmh_replug_look: likewise, and what is plugged in now may be others' than before. */
void vmh_replug_look (void);

G_END_DECLS
