/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* USB devices that a client hands on by usbredir's protocol. Each needs a port in the guest, which
 * is plugged in when it is asked for and stays, with a socket that listens: whoever comes after it
 * has become free gets it again. The bytes never pass through here. */
#include "vmh-life.h"

#include <glib/gi18n-lib.h>
#include <sys/socket.h>

#include "qemu/vmh-fd.h"
#include "qemu/vmh-qmp-plug.h"
#include "qemu/vmh-qmp-redirect.h"
#include "qemu/vmh-runtime.h"
#include "shared/inn-errors.h"

/* For so long QEMU may not have seen yet who has connected. */
#define GIVEN_US (2 * G_USEC_PER_SEC)
#define UP       (1u << VMH_STATE_RUNNING | 1u << VMH_STATE_PAUSED)

typedef struct
{
  VmhCall *call;
  VmhMachine *machine;
  VmhQmp *monitor;
  guint number;
  VmhPlanRunning *running;
  VmhPlan *plan;
  GArray *files;  /* int */
  gboolean begun; /* nobody else changes the machine */
} Redirect;

static void
clear_file (gpointer file)
{
  vmh_clear_fd (file);
}

static void
redirect_free (Redirect *redirect)
{
  if (redirect->begun)
    vmh_machine_end (redirect->machine);
  g_clear_pointer (&redirect->plan, vmh_plan_free);
  g_clear_pointer (&redirect->running, vmh_plan_running_free);
  g_array_unref (redirect->files);
  g_object_unref (redirect->monitor);
  g_object_unref (redirect->machine);
  g_free (redirect);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Redirect, redirect_free)

/* When each port was handed out last: else two who ask at the same time would get the same. */
static gint64 *
get_given (const Redirect *redirect)
{
  GObject *machine = G_OBJECT (redirect->machine);
  gint64 *given = g_object_get_data (machine, "vmh-usb-given");

  if (!given)
    {
      given = g_new0 (gint64, VMH_PLAN_REDIRECTS);
      g_object_set_data_full (machine, "vmh-usb-given", given, g_free);
    }
  return given;
}

static VmhBundle *
get_bundle (const Redirect *redirect)
{
  return vmh_machine_get_bundle (redirect->machine);
}

static void
hand_out (const Redirect *redirect)
{
  g_autofree char *name = vmh_plan_dup_redirect (redirect->number);
  GError *error = NULL;
  int fd = vmh_runtime_connect (get_bundle (redirect), name, SOCK_STREAM, &error);

  if (fd < 0)
    vmh_life_fail (redirect->call, error);
  else
    vmh_call_return_fd (redirect->call, g_variant_new ("(h)", 0), fd);
}

static void
on_plugged (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Redirect) redirect = data;
  GError *error = NULL;

  if (vmh_qmp_plug_finish (VMH_QMP (source), result, &error))
    hand_out (redirect);
  else
    vmh_life_fail (redirect->call, error);
}

static void
on_running (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Redirect) redirect = data;
  g_autofree char *name = vmh_plan_dup_redirect (redirect->number);
  InnDomain *domain = vmh_machine_get_live (redirect->machine);
  VmhPlanHost host = { .accelerator = "" };
  GError *error = NULL;
  int listener = -1;

  redirect->running = vmh_qmp_query_running_finish (VMH_QMP (source), result, &error);
  host.running = redirect->running;
  if (redirect->running && !domain)
    error = g_error_new (INN_ERROR, INN_ERROR_BAD_STATE, _ ("“%s” has ended meanwhile."),
                         vmh_machine_get_name (redirect->machine));
  if (!error)
    {
      redirect->plan = vmh_plan_new (domain, &host);
      if (vmh_plan_build_redirect (redirect->plan, redirect->number, &error))
        listener = vmh_runtime_listen (get_bundle (redirect), name, SOCK_STREAM, &error);
    }
  if (listener < 0)
    {
      vmh_life_fail (redirect->call, error);
      return;
    }
  g_array_append_val (redirect->files, listener);
  vmh_qmp_plug_async (redirect->monitor, redirect->plan, redirect->files, on_plugged, redirect);
  g_steal_pointer (&redirect);
}

static guint
find (const VmhQmpPort *ports, VmhQmpPort wanted)
{
  guint number = 0;

  while (number < VMH_PLAN_REDIRECTS && ports[number] != wanted)
    number++;
  return number;
}

static void
on_ports (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Redirect) redirect = data;
  gint64 *given = get_given (redirect);
  const gint64 now = g_get_monotonic_time ();
  GError *error = NULL;
  VmhQmpPort ports[VMH_PLAN_REDIRECTS];
  gboolean free;

  if (!vmh_qmp_query_ports_finish (VMH_QMP (source), result, ports, &error))
    {
      vmh_life_fail (redirect->call, error);
      return;
    }
  for (guint i = 0; i < VMH_PLAN_REDIRECTS; i++)
    if (given[i] != 0 && now - given[i] < GIVEN_US)
      ports[i] = VMH_QMP_PORT_TAKEN;
  redirect->number = find (ports, VMH_QMP_PORT_FREE);
  free = redirect->number < VMH_PLAN_REDIRECTS;
  if (!free)
    redirect->number = find (ports, VMH_QMP_PORT_NONE);
  if (redirect->number == VMH_PLAN_REDIRECTS)
    {
      vmh_call_fail (
          redirect->call,
          g_error_new (INN_ERROR, INN_ERROR_LIMIT,
                       _ ("“%s” has %u USB devices of its viewers. Take one back first."),
                       vmh_machine_get_name (redirect->machine), VMH_PLAN_REDIRECTS));
      return;
    }
  redirect->begun = !free && vmh_machine_begin (redirect->machine, &error);
  if (error)
    {
      vmh_call_fail (redirect->call, error);
      return;
    }
  given[redirect->number] = now;
  if (free)
    {
      hand_out (redirect);
      return;
    }
  vmh_qmp_query_running_async (redirect->monitor, on_running, redirect);
  g_steal_pointer (&redirect);
}

void
vmh_verb_open_usb (VmhCall *call)
{
  static const char *const allowed[] = { NULL };
  VmhMachine *machine = vmh_call_get_object (call);
  g_autoptr (GVariant) options = NULL;
  Redirect *redirect;
  VmhQmp *monitor = NULL;
  GError *error = NULL;

  g_variant_get (vmh_call_get_parameters (call), "(@a{sv})", &options);
  if (vmh_call_check_options (options, allowed, &error) &&
      vmh_machine_require (machine, UP, &error))
    monitor = vmh_life_get_monitor (machine, &error);
  if (!monitor)
    {
      vmh_call_fail (call, error);
      return;
    }
  redirect = g_new0 (Redirect, 1);
  redirect->call = call;
  redirect->machine = g_object_ref (machine);
  redirect->monitor = g_object_ref (monitor);
  redirect->files = g_array_new (FALSE, FALSE, sizeof (int));
  g_array_set_clear_func (redirect->files, clear_file);
  vmh_qmp_query_ports_async (monitor, on_ports, redirect);
}
