/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the counters of GetPerformance mean. */
#include "inn-performance.h"

#include <math.h>
#include "inn-client-private.h"
#include "inn-kept.h"
#include "inn-poll.h"

/* A question may take that long; over a longer time the mean says nothing of each second. */
#define GAP_SECONDS 6
/* No machine has as many; a helper that goes mad fills no memory. */
#define MAX_CHARTS 4096

typedef enum
{
  GAUGE, /* as it is */
  LESS,  /* less the other one */
  SHARE, /* of time: growth of a counter of ns */
  RATE,  /* growth a second */
  MEAN,  /* s: growth of a counter of ns, by that of the other one */
} Way;

/* The one table: where each value of the helper's goes. */
static const struct
{
  const char *of; /* up to the ":", behind which its name stands */
  const char *what;
  Way way;
  InnChartKind chart;
  guint line;
  const char *other;
} rows[] = {
  { "cpu", "time", SHARE, INN_CHART_CPU, 0 },
  { "vcpu", "time", SHARE, INN_CHART_VCPU, 0 },
  { "memory", "guest-total", LESS, INN_CHART_GUEST_MEMORY, 0, "guest-available" },
  { "memory", "guest-caches", GAUGE, INN_CHART_GUEST_MEMORY, 1 },
  { "memory", "given", GAUGE, INN_CHART_GUEST_MEMORY, 2 },
  { "memory", "resident", GAUGE, INN_CHART_MEMORY, 0 },
#define DRIVE(kind)                                                                                \
  { kind, "read-bytes", RATE, INN_CHART_DISK_RATE, 0 },                                            \
      { kind, "write-bytes", RATE, INN_CHART_DISK_RATE, 1 },                                       \
      { kind, "read-operations", RATE, INN_CHART_DISK_REQUESTS, 0 },                               \
      { kind, "write-operations", RATE, INN_CHART_DISK_REQUESTS, 1 },                              \
      { kind, "read-time", MEAN, INN_CHART_DISK_DELAY, 0, "read-operations" },                     \
  {                                                                                                \
    kind, "write-time", MEAN, INN_CHART_DISK_DELAY, 1, "write-operations"                          \
  }
  DRIVE ("disk"),
  DRIVE ("cdrom"),
  DRIVE ("floppy"),
  DRIVE ("lun"),
  { "interface", "received-bytes", RATE, INN_CHART_NETWORK, 0 },
  { "interface", "sent-bytes", RATE, INN_CHART_NETWORK, 1 },
  { "pressure", "cpu", SHARE, INN_CHART_PRESSURE, 0 },
  { "pressure", "memory", SHARE, INN_CHART_PRESSURE, 1 },
  { "pressure", "io", SHARE, INN_CHART_PRESSURE, 2 },
};

struct _InnPerformance
{
  GObject parent_instance;

  InnPoll *poll, *kept_poll;
  GPtrArray *charts;
  GHashTable *counters; /* of the last answer: "of/what" → guint64 * */
  guint64 monotonic;    /* ns, of the last answer; 0: there is none to compare with */
  gint64 times[INN_PERFORMANCE_ROWS];
  guint n_rows;
  GHashTable *wanting; /* who */
  guint span;          /* s, of what is kept; 0: nobody wants it */
  GArray *kept;        /* see inn-kept.h */
  gint64 kept_time;    /* µs since 1970: when that was told */
};

G_DEFINE_FINAL_TYPE (InnPerformance, inn_performance, G_TYPE_OBJECT)

