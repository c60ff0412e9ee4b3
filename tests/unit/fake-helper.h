/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A helper for tests of the client that does what a real one cannot be made to do: it dies in
 * mid-call, is too old, says nothing. On its own connection to the bus of a GTestDBus; in the
 * test's main loop. */
#pragma once

#include <gio/gio.h>

typedef struct _FakeHelper FakeHelper;

/* What becomes of each method call; the invocation is the answerer's. */
typedef void (*FakeAnswer) (FakeHelper *fake, GDBusMethodInvocation *invocation, gpointer data);

/* Owns the helper's name when it returns; @protocol is what its Manager says. */
FakeHelper *fake_helper_new (guint protocol, guint n_machines, FakeAnswer answer, gpointer data);
void fake_helper_free (FakeHelper *fake); /* drops off the bus, calls unanswered */

void fake_helper_emit (FakeHelper *fake,
                       const char *path,
                       const char *interface,
                       const char *signal,
                       GVariant *parameters);
/* PropertiesChanged with one property. */
void fake_helper_change (FakeHelper *fake,
                         const char *path,
                         const char *interface,
                         const char *property,
                         GVariant *value);
/* InterfacesAdded; what it says is also in later GetManagedObjects. */
void fake_helper_add (FakeHelper *fake, const char *path, const char *interface, GVariant *members);
void fake_helper_remove (FakeHelper *fake, const char *path, const char *interface);
guint fake_helper_count_calls (FakeHelper *fake, const char *method);
/* Answers a call that the test has no word on: done, or refused where it asks for something. */
void fake_helper_pass (GDBusMethodInvocation *invocation);
