/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Makes images, one after the other, into a bundle's disks/. How an image is made is host/'s. */
#include "vmh-orders.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>
#include "core/vmh-stuck.h"
#include "host/vmh-image.h"
#include "shared/inn-errors.h"
#include "vmh-storage.h"

static void
order_free (gpointer data)
{
  VmhOrder *order = data;

  vmh_close_later (order->user, order->fd);
  g_free (order->target);
  g_free (order->name);
  g_free (order->format);
  g_free (order->source_format);
  g_free (order);
}

static VmhOrder *
parse_one (VmhCall *call, GVariant *entry, GError **error)
{
  static const char *const allowed[] = { "target", "s",      "size", "t", "image",
                                         "h",      "format", "s",    NULL };
  g_autoptr (GVariantDict) dict = NULL;
  VmhOrder *order;
  gint32 handle;
  gboolean has_size, has_image, has_format;

  if (!vmh_call_check_options (entry, allowed, error))
    return NULL;
  dict = g_variant_dict_new (entry);
  order = g_new0 (VmhOrder, 1);
  order->user = vmh_call_get_uid (call);
  order->fd = -1;
  has_size = g_variant_dict_lookup (dict, "size", "t", &order->size);
  has_format = g_variant_dict_lookup (dict, "format", "s", &order->source_format);
  has_image = g_variant_dict_lookup (dict, "image", "h", &handle);
  if (!g_variant_dict_lookup (dict, "target", "s", &order->target) || has_size == has_image ||
      has_image != has_format)
    g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                 _ ("Each entry of “storage” needs a target, and either a size or an image and "
                    "its format."));
  else if (has_size && (order->size < VMH_IMAGE_MIN_SIZE || order->size > VMH_IMAGE_MAX_SIZE))
    g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                 _ ("A disk must have between 1 MiB and 64 TiB, and “%s” does not."),
                 order->target);
  else if (has_size || (order->fd = vmh_call_take_fd (call, handle, error)) >= 0)
    return order;
  order_free (order);
  return NULL;
}

GPtrArray *
vmh_orders_parse (VmhCall *call, GVariant *storage, GError **error)
{
  g_autoptr (GPtrArray) orders = g_ptr_array_new_with_free_func (order_free);
  gsize n = storage != NULL ? g_variant_n_children (storage) : 0;

  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (storage, i);
      VmhOrder *order = parse_one (call, entry, error);

      if (order == NULL)
        return NULL;
      for (guint j = 0; j < orders->len; j++)
        if (g_str_equal (((VmhOrder *)g_ptr_array_index (orders, j))->target, order->target))
          {
            g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                         _ ("The disk “%s” is listed twice in “storage”."), order->target);
            order_free (order);
            return NULL;
          }
      g_ptr_array_add (orders, order);
    }
  return g_steal_pointer (&orders);
}

/* A detached disk's image may be there still. */
static char *
dup_free_name (VmhBundle *bundle, const VmhOrder *order)
{
  char *name = g_strdup_printf ("%s.%s", order->target, order->format);

  for (guint i = 2; bundle != NULL; i++)
    {
      g_autofree char *inside = g_strconcat (VMH_DISKS "/", name, NULL);

      if (faccessat (vmh_bundle_get_fd (bundle), inside, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        break;
      g_free (name);
      name = g_strdup_printf ("%s-%u.%s", order->target, i, order->format);
    }
  return name;
}

gboolean
vmh_orders_place (GPtrArray *orders,
                  InnDomain *domain,
                  const char *folder,
                  VmhBundle *bundle,
                  GError **error)
{
  for (guint i = 0; i < orders->len; i++)
    {
      VmhOrder *order = g_ptr_array_index (orders, i);
      g_autofree char *id = g_strconcat ("disk:", order->target, NULL);
      g_autoptr (InnElement) disk = inn_domain_find (domain, id);
      g_autofree char *path = NULL;

      if (disk == NULL)
        {
          g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                       _ ("“storage” names the disk “%s”, which the machine does not have."),
                       order->target);
          return FALSE;
        }
      order->format = inn_element_dup (disk, "format");
      if (g_strcmp0 (order->format, "qcow2") != 0 && g_strcmp0 (order->format, "raw") != 0)
        {
          g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                       _ ("New disks are made in the formats qcow2 and raw only. Choose one of "
                          "them for “%s”."),
                       order->target);
          return FALSE;
        }
      order->name = dup_free_name (bundle, order);
      path = g_build_filename (folder, VMH_DISKS, order->name, NULL);
      if (!inn_element_set (disk, "block", NULL, error) ||
          !inn_element_set (disk, "type", "file", error) ||
          !inn_element_set (disk, "source", path, error))
        return FALSE;
    }
  return TRUE;
}

void
vmh_ordering_clear (VmhOrdering *ordering)
{
  g_clear_object (&ordering->machine);
  g_clear_pointer (&ordering->bundle, vmh_bundle_unref);
  g_clear_pointer (&ordering->domain, inn_domain_unref);
  g_clear_pointer (&ordering->orders, g_ptr_array_unref);
}

