/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Changes in a running machine: one table, field → what QEMU is told and how it is seen that the
 * guest has followed. One that does not is told of: what was reached and what can be done. */
#include "vmh-live-private.h"

#include "shared/inn-errors.h"
#include "vmh-hostdev.h"
#include "vmh-life.h"

#define FOLLOW_MS 4000 /* for a guest to follow */
#define LOOK_MS   50   /* how often it is looked whether it has, */
#define SOON_MS   4    /* and at first, after which each time is twice the one before */

/* ACPI 6.5, 6.3.5: sources and status of _OST. */
#define OST_EJECT       0x3
#define OST_EJECT_SELF  0x103
#define OST_DONE        0
#define OST_IN_PROGRESS 0x84

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

  vmh_live_clear (live);
  g_array_unref (live->put_off);
  g_object_unref (live->machine);
  g_free (live);
}

static void
drop_handler (VmhQemu *qemu, gulong *id)
{
  if (*id != 0 && qemu && g_signal_handler_is_connected (qemu, *id))
    g_signal_handler_disconnect (qemu, *id);
  *id = 0;
}

void
vmh_live_clear (VmhLive *live)
{
  VmhQemu *qemu = vmh_machine_get_qemu (live->machine);

  g_clear_handle_id (&live->look_id, g_source_remove);
  drop_handler (qemu, &live->refused_id);
  drop_handler (qemu, &live->event_id);
  live->heard = NULL;
  g_clear_pointer (&live->cpus.driver, g_free);
  g_clear_pointer (&live->files, vmh_files_free);
  g_clear_pointer (&live->plan, vmh_plan_free);
  g_clear_pointer (&live->running, vmh_plan_running_free);
  g_clear_object (&live->monitor);
}

/* ---- what becomes of one ---- */

/* For this helper and for the next. */
static void
set_live (VmhMachine *machine, InnDomain *domain)
{
  g_autofree char *xml = inn_domain_to_xml (domain);
  g_autoptr (GError) error = NULL;

  vmh_machine_set_live (machine, domain);
  if (!vmh_bundle_save_runtime (vmh_machine_get_bundle (machine), VMH_LIVE_XML, xml, &error))
    g_warning ("%s: %s", vmh_machine_get_name (machine), error->message);
}

void
vmh_live_note_device (VmhMachine *machine, const char *id, const InnElement *device)
{
  InnDomain *domain = vmh_machine_get_live (machine);
  g_autoptr (InnDomain) copy = domain ? inn_domain_copy (domain) : NULL;
  g_autoptr (InnElement) old = copy ? inn_domain_find (copy, id) : NULL;
  const gboolean usb = g_str_has_prefix (id, "hostdev");

  if (!copy)
    return;
  if (old)
    inn_domain_remove (old);
  if (device)
    inn_domain_adopt (copy, device);
  else if (!usb)
    vmh_hostdev_release (machine, id);
  set_live (machine, copy);
  /* Last: to a helper that begins in between, a USB device with no place is one that is still
   * there. A place that is nobody's it forgets. */
  if (!device && usb)
    vmh_hostdev_release (machine, id);
}

void
vmh_live_note_cpus (VmhMachine *machine, guint count)
{
  InnDomain *domain = vmh_machine_get_live (machine);
  g_autoptr (InnDomain) copy = domain ? inn_domain_copy (domain) : NULL;
  g_autofree char *text = g_strdup_printf ("%u", count);
  const char *field;
  InnElement cpu;

  if (!copy)
    return;
  cpu = inn_domain_get (copy, "cpu");
  field = inn_element_has (&cpu, "current") ? "current" : "vcpus";
  if (inn_element_get_uint (&cpu, field) != count && inn_element_set (&cpu, field, text, NULL))
    set_live (machine, copy);
}

void
vmh_live_note_memory (VmhMachine *machine, guint64 size)
{
  InnDomain *domain = vmh_machine_get_live (machine);
  g_autoptr (InnDomain) copy = domain ? inn_domain_copy (domain) : NULL;
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, size);
  InnElement memory;

  if (!copy)
    return;
  memory = inn_domain_get (copy, "memory");
  if (inn_element_get_uint (&memory, "size") != size &&
      inn_element_set (&memory, "size", text, NULL))
    set_live (machine, copy);
}

/* @text is what the field says of what runs. */
static void
note (VmhLive *live, const char *text)
{
  InnDomain *domain = vmh_machine_get_live (live->machine);
  g_autoptr (InnDomain) copy = domain ? inn_domain_copy (domain) : NULL;
  g_autoptr (InnElement) element = copy ? inn_domain_find (copy, live->change->id) : NULL;
  g_autofree char *before = element ? inn_element_dup (element, live->change->field->name) : NULL;

  if (!element || g_strcmp0 (before, text) == 0 ||
      !inn_element_set (element, live->change->field->name, text, NULL))
    return;
  set_live (live->machine, copy);
}

