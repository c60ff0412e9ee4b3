/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-memory-now.h"

#include "client/inn-performance.h"
#include "inn-seen.h"
#include "shared/inn-size.h"

#include <glib/gi18n.h>
#include <math.h>

struct _InnMemoryNow
{
  AdwActionRow parent_instance;

  GtkLabel *label;

  InnMachine *machine;
  InnPerformance *performance;
};

G_DEFINE_FINAL_TYPE (InnMemoryNow, inn_memory_now, ADW_TYPE_ACTION_ROW)

/* Lines of INN_CHART_GUEST_MEMORY. */
enum
{
  USED = 0,
  GIVEN = 2
};

static const InnChart *
find_chart (InnPerformance *performance)
{
  GPtrArray *charts = inn_performance_get_charts (performance);

  for (guint i = 0; i < charts->len; i++)
    if (((const InnChart *)charts->pdata[i])->kind == INN_CHART_GUEST_MEMORY)
      return charts->pdata[i];
  return NULL;
}

/* What the guest uses is known only where its balloon driver tells of it. */
static char *
dup_text (InnPerformance *performance)
{
  const InnChart *chart = find_chart (performance);
  const guint rows = inn_performance_get_n_rows (performance);
  const double given = chart ? inn_performance_get (performance, chart, GIVEN, rows - 1) : NAN;
  const double used = chart ? inn_performance_get (performance, chart, USED, rows - 1) : NAN;
  g_autofree char *size = isnan (given) ? NULL : inn_size_format ((guint64)given);
  g_autofree char *part =
      isnan (used) ? NULL : g_format_size_full ((guint64)used, G_FORMAT_SIZE_IEC_UNITS);

  if (size == NULL)
    return g_strdup (_ ("Unknown"));
  return part == NULL ? g_steal_pointer (&size)
                      : g_strdup_printf (_ ("%s, %s of it used"), size, part);
}

static void
show (InnMemoryNow *self)
{
  g_autofree char *text =
      inn_performance_get_n_rows (self->performance) > 0 ? dup_text (self->performance) : NULL;

  if (text != NULL)
    gtk_label_set_text (self->label, text);
}

static void
follow_state (InnMemoryNow *self)
{
  const InnState state = inn_machine_get_state (self->machine);

  gtk_widget_set_visible (GTK_WIDGET (self),
                          state == INN_STATE_RUNNING || state == INN_STATE_PAUSED);
}

static void
want (InnMemoryNow *self)
{
  inn_performance_want (self->performance, self, inn_seen_is (GTK_WIDGET (self)));
}

static void
inn_memory_now_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (inn_memory_now_parent_class)->map (widget);
  inn_seen_watch (widget, G_CALLBACK (want));
  want (INN_MEMORY_NOW (widget));
}

static void
inn_memory_now_unmap (GtkWidget *widget)
{
  inn_seen_forget (widget, G_CALLBACK (want));
  GTK_WIDGET_CLASS (inn_memory_now_parent_class)->unmap (widget);
  want (INN_MEMORY_NOW (widget));
}

static void
inn_memory_now_dispose (GObject *object)
{
  InnMemoryNow *self = INN_MEMORY_NOW (object);

  if (self->performance != NULL)
    inn_performance_want (self->performance, self, FALSE);
  g_clear_object (&self->performance);
  g_clear_object (&self->machine);
  G_OBJECT_CLASS (inn_memory_now_parent_class)->dispose (object);
}

static void
inn_memory_now_class_init (InnMemoryNowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_memory_now_dispose;
  widget_class->map = inn_memory_now_map;
  widget_class->unmap = inn_memory_now_unmap;
}

static void
inn_memory_now_init (InnMemoryNow *self)
{
  self->label = GTK_LABEL (gtk_label_new (NULL));
  gtk_widget_add_css_class (GTK_WIDGET (self->label), "dim-label");
  gtk_widget_add_css_class (GTK_WIDGET (self->label), "numeric");
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), _ ("At this moment"));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self),
                               _ ("What the machine has, and what is used in it"));
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), GTK_WIDGET (self->label));
}

GtkWidget *
inn_memory_now_new (InnMachine *machine)
{
  InnMemoryNow *self = g_object_new (INN_TYPE_MEMORY_NOW, NULL);

  self->machine = g_object_ref (machine);
  self->performance = g_object_ref (inn_machine_get_performance (machine));
  g_signal_connect_object (self->performance, "sampled", G_CALLBACK (show), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (machine, "notify::state", G_CALLBACK (follow_state), self,
                           G_CONNECT_SWAPPED);
  follow_state (self);
  return GTK_WIDGET (self);
}
