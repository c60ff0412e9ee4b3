/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A file dialog, the helper's XML, and a file. The helper tells nobody a secret, so there is none
 * in it. */
#include "inn-export.h"

#include "app/inn-report.h"
#include "shared/inn-domain-import.h"
#include "shared/inn-errors.h"

#include <glib/gi18n.h>

#define CHOOSER_KEY "inn-export-chooser"

typedef struct
{
  InnMachine *machine;
  GWeakRef near; /* GtkWidget */
  GFile *file;   /* to be written; NULL: not chosen yet */
} Export;

static void
export_free (gpointer data)
{
  Export *export = data;

  g_object_unref (export->machine);
  g_weak_ref_clear (&export->near);
  g_clear_object (&export->file);
  g_free (export);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Export, export_free)

static void
tell (Export *export, const GError *error)
{
  g_autoptr (GtkWidget) near = g_weak_ref_get (&export->near);
  g_autofree char *path = g_file_get_parse_name (export->file);
  g_autofree char *text = NULL;

  if (near == NULL)
    return;
  if (error != NULL)
    {
      text = g_strdup_printf (_ ("“%s” could not be exported"),
                              inn_machine_get_name (export->machine));
      inn_report_error (near, text, error);
      return;
    }
  text = g_strdup_printf (_ ("“%s” was exported to %s. Its disks stay where they are."),
                          inn_machine_get_name (export->machine), path);
  inn_report_note (near, text);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Export) export = data;
  g_autoptr (GError) error = NULL;

  if (!g_file_replace_contents_finish (G_FILE (source), result, NULL, &error))
    {
      g_autofree char *path = g_file_get_parse_name (export->file);
      g_autoptr (GError) told = inn_error_from_io (error, path);

      tell (export, told);
      return;
    }
  tell (export, NULL);
}

static void
on_got_xml (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Export) export = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = inn_machine_get_xml_finish (INN_MACHINE (source), result, NULL, &error);
  g_autoptr (InnDomain) domain = xml != NULL ? inn_domain_parse (xml, -1, &error) : NULL;
  g_autofree char *exported = domain != NULL ? inn_domain_export (domain, FALSE, &error) : NULL;
  g_autoptr (GBytes) bytes = NULL;
  GFile *file = export->file;

  if (exported == NULL)
    {
      tell (export, error);
      return;
    }
  bytes = g_bytes_new (exported, strlen (exported));
  g_file_replace_contents_bytes_async (file, bytes, NULL, FALSE, G_FILE_CREATE_REPLACE_DESTINATION,
                                       NULL, on_written, g_steal_pointer (&export));
}

static void
on_response (GtkNativeDialog *dialog, int response, gpointer data)
{
  const Export *asked = data;
  g_autoptr (GtkWidget) near = g_weak_ref_get ((GWeakRef *)&asked->near);
  g_autoptr (GFile) file = NULL;
  Export *export;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  gtk_native_dialog_hide (dialog);
  if (file == NULL)
    return;
  export = g_new0 (Export, 1);
  export->machine = g_object_ref (asked->machine);
  g_weak_ref_init (&export->near, near);
  export->file = g_steal_pointer (&file);
  inn_machine_get_xml_async (export->machine, FALSE, NULL, on_got_xml, export);
}

static void
forget (gpointer data, GClosure *closure)
{
  export_free (data);
}

void
inn_export_open (GtkWidget *near, InnMachine *machine)
{
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (near));
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (
      _ ("Export for libvirt"), window, GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Export"), _ ("_Cancel"));
  g_autofree char *name = g_strconcat (inn_machine_get_name (machine), ".xml", NULL);
  Export *asked = g_new0 (Export, 1);

  asked->machine = g_object_ref (machine);
  g_weak_ref_init (&asked->near, near);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), name);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_data (chooser, "response", G_CALLBACK (on_response), asked, forget, 0);
  /* One at a time; it goes with its window. */
  g_object_set_data_full (G_OBJECT (window), CHOOSER_KEY, chooser, g_object_unref);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}
