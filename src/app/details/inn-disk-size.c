/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-disk-size.h"

#include "details/inn-field-editors.h"
#include "inn-report.h"
#include "shared/inn-size.h"

#include <glib/gi18n.h>

#define GIB   (G_GUINT64_CONSTANT (1) << 30)
#define BLOCK 512

struct _InnDiskSize
{
  AdwActionRow parent_instance;

  GtkLabel *size_label;
  GtkWidget *button;

  InnMachine *machine;
  GCancellable *cancellable;
  char *target;
  guint64 size;   /* bytes, as the helper has said */
  guint64 wanted; /* in the question */
  InnField field;
};

G_DEFINE_FINAL_TYPE (InnDiskSize, inn_disk_size, ADW_TYPE_ACTION_ROW)

static void
show (InnDiskSize *self, guint64 allocated)
{
  g_autofree char *size = inn_size_format (self->size);
  g_autofree char *takes = g_format_size_full (allocated, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *subtitle = g_strdup_printf (_ ("Takes up %s of this computer’s disk"), takes);

  gtk_label_set_text (self->size_label, size);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), subtitle);
  gtk_widget_set_sensitive (self->button, TRUE);
}

static void
on_inspected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnDiskSize) self = data;
  g_autoptr (GVariant) info = inn_machine_inspect_disk_finish (INN_MACHINE (source), result, NULL);
  guint64 allocated = 0;

  if (info == NULL || !g_variant_lookup (info, "virtual-size", "t", &self->size))
    {
      gtk_label_set_text (self->size_label, _ ("Unknown")); /* it cannot be read */
      return;
    }
  g_variant_lookup (info, "allocated-size", "t", &allocated);
  show (self, allocated);
}

static void
ask_for_size (InnDiskSize *self)
{
  inn_machine_inspect_disk_async (self->machine, self->target, self->cancellable, on_inspected,
                                  g_object_ref (self));
}

static void
on_grown (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnDiskSize) self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *note = inn_machine_grow_disk_finish (INN_MACHINE (source), result, &error);

  if (error != NULL)
    inn_report_error (GTK_WIDGET (self), _ ("The disk could not be made larger"), error);
  else if (*note != '\0')
    inn_report_note (GTK_WIDGET (self), note);
  if (!g_cancellable_is_cancelled (self->cancellable))
    ask_for_size (self);
}

static void
on_response (InnDiskSize *self, const char *response)
{
  if (!g_str_equal (response, "grow"))
    return;
  gtk_widget_set_sensitive (self->button, FALSE);
  inn_machine_grow_disk_async (self->machine, self->target, self->wanted, self->cancellable,
                               on_grown, g_object_ref (self));
}

static void
on_wanted (const char *text, gpointer data)
{
  AdwMessageDialog *dialog = data;
  InnDiskSize *self = g_object_get_data (G_OBJECT (dialog), "inn-disk-size");
  const guint64 bytes = text != NULL ? g_ascii_strtoull (text, NULL, 10) : 0;

  self->wanted = (bytes + BLOCK - 1) / BLOCK * BLOCK;
  adw_message_dialog_set_response_enabled (dialog, "grow", self->wanted > self->size);
}

static GtkWidget *
new_size_row (InnDiskSize *self, GtkWidget *dialog)
{
  const InnEditor *editing;
  g_autofree char *text = NULL;
  GtkWidget *list = gtk_list_box_new ();
  GtkWidget *row, *editor;

  self->wanted = self->size + MAX (GIB, self->size / 4 / GIB * GIB);
  self->field = (InnField){ .name = "new-size",
                            .type = INN_TYPE_SIZE,
                            .flags = INN_FIELD_REQUIRED,
                            .min = self->size,
                            .max = G_GUINT64_CONSTANT (1) << 46,
                            .label = N_ ("New size") };
  self->wanted = MIN (self->wanted, self->field.max);
  text = g_strdup_printf ("%" G_GUINT64_FORMAT, self->wanted);
  editing = inn_editor_for (&self->field);
  row = editing->build (&self->field, &editor, on_wanted, dialog);
  editing->show (editor, &self->field, text);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (self->field.label));
  gtk_list_box_append (GTK_LIST_BOX (list), row);
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  return list;
}

static void
on_grow_clicked (InnDiskSize *self)
{
  g_autofree char *size = inn_size_format (self->size);
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (root), NULL, NULL);

  adw_message_dialog_format_heading (ADW_MESSAGE_DIALOG (dialog), _ ("Make Disk %s Larger"),
                                     self->target);
  adw_message_dialog_format_body (ADW_MESSAGE_DIALOG (dialog),
                                  _ ("It has %s and can only grow. The room is new and empty: the "
                                     "system on it uses it once its "
                                     "partition is made larger there."),
                                  size);
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "grow",
                                    _ ("_Make Larger"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "grow",
                                              ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "grow");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "inn-disk-size", g_object_ref (self), g_object_unref);
  adw_message_dialog_set_extra_child (ADW_MESSAGE_DIALOG (dialog), new_size_row (self, dialog));
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_response), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
inn_disk_size_dispose (GObject *object)
{
  InnDiskSize *self = INN_DISK_SIZE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->machine);
  G_OBJECT_CLASS (inn_disk_size_parent_class)->dispose (object);
}

static void
inn_disk_size_finalize (GObject *object)
{
  InnDiskSize *self = INN_DISK_SIZE (object);

  g_object_unref (self->cancellable);
  g_free (self->target);
  G_OBJECT_CLASS (inn_disk_size_parent_class)->finalize (object);
}

static void
inn_disk_size_class_init (InnDiskSizeClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = inn_disk_size_dispose;
  G_OBJECT_CLASS (klass)->finalize = inn_disk_size_finalize;
}

static void
inn_disk_size_init (InnDiskSize *self)
{
  self->cancellable = g_cancellable_new ();
  self->size_label = GTK_LABEL (gtk_label_new (NULL));
  gtk_widget_add_css_class (GTK_WIDGET (self->size_label), "dim-label");
  self->button = gtk_button_new_with_mnemonic (_ ("_Grow…"));
  gtk_widget_set_valign (self->button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (self->button, _ ("Make this disk larger"));
  g_signal_connect_object (self->button, "clicked", G_CALLBACK (on_grow_clicked), self,
                           G_CONNECT_SWAPPED);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), _ ("Size"));
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), GTK_WIDGET (self->size_label));
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), self->button);
  /* It is there from the start: what comes later would push away what a person is about to click.
   */
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), " ");
  gtk_widget_set_sensitive (self->button, FALSE);
}

GtkWidget *
inn_disk_size_new (InnMachine *machine, const InnElement *disk)
{
  InnDiskSize *self = g_object_new (INN_TYPE_DISK_SIZE, NULL);

  self->machine = g_object_ref (machine);
  self->target = inn_element_dup (disk, "target");
  ask_for_size (self);
  return GTK_WIDGET (self);
}
