/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A disk gets larger: by the QEMU that has it, or, where none has, by one that does nothing else.
 */
#include "vmh-verbs.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>

#include "core/vmh-stuck.h"
#include "host/vmh-image.h"
#include "qemu/vmh-qmp-live.h"
#include "shared/inn-errors.h"
#include "shared/inn-size.h"
#include "vmh-life.h"
#include "vmh-live.h"
#include "vmh-storage.h"

#define STATES                                                                                     \
  (1u << VMH_STATE_OFF | 1u << VMH_STATE_CRASHED | 1u << VMH_STATE_RUNNING | 1u << VMH_STATE_PAUSED)

typedef struct
{
  VmhCall *call;
  VmhMachine *machine;
  InnElement *disk;
  char *target;
  char *format;
  guint64 size;
  gboolean plugged; /* QEMU has it */
  gboolean inside;  /* the machine's folder */
  int fd;
} Grow;

static void
grow_free (Grow *grow)
{
  vmh_close_later (vmh_machine_get_owner (grow->machine), grow->fd);
  g_clear_pointer (&grow->disk, inn_element_free);
  g_object_unref (grow->machine);
  g_free (grow->target);
  g_free (grow->format);
  g_free (grow);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Grow, grow_free)

/* It and the next free it. */
static void
fail (Grow *grow, GError *error)
{
  vmh_machine_end (grow->machine);
  vmh_call_fail (grow->call, error);
  grow_free (grow);
}

/* Only virtio tells its driver; of the others the system learns it when it looks. */
static const char *
say_what_is_left (const Grow *grow)
{
  if (!grow->plugged || inn_element_is (grow->disk, "bus", "virtio"))
    return "";
  return _ ("The system in it sees the new size when it looks at the disk again, at the latest "
            "after a restart.");
}

static void
end (Grow *grow)
{
  vmh_machine_end (grow->machine);
  vmh_call_return (grow->call, g_variant_new ("(s)", say_what_is_left (grow)));
  grow_free (grow);
}

static void
on_grown (GObject *source, GAsyncResult *result, gpointer data)
{
  Grow *grow = data;
  GError *error = NULL;

  if (vmh_image_grow_finish (result, &error))
    end (grow);
  else
    fail (grow, error);
}

static void
on_synced (GObject *source, GAsyncResult *result, gpointer data)
{
  Grow *grow = data;
  GError *error = NULL;

  if (vmh_image_sync_finish (result, &error))
    end (grow);
  else
    fail (grow, error);
}

/* QEMU writes out what it closes; a raw image that it goes on with it does not. */
static void
on_resized (GObject *source, GAsyncResult *result, gpointer data)
{
  Grow *grow = data;
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (reply == NULL)
    fail (grow, error);
  else if (!grow->inside) /* its file system may never answer; QEMU syncs it with the guest's data
                           */
    end (grow);
  else
    vmh_image_sync_async (grow->fd, -1, grow->target, NULL, on_synced, grow);
}

static gboolean
check_size (const Grow *grow, guint64 before, GError **error)
{
  g_autofree char *has = inn_size_format (before);

  if (grow->size > before)
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
               _ ("“%s” has %s already. A disk can only grow: choose more."), grow->target, has);
  return FALSE;
}

static void
on_inspected (GObject *source, GAsyncResult *result, gpointer data)
{
  Grow *grow = data;
  GError *error = NULL;
  g_autoptr (VmhImageInfo) info = vmh_image_inspect_finish (result, &error);
  VmhQmp *monitor = NULL;

  if (info == NULL || !vmh_image_info_check (info, grow->target, grow->format, &error) ||
      !check_size (grow, info->virtual_size, &error) ||
      (grow->plugged && !(monitor = vmh_life_get_monitor (grow->machine, &error))))
    fail (grow, error);
  else if (monitor != NULL)
    vmh_qmp_resize_async (monitor, grow->target, grow->size, on_resized, grow);
  else
    vmh_image_grow_async (grow->fd, vmh_machine_get_owner (grow->machine), grow->format, grow->size,
                          NULL, on_grown, grow);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  Grow *grow = data;
  GError *error = NULL;

  grow->fd = vmh_storage_open_finish (result, &error);
  if (grow->fd >= 0)
    vmh_image_inspect_async (grow->fd, vmh_machine_get_owner (grow->machine), NULL, on_inspected,
                             grow);
  else
    fail (grow, error);
}

static gboolean
refuse (GError **error, const char *format, const char *target)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* each of the sentences takes the name */
  g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED, format, target);
#pragma GCC diagnostic pop
  return FALSE;
}

static gboolean
check_disk (const Grow *grow, GError **error)
{
  if (!inn_element_is (grow->disk, "type", "file"))
    return refuse (error,
                   _ ("“%s” is a disk of this computer. Make that larger, then restart the "
                      "machine."),
                   grow->target);
  if (!vmh_storage_is_writable (grow->disk))
    return refuse (error, _ ("“%s” is read-only, and so is its size."), grow->target);
  if (!g_str_equal (grow->format, "raw") && !g_str_equal (grow->format, "qcow2"))
    return refuse (error, _ ("“%s” is neither qcow2 nor raw; only those can grow."), grow->target);
  return TRUE;
}

/* Whether the QEMU that runs has this very image. */
static gboolean
is_plugged (const Grow *grow, const char *path)
{
  g_autofree char *id = inn_element_dup_id (grow->disk);
  InnDomain *live = vmh_machine_get_live (grow->machine);
  g_autoptr (InnElement) disk = live != NULL ? inn_domain_find (live, id) : NULL;
  g_autofree char *its = disk != NULL ? vmh_storage_dup_path (disk) : NULL;

  return g_strcmp0 (its, path) == 0;
}

static Grow *
prepare (VmhCall *call, char **out_path, GError **error)
{
  VmhMachine *machine = vmh_call_get_object (call);
  g_autoptr (Grow) grow = g_new0 (Grow, 1);
  g_autoptr (GVariant) options = NULL;

  grow->call = call;
  grow->machine = g_object_ref (machine);
  grow->fd = -1;
  g_variant_get (vmh_call_get_parameters (call), "(st@a{sv})", &grow->target, &grow->size,
                 &options);
  if (!vmh_call_check_options (options, NULL, error) ||
      !vmh_machine_require (machine, STATES, error))
    return NULL;
  if (grow->size > VMH_IMAGE_MAX_SIZE || grow->size % 512 != 0)
    {
      g_set_error_literal (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                           _ ("A disk has at most 64 TiB, in blocks of 512 bytes."));
      return NULL;
    }
  *out_path = vmh_storage_dup_disk_path (machine, grow->target, &grow->disk, error);
  if (*out_path == NULL)
    return NULL;
  grow->format = inn_element_dup (grow->disk, "format");
  if (!check_disk (grow, error) || !vmh_machine_begin (machine, error))
    return NULL;
  grow->plugged = is_plugged (grow, *out_path);
  grow->inside = vmh_bundle_relative (vmh_machine_get_bundle (machine), *out_path) != NULL;
  return g_steal_pointer (&grow);
}

void
vmh_verb_grow_disk (VmhCall *call)
{
  g_autofree char *path = NULL;
  GError *error = NULL;
  Grow *grow;

  if (vmh_live_put_off (call, vmh_verb_grow_disk))
    return;
  grow = prepare (call, &path, &error);
  if (grow == NULL)
    vmh_call_fail (call, error);
  else
    vmh_storage_open_async (vmh_machine_get_bundle (grow->machine), path, !grow->plugged,
                            vmh_call_get_cancellable (call), on_opened, grow);
}
