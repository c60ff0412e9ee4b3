/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "qemu/vmh-qmp-measure.h"

#include "core/vmh-limits.h"
#include "devices/vmh-json.h"

static guint64
get_count (JsonObject *object, const char *name)
{
  return (guint64)MAX (vmh_qmp_int (object, name, 0), 0);
}

static guint
get_length (JsonNode *reply, guint most)
{
  return JSON_NODE_HOLDS_ARRAY (reply)
             ? MIN (json_array_get_length (json_node_get_array (reply)), most)
             : 0;
}

static void
read_vcpus (JsonNode *reply, GArray *vcpus)
{
  const guint n = get_length (reply, VMH_QMP_MAX_VCPUS);

  for (guint i = 0; i < n; i++)
    {
      JsonObject *cpu = vmh_qmp_nth (json_node_get_array (reply), i);
      const gint64 index = vmh_qmp_int (cpu, "cpu-index", -1);
      const gint64 thread = vmh_qmp_int (cpu, "thread-id", -1);

      if (index >= 0 && index < VMH_QMP_MAX_VCPUS && thread > 0 && thread <= G_MAXINT32)
        {
          VmhQmpVcpu vcpu = { (guint)index, (pid_t)thread };

          g_array_append_val (vcpus, vcpu);
        }
    }
}

static void
take_vcpus (JsonNode *reply, VmhQmpMeasures *measures)
{
  read_vcpus (reply, measures->vcpus);
}

static void
read_drives (JsonNode *reply, GArray *drives)
{
  const guint n = get_length (reply, VMH_QMP_MAX_DRIVES);

  for (guint i = 0; i < n; i++)
    {
      JsonObject *node = vmh_qmp_nth (json_node_get_array (reply), i);
      JsonObject *stats = vmh_qmp_object (node, "stats");
      VmhQmpDrive drive = {
        .bytes = { get_count (stats, "rd_bytes"), get_count (stats, "wr_bytes") },
        .operations = { get_count (stats, "rd_operations"), get_count (stats, "wr_operations") },
        .time = { get_count (stats, "rd_total_time_ns"), get_count (stats, "wr_total_time_ns") },
      };

      if (!stats)
        continue;
      drive.full = *vmh_qmp_string (node, "node-name") != '\0';
      drive.device = g_strdup (vmh_qmp_string (node, "qdev"));
      g_array_append_val (drives, drive);
    }
}

static void
take_drives (JsonNode *reply, VmhQmpMeasures *measures)
{
  read_drives (reply, measures->drives);
}

static GArray *
vcpus_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (VmhQmpVcpu));
}

static void
clear_drive (gpointer drive)
{
  g_free (((VmhQmpDrive *)drive)->device);
}

static GArray *
drives_new (void)
{
  GArray *drives = g_array_new (FALSE, FALSE, sizeof (VmhQmpDrive));

  g_array_set_clear_func (drives, clear_drive);
  return drives;
}

static void
take_summary (JsonNode *reply, VmhQmpMeasures *measures)
{
  if (JSON_NODE_HOLDS_OBJECT (reply))
    measures->memory.first = get_count (json_node_get_object (reply), "base-memory");
}

static void
take_memory_devices (JsonNode *reply, VmhQmpMeasures *measures)
{
  vmh_qmp_read_memory_devices (reply, &measures->memory);
}

static void
take_balloon (JsonNode *reply, VmhQmpMeasures *measures)
{
  if (JSON_NODE_HOLDS_OBJECT (reply))
    measures->memory.balloon = get_count (json_node_get_object (reply), "actual");
}

/* docs/interop/virtio-balloon-stats.rst: what the guest does not know is -1; no stats have ever
 * come where last-update is 0. */
static void
take_guest (JsonNode *reply, VmhQmpMeasures *measures)
{
  JsonObject *all = JSON_NODE_HOLDS_OBJECT (reply) ? json_node_get_object (reply) : NULL;
  JsonObject *stats = vmh_qmp_object (all, "stats");

  if (get_count (all, "last-update") == 0)
    return;
  measures->guest_total = get_count (stats, "stat-total-memory");
  measures->guest_free = get_count (stats, "stat-free-memory");
  measures->guest_available = get_count (stats, "stat-available-memory");
  measures->guest_caches = get_count (stats, "stat-disk-caches");
}

/* The disks last: what is known of them is as old as their answer, while the others are asked for
 * what hardly moves. */
