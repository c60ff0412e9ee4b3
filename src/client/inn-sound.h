/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A guest is heard on this desktop, by a program of its own (innkeeper-sound): nothing that the
 * window does is in the way of its sound. */
#pragma once

#include "client/inn-machine.h"

#define INN_TYPE_SOUND (inn_sound_get_type ())
G_DECLARE_FINAL_TYPE (InnSound, inn_sound, INN, SOUND, GObject)

/** inn_sound_keep: what @sound is to be of @machine, which runs, is made, kept or freed: NULL where
 * it has no sound card; another where the one that is there has ended. */
void inn_sound_keep (InnSound **sound, InnMachine *machine);
/** inn_sound_end: nothing is heard any more; @sound is NULL then. */
void inn_sound_end (InnSound **sound);
