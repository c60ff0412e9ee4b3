/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The Performance tab. Knows which graph shows which chart; what the numbers are is the client's.
 */
#include "performance/inn-performance-view.h"

#include "client/inn-performance.h"
#include "inn-seen.h"
#include "performance/inn-csv.h"
#include "performance/inn-graph.h"

#include <glib/gi18n.h>

struct _InnPerformanceView
{
  GtkWidget parent_instance;

  GtkStack *stack; /* off, failed, waiting, graphs */
  AdwStatusPage *failed;
  GtkScrolledWindow *scrolled;
  GtkBox *sections;
  GtkDropDown *chooser; /* of spans */

  InnMachine *machine;
  InnPerformance *performance; /* of machine, which keeps it */
  GSignalGroup *signals;       /* of performance */
  GSignalGroup *machine_signals;
  GPtrArray *graphs; /* of InnGraph *, not owned */
  gboolean off;      /* the machine is: only what is kept can be shown */
  guint span_on;     /* which one was chosen while it was not */
};

G_DEFINE_FINAL_TYPE (InnPerformanceView, inn_performance_view, GTK_TYPE_WIDGET)

static gboolean
is_off (InnPerformanceView *self)
{
  const InnState state =
      self->machine != NULL ? inn_machine_get_state (self->machine) : INN_STATE_OFF;

  return state != INN_STATE_RUNNING && state != INN_STATE_PAUSED && state != INN_STATE_STOPPING;
}

static void
show_page (InnPerformanceView *self)
{
  const GError *error =
      self->performance != NULL ? inn_performance_get_error (self->performance) : NULL;
  const char *page = "waiting";

  if (is_off (self))
    page = self->graphs->len > 0 ? "graphs" : "off";
  else if (error != NULL)
    {
      g_autofree char *escaped = g_markup_escape_text (error->message, -1);

      adw_status_page_set_description (self->failed, escaped);
      page = "failed";
    }
  else if (self->graphs->len > 0)
    page = "graphs";
  gtk_stack_set_visible_child_name (self->stack, page);
}

static gboolean
is_in_sight (InnPerformanceView *self, GtkWidget *graph)
{
  const int height = gtk_widget_get_height (GTK_WIDGET (self->scrolled));
  graphene_rect_t bounds;

  return gtk_widget_compute_bounds (graph, GTK_WIDGET (self->scrolled), &bounds) &&
         graphene_rect_get_y (&bounds) < (float)height &&
         graphene_rect_get_y (&bounds) + graphene_rect_get_height (&bounds) > 0;
}

/* Those out of sight are drawn when they are scrolled to; what they say can be heard. */
static void
update_graphs (InnPerformanceView *self)
{
  for (guint i = 0; i < self->graphs->len; i++)
    {
      GtkWidget *graph = g_ptr_array_index (self->graphs, i);

      inn_graph_update (INN_GRAPH (graph), is_in_sight (self, graph));
    }
}

static void
on_sampled (InnPerformanceView *self)
{
  show_page (self);
  update_graphs (self);
}

/* ---- which graphs there are ---- */

static void
clear_graphs (InnPerformanceView *self)
{
  GtkWidget *child;

  for (guint i = 0; i < self->graphs->len; i++)
    inn_graph_clear (g_ptr_array_index (self->graphs, i));
  g_ptr_array_set_size (self->graphs, 0);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->sections))) != NULL)
    gtk_box_remove (self->sections, child);
}

static GtkFlowBox *
add_section (InnPerformanceView *self, const char *title)
{
  GtkWidget *heading = gtk_label_new (title);
  GtkWidget *flow = gtk_flow_box_new ();

  gtk_widget_add_css_class (heading, "title-4");
  gtk_label_set_xalign (GTK_LABEL (heading), 0);
  gtk_widget_set_margin_top (heading, 6);
  gtk_flow_box_set_selection_mode (GTK_FLOW_BOX (flow), GTK_SELECTION_NONE);
  gtk_flow_box_set_homogeneous (GTK_FLOW_BOX (flow), TRUE);
  gtk_flow_box_set_max_children_per_line (GTK_FLOW_BOX (flow), 4);
  gtk_flow_box_set_column_spacing (GTK_FLOW_BOX (flow), 24);
  gtk_flow_box_set_row_spacing (GTK_FLOW_BOX (flow), 18);
  gtk_widget_add_css_class (flow, "inn-graphs");
  gtk_box_append (self->sections, heading);
  gtk_box_append (self->sections, flow);
  gtk_accessible_update_relation (GTK_ACCESSIBLE (flow), GTK_ACCESSIBLE_RELATION_LABELLED_BY,
                                  heading, NULL, -1);
  return GTK_FLOW_BOX (flow);
}

