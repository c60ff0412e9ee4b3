/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* GetPerformance: all that can be measured of one machine, for who looks at it. Nothing is measured
 * while nobody asks, and GetStatistics, which is asked of all machines, stays cheap. */
#include "vmh-life.h"

#include <glib/gi18n-lib.h>

#include "qemu/vmh-usage.h"
#include "shared/inn-errors.h"

#define UP (1u << VMH_STATE_RUNNING | 1u << VMH_STATE_PAUSED)

static void
add (GVariantBuilder *values, const char *of, const char *what, guint64 value)
{
  g_variant_builder_add (values, "(sst)", of, what, value);
}

static gboolean
add_usage (GVariantBuilder *values, VmhMachine *machine)
{
  guint64 cpu, resident;

  if (!vmh_usage_read (vmh_life_get_pid (machine), &cpu, &resident))
    return FALSE;
  add (values, "cpu", "time", cpu);
  add (values, "memory", "resident", resident);
  return TRUE;
}

static void
answer (VmhCall *call)
{
  VmhMachine *machine = vmh_call_get_object (call);
  g_auto (GVariantBuilder) values = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sst)"));
  guint64 now = (guint64)g_get_monotonic_time () * 1000;

  if (add_usage (&values, machine))
    vmh_call_return (call, g_variant_new ("(ta(sst))", now, &values));
  else
    vmh_call_fail (call, g_error_new (INN_ERROR, INN_ERROR_BAD_STATE,
                                      _ ("“%s” has just ended. There is nothing to measure."),
                                      vmh_machine_get_name (machine)));
}

void
vmh_verb_get_performance (VmhCall *call)
{
  static const char *const allowed[] = { NULL };
  g_autoptr (GVariant) options = NULL;
  GError *error = NULL;

  g_variant_get (vmh_call_get_parameters (call), "(@a{sv})", &options);
  if (vmh_call_check_options (options, allowed, &error) &&
      vmh_machine_require (vmh_call_get_object (call), UP, &error))
    answer (call);
  else
    vmh_call_fail (call, error);
}
