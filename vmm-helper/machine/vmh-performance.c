/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* GetPerformance: all that can be measured of one machine, for who looks at it. Nothing is measured
 * while nobody asks, and GetStatistics, which is asked of all machines, stays cheap. */
#include "vmh-balloon.h"
#include "vmh-life.h"

#include <glib/gi18n-lib.h>

#include "core/vmh-limits.h"
#include "core/vmh-tally.h"
#include "devices/vmh-plan.h"
#include "host/vmh-tap.h"
#include "qemu/vmh-qmp-measure.h"
#include "qemu/vmh-runtime.h"
#include "qemu/vmh-usage.h"
#include "shared/inn-errors.h"

#define UP (1u << VMH_STATE_RUNNING | 1u << VMH_STATE_PAUSED | 1u << VMH_STATE_STOPPING)

/* A guest tells of its memory where it is asked to: while somebody looks, and a little longer. */
#define GUEST_PERIOD  2                 /* s */
#define GUEST_SECONDS 10                /* after the last question */
#define GUEST_ASKED   "vmh-guest-asked" /* of a VmhQemu: a source */

static VmhTally measuring;

static void
add (GVariantBuilder *values, const char *of, const char *what, guint64 value)
{
  g_variant_builder_add (values, "(sst)", of, what, value);
}

/* ---- of the kernel ---- */

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

/* An emulated machine may have all its processors in one thread: its time is told once. */
static void
add_vcpus (GVariantBuilder *values, VmhMachine *machine, const VmhQmpMeasures *measures)
{
  const guint n = measures->vcpus->len;
  g_autofree VmhThreadUse *threads = g_new0 (VmhThreadUse, n + 1);

  for (guint i = 0; i < n; i++)
    threads[i].inside = g_array_index (measures->vcpus, VmhQmpVcpu, i).thread;
  vmh_usage_read_threads (vmh_life_get_pid (machine), threads, n);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *of =
          g_strdup_printf ("vcpu:%u", g_array_index (measures->vcpus, VmhQmpVcpu, i).index);

      if (threads[i].cpu_ns > 0)
        add (values, of, "time", threads[i].cpu_ns);
    }
}

static void
add_pressure (GVariantBuilder *values)
{
  static const char *const resources[] = { "cpu", "memory", "io" };
  guint64 time;

  for (guint i = 0; i < G_N_ELEMENTS (resources); i++)
    if (vmh_usage_read_pressure (resources[i], &time))
      add (values, "pressure", resources[i], time);
}

/* ---- of QEMU ---- */

static void
add_memory (GVariantBuilder *values, const VmhQmpMeasures *measures)
{
  const VmhQmpMemory *memory = &measures->memory;

  if (memory->first > 0)
    add (values, "memory", "size", memory->first + memory->plugged);
  if (memory->balloon > 0)
    add (values, "memory", "given", memory->balloon + memory->plugged);
  if (measures->guest_total == 0)
    return;
  add (values, "memory", "guest-total", measures->guest_total);
  add (values, "memory", "guest-free", measures->guest_free);
  add (values, "memory", "guest-available", measures->guest_available);
  add (values, "memory", "guest-caches", measures->guest_caches);
}

static const VmhQmpDrive *
find_drive (const VmhQmpMeasures *measures, const char *id)
{
  for (guint i = 0; i < measures->drives->len; i++)
    {
      const VmhQmpDrive *drive = &g_array_index (measures->drives, VmhQmpDrive, i);

      if (vmh_qmp_drive_is (drive, id))
        return drive;
    }
  return NULL;
}