static const InnSpan *
get_span (InnPerformanceView *self)
{
  return inn_span_get (MIN (gtk_drop_down_get_selected (self->chooser), INN_N_SPANS - 1));
}

static void
add_note (InnPerformanceView *self, const char *text)
{
  GtkWidget *note = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (note), 0);
  gtk_label_set_wrap (GTK_LABEL (note), TRUE);
  gtk_widget_add_css_class (note, "dim-label");
  gtk_widget_set_margin_top (note, 6);
  gtk_box_append (self->sections, note);
}

static void
rebuild (InnPerformanceView *self)
{
  GPtrArray *charts = inn_performance_get_charts (self->performance);
  const InnSpan *span = get_span (self);
  const char *section = NULL;
  GtkFlowBox *flow = NULL;
  GtkWidget *all = NULL;
  guint n_vcpus = 0;
  gboolean counted = FALSE; /* what goes through its network cards */

  clear_graphs (self);
  for (guint i = 0; i < charts->len; i++)
    {
      const InnChart *chart = g_ptr_array_index (charts, i);
      const InnGraphLook *look = inn_look_get (chart->kind);
      GtkWidget *graph, *place;

      n_vcpus += chart->kind == INN_CHART_VCPU;
      if (!inn_span_shows (span, chart->kind))
        continue;
      graph = inn_graph_new (self->performance, chart, look, span);
      place = gtk_flow_box_child_new ();
      if (g_strcmp0 (section, look->section) != 0)
        flow = add_section (self, _ (look->section));
      if (!inn_span_shows (span, INN_CHART_NETWORK)) /* one in each section: as wide as can be */
        gtk_flow_box_set_max_children_per_line (flow, 1);
      section = look->section;
      gtk_flow_box_child_set_child (GTK_FLOW_BOX_CHILD (place), graph);
      gtk_widget_set_focusable (place, FALSE); /* the graph is */
      gtk_flow_box_append (flow, place);
      g_ptr_array_add (self->graphs, graph);
      counted = counted || chart->kind == INN_CHART_NETWORK;
      if (chart->kind == INN_CHART_CPU)
        all = graph;
    }
  /* What nobody counts is not drawn as zero. */
  if (self->off && charts->len > 0)
    add_note (self, _ ("The machine is not running. This is what it used before."));
  if (!inn_span_shows (span, INN_CHART_NETWORK))
    add_note (self, _ ("Of disks and network cards only the sum of all is kept for so long."));
  else if (!counted && charts->len > 0)
    add_note (self, _ ("This machine has no network card whose traffic is counted."));
  if (all != NULL) /* so that the processors' own can be compared with it */
    inn_graph_set_least_top (INN_GRAPH (all), MAX (n_vcpus, 1));
}

static void
on_export_clicked (InnPerformanceView *self)
{
  inn_csv_save (GTK_WIDGET (self), inn_machine_get_name (self->machine), self->performance,
                get_span (self));
}

static void
on_span_chosen (InnPerformanceView *self)
{
  if (self->performance == NULL)
    return;
  inn_performance_set_span (self->performance, inn_span_get_asked (get_span (self)));
  rebuild (self);
}

/* What is kept of one that is off is of hours; what was chosen is chosen again when it is on. */
static void
follow_state (InnPerformanceView *self)
{
  const gboolean off = is_off (self);

  if (off != self->off)
    {
      self->off = off;
      if (off)
        self->span_on = gtk_drop_down_get_selected (self->chooser);
      if (!off)
        gtk_drop_down_set_selected (self->chooser, self->span_on);
      else if (!inn_span_is_long (get_span (self)))
        gtk_drop_down_set_selected (self->chooser, INN_N_SPANS - 1);
    }
  show_page (self);
}

/* ---- whose ---- */

static void
want (InnPerformanceView *self)
{
  if (self->performance != NULL)
    inn_performance_want (self->performance, self, inn_seen_is (GTK_WIDGET (self)));
}

