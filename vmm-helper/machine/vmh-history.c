/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One timer for all machines that run, and none while none does; each costs a handful of system
 * calls and one question to its QEMU then. A file is written every five
 * minutes and when its machine ends, so a kill takes no more than that along. */
#include "machine/vmh-history.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/vmh-limits.h"
#include "core/vmh-save.h"
#include "machine/vmh-history-rows.h"
#include "machine/vmh-verbs.h"
#include "qemu/vmh-usage.h"
#include "shared/inn-errors.h"

#define SAVE_ROWS 30 /* that a file is behind */
#define LATE      3  /* periods, after which a mean says nothing of each moment */

typedef struct
{
  GArray *rows;  /* VmhHistoryRow; NULL: the file is there and could not be read yet */
  guint unsaved; /* rows */
  pid_t pid;     /* whose counters these are: */
  guint64 cpu_ns;
  gint64 monotonic; /* µs */
  gboolean counting;
  VmhTraffic traffic;
  pid_t traffic_pid;        /* 0: there is none to compare with */
  gint64 traffic_monotonic; /* µs */
} History;

static GHashTable *following; /* VmhMachine → History; NULL: none */
static guint timer;

static void
history_free (gpointer data)
{
  History *history = data;

  g_clear_pointer (&history->rows, g_array_unref);
  g_free (history);
}

/* Seconds; VMH_HISTORY_EVERY stands for it in tests. */
static guint
get_period (void)
{
  const char *seconds = g_getenv ("VMH_HISTORY_EVERY");

  return seconds ? MAX ((guint)strtoul (seconds, NULL, 10), 1) : VMH_HISTORY_PERIOD;
}

/* ---- the file ---- */

static void
set_aside (VmhMachine *machine, int folder)
{
  /* That of before; one of them may be a folder, over which nothing can be renamed. */
  if (unlinkat (folder, VMH_HISTORY_DAMAGED, 0) < 0 && errno == EISDIR)
    unlinkat (folder, VMH_HISTORY_DAMAGED, AT_REMOVEDIR);
  if (renameat (folder, VMH_HISTORY, folder, VMH_HISTORY_DAMAGED) == 0)
    g_message ("%s: its performance history is damaged. It is kept as “%s”.",
               vmh_machine_get_name (machine), VMH_HISTORY_DAMAGED);
}

