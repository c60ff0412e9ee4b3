/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The wizard in process, before a helper that answers as each case needs. With INN_SCREENSHOTS=DIR
 * every page is also kept there as a picture. */
#pragma once

#include "client/inn-create.h"
#include "create/inn-create-dialog.h"
#include "shared/inn-domain.h"
#include "unit/fake-helper.h"

#define WIZARD_JOB_PATH INN_JOBS_PATH "/1" /* of the job that makes the machine */

typedef struct
{
  FakeHelper *fake;
  InnConnection *connection;
  GtkWidget *dialog;
  char *folder;
  /* what the helper answers */
  GVariant *facts;
  const char *create_error;
  /* what it was asked */
  InnDomain *made;
  GVariant *options;
  gboolean cancelled;
  char *created; /* told by the dialog */
} Fixture;

#define WIZARD_ADD(name, function)                                                                 \
  g_test_add ("/create/" name, Fixture, NULL, wizard_set_up, function, wizard_tear_down)

/* GTK, libadwaita and the app's own style. */
void wizard_init (int *argc, char ***argv);

void wizard_wait (gboolean (*condition) (Fixture *fixture), Fixture *fixture);
void wizard_settle (void);
void wizard_set_up (Fixture *fixture, gconstpointer data);
gboolean wizard_is_closed (Fixture *fixture);
void wizard_tear_down (Fixture *fixture, gconstpointer data);
/* What a widget says itself, or a label in it. */
gboolean wizard_says (GtkWidget *widget, const char *text);
/* The innermost widget of @type below @root that says @text (NULL: any). */
GtkWidget *wizard_find (GtkWidget *root, GType type, const char *text);
GtkWidget *wizard_need (Fixture *fixture, GType type, const char *text);
void wizard_press (Fixture *fixture, const char *text);
const char *wizard_page (Fixture *fixture);
gboolean wizard_is_summary (Fixture *fixture);
gboolean wizard_is_source (Fixture *fixture);
gboolean wizard_is_busy (Fixture *fixture);
const char *wizard_banner (Fixture *fixture);
gboolean wizard_has_banner (Fixture *fixture);
void wizard_shoot (Fixture *fixture, const char *name);
GFile *wizard_make_file (Fixture *fixture, const char *name, const char *data, gsize length);
GFile *wizard_make_iso (Fixture *fixture, const char *name, const char *label);
void wizard_reopen (Fixture *fixture, GFile *file);
void wizard_assert_made (Fixture *fixture, const char *kind, const char *field, const char *wanted);
void wizard_end_job (Fixture *fixture);