static void
take_performance (InnPerformanceView *self)
{
  InnPerformance *performance =
      self->machine != NULL ? inn_machine_get_performance (self->machine) : NULL;

  if (self->performance == performance)
    return;
  if (self->performance != NULL)
    inn_performance_want (self->performance, self, FALSE);
  clear_graphs (self);
  g_set_object (&self->performance, performance);
  g_signal_group_set_target (self->signals, performance);
  if (performance != NULL)
    on_span_chosen (self);
}

static void
inn_performance_view_map (GtkWidget *widget)
{
  InnPerformanceView *self = INN_PERFORMANCE_VIEW (widget);

  GTK_WIDGET_CLASS (inn_performance_view_parent_class)->map (widget);
  inn_seen_watch (widget, G_CALLBACK (want));
  take_performance (self);
  show_page (self);
  want (self);
}

static void
inn_performance_view_unmap (GtkWidget *widget)
{
  InnPerformanceView *self = INN_PERFORMANCE_VIEW (widget);

  inn_seen_forget (widget, G_CALLBACK (want));
  GTK_WIDGET_CLASS (inn_performance_view_parent_class)->unmap (widget);
  want (self);
}

static void
inn_performance_view_dispose (GObject *object)
{
  InnPerformanceView *self = INN_PERFORMANCE_VIEW (object);
  GtkWidget *child;

  if (self->performance != NULL)
    inn_performance_want (self->performance, self, FALSE);
  if (self->sections != NULL)
    clear_graphs (self);
  g_clear_object (&self->signals);
  g_clear_object (&self->machine_signals);
  g_clear_object (&self->performance);
  g_clear_object (&self->machine);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  self->sections = NULL;
  G_OBJECT_CLASS (inn_performance_view_parent_class)->dispose (object);
}

static void
inn_performance_view_finalize (GObject *object)
{
  g_ptr_array_unref (INN_PERFORMANCE_VIEW (object)->graphs);
  G_OBJECT_CLASS (inn_performance_view_parent_class)->finalize (object);
}

static void
inn_performance_view_class_init (InnPerformanceViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_performance_view_dispose;
  G_OBJECT_CLASS (klass)->finalize = inn_performance_view_finalize;
  widget_class->map = inn_performance_view_map;
  widget_class->unmap = inn_performance_view_unmap;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/innkeeper/Innkeeper/performance/inn-performance-view.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, InnPerformanceView, stack);
  gtk_widget_class_bind_template_child (widget_class, InnPerformanceView, failed);
  gtk_widget_class_bind_template_child (widget_class, InnPerformanceView, scrolled);
  gtk_widget_class_bind_template_child (widget_class, InnPerformanceView, sections);
  gtk_widget_class_bind_template_child (widget_class, InnPerformanceView, chooser);
  gtk_widget_class_bind_template_callback (widget_class, on_export_clicked);
}

static void
inn_performance_view_init (InnPerformanceView *self)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);

  self->graphs = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  for (guint i = 0; i < INN_N_SPANS; i++)
    gtk_string_list_append (names, _ (inn_span_get (i)->name));
  gtk_drop_down_set_model (self->chooser, G_LIST_MODEL (names));
  g_signal_connect_swapped (self->chooser, "notify::selected", G_CALLBACK (on_span_chosen), self);
  self->signals = g_signal_group_new (INN_TYPE_PERFORMANCE);
  g_signal_group_connect_swapped (self->signals, "sampled", G_CALLBACK (on_sampled), self);
  g_signal_group_connect_swapped (self->signals, "charts-changed", G_CALLBACK (rebuild), self);
  self->machine_signals = g_signal_group_new (INN_TYPE_MACHINE);
  g_signal_group_connect_swapped (self->machine_signals, "notify::state", G_CALLBACK (follow_state),
                                  self);
  g_signal_connect_swapped (gtk_scrolled_window_get_vadjustment (self->scrolled), "value-changed",
                            G_CALLBACK (update_graphs), self);
}

void
inn_performance_view_set_machine (InnPerformanceView *self, InnMachine *machine)
{
  g_return_if_fail (INN_IS_PERFORMANCE_VIEW (self));

  if (!g_set_object (&self->machine, machine))
    return;
  g_signal_group_set_target (self->machine_signals, machine);
  follow_state (self);
  if (gtk_widget_get_mapped (GTK_WIDGET (self)) || machine == NULL)
    take_performance (self);
  show_page (self);
  want (self);
}