void
vmh_ordering_check (gpointer context,
                    VmhJob *job,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  const VmhOrdering *ordering = context;
  InnDomain *before = ordering->machine != NULL ? vmh_machine_get_domain (ordering->machine) : NULL;
  g_autoptr (GStrvBuilder) targets = g_strv_builder_new ();
  g_auto (GStrv) made = NULL;

  for (guint i = 0; i < ordering->orders->len; i++)
    g_strv_builder_add (targets, ((VmhOrder *)g_ptr_array_index (ordering->orders, i))->target);
  made = g_strv_builder_end (targets);
  vmh_storage_check_async (ordering->bundle, ordering->domain, before, (const char *const *)made,
                           ordering->machine, TRUE, cancellable, callback, data);
}

typedef struct
{
  GPtrArray *orders;
  VmhBundle *bundle;
  VmhJob *job; /* NULL: nobody watches */
  guint current;
  int folder;
} Making;

static void next_order (GTask *task);

static void
making_free (gpointer data)
{
  Making *making = data;

  if (making->folder >= 0)
    close (making->folder);
  g_ptr_array_unref (making->orders);
  vmh_bundle_unref (making->bundle);
  g_clear_object (&making->job);
  g_free (making);
}

/* Each order counts the same: an empty image is made at once, whatever its size. */
static void
on_progress (guint64 done, guint64 total, gpointer data)
{
  Making *making = data;

  if (making->job != NULL)
    vmh_job_set_bytes (making->job, making->current * total + done, making->orders->len * total);
}

static void
order_done (GTask *task, gboolean good, GError *error)
{
  Making *making = g_task_get_task_data (task);

  if (!good)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  making->current++;
  next_order (task);
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  gboolean good = vmh_image_create_finish (result, &error);

  order_done (data, good, error);
}

static void
on_converted (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  gboolean good = vmh_image_convert_finish (result, &error);

  order_done (data, good, error);
}

static void
next_order (GTask *task)
{
  Making *making = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autofree char *inside = NULL;
  GError *error = NULL;
  VmhOrder *order;

  if (making->current == making->orders->len)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  order = g_ptr_array_index (making->orders, making->current);
  inside = g_strconcat (VMH_DISKS "/", order->name, NULL);
  /* Noted before it is there: one of a helper that is killed is removed by the next. */
  if (!vmh_bundle_add_making (making->bundle, inside, &error))
    {
      order_done (task, FALSE, error);
      return;
    }
  order->begun = TRUE;
  if (order->fd < 0)
    vmh_image_create_async (making->folder, order->name, order->format, order->size, cancellable,
                            on_created, task);
  else
    vmh_image_convert_async (order->fd, order->user, order->source_format, making->folder,
                             order->name, vmh_bundle_get_path (making->bundle), order->format,
                             on_progress, making, cancellable, on_converted, task);
}

void
vmh_ordering_make (gpointer context,
                   VmhJob *job,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer data)
{
  const VmhOrdering *ordering = context;
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Making *making = g_new0 (Making, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, vmh_ordering_make);
  making->orders = g_ptr_array_ref (ordering->orders);
  making->bundle = vmh_bundle_ref (ordering->bundle);
  making->job = job != NULL ? g_object_ref (job) : NULL;
  making->folder =
      vmh_bundle_open_file (ordering->bundle, VMH_DISKS, O_DIRECTORY | O_RDONLY, &error);
  g_task_set_task_data (task, making, making_free);
  if (making->folder < 0)
    order_done (task, FALSE, error);
  else
    next_order (task);
}

void
vmh_ordering_unmake (gpointer context)
{
  const VmhOrdering *ordering = context;

  for (guint i = 0; i < ordering->orders->len; i++)
    {
      VmhOrder *order = g_ptr_array_index (ordering->orders, i);
      g_autofree char *inside = g_strconcat (VMH_DISKS "/", order->name, NULL);
      g_autoptr (GError) error = NULL;

      if (!order->begun)
        continue;
      order->begun = FALSE;
      if (!vmh_bundle_unmake (ordering->bundle, inside, &error))
        g_warning ("%s", error->message);
    }
}

void
vmh_orders_recover (VmhMachine *machine)
{
  VmhBundle *bundle = vmh_machine_get_bundle (machine);
  g_auto (GStrv) names = vmh_bundle_dup_making (bundle);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; names[i] != NULL && error == NULL; i++)
    {
      g_autofree char *path = g_build_filename (vmh_bundle_get_path (bundle), names[i], NULL);

      if (!vmh_storage_names (machine, path))
        vmh_bundle_unmake (bundle, names[i], &error);
    }
  if (names[0] != NULL && error == NULL)
    vmh_bundle_keep_made (bundle, &error);
  if (error != NULL)
    g_warning ("What was being made for %s: %s", vmh_machine_get_uuid (machine), error->message);
}
