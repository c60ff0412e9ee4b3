/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Changes in a running machine: one table, field → what QEMU is told and how it is seen that the
 * guest has followed. One that does not is told of: what was reached and what can be done. */
#include "vmh-live-private.h"

#include "shared/inn-errors.h"
#include "vmh-life.h"

#define FOLLOW_MS 4000 /* for a guest to follow */
#define LOOK_MS   50   /* how often it is looked whether it has */

static void go_on (GTask *task);

void
vmh_outcome_clear (gpointer outcome)
{
  g_clear_pointer (&((VmhOutcome *)outcome)->sentence, g_free);
}

static void
live_free (gpointer data)
{
  VmhLive *live = data;

  g_clear_handle_id (&live->look_id, g_source_remove);
  g_clear_object (&live->monitor);
  g_free (live->cpus.driver);
  g_object_unref (live->machine);
  g_free (live);
}

/* ---- what becomes of one ---- */

/* What runs, for this helper and for the next: @text is what the field says of it. */
static void
note (VmhLive *live, const char *text)
{
  InnDomain *domain = vmh_machine_get_live (live->machine);
  g_autoptr (InnDomain) copy = domain ? inn_domain_copy (domain) : NULL;
  g_autoptr (InnElement) element = copy ? inn_domain_find (copy, live->change->id) : NULL;
  g_autofree char *before = element ? inn_element_dup (element, live->change->field->name) : NULL;
  g_autofree char *xml = NULL;
  g_autoptr (GError) error = NULL;

  if (!element || g_strcmp0 (before, text) == 0 ||
      !inn_element_set (element, live->change->field->name, text, NULL))
    return;
  xml = inn_domain_to_xml (copy);
  vmh_machine_set_live (live->machine, copy);
  if (!vmh_bundle_save_runtime (vmh_machine_get_bundle (live->machine), VMH_LIVE_XML, xml, &error))
    g_warning ("%s: %s", vmh_machine_get_name (live->machine), error->message);
}

void
vmh_live_note_uint (VmhLive *live, guint64 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

  note (live, text);
}

void
vmh_live_end (GTask *task, gboolean live_now, char *sentence)
{
  VmhLive *live = g_task_get_task_data (task);

  g_array_index (live->outcomes, VmhOutcome, live->next) =
      (VmhOutcome){ .live = live_now, .sentence = sentence };
  g_clear_object (&live->monitor);
  live->next++;
  go_on (task);
}

void
vmh_live_done (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);

  note (live, live->change->after);
  vmh_live_end (task, TRUE, NULL);
}

/* Not, or not all of it. */
void
vmh_live_wait (GTask *task, const char *format, ...)
{
  char *sentence;
  va_list args;

  va_start (args, format);
  sentence = g_strdup_vprintf (format, args);
  va_end (args);
  vmh_live_end (task, FALSE, sentence);
}

void
vmh_live_fail (GTask *task, GError *error)
{
  VmhLive *live = g_task_get_task_data (task);

  live->silent = g_error_matches (error, INN_ERROR, INN_ERROR_TIMEOUT);
  if (live->silent)
    vmh_live_wait (task, _ ("QEMU, the program that runs it, does not answer."));
  else
    vmh_live_wait (task, "%s", error->message);
  g_error_free (error);
}

void
vmh_live_on_told (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (reply)
    vmh_live_done (data);
  else
    vmh_live_fail (data, error);
}

void
vmh_live_begin_to_look (GTask *task, GSourceFunc look)
{
  VmhLive *live = g_task_get_task_data (task);

  live->until = g_get_monotonic_time () + FOLLOW_MS * 1000;
  look (task);
}

gboolean
vmh_live_look_again (GTask *task, GSourceFunc look)
{
  VmhLive *live = g_task_get_task_data (task);

  if (g_get_monotonic_time () >= live->until)
    return FALSE;
  live->look_id = g_timeout_add (LOOK_MS, look, task);
  return TRUE;
}

/* ---- the table ---- */

static const struct
{
  const char *kind, *field; /* "bps-": all that begin so */
  void (*change) (GTask *task);
} rows[] = {
  { "cpu", "vcpus", vmh_live_change_cpus },
  { "cpu", "current", vmh_live_change_cpus },
  { "memory", "size", vmh_live_change_memory },
  { "memory", "current", vmh_live_change_memory },
  { "disk", "bps-", vmh_live_change_limits },
  { "disk", "iops-", vmh_live_change_limits },
  { "cdrom", "source", vmh_live_change_medium },
  { "floppy", "source", vmh_live_change_medium },
  { "interface", "link", vmh_live_change_link },
  { "memballoon", "stats-period", vmh_live_change_balloon_period },
};

static void (*find_way (const char *kind, const char *field)) (GTask *task)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (kind, rows[i].kind) &&
        (g_str_has_suffix (rows[i].field, "-") ? g_str_has_prefix (field, rows[i].field)
                                               : g_str_equal (field, rows[i].field)))
      return rows[i].change;
  return NULL;
}

gboolean
vmh_live_has_way (const InnKind *kind, const InnField *field)
{
  return find_way (kind->name, field->name) != NULL;
}

/* Answers whether one is under way. */
static gboolean
begin_change (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  void (*change) (GTask * task) = find_way (live->change->kind->name, live->change->field->name);
  GError *error = NULL;
  VmhQmp *monitor;

  if (!change || live->silent) /* it is not waited for again */
    return FALSE;
  monitor = vmh_life_get_monitor (live->machine, &error);
  if (monitor)
    {
      live->monitor = g_object_ref (monitor);
      change (task);
    }
  else
    vmh_live_fail (task, error);
  return TRUE;
}

static void
go_on (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);

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
  VmhLive *live = g_new0 (VmhLive, 1);

  g_task_set_source_tag (task, vmh_live_change_async);
  live->machine = g_object_ref (machine);
  live->wanted = wanted;
  live->changes = changes;
  live->outcomes = outcomes;
  g_task_set_task_data (task, live, live_free);
  go_on (task);
}