/* NULL where there is one that cannot be read just now. */
static GArray *
load (VmhMachine *machine)
{
  VmhBundle *bundle = vmh_machine_get_bundle (machine);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  GArray *rows = NULL;
  struct stat st;

  if (!bundle || (fstatat (vmh_bundle_get_fd (bundle), VMH_HISTORY, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
                  errno == ENOENT))
    return g_array_new (FALSE, FALSE, sizeof (VmhHistoryRow));
  bytes = vmh_bundle_load (bundle, VMH_HISTORY, VMH_HISTORY_MAX_FILE, &error);
  if (bytes)
    rows = vmh_history_rows_decode (bytes);
  else if (S_ISREG (st.st_mode) && !g_error_matches (error, INN_ERROR, INN_ERROR_LIMIT))
    return NULL;
  if (rows)
    return rows;
  set_aside (machine, vmh_bundle_get_fd (bundle));
  return g_array_new (FALSE, FALSE, sizeof (VmhHistoryRow));
}

/* Not synced: a power cut may take some minutes along, and nobody waits for the disk. */
static void
save (VmhMachine *machine, History *history)
{
  VmhBundle *bundle = vmh_machine_get_bundle (machine);
  g_autoptr (GBytes) bytes = NULL;
  const char *data;
  gsize size;

  if (!bundle || !history->rows || history->unsaved == 0)
    return;
  history->unsaved = 0; /* where it fails, it is tried with as many more */
  bytes = vmh_history_rows_encode (history->rows);
  data = g_bytes_get_data (bytes, &size);
  if (!vmh_save (vmh_bundle_get_fd (bundle), VMH_HISTORY, data, size, FALSE))
    g_message ("%s: its performance history could not be saved: %s", vmh_machine_get_name (machine),
               g_strerror (errno));
}

static void
erase (VmhMachine *machine)
{
  VmhBundle *bundle = vmh_machine_get_bundle (machine);

  if (!bundle)
    return;
  unlinkat (vmh_bundle_get_fd (bundle), VMH_HISTORY, 0);
  unlinkat (vmh_bundle_get_fd (bundle), VMH_HISTORY_DAMAGED, 0);
}

/* ---- measuring ---- */

/* Into the row that has just begun to wait for it. */
static void
take_traffic (History *history, const VmhTraffic *traffic)
{
  const double seconds = (double)(history->monotonic - history->traffic_monotonic) / G_USEC_PER_SEC;
  VmhHistoryRow *row = history->rows && history->rows->len > 0
                           ? &g_array_index (history->rows, VmhHistoryRow, history->rows->len - 1)
                           : NULL;

  for (guint i = 0; row && i < VMH_N_TRAFFIC; i++)
    if (traffic->bytes[i] != G_MAXUINT64 && history->traffic.bytes[i] != G_MAXUINT64 &&
        traffic->bytes[i] >= history->traffic.bytes[i] && seconds >= 0.5)
      row->traffic[i] = (guint32)MIN ((double)(traffic->bytes[i] - history->traffic.bytes[i]) /
                                          VMH_HISTORY_UNIT / seconds,
                                      VMH_HISTORY_UNKNOWN - 1);
}

static void
on_counted (GObject *source, GAsyncResult *result, gpointer data)
{
  History *history = following ? g_hash_table_lookup (following, source) : NULL;
  VmhTraffic traffic;

  vmh_traffic_count_finish (result, &traffic);
  if (!history || !history->counting)
    return;
  history->counting = FALSE;
  if (history->pid != vmh_life_get_pid (VMH_MACHINE (source)))
    return;
  if (history->traffic_pid == history->pid)
    take_traffic (history, &traffic);
  history->traffic = traffic;
  history->traffic_pid = history->pid;
  history->traffic_monotonic = history->monotonic;
}

/* QEMU may be slow, or stand still: nobody waits for it, and it is not asked again meanwhile. */
static void
count (VmhMachine *machine, History *history)
{
  if (history->counting)
    return;
  history->counting = TRUE;
  vmh_traffic_count_async (machine, on_counted, NULL);
}

static void
measure (VmhMachine *machine, History *history)
{
  const pid_t pid = vmh_life_get_pid (machine);
  const gint64 monotonic = g_get_monotonic_time ();
  const double seconds = (double)(monotonic - history->monotonic) / G_USEC_PER_SEC;
  guint64 cpu_ns, resident;

  if (!vmh_usage_read (pid, &cpu_ns, &resident))
    return;
  if (!history->rows)
    history->rows = load (machine);
  if (history->rows && history->pid == pid && cpu_ns >= history->cpu_ns && seconds >= 0.5 &&
      seconds <= LATE * get_period ())
    {
      const VmhHistoryRow row = {
        .time = (guint32)(g_get_real_time () / G_USEC_PER_SEC),
        .seconds = MAX ((guint32)(seconds + 0.5), 1),
        .cpu = (guint32)MIN ((double)(cpu_ns - history->cpu_ns) / 1e6 / seconds, G_MAXUINT32),
        .memory = (guint32)MIN (resident / 1024, G_MAXUINT32),
        .traffic = { VMH_HISTORY_UNKNOWN, VMH_HISTORY_UNKNOWN, VMH_HISTORY_UNKNOWN,
                     VMH_HISTORY_UNKNOWN },
      };

      vmh_history_rows_add (history->rows, &row);
      if (++history->unsaved >= SAVE_ROWS)
        save (machine, history);
    }
  history->pid = pid;
  history->cpu_ns = cpu_ns;
  history->monotonic = monotonic;
  count (machine, history);
}

static gboolean
on_due (gpointer data)
{
  GHashTableIter iter;
  gpointer machine, history;

  g_hash_table_iter_init (&iter, following);
  while (g_hash_table_iter_next (&iter, &machine, &history))
    measure (machine, history);
  return G_SOURCE_CONTINUE;
}

static void
forget (VmhMachine *machine)
{
  g_hash_table_remove (following, machine);
  if (g_hash_table_size (following) > 0)
    return;
  g_clear_pointer (&following, g_hash_table_unref);
  g_clear_handle_id (&timer, g_source_remove);
}

void
vmh_history_follow (VmhMachine *machine)
{
  const gboolean wanted = vmh_machine_get_summary (machine)->history;
  const gboolean follows = wanted && vmh_life_get_pid (machine) > 0;
  History *history = following ? g_hash_table_lookup (following, machine) : NULL;

  if (history && !follows)
    {
      if (wanted)
        save (machine, history);
      forget (machine);
    }
  if (!wanted)
    erase (machine);
  if (!follows || history)
    return;
  if (!following)
    following = g_hash_table_new_full (NULL, NULL, g_object_unref, history_free);
  history = g_new0 (History, 1);
  history->rows = load (machine);
  measure (machine, history);
  g_hash_table_insert (following, g_object_ref (machine), history);
  if (timer == 0)
    timer = g_timeout_add_seconds (get_period (), on_due, NULL);
}

void
vmh_history_end (void)
{
  GHashTableIter iter;
  gpointer machine, history;

  g_clear_handle_id (&timer, g_source_remove);
  if (!following)
    return;
  g_hash_table_iter_init (&iter, following);
  while (g_hash_table_iter_next (&iter, &machine, &history))
    save (machine, history);
  g_clear_pointer (&following, g_hash_table_unref);
}

/* ---- the verb ---- */

static GVariant *
tell (const GArray *rows)
{
  static const char *const columns[] = {
    "cpu", "memory", "read-bytes", "written-bytes", "received-bytes", "sent-bytes", NULL
  };
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(tuad)"));
  for (guint i = 0; i < rows->len; i++)
    {
      const VmhHistoryRow *row = &g_array_index (rows, VmhHistoryRow, i);
      double values[2 + VMH_N_TRAFFIC] = { row->cpu / 1000.0, row->memory * 1024.0 };

      for (guint t = 0; t < VMH_N_TRAFFIC; t++)
        values[2 + t] = row->traffic[t] != VMH_HISTORY_UNKNOWN
                            ? (double)row->traffic[t] * VMH_HISTORY_UNIT
                            : NAN;

      g_variant_builder_add (&builder, "(tu@ad)", (guint64)row->time, row->seconds,
                             g_variant_new_fixed_array (G_VARIANT_TYPE_DOUBLE, values,
                                                        G_N_ELEMENTS (values), sizeof *values));
    }
  return g_variant_new ("(^asa(tuad))", columns, &builder);
}

void
vmh_verb_get_history (VmhCall *call)
{
  static const char *const allowed[] = { NULL };
  VmhMachine *machine = vmh_call_get_object (call);
  History *history = following ? g_hash_table_lookup (following, machine) : NULL;
  g_autoptr (GVariant) options = NULL;
  g_autoptr (GArray) rows = NULL;
  g_autoptr (GArray) chosen = NULL;
  GError *error = NULL;
  guint span;

  g_variant_get (vmh_call_get_parameters (call), "(u@a{sv})", &span, &options);
  if (!vmh_call_check_options (options, allowed, &error))
    {
      vmh_call_fail (call, error);
      return;
    }
  if (span == 0 || span > VMH_HISTORY_SECONDS)
    {
      vmh_call_fail (call, g_error_new (INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                                        _ ("What a machine has used is kept for a day: ask for 1 "
                                           "to %d seconds."),
                                        VMH_HISTORY_SECONDS));
      return;
    }
  if (history && history->rows)
    rows = g_array_ref (history->rows);
  else if (vmh_machine_get_summary (machine)->history)
    rows = load (machine);
  if (!rows)
    rows = g_array_new (FALSE, FALSE, sizeof (VmhHistoryRow));
  chosen = vmh_history_rows_condense (rows, (guint32)(g_get_real_time () / G_USEC_PER_SEC), span,
                                      MAX (span / VMH_HISTORY_ANSWER_ROWS, 1));
  vmh_call_return (call, tell (chosen));
}
