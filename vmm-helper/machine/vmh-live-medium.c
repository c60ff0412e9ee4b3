/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A disc or floppy goes into a drive of a running machine, or out of it. */
#include "vmh-live-private.h"

#include "core/vmh-stuck.h"
#include "devices/vmh-plan.h"
#include "qemu/vmh-qmp-medium.h"
#include "shared/inn-errors.h"
#include "vmh-storage.h"

static void
on_medium_changed (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  if (vmh_qmp_change_medium_finish (VMH_QMP (source), result, &error))
    vmh_live_done (data);
  else if (g_error_matches (error, INN_ERROR, INN_ERROR_IN_USE))
    {
      vmh_live_wait (data, _ ("The system in it holds the drive. Eject the medium there first."));
      g_error_free (error);
    }
  else
    vmh_live_fail (data, error);
}

static void
change_medium (GTask *task, int fd)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autoptr (InnElement) drive = inn_domain_find (live->wanted, live->change->id);
  g_autofree char *id = vmh_plan_id (drive, 0);
  g_autofree char *target = inn_element_dup (drive, "target");
  g_autofree char *format = inn_element_dup (drive, "format");

  vmh_qmp_change_medium_async (live->monitor, id, target, fd, format, on_medium_changed, task);
}

static void
on_medium_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  GError *error = NULL;
  int fd = vmh_storage_open_finish (result, &error);

  if (fd < 0)
    {
      vmh_live_fail (data, error);
      return;
    }
  change_medium (data, fd);
  vmh_close_later (vmh_machine_get_owner (live->machine), fd);
}

void
vmh_live_change_medium (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autoptr (InnElement) drive = inn_domain_find (live->wanted, live->change->id);
  g_autoptr (InnElement) now =
      inn_domain_find (vmh_machine_get_live (live->machine), live->change->id);
  g_autofree char *path = inn_element_dup (drive, "source");
  gboolean floppy = g_str_equal (live->change->kind->name, "floppy");

  /* A drive of this computer, or a floppy that is written to, is another device to QEMU. */
  if (!now || !inn_element_is (drive, "type", "file") || !inn_element_is (now, "type", "file") ||
      (path && floppy && !inn_element_get_bool (drive, "readonly")))
    vmh_live_end (task, FALSE, NULL);
  else if (path)
    vmh_storage_open_async (vmh_machine_get_bundle (live->machine), path, FALSE, NULL,
                            on_medium_opened, task);
  else
    change_medium (task, -1);
}
