/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns how a machine comes to UEFI variables of its own. */
#include "vmh-life.h"

#include <fcntl.h>

#include <glib/gi18n-lib.h>
#include "core/vmh-spawn.h"
#include "core/vmh-stuck.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

#define MAX_NVRAM (16 * 1024 * 1024) /* bytes; OVMF's are 84 to 540 KiB */

/* Seconds for them, from wherever they are. */
#define PATIENCE 10

typedef struct
{
  VmhBundle *bundle;
  char *paths[4]; /* in the order of preference, ended by NULL */
  guint n_named;  /* of those, how many the XML names: opened as the owner does */
  guint current;
  VmhProcess *process; /* reads the current one, which may be where nothing answers */
} Nvram;

static void
nvram_free (Nvram *nvram)
{
  for (guint i = 0; i < G_N_ELEMENTS (nvram->paths); i++)
    g_free (nvram->paths[i]);
  g_clear_pointer (&nvram->process, vmh_process_unref);
  vmh_bundle_unref (nvram->bundle);
  g_free (nvram);
}

static void open_next (GTask *owned_task);

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Nvram *nvram = g_task_get_task_data (task);
  g_autoptr (GBytes) bytes = vmh_process_get_output (nvram->process);
  GError *error = NULL;

  if (!vmh_process_wait_finish (nvram->process, result, NULL) || g_bytes_get_size (bytes) == 0)
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_IO,
                             _ ("“%s” does not look like UEFI variables. Choose UEFI anew in the "
                                "machine's details."),
                             nvram->paths[nvram->current]);
  else if (vmh_bundle_save (nvram->bundle, VMH_NVRAM, g_bytes_get_data (bytes, NULL),
                            (gssize)g_bytes_get_size (bytes), VMH_BUNDLE_SYNC, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* @fd taken over. */
static void
copy (GTask *owned_task, int fd)
{
  g_autoptr (GTask) task = owned_task;
  Nvram *nvram = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  uid_t owner = vmh_bundle_get_owner (nvram->bundle);
  g_autoptr (VmhSpawn) spawn = vmh_spawn_new ("/usr/bin/cat", owner);
  GError *error = NULL;

  vmh_spawn_bind (spawn);
  vmh_spawn_become (spawn, VMH_PROBE_UID, VMH_PROBE_UID);
  vmh_spawn_pass_fd (spawn, STDIN_FILENO, fd);
  vmh_spawn_capture (spawn, STDOUT_FILENO, MAX_NVRAM);
  nvram->process = vmh_spawn_start (spawn, NULL, NULL, &error);
  vmh_close_later (owner, fd);
  if (nvram->process != NULL)
    vmh_process_wait_async (nvram->process, PATIENCE, cancellable, on_read,
                            g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Nvram *nvram = g_task_get_task_data (task);
  GError *error = NULL;
  int fd = vmh_open_as_finish (result, &error);

  if (fd >= 0)
    copy (g_steal_pointer (&task), fd);
  else if (g_error_matches (error, INN_ERROR, INN_ERROR_NOT_FOUND))
    {
      g_error_free (error);
      nvram->current++;
      open_next (g_steal_pointer (&task));
    }
  else
    g_task_return_error (task, error);
}

/* What the XML names may well not be there yet. Where it is and cannot be read, no empty variables
 * take its place: the guest would lose what it boots, and nobody would know. Takes the task over.
 */
static void
open_next (GTask *owned_task)
{
  g_autoptr (GTask) task = owned_task;
  Nvram *nvram = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  const char *path = nvram->paths[nvram->current];
  int fd;

  if (path != NULL && nvram->current < nvram->n_named)
    {
      vmh_open_as_async (vmh_bundle_get_owner (nvram->bundle), path, O_RDONLY, cancellable,
                         on_opened, g_steal_pointer (&task));
      return;
    }
  fd = path != NULL ? open (path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd >= 0)
    copy (g_steal_pointer (&task), fd);
  else
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_UNSUPPORTED,
                             _ ("There are no UEFI variables to begin with. Install the package "
                                "“ovmf”, or choose BIOS."));
}

void
vmh_nvram_prepare_async (VmhBundle *bundle,
                         InnDomain *domain,
                         const char *template_path,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  static const char *const fields[] = { "nvram", "nvram-template" };
  InnElement firmware = inn_domain_get (domain, "firmware");
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autoptr (GError) error = NULL;
  VMH_AUTOFD there = vmh_bundle_open_file (bundle, VMH_NVRAM, O_RDONLY | O_NONBLOCK, &error);
  Nvram *nvram;

  g_task_set_source_tag (task, vmh_nvram_prepare_async);
  g_task_set_check_cancellable (task, FALSE);
  if (there >= 0)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (!g_error_matches (error, INN_ERROR, INN_ERROR_NOT_FOUND))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  nvram = g_new0 (Nvram, 1);
  nvram->bundle = vmh_bundle_ref (bundle);
  g_task_set_task_data (task, nvram, (GDestroyNotify)nvram_free);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if ((nvram->paths[nvram->n_named] = inn_element_dup (&firmware, fields[i])) != NULL)
      nvram->n_named++;
  nvram->paths[nvram->n_named] = g_strdup (template_path);
  open_next (g_steal_pointer (&task));
}
