/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Asks what becomes of each disk, also of those that lie in the machine's folder and that it does
 * not use, then deletes it. The default keeps whatever we did not make, and whatever another
 * machine uses. */
#include "inn-delete-dialog.h"

#include "client/inn-job.h"
#include "inn-report.h"

#include <adwaita.h>
#include <glib/gi18n.h>

typedef struct
{
  InnMachine *machine;
  GWeakRef near;
  GPtrArray *switches; /* GtkSwitch named as the disk's target, owned by the dialog */
} Delete;

static void
delete_free (Delete *self)
{
  g_ptr_array_unref (self->switches);
  g_object_unref (self->machine);
  g_weak_ref_clear (&self->near);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Delete, delete_free)

static void
fail (Delete *self, const GError *error)
{
  g_autoptr (GtkWidget) near = g_weak_ref_get (&self->near);
  g_autofree char *heading =
      g_strdup_printf (_ ("“%s” could not be deleted"), inn_machine_get_name (self->machine));

  if (near != NULL)
    inn_report_error (near, heading, error);
}

static void
on_job_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Delete) self = data;
  g_autoptr (GError) error = NULL;

  if (!inn_job_wait_finish (result, &error))
    fail (self, error);
}

static void
on_delete_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Delete) self = data;
  g_autoptr (GError) error = NULL;
  InnConnection *connection = INN_CONNECTION (source);
  g_autoptr (GVariant) reply = inn_connection_call_finish (connection, result, NULL, &error);
  const char *job;

  if (reply == NULL)
    {
      fail (self, error);
      return;
    }
  g_variant_get (reply, "(&o)", &job);
  inn_job_wait_async (connection, job, NULL, on_job_ended, g_steal_pointer (&self));
}

static void
call_delete (Delete *self)
{
  GVariantBuilder options, lists[2];

  for (guint i = 0; i < 2; i++)
    g_variant_builder_init (&lists[i], G_VARIANT_TYPE ("as"));
  for (guint i = 0; i < self->switches->len; i++)
    {
      GtkWidget *at = g_ptr_array_index (self->switches, i);

      g_variant_builder_add (&lists[gtk_switch_get_active (GTK_SWITCH (at)) ? 0 : 1], "s",
                             gtk_widget_get_name (at));
    }
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&options, "{sv}", "delete", g_variant_builder_end (&lists[0]));
  g_variant_builder_add (&options, "{sv}", "keep", g_variant_builder_end (&lists[1]));
  inn_connection_call_async (inn_machine_get_connection (self->machine),
                             inn_machine_get_path (self->machine), INN_IFACE_MACHINE, "Delete",
                             g_variant_new ("(a{sv})", &options), NULL, NULL, on_delete_answered,
                             self);
}

static void
on_response (Delete *self, const char *response)
{
  if (g_str_equal (response, "delete"))
    call_delete (self);
  else
    delete_free (self);
}

/* "5.0 GiB · also used by “router”": what matters for the choice. */
static char *
dup_facts (GVariantDict *disk,
           gboolean created,
           gboolean unused,
           const char *path,
           const char *const *shared)
{
  GString *text = g_string_new (NULL);
  guint64 size = 0;

  if (g_variant_dict_lookup (disk, "file-size", "t", &size) && size > 0)
    {
      g_autofree char *amount = g_format_size_full (size, G_FORMAT_SIZE_IEC_UNITS);

      g_string_append_printf (text, "%s · ", amount);
    }
  if (shared != NULL && shared[0] != NULL)
    {
      g_autofree char *names = g_strjoinv ("”, “", (char **)shared);

      g_string_append_printf (text, _ ("Also used by “%s”."), names);
    }
  else if (created && unused)
    g_string_append (text, _ ("Made for this machine, which does not use it any more."));
  else if (created)
    g_string_append (text, _ ("Made for this machine."));
  else if (unused)
    g_string_append (text,
                     _ ("Somebody has put it into the machine’s folder. No machine uses it."));
  else
    g_string_append (text, _ ("Not made by Innkeeper."));
  g_string_append_printf (text, "\n%s", path);
  return g_string_free (text, FALSE);
}

