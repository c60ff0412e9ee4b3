/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Manager.Create: the definition as XML, what each disk is made of, and the image's fd. */

#include "inn-create.h"
#include "inn-machine.h"
#include <string.h>

/* Room for a number behind it; the schema allows 64. */
#define NAME_LENGTH 58

static char *
fit_name (const char *wanted)
{
  g_autofree char *valid = g_utf8_make_valid (wanted, -1);
  g_autofree char *head = g_utf8_substring (valid, 0, MIN (g_utf8_strlen (valid, -1), NAME_LENGTH));
  char *start = g_strdelimit (head, "/\n\t", ' ');

  g_strstrip (start);
  while (*start == '-' || *start == '.' || *start == ' ')
    start++;
  return g_strdup (*start != '\0' ? start : "machine");
}

gboolean
inn_create_name_is_free (InnConnection *connection, const char *name)
{
  GListModel *machines = connection != NULL ? inn_connection_get_machines (connection) : NULL;

  for (guint i = 0; machines != NULL && i < g_list_model_get_n_items (machines); i++)
    {
      g_autoptr (InnMachine) machine = g_list_model_get_item (machines, i);

      if (g_strcmp0 (inn_machine_get_name (machine), name) == 0)
        return FALSE;
    }
  return TRUE;
}

char *
inn_create_dup_free_name (InnConnection *connection, const char *wanted)
{
  g_autofree char *base = fit_name (wanted);
  char *name = g_strdup (base);

  for (guint i = 2; !inn_create_name_is_free (connection, name); i++)
    {
      g_free (name);
      name = g_strdup_printf ("%s %u", base, i);
    }
  return name;
}

/* The storage entries: at most one, for the machine's disk. */
static gboolean
add_storage (GVariantDict *options,
             GUnixFDList *fds,
             InnDomain *domain,
             const InnSource *source,
             guint64 disk_size,
             GError **error)
{
  g_autoptr (GPtrArray) disks = inn_domain_list (domain, "disk");
  g_auto (GVariantBuilder) list = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_auto (GVariantDict) entry = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *target = NULL;

  if (disks->len == 0 || (source->kind == INN_SOURCE_DISK && source->in_place))
    return TRUE;
  target = inn_element_dup (disks->pdata[0], "target");
  g_variant_dict_insert (&entry, "target", "s", target);
  if (source->kind == INN_SOURCE_DISK)
    {
      int handle = g_unix_fd_list_append (fds, source->media->fd, error);

      if (handle < 0)
        return FALSE;
      g_variant_dict_insert (&entry, "image", "h", handle);
      g_variant_dict_insert (&entry, "format", "s", source->media->format);
    }
  else
    g_variant_dict_insert (&entry, "size", "t", disk_size);
  g_variant_builder_add_value (&list, g_variant_dict_end (&entry));
  g_variant_dict_insert_value (options, "storage", g_variant_builder_end (&list));
  return TRUE;
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  GVariant *reply = inn_connection_call_finish (INN_CONNECTION (source), result, NULL, &error);

  if (reply != NULL)
    g_task_return_pointer (task, reply, (GDestroyNotify)g_variant_unref);
  else
    g_task_return_error (task, error);
}

void
inn_create_async (InnConnection *connection,
                  InnDomain *domain,
                  const InnSource *source,
                  guint64 disk_size,
                  gboolean start,
                  GCancellable *cancellable,
                  GAsyncReadyCallback callback,
                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (connection, cancellable, callback, user_data);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *xml = inn_domain_to_xml (domain);
  GError *error = NULL;

  g_task_set_source_tag (task, inn_create_async);
  if (!add_storage (&options, fds, domain, source, disk_size, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (start)
    g_variant_dict_insert (&options, "start", "b", TRUE);
  inn_connection_call_async (connection, INN_MANAGER_PATH, INN_IFACE_MANAGER, "Create",
                             g_variant_new ("(s@a{sv})", xml, g_variant_dict_end (&options)), fds,
                             cancellable, on_called, g_object_ref (task));
}

gboolean
inn_create_finish (GAsyncResult *result, char **out_machine, char **out_job, GError **error)
{
  g_autoptr (GVariant) reply = g_task_propagate_pointer (G_TASK (result), error);

  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(oo)", out_machine, out_job);
  return TRUE;
}
