/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A question and its two answers; knows nothing of the wizard. */
#include "inn-replace-question.h"

#include <glib/gi18n.h>

GtkWidget *
inn_replace_question_new (GtkWindow *parent)
{
  GtkWidget *dialog = adw_message_dialog_new (
      parent, NULL, _ ("What you have entered for the new machine would be lost."));

  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "keep", _ ("_Keep"),
                                    INN_REPLACE_YES, _ ("_Use It"), NULL);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "keep");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "keep");
  return dialog;
}

void
inn_replace_question_set_file (GtkWidget *question, GFile *file)
{
  g_autofree char *name = g_file_get_basename (file);
  g_autofree char *shown = g_filename_display_name (name);

  adw_message_dialog_format_heading (ADW_MESSAGE_DIALOG (question), _ ("Use “%s” instead?"), shown);
}