/* An empty drive has counters, too, of what its guest asks it for. */
static void
add_drives (GVariantBuilder *values,
            InnDomain *domain,
            const char *kind,
            const VmhQmpMeasures *measures)
{
  static const char *const names[2][3] = {
    { "read-bytes", "read-operations", "read-time" },
    { "write-bytes", "write-operations", "write-time" },
  };
  g_autoptr (GPtrArray) elements = inn_domain_list (domain, kind);

  for (guint i = 0; i < elements->len; i++)
    {
      const InnElement *element = g_ptr_array_index (elements, i);
      g_autofree char *id = vmh_plan_id (element, 0);
      g_autofree char *of = inn_element_dup_id (element);
      const VmhQmpDrive *drive = find_drive (measures, id);

      if (!drive || !drive->full)
        continue;
      for (guint way = 0; way < 2; way++)
        {
          add (values, of, names[way][0], drive->bytes[way]);
          add (values, of, names[way][1], drive->operations[way]);
          add (values, of, names[way][2], drive->time[way]);
        }
    }
}

/* ---- what the guest says ---- */

static void
on_period_set (GObject *source, GAsyncResult *result, gpointer data)
{
  /* Without a balloon that is an error. */
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, NULL);
}

typedef struct
{
  GObject *qemu; /* not owned: it owns this */
  GWeakRef machine;
  guint source;
} Asked;

static void
asked_free (gpointer data)
{
  Asked *asked = data;

  g_clear_handle_id (&asked->source, g_source_remove);
  g_weak_ref_clear (&asked->machine);
  g_free (asked);
}

static gboolean
on_guest_forgotten (gpointer data)
{
  Asked *asked = data;
  g_autoptr (VmhMachine) machine = g_weak_ref_get (&asked->machine);

  asked->source = 0;
  if (machine)
    vmh_balloon_set_period (machine);
  g_object_set_data (asked->qemu, GUEST_ASKED, NULL);
  return G_SOURCE_REMOVE;
}

static void
ask_guest (VmhMachine *machine, VmhQmp *monitor)
{
  GObject *qemu = G_OBJECT (vmh_machine_get_qemu (machine));
  Asked *asked;

  if (vmh_balloon_get_period (machine) > 0)
    return; /* it tells anyway */
  if (!g_object_get_data (qemu, GUEST_ASKED))
    vmh_qmp_set_balloon_period_async (monitor, GUEST_PERIOD, on_period_set, NULL);
  asked = g_new0 (Asked, 1);
  asked->qemu = qemu;
  g_weak_ref_init (&asked->machine, machine);
  asked->source = g_timeout_add_seconds (GUEST_SECONDS, on_guest_forgotten, asked);
  g_object_set_data_full (qemu, GUEST_ASKED, asked, asked_free);
}

/* ---- the verb ---- */

typedef struct
{
  VmhCall *call;
  uid_t user;
  VmhQmpMeasures *measures; /* NULL: QEMU could not be asked */
  GPtrArray *cards;         /* InnElement */
  guint current;
  GVariantBuilder values; /* of cards */
} Measuring;

static void
measuring_free (Measuring *it)
{
  vmh_tally_take (&measuring, it->user, 1);
  g_clear_pointer (&it->measures, vmh_qmp_measures_free);
  g_ptr_array_unref (it->cards);
  g_variant_builder_clear (&it->values);
  g_free (it);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Measuring, measuring_free)

/* The kernel is asked when all others have answered, so that all is of one moment. */
static void
answer (Measuring *owned)
{
  static const char *const drives[] = { "disk", "lun", "cdrom", "floppy" };
  g_autoptr (Measuring) it = owned;
  const VmhQmpMeasures *measures = it->measures;
  VmhMachine *machine = vmh_call_get_object (it->call);
  InnDomain *domain = vmh_machine_get_live (machine);
  const guint64 now = (guint64)g_get_monotonic_time () * 1000;

  if (!add_usage (&it->values, machine))
    {
      vmh_call_fail (it->call, g_error_new (INN_ERROR, INN_ERROR_BAD_STATE,
                                            _ ("“%s” has just ended. There is nothing to measure."),
                                            vmh_machine_get_name (machine)));
      return;
    }
  if (measures)
    {
      add_vcpus (&it->values, machine, measures);
      add_memory (&it->values, measures);
    }
  for (guint i = 0; measures && domain && i < G_N_ELEMENTS (drives); i++)
    add_drives (&it->values, domain, drives[i], measures);
  add_pressure (&it->values);
  vmh_call_return (it->call, g_variant_new ("(ta(sst))", now, &it->values));
}

