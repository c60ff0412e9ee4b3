/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a machine tells when asked: GetXml, ListStorage, GetLog. Changes nothing. */
#include "vmh-verbs.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/vmh-stuck.h"
#include "shared/inn-errors.h"
#include "vmh-manager.h"
#include "vmh-secrets.h"
#include "vmh-storage.h"

#define LOG_FILE          "log/qemu.log"
#define LOG_DEFAULT_LINES 100
#define LOG_MAX_BYTES     (256 * 1024)

void
vmh_verb_get_xml (VmhCall *call)
{
  static const char *const allowed[] = { "live", "b", NULL };
  VmhMachine *machine = vmh_call_get_object (call);
  g_autoptr (GVariant) options = NULL;
  g_autofree char *xml = NULL;
  InnDomain *domain;
  gboolean live = FALSE;
  GError *error = NULL;

  g_variant_get (vmh_call_get_parameters (call), "(@a{sv})", &options);
  if (!vmh_call_check_options (options, allowed, &error) ||
      !vmh_machine_require (machine, ~(1u << VMH_STATE_BROKEN), &error))
    {
      vmh_call_fail (call, error);
      return;
    }
  g_variant_lookup (options, "live", "b", &live);
  domain = vmh_machine_get_domain (machine);
  if (live && vmh_machine_get_live (machine) != NULL)
    domain = vmh_machine_get_live (machine);
  xml = vmh_secrets_dup_xml (domain);
  vmh_call_return (
      call,
      g_variant_new ("(st)", xml, vmh_bundle_get_generation (vmh_machine_get_bundle (machine))));
}

/* Names of the owner's other machines that name the image, too; @found is one that has the same
 * file under whatever name, or NULL. */
static GVariant *
list_users (VmhMachine *machine, const char *path, const char *found)
{
  g_autoptr (GPtrArray) machines = vmh_manager_list (vmh_manager_get ());
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < machines->len; i++)
    {
      VmhMachine *other = g_ptr_array_index (machines, i);

      if (other != machine && vmh_machine_get_owner (other) == vmh_machine_get_owner (machine) &&
          (g_strcmp0 (vmh_machine_get_name (other), found) == 0 || vmh_storage_names (other, path)))
        g_variant_builder_add (&builder, "s", vmh_machine_get_name (other));
    }
  return g_variant_builder_end (&builder);
}

/* As the kernel remembers it: a file system that hangs is not asked. */
static guint64
size_of_fd (int fd)
{
  struct statx st;

  return statx (fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_SIZE, &st) == 0 &&
                 S_ISREG (st.stx_mode)
             ? st.stx_size
             : 0;
}

static void
add_text (GVariantBuilder *builder, const char *key, const InnElement *storage, const char *field)
{
  g_autofree char *text = storage != NULL ? inn_element_dup (storage, field) : NULL;

  g_variant_builder_add (builder, "{sv}", key, g_variant_new_string (text != NULL ? text : ""));
}

/* One answer: a device's image, or (@storage NULL) what no device has. */
typedef struct
{
  InnElement *storage;
  char *path;
} Listed;

typedef struct
{
  VmhCall *call;
  VmhMachine *machine;
  InnDomain *domain;
  GPtrArray *list; /* Listed */
  guint current;
  int fd; /* of that, or -1 */
  GVariantBuilder builder;
} Listing;

static void list_next (Listing *listing);

static void
listed_free (gpointer data)
{
  Listed *listed = data;

  g_clear_pointer (&listed->storage, inn_element_free);
  g_free (listed->path);
  g_free (listed);
}

static void
add_listed (Listing *listing, const InnElement *storage, char *path)
{
  Listed *listed = g_new0 (Listed, 1);

  listed->storage = storage != NULL ? inn_element_copy (storage) : NULL;
  listed->path = path;
  g_ptr_array_add (listing->list, listed);
}

static void
listing_free (Listing *listing)
{
  g_variant_builder_clear (&listing->builder);
  g_ptr_array_unref (listing->list);
  inn_domain_unref (listing->domain);
  g_object_unref (listing->machine);
  g_free (listing);
}

static GVariant *
describe (Listing *listing, const Listed *listed, const char *found)
{
  VmhBundle *bundle = vmh_machine_get_bundle (listing->machine);
  const char *inside = vmh_bundle_relative (bundle, listed->path);
  const char *device = listed->storage != NULL ? listed->storage->kind->name : "none";
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  if (listed->storage != NULL)
    add_text (&builder, "target", listed->storage, "target");
  else
    g_variant_builder_add (&builder, "{sv}", "target", g_variant_new_string (inside));
  add_text (&builder, "format", listed->storage, "format");
  g_variant_builder_add (&builder, "{sv}", "path", g_variant_new_string (listed->path));
  g_variant_builder_add (&builder, "{sv}", "device", g_variant_new_string (device));
  g_variant_builder_add (&builder, "{sv}", "inside", g_variant_new_boolean (inside != NULL));
  g_variant_builder_add (
      &builder, "{sv}", "created",
      g_variant_new_boolean (inside != NULL && vmh_bundle_is_created (bundle, inside)));
  g_variant_builder_add (&builder, "{sv}", "file-size",
                         g_variant_new_uint64 (listing->fd >= 0 ? size_of_fd (listing->fd) : 0));
  g_variant_builder_add (&builder, "{sv}", "shared-with",
                         list_users (listing->machine, listed->path, found));
  return g_variant_builder_end (&builder);
}

