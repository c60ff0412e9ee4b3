/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a person can do with a machine, as actions: one table gives the window's actions, menus,
 * shortcuts and questions. What is allowed in which state says inn_machine_can(). */
#pragma once

#include <adwaita.h>
#include "client/inn-machine.h"

G_BEGIN_DECLS

typedef struct
{
  InnVerb verb;
  const char *action; /* of the window, without "win." */
  const char *label;  /* N_(), with mnemonic */
  const char *icon;
  const char *accel;  /* NULL: none */
  const char *failed; /* N_(), %s: the machine's name */
  const char *done;   /* N_(), %s: the machine's name; NULL: one sees that it is done */
  guint section;      /* of the menu */
  gboolean button;    /* also one in the header, shown while it is allowed */
  /* What is asked before; NULL: nothing is lost, nothing is asked. %s: the machine's name. */
  const char *question;
  const char *detail;
} InnVerbAction;

const InnVerbAction *inn_verb_actions (guint *out_n);

/** inn_verb_menu_new: all verbs; items that the state does not allow are not shown. */
GMenuModel *inn_verb_menu_new (void);

/** inn_verb_add_buttons: to the header, those that the table gives one. */
void inn_verb_add_buttons (GtkBox *box);

/** inn_verb_run: asks where something would be lost, does it, and tells of failure. DELETE and
 * EXPORT open dialogs of their own. @near: any widget of the window. */
void inn_verb_run (const InnVerbAction *action, InnMachine *machine, GtkWidget *near);

/** inn_verb_set_patience: after how many milliseconds a machine that was asked to shut down and
 * runs on is told of. Tests have less than people. */
void inn_verb_set_patience (guint ms);

G_END_DECLS