void
vmh_live_note_uint (VmhLive *live, guint64 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

  note (live, text);
}

void
vmh_live_note_fields (VmhLive *live, const char *const *names)
{
  InnDomain *domain = vmh_machine_get_live (live->machine);
  g_autoptr (InnDomain) copy = domain ? inn_domain_copy (domain) : NULL;
  g_autoptr (InnElement) element = copy ? inn_domain_find (copy, live->change->id) : NULL;
  g_autoptr (InnElement) wanted = inn_domain_find (live->wanted, live->change->id);

  for (; element && wanted && *names; names++)
    {
      g_autofree char *text = inn_element_dup (wanted, *names);

      inn_element_set (element, *names, text, NULL);
    }
  if (element && wanted)
    set_live (live->machine, copy);
}

static gboolean
is_in_live (VmhMachine *machine, const char *id)
{
  InnDomain *domain = vmh_machine_get_live (machine);
  g_autoptr (InnElement) element = domain ? inn_domain_find (domain, id) : NULL;

  return element != NULL;
}

void
vmh_live_end (GTask *task, gboolean live_now, char *sentence)
{
  VmhLive *live = g_task_get_task_data (task);

  g_array_index (live->outcomes, VmhOutcome, live->next) =
      (VmhOutcome){ .live = live_now, .sentence = sentence };
  /* A QEMU that does not answer may have it. */
  if (!live_now && !live->change->field && live->change->after && !live->silent &&
      !is_in_live (live->machine, live->change->id))
    vmh_hostdev_release (live->machine, live->change->id);
  vmh_live_clear (live);
  live->next++;
  go_on (task);
}

void
vmh_live_done (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);

  if (live->change->field)
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

/* What it is looked for may have come with it. */
static void
on_qemu_event (VmhQemu *qemu, const char *name, JsonObject *data, gpointer user_data)
{
  static const char *const names[] = { "BALLOON_CHANGE", "MEMORY_DEVICE_SIZE_CHANGE",
                                       "DEVICE_DELETED", NULL };
  VmhLive *live = g_task_get_task_data (user_data);

  if (live->look_id == 0 || !g_strv_contains (names, name))
    return;
  g_source_remove (live->look_id);
  live->look_id = 0;
  if (live->heard && live->heard (user_data, name, data))
    return;
  live->look_id = g_idle_add_full (G_PRIORITY_DEFAULT, live->look, user_data, NULL);
}

void
vmh_live_begin_to_look (GTask *task, GSourceFunc look)
{
  VmhLive *live = g_task_get_task_data (task);
  VmhQemu *qemu = vmh_machine_get_qemu (live->machine);

  live->until = g_get_monotonic_time () + FOLLOW_MS * 1000;
  live->look_ms = SOON_MS;
  live->look = look;
  if (qemu && live->event_id == 0)
    live->event_id = g_signal_connect (qemu, "event", G_CALLBACK (on_qemu_event), task);
  if (live->heard)
    vmh_live_look_again (task);
  else
    look (task);
}

gboolean
vmh_live_look_again (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);

  if (live->hurried || g_get_monotonic_time () >= live->until)
    return FALSE;
  live->look_id = g_timeout_add (live->look_ms, live->look, task);
  live->look_ms = MIN (live->look_ms * 2, LOOK_MS);
  return TRUE;
}

/* Some guests say no by the one, some by the other. */
gboolean
vmh_live_is_refusal (const char *event, JsonObject *data, const char *id)
{
  const gboolean ost = g_str_equal (event, "ACPI_DEVICE_OST");
  JsonObject *about = ost ? vmh_qmp_object (data, "info") : data;
  const gint64 source = vmh_qmp_int (about, "source", 0), status = vmh_qmp_int (about, "status", 0);

  if (g_strcmp0 (vmh_qmp_string (about, "device"), id) != 0)
    return FALSE;
  if (ost)
    return (source == OST_EJECT || source == OST_EJECT_SELF) && status != OST_DONE &&
           status != OST_IN_PROGRESS;
  return g_str_equal (event, "DEVICE_UNPLUG_GUEST_ERROR") ||
         g_str_equal (event, "MEM_UNPLUG_ERROR");
}

/* ---- the table ---- */

