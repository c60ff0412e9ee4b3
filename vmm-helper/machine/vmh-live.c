/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Changes in a running machine: one table, field → what QEMU is told and how it is seen that the
 * guest has followed. One that does not is told of: what was reached and what can be done. */
#include "vmh-live.h"

#include <glib/gi18n-lib.h>

#include "devices/vmh-plan.h"
#include "qemu/vmh-qmp-live.h"
#include "shared/inn-errors.h"
#include "shared/inn-size.h"
#include "vmh-life.h"

#define FOLLOW_MS 4000 /* for a guest to follow */
#define LOOK_MS   50   /* how often it is looked whether it has */
#define MIB       (G_GUINT64_CONSTANT (1) << 20)
#define BLOCK     (2 * MIB) /* of memory that is plugged in */

typedef struct
{
  VmhMachine *machine;
  InnDomain *wanted;
  GPtrArray *changes;
  GArray *outcomes;
  guint next;
  /* Of the one that is under way. */
  const InnChange *change;
  VmhQmp *monitor;
  VmhQmpCpus cpus;
  VmhQmpMemory memory;
  guint64 goal, reached;
  gint64 until; /* it is looked, of g_get_monotonic_time() */
  guint look_id;
} Live;

static void go_on (GTask *task);

void
vmh_outcome_clear (gpointer outcome)
{
  g_clear_pointer (&((VmhOutcome *)outcome)->sentence, g_free);
}

static void
live_free (gpointer data)
{
  Live *live = data;

  g_clear_handle_id (&live->look_id, g_source_remove);
  g_clear_object (&live->monitor);
  g_free (live->cpus.driver);
  g_object_unref (live->machine);
  g_free (live);
}

/* ---- what becomes of one ---- */

/* What runs, for this helper and for the next: @text is what the field says of it. */
static void
note (Live *live, const char *text)
{
  InnDomain *domain = vmh_machine_get_live (live->machine);
  g_autoptr (InnDomain) copy = domain ? inn_domain_copy (domain) : NULL;
  g_autoptr (InnElement) element = copy ? inn_domain_find (copy, live->change->id) : NULL;
  g_autofree char *xml = NULL;
  g_autoptr (GError) error = NULL;

  if (!element || !inn_element_set (element, live->change->field->name, text, NULL))
    return;
  xml = inn_domain_to_xml (copy);
  vmh_machine_set_live (live->machine, copy);
  if (!vmh_bundle_save_runtime (vmh_machine_get_bundle (live->machine), VMH_LIVE_XML, xml, &error))
    g_warning ("%s: %s", vmh_machine_get_name (live->machine), error->message);
}

static void
note_uint (Live *live, guint64 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

  note (live, text);
}

static void
end_change (GTask *task, gboolean live_now, char *sentence)
{
  Live *live = g_task_get_task_data (task);

  g_array_index (live->outcomes, VmhOutcome, live->next) =
      (VmhOutcome){ .live = live_now, .sentence = sentence };
  g_clear_object (&live->monitor);
  live->next++;
  go_on (task);
}

static void
done (GTask *task)
{
  Live *live = g_task_get_task_data (task);

  note (live, live->change->after);
  end_change (task, TRUE, NULL);
}

/* Not, or not all of it. */
static void G_GNUC_PRINTF (2, 3) wait_for_start (GTask *task, const char *format, ...)
{
  char *sentence;
  va_list args;

  va_start (args, format);
  sentence = g_strdup_vprintf (format, args);
  va_end (args);
  end_change (task, FALSE, sentence);
}

static void
fail (GTask *task, GError *error)
{
  wait_for_start (task, "%s", error->message);
  g_error_free (error);
}

/* Of a command whose answer is all that there is to know. */
static void
on_told (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (reply)
    done (data);
  else
    fail (data, error);
}

static void
begin_to_look (GTask *task, GSourceFunc look)
{
  Live *live = g_task_get_task_data (task);

  live->until = g_get_monotonic_time () + FOLLOW_MS * 1000;
  look (task);
}

/* FALSE: it has been looked for long enough. */
static gboolean
look_again (GTask *task, GSourceFunc look)
{
  Live *live = g_task_get_task_data (task);

  if (g_get_monotonic_time () >= live->until)
    return FALSE;
  live->look_id = g_timeout_add (LOOK_MS, look, task);
  return TRUE;
}