static void
on_user_found (GObject *source, GAsyncResult *result, gpointer data)
{
  Listing *listing = data;
  const Listed *listed = g_ptr_array_index (listing->list, listing->current++);
  g_autofree char *found =
      result != NULL ? vmh_storage_find_user_finish (result, NULL) : NULL; /* NULL: not there */

  g_variant_builder_add_value (&listing->builder, describe (listing, listed, found));
  vmh_close_later (vmh_machine_get_owner (listing->machine), listing->fd);
  listing->fd = -1;
  list_next (listing);
}

static void
list_one (Listing *listing, int fd)
{
  listing->fd = fd;
  if (fd < 0)
    on_user_found (NULL, NULL, listing);
  else
    vmh_storage_find_user_async (fd, vmh_machine_get_owner (listing->machine), TRUE, FALSE,
                                 listing->machine, NULL, on_user_found, listing);
}

static void
on_listed_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  list_one (data, vmh_open_as_finish (result, NULL));
}

/* One after the other. */
static void
list_next (Listing *listing)
{
  VmhBundle *bundle = vmh_machine_get_bundle (listing->machine);
  const Listed *listed;
  const char *inside;

  if (listing->current == listing->list->len)
    {
      vmh_call_return (listing->call,
                       g_variant_new ("(@aa{sv})", g_variant_builder_end (&listing->builder)));
      listing_free (listing);
      return;
    }
  listed = g_ptr_array_index (listing->list, listing->current);
  inside = vmh_bundle_relative (bundle, listed->path);
  if (inside != NULL)
    list_one (listing, vmh_bundle_open_file (bundle, inside, O_PATH, NULL));
  else
    vmh_open_as_async (vmh_bundle_get_owner (bundle), listed->path, O_RDONLY, NULL,
                       on_listed_opened, listing);
}

static gboolean
gather (Listing *listing, GError **error)
{
  VmhBundle *bundle = vmh_machine_get_bundle (listing->machine);
  g_autoptr (GPtrArray) devices = vmh_storage_list (listing->domain);
  g_auto (GStrv) unused = vmh_storage_list_unused (listing->machine, error);

  for (guint i = 0; i < devices->len; i++)
    {
      char *path = vmh_storage_dup_path (g_ptr_array_index (devices, i));

      if (path != NULL)
        add_listed (listing, g_ptr_array_index (devices, i), path);
    }
  /* A name that is no text cannot be told: it is kept in any case. */
  for (guint i = 0; unused != NULL && unused[i] != NULL; i++)
    if (g_utf8_validate (unused[i], -1, NULL))
      add_listed (listing, NULL, g_build_filename (vmh_bundle_get_path (bundle), unused[i], NULL));
  return unused != NULL;
}

void
vmh_verb_list_storage (VmhCall *call)
{
  VmhMachine *machine = vmh_call_get_object (call);
  g_autoptr (GVariant) options = NULL;
  Listing *listing;
  GError *error = NULL;

  g_variant_get (vmh_call_get_parameters (call), "(@a{sv})", &options);
  if (!vmh_call_check_options (options, NULL, &error) ||
      !vmh_machine_require (machine, ~(1u << VMH_STATE_BROKEN), &error))
    {
      vmh_call_fail (call, error);
      return;
    }
  listing = g_new0 (Listing, 1);
  listing->call = call;
  listing->fd = -1;
  listing->machine = g_object_ref (machine);
  listing->domain = inn_domain_ref (vmh_machine_get_domain (machine));
  listing->list = g_ptr_array_new_with_free_func (listed_free);
  g_variant_builder_init (&listing->builder, G_VARIANT_TYPE ("aa{sv}"));
  if (gather (listing, &error))
    list_next (listing);
  else
    {
      listing_free (listing);
      vmh_call_fail (call, error);
    }
}

char *
vmh_machine_dup_log (VmhMachine *machine, guint lines)
{
  VmhBundle *bundle = vmh_machine_get_bundle (machine);
  int fd =
      bundle != NULL ? vmh_bundle_open_file (bundle, LOG_FILE, O_RDONLY | O_NONBLOCK, NULL) : -1;
  g_autofree char *data = NULL;
  const char *start;
  off_t size;
  ssize_t n;

  if (fd < 0)
    return g_strdup ("");
  size = lseek (fd, 0, SEEK_END);
  data = g_malloc (LOG_MAX_BYTES + 1);
  n = MAX (pread (fd, data, LOG_MAX_BYTES, MAX (size - LOG_MAX_BYTES, 0)), 0);
  close (fd);
  data[n] = '\0';
  /* Back over line ends, the last of which ends the last line. */
  start = data + n;
  for (guint seen = 0; start > data; start--)
    if (start[-1] == '\n' && start < data + n && ++seen >= lines)
      break;
  return g_utf8_make_valid (lines > 0 ? start : "", -1); /* a guest's words get in there */
}

void
vmh_verb_get_log (VmhCall *call)
{
  static const char *const allowed[] = { "lines", "u", NULL };
  VmhMachine *machine = vmh_call_get_object (call);
  g_autoptr (GVariant) options = NULL;
  g_autofree char *log = NULL;
  guint lines = LOG_DEFAULT_LINES;
  GError *error = NULL;

  g_variant_get (vmh_call_get_parameters (call), "(@a{sv})", &options);
  if (!vmh_call_check_options (options, allowed, &error))
    {
      vmh_call_fail (call, error);
      return;
    }
  g_variant_lookup (options, "lines", "u", &lines);
  log = vmh_machine_dup_log (machine, lines);
  vmh_call_return (call, g_variant_new ("(s)", log));
}