static const struct
{
  const char *kind, *field; /* "bps-": all that begin so; NULL: the whole device */
  void (*change) (GTask *task);
} rows[] = {
  { "cpu", "vcpus", vmh_live_change_cpus },
  { "cpu", "current", vmh_live_change_cpus },
  { "cpu", "cpuset", vmh_live_change_cpuset },
  { "cpu", "pins", vmh_live_change_cpuset },
  { "cpu", "emulator-cpuset", vmh_live_change_cpuset },
  { "cpu", "limit", vmh_live_change_share },
  { "cpu", "shares", vmh_live_change_share },
  { "memory", "size", vmh_live_change_memory },
  { "memory", "current", vmh_live_change_memory },
  { "disk", "limit-group", vmh_live_change_group },
  { "disk", "bps-", vmh_live_change_limits },
  { "disk", "iops-", vmh_live_change_limits },
  { "cdrom", "source", vmh_live_change_medium },
  { "floppy", "source", vmh_live_change_medium },
  { "interface", "link", vmh_live_change_link },
  { "interface", "type", vmh_live_change_cable },
  { "interface", "network", vmh_live_change_cable },
  { "interface", "bridge", vmh_live_change_cable },
  { "interface", "in-", vmh_live_change_bandwidth },
  { "interface", "out-", vmh_live_change_bandwidth },
  { "disk", NULL, vmh_live_plug },
  { "lun", NULL, vmh_live_plug },
  { "shmem", NULL, vmh_live_plug },
  { "cdrom", NULL, vmh_live_plug },
  { "interface", NULL, vmh_live_plug },
  { "input", NULL, vmh_live_plug },
  { "rng", NULL, vmh_live_plug },
  { "hostdev", NULL, vmh_live_plug },
  { "sound", NULL, vmh_live_plug },
  { "watchdog", NULL, vmh_live_plug },
  { "watchdog", "action", vmh_live_change_watchdog },
  { "hostpci", NULL, vmh_live_plug },
  { "hostmdev", NULL, vmh_live_plug },
  { "filesystem", NULL, vmh_live_plug },
  { "smartcard", NULL, vmh_live_plug },
  { "dimm", NULL, vmh_live_plug }, /* which refuses it, with a sentence */
  { "memballoon", "stats-period", vmh_live_change_balloon_period },
};

static gboolean
is_field (const char *row, const char *field)
{
  if (!row || !field)
    return row == field;
  return g_str_has_suffix (row, "-") ? g_str_has_prefix (field, row) : g_str_equal (field, row);
}

static void (*find_way (const InnKind *kind, const InnField *field)) (GTask *task)
{
  for (guint i = 0; kind && i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (kind->name, rows[i].kind) &&
        is_field (rows[i].field, field ? field->name : NULL))
      return rows[i].change;
  return NULL;
}

gboolean
vmh_live_has_way (const InnKind *kind, const InnField *field)
{
  return find_way (kind, field) != NULL;
}

/* ---- what is under way, for the next helper ---- */

/* One name in a line; it is there for as long as they are. Answers whether there is any. */
static gboolean
write_down (VmhMachine *machine, GPtrArray *changes)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < changes->len; i++)
    {
      const InnChange *change = changes->pdata[i];
      g_autofree char *name = vmh_change_dup_name (change);

      if (find_way (change->kind, change->field))
        g_string_append_printf (text, "%s\n", name);
    }
  if (text->len > 0 && !vmh_bundle_save_runtime (vmh_machine_get_bundle (machine), VMH_LIVE_CHANGES,
                                                 text->str, &error))
    g_warning ("%s: %s", vmh_machine_get_name (machine), error->message);
  return text->len > 0;
}

/* Answers whether one is under way. */
static gboolean
begin_change (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  void (*change) (GTask * task) = find_way (live->change->kind, live->change->field);
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
      if (live->change->field && (live->change->field->flags & INN_FIELD_NOT_GUEST) != 0)
        {
          note (live, live->change->after);
          g_array_index (live->outcomes, VmhOutcome, live->next).live = TRUE;
        }
      else if (begin_change (task))
        return;
    }
  if (live->written)
    vmh_bundle_remove_runtime (vmh_machine_get_bundle (live->machine), VMH_LIVE_CHANGES);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

void
vmh_live_begin (VmhMachine *machine,
                InnDomain *wanted,
                GPtrArray *changes,
                GArray *outcomes,
                gboolean written,
                gboolean resumed,
                GAsyncReadyCallback callback,
                gpointer data)
{
  GTask *task = g_task_new (machine, NULL, callback, data);
  VmhLive *live = g_new0 (VmhLive, 1);

  g_task_set_source_tag (task, vmh_live_begin);
  live->machine = g_object_ref (machine);
  live->wanted = wanted;
  live->changes = changes;
  live->outcomes = outcomes;
  live->written = written;
  live->resumed = resumed;
  live->put_off = g_array_new (FALSE, FALSE, sizeof (VmhPutOff));
  if (resumed)
    g_object_set_data (G_OBJECT (machine), VMH_LIVE_RESUMED, live);
  g_task_set_task_data (task, live, live_free);
  go_on (task);
}

void
vmh_live_change_async (VmhMachine *machine,
                       InnDomain *wanted,
                       GPtrArray *changes,
                       GArray *outcomes,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  gboolean written = vmh_machine_get_live (machine) && write_down (machine, changes);

  vmh_live_begin (machine, wanted, changes, outcomes, written, FALSE, callback, data);
}