static void
add_disk (Delete *self, GtkListBox *list, GVariant *storage)
{
  g_auto (GVariantDict) disk = G_VARIANT_DICT_INIT (storage);
  g_autofree char *facts = NULL;
  g_autofree char *name = NULL;
  g_autofree const char **shared = NULL;
  const char *target = "", *path = "", *device = "disk";
  gboolean created = FALSE, unused;
  GtkWidget *row, *toggle;

  g_variant_dict_lookup (&disk, "target", "&s", &target);
  g_variant_dict_lookup (&disk, "path", "&s", &path);
  g_variant_dict_lookup (&disk, "device", "&s", &device);
  g_variant_dict_lookup (&disk, "created", "b", &created);
  g_variant_dict_lookup (&disk, "shared-with", "^a&s", &shared);
  unused = g_str_equal (device, "none"); /* a disk that was taken out, or a forgotten file */
  /* Media that was only put in stays where it is: no question. */
  if (*path == '\0' || (!created && !unused && !g_str_equal (device, "disk")))
    return;
  row = adw_action_row_new ();
  toggle = gtk_switch_new ();
  facts = dup_facts (&disk, created, unused, path, shared);
  name = g_path_get_basename (path);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), name);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), facts);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 4);
  gtk_widget_set_valign (toggle, GTK_ALIGN_CENTER);
  gtk_widget_set_name (toggle, target);
  gtk_switch_set_active (GTK_SWITCH (toggle), created && (shared == NULL || shared[0] == NULL));
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), toggle);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), toggle);
  gtk_list_box_append (list, row);
  g_ptr_array_add (self->switches, toggle);
}

/* Asks; takes @self. */
static void
ask (Delete *self, GtkWidget *near, const char *body, GtkWidget *extra)
{
  g_autofree char *heading =
      g_strdup_printf (_ ("Delete “%s”?"), inn_machine_get_name (self->machine));
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (
      adw_message_dialog_new (GTK_WINDOW (gtk_widget_get_root (near)), heading, body));

  adw_message_dialog_set_extra_child (dialog, extra);
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "delete", _ ("_Delete"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "delete", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (dialog, "cancel");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_swapped (dialog, "response", G_CALLBACK (on_response), self);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
on_storage_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Delete) self = data;
  g_autoptr (GtkWidget) near = g_weak_ref_get (&self->near);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      inn_connection_call_finish (INN_CONNECTION (source), result, NULL, &error);
  g_autoptr (GVariant) storage = NULL;
  g_autoptr (GtkWidget) list = NULL;

  if (near == NULL)
    return;
  if (reply == NULL)
    {
      fail (self, error);
      return;
    }
  list = g_object_ref_sink (gtk_list_box_new ());
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  storage = g_variant_get_child_value (reply, 0);
  for (gsize i = 0; i < g_variant_n_children (storage); i++)
    {
      g_autoptr (GVariant) disk = g_variant_get_child_value (storage, i);

      add_disk (self, GTK_LIST_BOX (list), disk);
    }
  if (self->switches->len > 0)
    ask (g_steal_pointer (&self), near,
         _ ("The machine and its settings will be gone. This cannot be undone. "
            "Choose which of its disks are deleted, too:"),
         list);
  else
    ask (g_steal_pointer (&self), near,
         _ ("The machine and its settings will be gone. This cannot be undone."), NULL);
}

void
inn_delete_dialog_open (GtkWidget *near, InnMachine *machine)
{
  Delete *self = g_new0 (Delete, 1);

  self->machine = g_object_ref (machine);
  self->switches = g_ptr_array_new ();
  g_weak_ref_init (&self->near, near);
  /* Its definition cannot be read, so nobody knows which disks it has. */
  if (inn_machine_get_state (machine) == INN_STATE_BROKEN)
    {
      ask (self, near,
           _ ("The machine and its settings will be gone. This cannot be undone. The disks in its "
              "folder are kept, in “Kept disks” beside it."),
           NULL);
      return;
    }
  inn_connection_call_async (
      inn_machine_get_connection (machine), inn_machine_get_path (machine), INN_IFACE_MACHINE,
      "ListStorage", g_variant_new_parsed ("(@a{sv} {},)"), NULL, NULL, on_storage_listed, self);
}