static void count_cards (Measuring *it);

static void
add_card (Measuring *it, guint64 received, guint64 sent)
{
  g_autofree char *of = inn_element_dup_id (g_ptr_array_index (it->cards, it->current));

  add (&it->values, of, "received-bytes", received);
  add (&it->values, of, "sent-bytes", sent);
}

static void
on_card_counted (GObject *source, GAsyncResult *result, gpointer data)
{
  Measuring *it = data;
  guint64 sent, received;

  if (vmh_runtime_count_card_finish (result, &sent, &received, NULL))
    add_card (it, received, sent);
  it->current++;
  count_cards (it);
}

/* A card on a bridge is counted by its device of the host's, which receives what the guest sends; a
 * user-mode one by the shim, which its frames go through. (QEMU's own slirp counts nothing.) */
static void
count_cards (Measuring *it)
{
  VmhMachine *machine = vmh_call_get_object (it->call);
  guint64 sent, received;

  for (; it->current < it->cards->len; it->current++)
    {
      const InnElement *card = g_ptr_array_index (it->cards, it->current);
      g_autofree char *name = vmh_plan_id (card, it->current);
      g_autofree char *mac = inn_element_dup (card, "mac");

      if (vmh_plan_is_user_card (card))
        {
          vmh_runtime_count_card_async (vmh_machine_get_bundle (machine), name, on_card_counted,
                                        it);
          return;
        }
      if (mac && vmh_tap_count (mac, &sent, &received))
        add_card (it, received, sent);
    }
  answer (it);
}

static void
on_measured (GObject *source, GAsyncResult *result, gpointer data)
{
  Measuring *it = data;

  it->measures = vmh_qmp_measure_finish (VMH_QMP (source), result);
  count_cards (it);
}

static gboolean
check_measurings (uid_t user, GError **error)
{
  if (vmh_tally_get (&measuring, user) < VMH_MAX_MEASURINGS_PER_UID)
    return TRUE;
  g_set_error_literal (error, INN_ERROR, INN_ERROR_LIMIT,
                       _ ("Too many machines are measured at once. Wait until some are done."));
  return FALSE;
}

void
vmh_verb_get_performance (VmhCall *call)
{
  static const char *const allowed[] = { NULL };
  VmhMachine *machine = vmh_call_get_object (call);
  g_autoptr (GVariant) options = NULL;
  InnDomain *domain = vmh_machine_get_live (machine);
  GError *error = NULL;
  VmhQmp *monitor;
  Measuring *it;

  g_variant_get (vmh_call_get_parameters (call), "(@a{sv})", &options);
  if (!vmh_call_check_options (options, allowed, &error) ||
      !vmh_machine_require (machine, UP, &error) ||
      !check_measurings (vmh_call_get_uid (call), &error))
    {
      vmh_call_fail (call, error);
      return;
    }
  it = g_new0 (Measuring, 1);
  it->call = call;
  it->user = vmh_call_get_uid (call);
  it->cards = domain ? inn_domain_list (domain, "interface") : g_ptr_array_new ();
  g_variant_builder_init (&it->values, G_VARIANT_TYPE ("a(sst)"));
  vmh_tally_add (&measuring, it->user, 1);
  monitor = vmh_life_get_monitor (machine, NULL);
  if (!monitor)
    {
      count_cards (it); /* the kernel knows something of every QEMU */
      return;
    }
  ask_guest (machine, monitor);
  vmh_qmp_measure_async (monitor, on_measured, it);
}