/* ---- processors ---- */

static void plug_next (GTask *task);

static void
tell_cpus (GTask *task, const GError *error)
{
  Live *live = g_task_get_task_data (task);

  note_uint (live, live->reached);
  wait_for_start (task, _ ("It has %u processors now. %s"), (guint)live->reached,
                  error ? error->message
                        : _ ("The system in it gives up no more of them: switch them off in it "
                             "first."));
}

static gboolean on_look_at_cpus (gpointer data);

/* QEMU does not tell everywhere that a processor is gone. */
static void
on_cpus_left (GObject *source, GAsyncResult *result, gpointer data)
{
  Live *live = g_task_get_task_data (data);
  g_autoptr (GError) error = NULL;
  VmhQmpCpus cpus;

  if (!vmh_qmp_query_cpus_finish (VMH_QMP (source), result, &cpus, &error))
    {
      tell_cpus (data, error);
      return;
    }
  g_free (cpus.driver);
  if (cpus.plugged < live->reached)
    {
      live->reached = cpus.plugged;
      plug_next (data);
    }
  else if (!look_again (data, on_look_at_cpus))
    tell_cpus (data, NULL);
}

static gboolean
on_look_at_cpus (gpointer data)
{
  Live *live = g_task_get_task_data (data);

  live->look_id = 0;
  vmh_qmp_query_cpus_async (live->monitor, on_cpus_left, data);
  return G_SOURCE_REMOVE;
}

static void
on_cpu_asked_for (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (reply)
    begin_to_look (data, on_look_at_cpus);
  else
    tell_cpus (data, error);
}

static void
on_cpu_plugged (GObject *source, GAsyncResult *result, gpointer data)
{
  Live *live = g_task_get_task_data (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (!reply)
    {
      tell_cpus (data, error);
      return;
    }
  live->reached++;
  plug_next (data);
}

/* One after the other, always the last. */
static void
plug_next (GTask *task)
{
  Live *live = g_task_get_task_data (task);
  InnDomain *domain = vmh_machine_get_live (live->machine);

  if (live->reached == live->goal || !domain) /* where it has ended meanwhile all is as wanted */
    done (task);
  else if (live->reached < live->goal)
    vmh_qmp_plug_async (
        live->monitor,
        vmh_plan_cpu (domain, live->cpus.driver, live->cpus.places, (guint)live->reached),
        on_cpu_plugged, task);
  else
    {
      g_autofree char *id = g_strdup_printf ("cpu-%u", (guint)live->reached - 1);

      vmh_qmp_unplug_async (live->monitor, id, on_cpu_asked_for, task);
    }
}

static void
on_cpus_known (GObject *source, GAsyncResult *result, gpointer data)
{
  Live *live = g_task_get_task_data (data);
  GError *error = NULL;
  gboolean emulated = g_str_equal (vmh_machine_get_accelerator (live->machine), "tcg");

  g_clear_pointer (&live->cpus.driver, g_free);
  if (!vmh_qmp_query_cpus_finish (VMH_QMP (source), result, &live->cpus, &error))
    {
      fail (data, error);
      return;
    }
  live->reached = live->cpus.plugged;
  if (live->goal > live->cpus.places)
    wait_for_start (data, _ ("It has begun with places for %u processors."), live->cpus.places);
  else if (live->goal < live->reached && emulated)
    /* After one has gone QEMU 7.2 dies of whatever is plugged in next: its heap is damaged. */
    wait_for_start (data, _ ("An emulated machine keeps its processors while it runs."));
  else
    plug_next (data);
}

static void
change_cpus (GTask *task)
{
  Live *live = g_task_get_task_data (task);
  InnElement cpu = inn_domain_get (live->wanted, "cpu");
  gboolean apart = inn_element_has (&cpu, "current");

  if (apart && g_str_equal (live->change->field->name, "vcpus"))
    {
      end_change (task, FALSE, NULL); /* the number of places */
      return;
    }
  live->goal = inn_element_get_uint (&cpu, apart ? "current" : "vcpus");
  vmh_qmp_query_cpus_async (live->monitor, on_cpus_known, task);
}

/* ---- memory ---- */

static gboolean
is_balloon (const Live *live)
{
  return g_str_equal (live->change->field->name, "current");
}

static void
tell_memory (GTask *task)
{
  Live *live = g_task_get_task_data (task);
  const VmhQmpMemory *memory = &live->memory;
  guint64 now =
      is_balloon (live) ? memory->balloon + memory->plugged : memory->first + memory->plugged;
  g_autofree char *size = inn_size_format (now);

  note_uint (live, now);
  if (is_balloon (live))
    wait_for_start (task,
                    _ ("It has %s now. The system in it does not follow: it needs the driver "
                       "virtio-balloon."),
                    size);
  else
    wait_for_start (task,
                    _ ("It has %s now. The system in it does not follow: it needs the driver "
                       "virtio-mem, and memory that it can give back."),
                    size);
}

static void
on_request_reduced (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, NULL);

  tell_memory (data);
}

