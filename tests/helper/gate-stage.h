/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A registry with an interface of our own on a private session bus, and a caller: for tests of what
 * is between the bus and a handler. */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "core/vmh-limits.h"
#include "core/vmh-registry.h"
#include "shared/inn-errors.h"
#include "shared/inn-names.h"

#define TEST_PATH  INN_MACHINES_PATH "/one"
#define OTHER_PATH INN_MACHINES_PATH "/two" /* another user's */
/* Methods: Echo (s, options) → s; Bare, without an action; Rowless, without a row; Hold (s), which
 * is answered when the test likes; Length (h) → t. Property: Count. */
#define TEST_IFACE "org.innkeeper.Test1"
/* Of a connection to our bus; the system's has 512. */
#define MAX_MATCH_RULES 8

typedef struct
{
  char *address; /* of the bus that main() has started */
  GDBusConnection *service;
  GDBusConnection *client;
  VmhRegistry *registry;
  GObject *mine;
  GObject *others;
} GateStage;

extern guint gate_bare_calls;     /* how often Bare was called */
extern guint gate_held_cancelled; /* how many of the held calls' callers have left */
extern guint gate_count;          /* what Count says */
extern GPtrArray *gate_held;      /* VmhCall, of Hold */

extern const VmhInterface *const gate_interfaces[]; /* TEST_IFACE */

GDBusConnection *gate_stage_connect (const char *address);
void gate_stage_set_up (GateStage *fixture, gconstpointer address);
void gate_stage_tear_down (GateStage *fixture, gconstpointer address);
/** gate_stage_call: by the stage's client; waits for the answer. */
GVariant *gate_stage_call (GateStage *fixture,
                           const char *path,
                           const char *interface,
                           const char *method,
                           GVariant *parameters,
                           GUnixFDList *fds,
                           GError **error);
/** gate_stage_refused: the same, which must fail with @code; answers the error's text. */
char *gate_stage_refused (GateStage *fixture,
                          const char *path,
                          const char *interface,
                          const char *method,
                          GVariant *parameters,
                          InnError code);
/** gate_stage_settle: all that was said before is done with. */
void gate_stage_settle (GateStage *fixture);

#define GATE_ADD(name, address, function)                                                          \
  g_test_add (name, GateStage, address, gate_stage_set_up, function, gate_stage_tear_down)
/** gate_stage_run: after g_test_init(): the cases that @add has added, with a bus. */
int gate_stage_run (void (*add) (const char *address));