enum
{
  CHARTS_CHANGED,
  SAMPLED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
chart_free (gpointer data)
{
  InnChart *chart = data;

  for (guint i = 0; i < INN_CHART_LINES; i++)
    g_free (chart->lines[i]);
  g_free (chart->name);
  g_free (chart);
}

static int
compare_charts (gconstpointer a, gconstpointer b)
{
  const InnChart *one = *(const InnChart *const *)a;
  const InnChart *other = *(const InnChart *const *)b;
  g_autofree char *one_key = g_utf8_collate_key_for_filename (one->name, -1);
  g_autofree char *other_key = g_utf8_collate_key_for_filename (other->name, -1);

  return one->kind != other->kind ? (int)one->kind - (int)other->kind : strcmp (one_key, other_key);
}

static InnChart *
find_chart (InnPerformance *self, InnChartKind kind, const char *name)
{
  for (guint i = 0; i < self->charts->len; i++)
    {
      InnChart *chart = g_ptr_array_index (self->charts, i);

      if (chart->kind == kind && g_str_equal (chart->name, name))
        return chart;
    }
  return NULL;
}

/* NULL where there are too many. */
static double *
ensure_line (InnPerformance *self, InnChartKind kind, const char *name, guint n, gboolean *changed)
{
  InnChart *chart = find_chart (self, kind, name);

  if (chart == NULL)
    {
      if (self->charts->len >= MAX_CHARTS)
        return NULL;
      chart = g_new0 (InnChart, 1);
      chart->kind = kind;
      chart->name = g_strdup (name);
      g_ptr_array_add (self->charts, chart);
      g_ptr_array_sort (self->charts, compare_charts);
    }
  if (chart->lines[n] == NULL)
    {
      chart->lines[n] = g_new (double, INN_PERFORMANCE_ROWS);
      for (guint i = 0; i < INN_PERFORMANCE_ROWS; i++)
        chart->lines[n][i] = NAN;
      *changed = TRUE;
    }
  return chart->lines[n];
}

/* ---- an answer becomes rows ---- */

/* How many rows it is worth: one a second, those that were missed too. */
static guint
count_rows (InnPerformance *self, guint64 monotonic)
{
  double seconds = (double)(monotonic - self->monotonic) / 1e9;

  if (self->monotonic == 0 || monotonic <= self->monotonic)
    return 1;
  return (guint)CLAMP (round (seconds), 1, INN_PERFORMANCE_ROWS);
}

static void
add_rows (InnPerformance *self, guint n)
{
  const gint64 now = g_get_real_time ();

  for (guint i = 1; i <= n; i++)
    {
      const guint slot = self->n_rows++ % INN_PERFORMANCE_ROWS;

      self->times[slot] = now - (gint64)(n - i) * G_USEC_PER_SEC;
      for (guint c = 0; c < self->charts->len; c++)
        {
          InnChart *chart = g_ptr_array_index (self->charts, c);

          for (guint l = 0; l < INN_CHART_LINES; l++)
            if (chart->lines[l] != NULL)
              chart->lines[l][slot] = NAN;
        }
    }
}

/* What a counter has grown by; FALSE where that is not known: a smaller one is another QEMU's. */
static gboolean
find_growth (InnPerformance *self, GHashTable *now, const char *key, double *out_growth)
{
  const guint64 *after = g_hash_table_lookup (now, key);
  const guint64 *before = g_hash_table_lookup (self->counters, key);

  if (after == NULL || before == NULL || *after < *before)
    return FALSE;
  *out_growth = (double)(*after - *before);
  return TRUE;
}

static double
evaluate (InnPerformance *self, GHashTable *now, guint row, const char *of, double seconds)
{
  g_autofree char *key = g_strconcat (of, "/", rows[row].what, NULL);
  g_autofree char *other =
      rows[row].other != NULL ? g_strconcat (of, "/", rows[row].other, NULL) : NULL;
  const guint64 *value = g_hash_table_lookup (now, key);
  const guint64 *less = other != NULL ? g_hash_table_lookup (now, other) : NULL;
  double growth, by;

  if (rows[row].way == GAUGE)
    return (double)*value;
  if (rows[row].way == LESS)
    return less != NULL && *less <= *value ? (double)(*value - *less) : NAN;
  if (seconds <= 0 || !find_growth (self, now, key, &growth))
    return NAN;
  if (rows[row].way == MEAN)
    return find_growth (self, now, other, &by) && by > 0 ? growth / by / 1e9 : NAN;
  return rows[row].way == SHARE ? growth / seconds / 1e9 : growth / seconds;
}

static gboolean
is_of (const char *of, const char *kind, const char **out_name)
{
  const gsize length = strlen (kind);

  if (strncmp (of, kind, length) != 0 || (of[length] != '\0' && of[length] != ':'))
    return FALSE;
  *out_name = of[length] == ':' ? of + length + 1 : "";
  return TRUE;
}

/* Into the last @n rows: of time that was missed the mean is known. */
static void
fill (InnPerformance *self, double *line, guint n, double value)
{
  for (guint i = 1; i <= n; i++)
    line[(self->n_rows - i) % INN_PERFORMANCE_ROWS] = value;
}

static void
take_values (InnPerformance *self, guint64 monotonic, GVariant *values)
{
  g_autoptr (GHashTable) now = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const guint n = count_rows (self, monotonic);
  const gboolean later = self->monotonic != 0 && monotonic > self->monotonic && n <= GAP_SECONDS;
  const double seconds = later ? (double)(monotonic - self->monotonic) / 1e9 : 0;
  gboolean changed = FALSE;
  GVariantIter iter;
  const char *of, *what, *name;
  guint64 value;

  g_variant_iter_init (&iter, values);
  while (g_variant_iter_next (&iter, "(&s&st)", &of, &what, &value))
    g_hash_table_insert (now, g_strconcat (of, "/", what, NULL), g_memdup2 (&value, sizeof value));
  add_rows (self, n);
  g_variant_iter_init (&iter, values);
  while (g_variant_iter_next (&iter, "(&s&st)", &of, &what, &value))
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
      {
        double *line;

        if (!g_str_equal (rows[i].what, what) || !is_of (of, rows[i].of, &name))
          continue;
        line = ensure_line (self, rows[i].chart, name, rows[i].line, &changed);
        if (line != NULL)
          fill (self, line, n <= GAP_SECONDS ? n : 1, evaluate (self, now, i, of, seconds));
      }
  g_hash_table_unref (self->counters);
  self->counters = g_steal_pointer (&now);
  self->monotonic = monotonic;
  if (changed)
    g_signal_emit (self, signals[CHARTS_CHANGED], 0);
}

/* ---- asking ---- */

static void
on_performance (gpointer owner, GVariant *reply)
{
  InnPerformance *self = owner;

  if (reply != NULL)
    {
      g_autoptr (GVariant) values = NULL;
      guint64 monotonic;

      g_variant_get (reply, "(t@a(sst))", &monotonic, &values);
      take_values (self, monotonic, values);
    }
  g_signal_emit (self, signals[SAMPLED], 0);
}

static gboolean
is_on (InnState state)
{
  return state == INN_STATE_RUNNING || state == INN_STATE_PAUSED || state == INN_STATE_STOPPING;
}

static const InnPollWhat question = {
  .interface = INN_IFACE_MACHINE,
  .method = "GetPerformance",
  .type = "(ta(sst))",
  .interval = 1000,
  .may = is_on,
  .take = on_performance,
};

/* ---- what the helper has kept ---- */

/* Of a machine that is off there is nothing else, and sums of disks and cards are only there. */
static gboolean
ensure_kept (InnPerformance *self)
{
  gboolean changed = FALSE;

  for (InnChartKind kind = 0; kind < INN_N_CHARTS; kind++)
    for (guint line = 0; line < INN_CHART_LINES; line++)
      if (inn_kept_has (self->kept, kind, line))
        ensure_line (self, kind, "", line, &changed);
  return changed;
}

/* A helper that keeps nothing is no error: the rows are there. */
static void
on_history (gpointer owner, GVariant *reply)
{
  InnPerformance *self = owner;

  if (reply == NULL)
    return;
  inn_kept_take (self->kept, reply);
  self->kept_time = g_get_real_time ();
  if (ensure_kept (self))
    g_signal_emit (self, signals[CHARTS_CHANGED], 0);
  g_signal_emit (self, signals[SAMPLED], 0);
}

static GVariant *
make_span (gpointer owner)
{
  return g_variant_new ("(ua{sv})", INN_PERFORMANCE (owner)->span, NULL);
}

static const InnPollWhat kept_question = {
  .interface = INN_IFACE_MACHINE,
  .method = "GetHistory",
  .type = "(asa(tuad))",
  .interval = 10000, /* the helper looks at it as often */
  .make_arguments = make_span,
  .take = on_history,
};

/* Another QEMU will have other counters, and may have other devices. */
static void
forget (InnPerformance *self)
{
  self->monotonic = 0;
  self->n_rows = 0;
  g_hash_table_remove_all (self->counters);
  if (self->charts->len == 0)
    return;
  g_ptr_array_set_size (self->charts, 0);
  g_signal_emit (self, signals[CHARTS_CHANGED], 0);
  g_signal_emit (self, signals[SAMPLED], 0);
}

static void
update (InnPerformance *self)
{
  inn_poll_update (self->kept_poll);
  if (inn_poll_update (self->poll))
    return;
  forget (self);
  inn_poll_ask_anew (self->kept_poll);
}

static void
inn_performance_dispose (GObject *object)
{
  InnPerformance *self = INN_PERFORMANCE (object);

  inn_poll_stop (self->poll);
  inn_poll_stop (self->kept_poll);
  G_OBJECT_CLASS (inn_performance_parent_class)->dispose (object);
}

static void
inn_performance_finalize (GObject *object)
{
  InnPerformance *self = INN_PERFORMANCE (object);

  g_clear_pointer (&self->poll, inn_poll_free);
  g_clear_pointer (&self->kept_poll, inn_poll_free);
  g_ptr_array_unref (self->charts);
  g_hash_table_unref (self->counters);
  g_array_unref (self->kept);
  g_hash_table_unref (self->wanting);
  G_OBJECT_CLASS (inn_performance_parent_class)->finalize (object);
}

static void
inn_performance_class_init (InnPerformanceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = inn_performance_dispose;
  object_class->finalize = inn_performance_finalize;
  signals[CHARTS_CHANGED] = g_signal_new ("charts-changed", INN_TYPE_PERFORMANCE, G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SAMPLED] = g_signal_new ("sampled", INN_TYPE_PERFORMANCE, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
inn_performance_init (InnPerformance *self)
{
  self->charts = g_ptr_array_new_with_free_func (chart_free);
  self->kept = inn_kept_new ();
  self->wanting = g_hash_table_new (NULL, NULL);
  self->counters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

InnPerformance *
inn_machine_get_performance (InnMachine *machine)
{
  InnPerformance *self;

  g_return_val_if_fail (INN_IS_MACHINE (machine), NULL);
  self = g_object_get_data (G_OBJECT (machine), "inn-performance");
  if (self != NULL)
    return self;
  self = g_object_new (INN_TYPE_PERFORMANCE, NULL);
  self->poll = inn_poll_new (self, machine, &question);
  self->kept_poll = inn_poll_new (self, machine, &kept_question);
  g_signal_connect_object (machine, "notify::state", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_object_set_data_full (G_OBJECT (machine), "inn-performance", self, g_object_unref);
  return self;
}

void
inn_performance_want (InnPerformance *self, gpointer who, gboolean on)
{
  gboolean wanted;

  g_return_if_fail (INN_IS_PERFORMANCE (self));
  if (on)
    g_hash_table_add (self->wanting, who);
  else
    g_hash_table_remove (self->wanting, who);
  wanted = g_hash_table_size (self->wanting) > 0;
  inn_poll_want (self->poll, wanted);
  inn_poll_want (self->kept_poll, wanted && self->span > 0);
}

GPtrArray *
inn_performance_get_charts (InnPerformance *self)
{
  g_return_val_if_fail (INN_IS_PERFORMANCE (self), NULL);
  return self->charts;
}

guint
inn_performance_get_n_rows (InnPerformance *self)
{
  g_return_val_if_fail (INN_IS_PERFORMANCE (self), 0);
  return self->n_rows;
}

static gboolean
is_kept (InnPerformance *self, guint row)
{
  return row < self->n_rows && self->n_rows - row <= INN_PERFORMANCE_ROWS;
}

gint64
inn_performance_get_time (InnPerformance *self, guint row)
{
  g_return_val_if_fail (INN_IS_PERFORMANCE (self), 0);
  return is_kept (self, row) ? self->times[row % INN_PERFORMANCE_ROWS] : 0;
}

const GError *
inn_performance_get_error (InnPerformance *self)
{
  g_return_val_if_fail (INN_IS_PERFORMANCE (self), NULL);
  return inn_poll_get_error (self->poll);
}

double
inn_performance_get (InnPerformance *self, const InnChart *chart, guint line, guint row)
{
  g_return_val_if_fail (INN_IS_PERFORMANCE (self), NAN);
  g_return_val_if_fail (line < INN_CHART_LINES, NAN);
  return is_kept (self, row) && chart->lines[line] != NULL
             ? chart->lines[line][row % INN_PERFORMANCE_ROWS]
             : NAN;
}

/* ---- longer times ---- */

void
inn_performance_set_span (InnPerformance *self, guint seconds)
{
  g_return_if_fail (INN_IS_PERFORMANCE (self));

  if (self->span == seconds)
    return;
  self->span = seconds;
  g_array_set_size (self->kept, 0);
  inn_poll_ask_anew (self->kept_poll);
  inn_poll_want (self->kept_poll, g_hash_table_size (self->wanting) > 0 && seconds > 0);
}

gint64
inn_performance_get_now (InnPerformance *self)
{
  g_return_val_if_fail (INN_IS_PERFORMANCE (self), 0);
  return self->n_rows > 0      ? inn_performance_get_time (self, self->n_rows - 1)
         : self->kept->len > 0 ? self->kept_time
                               : 0;
}

/* The first row that is later than @time. */
static guint
find_row (InnPerformance *self, gint64 time)
{
  guint low = self->n_rows > INN_PERFORMANCE_ROWS ? self->n_rows - INN_PERFORMANCE_ROWS : 0;
  guint high = self->n_rows;

  while (low < high)
    {
      const guint middle = low + (high - low) / 2;

      if (inn_performance_get_time (self, middle) <= time)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* Of the rows, and how many seconds they are of. */
static double
get_rows_mean (InnPerformance *self,
               const InnChart *chart,
               guint line,
               gint64 from,
               gint64 to,
               guint *out_seconds)
{
  double sum = 0;
  guint n = 0;

  for (guint row = find_row (self, from);
       row < self->n_rows && inn_performance_get_time (self, row) <= to; row++)
    {
      const double value = inn_performance_get (self, chart, line, row);

      if (isnan (value))
        continue;
      sum += value;
      n++;
    }
  *out_seconds = n;
  return n > 0 ? sum / n : NAN;
}

double
inn_performance_get_mean (InnPerformance *self,
                          const InnChart *chart,
                          guint line,
                          gint64 from,
                          gint64 to)
{
  guint seconds;
  double measured, known = NAN;

  g_return_val_if_fail (INN_IS_PERFORMANCE (self), NAN);
  g_return_val_if_fail (line < INN_CHART_LINES, NAN);
  measured = get_rows_mean (self, chart, line, from, to, &seconds);
  if ((gint64)seconds * 2 * G_USEC_PER_SEC < to - from)
    known = inn_kept_get_mean (self->kept, chart->kind, line, from, to);
  return isnan (known) ? measured : known;
}