static gboolean on_look_at_memory (gpointer data);

static void
on_memory_follows (GObject *source, GAsyncResult *result, gpointer data)
{
  Live *live = g_task_get_task_data (data);
  GError *error = NULL;

  if (!vmh_qmp_query_memory_finish (VMH_QMP (source), result, &live->memory, &error))
    fail (data, error);
  else if ((is_balloon (live) ? live->memory.balloon : live->memory.plugged) == live->goal)
    done (data);
  else if (look_again (data, on_look_at_memory))
    ;
  else if (is_balloon (live))
    tell_memory (data);
  else /* nothing shall come later that nobody notes */
    vmh_qmp_set_requested_memory_async (live->monitor, live->memory.plugged, on_request_reduced,
                                        data);
}

static gboolean
on_look_at_memory (gpointer data)
{
  Live *live = g_task_get_task_data (data);

  live->look_id = 0;
  vmh_qmp_query_memory_async (live->monitor, on_memory_follows, data);
  return G_SOURCE_REMOVE;
}

static void
on_memory_asked_for (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (reply)
    begin_to_look (data, on_look_at_memory);
  else
    fail (data, error);
}

static void
set_balloon (GTask *task)
{
  Live *live = g_task_get_task_data (task);
  InnElement element = inn_domain_get (live->wanted, "memory");
  const VmhQmpMemory *memory = &live->memory;
  guint64 wanted = inn_element_get_uint (&element, "current"); /* 0: all */

  if (memory->balloon == 0)
    {
      wait_for_start (task, _ ("It has no memory balloon, which takes memory while it runs."));
      return;
    }
  if (wanted == 0 || wanted > memory->first + memory->plugged)
    live->goal = memory->first;
  else
    live->goal = wanted - MIN (memory->plugged, wanted - MIN (wanted, MIB));
  vmh_qmp_set_balloon_async (live->monitor, live->goal, on_memory_asked_for, task);
}

static void
set_size (GTask *task)
{
  Live *live = g_task_get_task_data (task);
  InnElement element = inn_domain_get (live->wanted, "memory");
  const VmhQmpMemory *memory = &live->memory;
  guint64 wanted = inn_element_get_uint (&element, "size");
  g_autofree char *first = inn_size_format (memory->first);
  g_autofree char *most = inn_size_format (memory->first + memory->most);

  if (!memory->grows)
    wait_for_start (task, _ ("It has begun without a place for more memory."));
  else if (wanted < memory->first)
    wait_for_start (task,
                    _ ("It has begun with %s and runs with no less. “Memory now” takes some of it "
                       "meanwhile."),
                    first);
  else if (wanted > memory->first + memory->most)
    wait_for_start (task, _ ("It can have up to %s while it runs."), most);
  else
    {
      live->goal = (wanted - memory->first) / BLOCK * BLOCK;
      vmh_qmp_set_requested_memory_async (live->monitor, live->goal, on_memory_asked_for, task);
    }
}

static void
on_memory_known (GObject *source, GAsyncResult *result, gpointer data)
{
  Live *live = g_task_get_task_data (data);
  GError *error = NULL;

  if (!vmh_qmp_query_memory_finish (VMH_QMP (source), result, &live->memory, &error))
    fail (data, error);
  else if (is_balloon (live))
    set_balloon (data);
  else
    set_size (data);
}

static void
change_memory (GTask *task)
{
  Live *live = g_task_get_task_data (task);

  vmh_qmp_query_memory_async (live->monitor, on_memory_known, task);
}

