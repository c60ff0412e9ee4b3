/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "machine/vmh-share.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <string.h>

#include "host/vmh-systemd.h"
#include "qemu/vmh-qmp-measure.h"
#include "qemu/vmh-threads.h"
#include "shared/inn-errors.h"
#include "vmh-life.h"
#include "vmh-store.h"

/* ---- how much time ---- */

static void
on_apart (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!vmh_systemd_set_apart_finish (result, &error) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    g_info ("A guest stays in the helper's control group: %s", error->message);
}

/* Nobody waits for it who has no @callback. */
static void
set_apart (VmhMachine *machine, const VmhShare *share, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GArray) pids = g_array_new (FALSE, FALSE, sizeof (pid_t));
  g_autofree char *description =
      g_strdup_printf ("Virtual machine %s", vmh_machine_get_name (machine));
  g_autofree char *id =
      g_strdup_printf ("%s-%d", vmh_machine_get_uuid (machine), (int)vmh_life_get_pid (machine));

  vmh_qemu_list_pids (vmh_machine_get_qemu (machine), pids);
  vmh_systemd_set_apart_async (pids, id, description, share, callback, data);
}

void
vmh_share_set_apart (VmhMachine *machine)
{
  if (vmh_store_is_system () && vmh_life_get_pid (machine) != 0)
    set_apart (machine, NULL, on_apart, NULL);
}

static void
on_limited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (vmh_systemd_set_apart_finish (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
vmh_share_limit_async (VmhMachine *machine,
                       InnDomain *domain,
                       gboolean always,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  g_autoptr (GTask) task = g_task_new (machine, NULL, callback, data);
  InnElement cpu = inn_domain_get (domain, "cpu");
  const VmhShare share = { inn_element_get_uint (&cpu, "limit"),
                           inn_element_get_uint (&cpu, "shares") };
  g_autoptr (GArray) pids = g_array_new (FALSE, FALSE, sizeof (pid_t));
  GError *error = NULL;

  if ((!always && share.limit == 0 && share.weight == 0) || vmh_life_get_pid (machine) == 0)
    g_task_return_boolean (task, TRUE);
  else if (!vmh_store_is_system ())
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_UNSUPPORTED,
                             _ ("Only machines of the whole system can be given a share of this "
                                "computer."));
  else if (vmh_systemd_is_there ())
    set_apart (machine, &share, on_limited, g_steal_pointer (&task));
  else
    {
      vmh_qemu_list_pids (vmh_machine_get_qemu (machine), pids);
      if (vmh_cgroup_set (vmh_machine_get_uuid (machine), pids, &share, &error))
        g_task_return_boolean (task, TRUE);
      else
        g_task_return_error (task, error);
    }
}

gboolean
vmh_share_limit_finish (VmhMachine *machine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- where ---- */

/* What the domain says for the processor @index: "pins" has lines as "1 3-5". NULL: nothing. */
static char *
dup_pin (const char *pins, guint index)
{
  g_auto (GStrv) lines = g_strsplit (pins ? pins : "", "\n", -1);

  for (char **line = lines; *line; line++)
    if (strchr (*line, ' ') && strtoul (*line, NULL, 10) == index)
      return g_strdup (strchr (*line, ' ') + 1);
  return NULL;
}

gboolean
vmh_share_is_any (InnDomain *domain)
{
  static const char *const fields[] = { "cpuset", "pins", "emulator-cpuset", "limit", "shares" };
  InnElement cpu = inn_domain_get (domain, "cpu");

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (inn_element_has (&cpu, fields[i]))
      return TRUE;
  return FALSE;
}

gboolean
vmh_share_check_pins (InnDomain *domain, GError **error)
{
  InnElement cpu = inn_domain_get (domain, "cpu");
  g_autofree char *all = inn_element_dup (&cpu, "cpuset");
  g_autofree char *rest = inn_element_dup (&cpu, "emulator-cpuset");
  g_autofree char *pins = inn_element_dup (&cpu, "pins");
  g_auto (GStrv) lines = g_strsplit (pins ? pins : "", "\n", -1);

  for (char **line = lines; *line; line++)
    if (strchr (*line, ' ') && !vmh_threads_check (strchr (*line, ' ') + 1, error))
      return FALSE;
  return vmh_threads_check (all, error) && vmh_threads_check (rest, error);
}

static void
pin_free (gpointer pin)
{
  g_free (((VmhThreadPin *)pin)->list);
}

static void
on_vcpus (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  VmhMachine *machine = g_task_get_source_object (task);
  InnDomain *domain = g_task_get_task_data (task);
  InnElement cpu = inn_domain_get (domain, "cpu");
  g_autofree char *all = inn_element_dup (&cpu, "cpuset");
  g_autofree char *rest = inn_element_dup (&cpu, "emulator-cpuset");
  g_autofree char *said = inn_element_dup (&cpu, "pins");
  g_autoptr (GArray) vcpus = NULL;
  g_autoptr (GArray) pins = g_array_new (FALSE, FALSE, sizeof (VmhThreadPin));
  GError *error = NULL;

  g_array_set_clear_func (pins, pin_free);
  if (source && !(vcpus = vmh_qmp_query_vcpus_finish (VMH_QMP (source), result, &error)))
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; vcpus && i < vcpus->len; i++)
    {
      const VmhQmpVcpu *vcpu = &g_array_index (vcpus, VmhQmpVcpu, i);
      VmhThreadPin pin = { vcpu->thread, dup_pin (said, vcpu->index) };

      if (!pin.list)
        pin.list = g_strdup (all);
      g_array_append_val (pins, pin);
    }
  if (vmh_life_get_pid (machine) == 0 || /* it has ended meanwhile */
      vmh_threads_pin (vmh_life_get_pid (machine), rest ? rest : all,
                       (const VmhThreadPin *)(gconstpointer)pins->data, pins->len, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
vmh_share_pin_async (VmhMachine *machine,
                     InnDomain *domain,
                     GAsyncReadyCallback callback,
                     gpointer data)
{
  GTask *task = g_task_new (machine, NULL, callback, data);
  InnElement cpu = inn_domain_get (domain, "cpu");
  GError *error = NULL;
  VmhQmp *monitor;

  g_task_set_task_data (task, inn_domain_ref (domain), (GDestroyNotify)inn_domain_unref);
  if (!inn_element_has (&cpu, "pins") && !inn_element_has (&cpu, "emulator-cpuset"))
    {
      on_vcpus (NULL, NULL, task); /* all of its threads alike */
      return;
    }
  monitor = vmh_life_get_monitor (machine, &error);
  if (monitor)
    vmh_qmp_query_vcpus_async (monitor, on_vcpus, task);
  else
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
}

gboolean
vmh_share_pin_finish (VmhMachine *machine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
