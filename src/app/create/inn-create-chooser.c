/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The desktop's own file dialog, with filters for what each source is. */
#include "inn-create-chooser.h"

#include <glib/gi18n.h>

typedef struct
{
  GtkWindow *parent; /* owns the chooser, which owns us */
  InnMediaWant want;
  InnFileChosen chosen;
} Question;

#define CHOOSER_KEY "inn-create-chooser"

static void
on_response (GtkNativeDialog *dialog, int response, gpointer data)
{
  Question question = *(Question *)data;
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  gtk_native_dialog_hide (dialog);
  if (file != NULL)
    question.chosen (file, question.want, question.parent);
}

static void
add_filter (GtkFileChooser *chooser, const char *name, const char *const *suffixes)
{
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();

  gtk_file_filter_set_name (filter, name);
  for (; suffixes != NULL && *suffixes != NULL; suffixes++)
    gtk_file_filter_add_suffix (filter, *suffixes);
  if (suffixes == NULL)
    gtk_file_filter_add_pattern (filter, "*");
  gtk_file_chooser_add_filter (chooser, filter);
}

/* A filter for @suffixes, called @name, where there is one, before that for all files. */
static void
ask (GtkWindow *parent,
     const char *title,
     const char *name,
     const char *const *suffixes,
     InnMediaWant want,
     InnFileChosen chosen)
{
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (
      title, parent, GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Choose"), _ ("_Cancel"));
  Question *question = g_new0 (Question, 1);

  question->parent = parent;
  question->want = want;
  question->chosen = chosen;
  if (suffixes != NULL)
    add_filter (GTK_FILE_CHOOSER (chooser), name, suffixes);
  add_filter (GTK_FILE_CHOOSER (chooser), _ ("All files"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_data (chooser, "response", G_CALLBACK (on_response), question,
                         (GClosureNotify)(void (*) (void))g_free, 0);
  /* One at a time; it goes with its window. */
  g_object_set_data_full (G_OBJECT (parent), CHOOSER_KEY, chooser, g_object_unref);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

void
inn_create_choose_file (GtkWindow *parent,
                        InnSourceKind kind,
                        InnMediaWant want,
                        InnFileChosen chosen)
{
  static const char *const iso[] = { "iso", NULL };
  static const char *const disk[] = { "qcow2", "img", "raw",  "dd",   "vmdk",
                                      "vdi",   "vhd", "vhdx", "qcow", NULL };
  const char *title = want == INN_MEDIA_WANT_KERNEL   ? _ ("Choose a Kernel")
                      : want == INN_MEDIA_WANT_INITRD ? _ ("Choose an Initial RAM Disk")
                      : kind == INN_SOURCE_ISO        ? _ ("Choose an ISO File")
                                                      : _ ("Choose a Disk Image");

  if (kind == INN_SOURCE_ISO)
    ask (parent, title, _ ("ISO files"), iso, want, chosen);
  else if (kind == INN_SOURCE_DISK)
    ask (parent, title, _ ("Disk images"), disk, want, chosen);
  else
    ask (parent, title, NULL, NULL, want, chosen);
}

void
inn_create_choose_definition (GtkWindow *parent, InnFileChosen chosen)
{
  static const char *const xml[] = { "xml", NULL };

  ask (parent, _ ("Choose a Machine’s Definition"), _ ("XML files"), xml, INN_MEDIA_WANT_SOURCE,
       chosen);
}