static const struct
{
  const char *command;
  const char *property; /* of the balloon, for qom-get */
  void (*take) (JsonNode *reply, VmhQmpMeasures *measures);
} questions[] = {
  { "query-memory-size-summary", NULL, take_summary },
  { "query-memory-devices", NULL, take_memory_devices },
  { "query-balloon", NULL, take_balloon }, /* without a balloon these two are errors */
  { "qom-get", "guest-stats", take_guest },
  { "query-cpus-fast", NULL, take_vcpus },
  { "query-blockstats", NULL, take_drives },
};

typedef struct
{
  VmhQmpMeasures *measures; /* NULL: handed out */
  guint n_answers;
} Measuring;

static void
measuring_free (gpointer data)
{
  Measuring *measuring = data;

  g_clear_pointer (&measuring->measures, vmh_qmp_measures_free);
  g_free (measuring);
}

typedef struct
{
  GTask *task;
  guint question;
} Answer;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Answer *answer = data;
  g_autoptr (GTask) task = answer->task;
  Measuring *measuring = g_task_get_task_data (task);
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, NULL);

  if (reply)
    questions[answer->question].take (reply, measuring->measures);
  if (++measuring->n_answers == G_N_ELEMENTS (questions))
    g_task_return_pointer (task, g_steal_pointer (&measuring->measures),
                           (GDestroyNotify)vmh_qmp_measures_free);
}

void
vmh_qmp_measure_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (qmp, NULL, callback, data);
  Measuring *measuring = g_new0 (Measuring, 1);

  g_task_set_source_tag (task, vmh_qmp_measure_async);
  g_task_set_task_data (task, measuring, measuring_free);
  measuring->measures = g_new0 (VmhQmpMeasures, 1);
  measuring->measures->vcpus = vcpus_new ();
  measuring->measures->drives = drives_new ();
  for (guint i = 0; i < G_N_ELEMENTS (questions); i++)
    {
      Answer *answer = g_new (Answer, 1);

      *answer = (Answer){ g_object_ref (task), i };
      vmh_qmp_call_async (qmp, questions[i].command,
                          questions[i].property
                              ? vmh_json ("path=s", "/machine/peripheral/balloon", "property=s",
                                          questions[i].property, NULL)
                              : NULL,
                          -1, VMH_MEASURE_MS, NULL, on_answer, answer);
    }
}

VmhQmpMeasures *
vmh_qmp_measure_finish (VmhQmp *qmp, GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}

void
vmh_qmp_measures_free (VmhQmpMeasures *measures)
{
  g_array_unref (measures->vcpus);
  g_array_unref (measures->drives);
  g_free (measures);
}

/* Takes @owned_list over. */
static void
return_list (GObject *source,
             GAsyncResult *result,
             GTask *owned_task,
             GArray *owned_list,
             void (*read) (JsonNode *reply, GArray *list))
{
  g_autoptr (GTask) task = owned_task;
  g_autoptr (GArray) list = owned_list;
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (!reply)
    {
      g_task_return_error (task, error);
      return;
    }
  read (reply, list);
  g_task_return_pointer (task, g_steal_pointer (&list), (GDestroyNotify)g_array_unref);
}

static void
on_vcpus (GObject *source, GAsyncResult *result, gpointer data)
{
  return_list (source, result, data, vcpus_new (), read_vcpus);
}

void
vmh_qmp_query_vcpus_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (qmp, NULL, callback, data);

  g_task_set_source_tag (task, vmh_qmp_query_vcpus_async);
  vmh_qmp_call_async (qmp, "query-cpus-fast", NULL, -1, VMH_MEASURE_MS, NULL, on_vcpus, task);
}

GArray *
vmh_qmp_query_vcpus_finish (VmhQmp *qmp, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_drives (GObject *source, GAsyncResult *result, gpointer data)
{
  return_list (source, result, data, drives_new (), read_drives);
}

void
vmh_qmp_query_drives_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (qmp, NULL, callback, data);

  g_task_set_source_tag (task, vmh_qmp_query_drives_async);
  vmh_qmp_call_async (qmp, "query-blockstats", NULL, -1, VMH_MEASURE_MS, NULL, on_drives, task);
}

GArray *
vmh_qmp_query_drives_finish (VmhQmp *qmp, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
vmh_qmp_drive_is (const VmhQmpDrive *drive, const char *id)
{
  g_autofree char *path = g_strconcat ("/machine/peripheral/", id, "/", NULL);

  return g_str_equal (drive->device, id) || g_str_has_prefix (drive->device, path);
}
