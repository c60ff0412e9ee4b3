/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A helper that does what the test says, and before it the app's window, or a view of it alone.
 * A fixture has a Stage among its members. */
#pragma once

#include "client/inn-machine.h"
#include "inn-application.h"
#include "unit/fake-helper.h"
#include "widgets.h"

#define MACHINE0 INN_MACHINES_PATH "/m0"
#define MACHINE1 INN_MACHINES_PATH "/m1"

typedef struct
{
  FakeHelper *fake;
  InnConnection *connection;
  InnMachine *machine; /* MACHINE0; NULL: there is none */
  GtkWidget *window;   /* an InnWindow, or a plain one */
} Stage;

/* A helper, and a connection to it. */
void stage_set_up (Stage *stage, guint n_machines, FakeAnswer answer, gpointer data);
/* A window with @view in it. */
void stage_show (Stage *stage, GtkWidget *view, int width, int height);
/* Instead of both: the app, with all machines in its window. */
void stage_set_up_app (Stage *stage, guint n_machines, FakeAnswer answer, gpointer data);
/* One for all tests, as in a program: a second could not be registered on the same bus. */
InnApplication *stage_get_app (void);
/* The app's style, which a program has from its application. */
void stage_init (int *argc, char ***argv);
int stage_run (void); /* g_test_run(), and what is left is freed */
void stage_tear_down (Stage *stage);

/* A property of MACHINE0 changes; the client hears of it later. */
void stage_change (Stage *stage, const char *interface, const char *property, GVariant *value);
/* So does its state, and the client has heard of it. */
void stage_set_state (Stage *stage, InnState state);
void stage_answer_fd (GDBusMethodInvocation *invocation, int fd);
/* Answers Screenshot with a picture of so many bytes, which the helper hands out sealed. */
void stage_answer_picture (GDBusMethodInvocation *invocation, const GString *ppm);
/* A socket's far end, whose near one is the answer. */
int stage_answer_socket (GDBusMethodInvocation *invocation);
