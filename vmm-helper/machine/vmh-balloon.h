/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Machines whose memory follows this computer's: while it is short, those that have some to spare
 * give it back; later they get it again. Nothing is kept of it: QEMU knows where each stands. */
#pragma once

#include "machine/vmh-machine.h"

G_BEGIN_DECLS

/** vmh_balloon_follow: the machine runs, or its definition has changed: from now on it follows if
 * it is to. One that is not to any more gets back what it gave. */
void vmh_balloon_follow (VmhMachine *machine);
/** vmh_balloon_get_period: how often its guest tells of its memory by itself, s; 0: never. */
guint vmh_balloon_get_period (VmhMachine *machine);
/** vmh_balloon_set_period: tells it so. */
void vmh_balloon_set_period (VmhMachine *machine);
void vmh_balloon_end (void);

/** VmhBalloonMind: what was seen of this computer lately; all zero to begin with. */
typedef struct
{
  guint calm; /* looks one after the other */
} VmhBalloonMind;

typedef enum
{
  VMH_BALLOON_HOLD,
  VMH_BALLOON_TAKE,
  VMH_BALLOON_GIVE,
} VmhBalloonMood;

/** vmh_balloon_judge: @stall: the share of time in which something has waited for memory. */
VmhBalloonMood vmh_balloon_judge (VmhBalloonMind *mind, double stall);

/** VmhBalloonGuest: bytes. @target is what the balloon leaves it now, of @ceiling at most. */
typedef struct
{
  guint importance; /* less: gives first, and gets last */
  guint64 floor, ceiling, target;
  guint64 total, available; /* as it says itself; 0: it does not */
} VmhBalloonGuest;

/** vmh_balloon_choose: the one of @guests whose target changes, and to what; FALSE: none. One at a
 * time: what it has led to is seen before the next. */
gboolean vmh_balloon_choose (const VmhBalloonGuest *guests,
                             guint n,
                             VmhBalloonMood mood,
                             guint *out_index,
                             guint64 *out_target);

G_END_DECLS
