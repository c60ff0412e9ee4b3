/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One question about a machine, asked of the helper again and again while somebody wants it. Owns
 * the timer, and that no two are under way; what an answer means is its owner's. Internal to
 * client/. */
#pragma once

#include "inn-machine.h"

G_BEGIN_DECLS

typedef struct
{
  const char *interface, *method;
  const char *type; /* of the answer; others are none */
  guint interval;   /* ms */
  /* In which states it is asked; NULL: in all. */
  gboolean (*may) (InnState state);
  /* Floating; NULL: options alone. */
  GVariant *(*make_arguments) (gpointer owner);
  /* @reply is NULL where there was none: inn_poll_get_error(). */
  void (*take) (gpointer owner, GVariant *reply);
} InnPollWhat;

typedef struct _InnPoll InnPoll;

/** inn_poll_new: @owner, a GObject, keeps it, and is kept while a question is under way. @machine
 * is not: where it goes, nothing is asked any more. */
InnPoll *inn_poll_new (gpointer owner, InnMachine *machine, const InnPollWhat *what);
/** inn_poll_stop: for the owner's dispose. */
void inn_poll_stop (InnPoll *self);
void inn_poll_free (InnPoll *self);
/** inn_poll_want: @on: ask now, and after each interval. */
void inn_poll_want (InnPoll *self, gboolean on);
/** inn_poll_update: the machine may have another state. Returns whether it may be asked in it. */
gboolean inn_poll_update (InnPoll *self);
/** inn_poll_ask_anew: its arguments are others now: an answer under way is none. */
void inn_poll_ask_anew (InnPoll *self);
/** inn_poll_get_machine: NULL: it is gone. transfer none. */
InnMachine *inn_poll_get_machine (InnPoll *self);
/** inn_poll_get_error: why the last question had no answer; NULL: it had one. */
const GError *inn_poll_get_error (InnPoll *self);

G_END_DECLS