/* ---- devices ---- */

static void
change_link (GTask *task)
{
  Live *live = g_task_get_task_data (task);
  g_autoptr (InnElement) card = inn_domain_find (live->wanted, live->change->id);
  g_autoptr (GPtrArray) cards = inn_domain_list (vmh_machine_get_live (live->machine), "interface");

  for (guint i = 0; i < cards->len; i++)
    {
      g_autofree char *id = inn_element_dup_id (cards->pdata[i]);
      g_autofree char *name = vmh_plan_id (cards->pdata[i], i);

      if (!g_str_equal (id, live->change->id))
        continue;
      vmh_qmp_set_link_async (live->monitor, name, inn_element_get_bool (card, "link"), on_told,
                              task);
      return;
    }
  end_change (task, FALSE, NULL); /* it waits itself */
}

static void
change_balloon_period (GTask *task)
{
  Live *live = g_task_get_task_data (task);
  g_autoptr (InnElement) balloon = inn_domain_find (live->wanted, live->change->id);

  vmh_qmp_set_balloon_period_async (
      live->monitor, (guint)inn_element_get_uint (balloon, "stats-period"), on_told, task);
}

/* All of a disk's at once: each alone might not go with those of before. */
static void
change_limits (GTask *task)
{
  Live *live = g_task_get_task_data (task);
  g_autoptr (InnElement) disk = inn_domain_find (live->wanted, live->change->id);
  g_autofree char *target = inn_element_dup (disk, "target");
  g_autofree char *group = vmh_plan_limits_id (target);

  vmh_qmp_set_limits_async (live->monitor, group, vmh_plan_limits (disk), on_told, task);
}

/* ---- the table ---- */

static const struct
{
  const char *kind, *field; /* "bps-": all that begin so */
  void (*change) (GTask *task);
} rows[] = {
  { "cpu", "vcpus", change_cpus },      { "cpu", "current", change_cpus },
  { "memory", "size", change_memory },  { "memory", "current", change_memory },
  { "disk", "bps-", change_limits },    { "disk", "iops-", change_limits },
  { "interface", "link", change_link }, { "memballoon", "stats-period", change_balloon_period },
};

static gboolean
is_of (const char *kind, const char *field, const InnChange *change)
{
  return g_str_equal (kind, change->kind->name) &&
         (g_str_has_suffix (field, "-") ? g_str_has_prefix (change->field->name, field)
                                        : g_str_equal (field, change->field->name));
}

/* Answers whether one is under way. */
static gboolean
begin_change (GTask *task)
{
  Live *live = g_task_get_task_data (task);
  const InnChange *change = live->change;
  GError *error = NULL;
  VmhQmp *monitor;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      if (!is_of (rows[i].kind, rows[i].field, change))
        continue;
      monitor = vmh_life_get_monitor (live->machine, &error);
      if (monitor)
        {
          live->monitor = g_object_ref (monitor);
          rows[i].change (task);
        }
      else
        fail (task, error);
      return TRUE;
    }
  return FALSE;
}

static void
go_on (GTask *task)
{
  Live *live = g_task_get_task_data (task);

  for (; live->next < live->changes->len; live->next++)
    {
      live->change = g_ptr_array_index (live->changes, live->next);
      if (!vmh_machine_get_live (live->machine))
        break; /* it is off, or has ended meanwhile */
      if (!live->change->kind || !live->change->field)
        continue;
      if ((live->change->field->flags & INN_FIELD_NOT_GUEST) != 0)
        {
          note (live, live->change->after);
          g_array_index (live->outcomes, VmhOutcome, live->next).live = TRUE;
        }
      else if (begin_change (task))
        return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

void
vmh_live_change_async (VmhMachine *machine,
                       InnDomain *wanted,
                       GPtrArray *changes,
                       GArray *outcomes,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  GTask *task = g_task_new (machine, NULL, callback, data);
  Live *live = g_new0 (Live, 1);

  g_task_set_source_tag (task, vmh_live_change_async);
  live->machine = g_object_ref (machine);
  live->wanted = wanted;
  live->changes = changes;
  live->outcomes = outcomes;
  g_task_set_task_data (task, live, live_free);
  go_on (task);
}
