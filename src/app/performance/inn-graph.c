/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "performance/inn-graph.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

#define MIN_WIDTH   300 /* of a legend of three in English */
#define NAT_WIDTH   340
#define PLOT_HEIGHT 92
#define GAP         6  /* between texts and plot */
#define HEAD_GAP    12 /* that the axis' uppermost text stands in, too */
#define LINE_WIDTH  2
#define FILLED      2 /* lines; a third is a bound of them */
#define NO_COLUMN   (-1)

/* Of GNOME's palette: can be told apart on white and on black, and by the colour-blind. */
static const char *const colours[INN_CHART_LINES] = { "#3584e4", "#ff7800", "#9141ac" };

typedef enum
{
  TITLE,
  VALUES,
  TOP,
  HALF,
  ZERO,
  AGO,
  NOW,
  POINTED, /* the time that is pointed at */
  N_TEXTS
} Text;

struct _InnGraph
{
  GtkWidget parent_instance;

  InnPerformance *performance;
  const InnChart *chart; /* NULL: cleared */
  const InnGraphLook *look;
  const InnSpan *span;
  char *title;
  double least_top;
  double top;
  int column; /* that is pointed at, from the left; or NO_COLUMN */
  PangoLayout *texts[N_TEXTS];
  int axis;   /* width of the texts at it; 0: not known */
  char *told; /* to assistive technologies */
};

G_DEFINE_FINAL_TYPE (InnGraph, inn_graph, GTK_TYPE_WIDGET)

typedef struct
{
  double x, y, width, height;
} Plot;

/* ---- texts ---- */

static gboolean
has_legend (InnGraph *self)
{
  return self->look->lines[0] != NULL;
}

static PangoLayout *
ensure_text (InnGraph *self, Text which)
{
  PangoAttrList *attributes;

  if (self->texts[which] != NULL)
    return self->texts[which];
  attributes = pango_attr_list_new ();
  if (which == TITLE)
    pango_attr_list_insert (attributes, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  else if (which != VALUES) /* whose markup says so */
    pango_attr_list_insert (attributes, pango_attr_scale_new (PANGO_SCALE_SMALL));
  self->texts[which] = gtk_widget_create_pango_layout (GTK_WIDGET (self), NULL);
  pango_layout_set_single_paragraph_mode (self->texts[which], TRUE);
  if (which == TITLE || which == VALUES)
    pango_layout_set_ellipsize (self->texts[which], PANGO_ELLIPSIZE_END);
  pango_layout_set_attributes (self->texts[which], attributes);
  pango_attr_list_unref (attributes);
  return self->texts[which];
}

/* A layout that is told the same again would be laid out anew. */
static void
set_text (InnGraph *self, Text which, const char *text)
{
  PangoLayout *layout = ensure_text (self, which);

  if (!g_str_equal (pango_layout_get_text (layout), text))
    pango_layout_set_text (layout, text, -1);
}

static void
get_size (InnGraph *self, Text which, int *width, int *height)
{
  pango_layout_get_pixel_size (ensure_text (self, which), width, height);
}

static void
draw_text (InnGraph *self, GtkSnapshot *snapshot, Text which, double x, double y, GdkRGBA colour)
{
  if (which != TITLE && which != VALUES && which != POINTED)
    colour.alpha *= 0.6f;
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float)round (x), (float)round (y)));
  gtk_snapshot_append_layout (snapshot, ensure_text (self, which), &colour);
  gtk_snapshot_restore (snapshot);
}

static void
clear_texts (InnGraph *self)
{
  for (guint i = 0; i < N_TEXTS; i++)
    g_clear_object (&self->texts[i]);
  self->axis = 0;
  g_clear_pointer (&self->told, g_free); /* so that the values are set again */
}

/* ---- values ---- */

static int
get_last (InnGraph *self)
{
  return (int)self->span->columns - 1;
}

static double
get_value (InnGraph *self, guint line, int column)
{
  return inn_span_get_value (self->span, self->performance, self->chart, line, (guint)column);
}

/* Nothing is pointed at: of the last second, however long a column is, where it is measured. */
static double
get_told (InnGraph *self, guint line)
{
  const guint n_rows = inn_performance_get_n_rows (self->performance);

  if (self->column != NO_COLUMN || inn_performance_is_sum (self->chart->kind))
    return get_value (self, line, self->column != NO_COLUMN ? self->column : get_last (self));
  return inn_performance_get (self->performance, self->chart, line, n_rows - 1);
}

static double
find_top (InnGraph *self)
{
  double most = self->least_top;

  for (guint l = 0; l < INN_CHART_LINES; l++)
    for (int i = 0; i <= get_last (self) && self->chart->lines[l] != NULL; i++)
      {
        const double value = get_value (self, l, i);

        if (!isnan (value))
          most = MAX (most, value);
      }
  return most > self->least_top ? inn_unit_top (self->look->unit, most)
         : self->least_top > 0  ? self->least_top
                                : inn_unit_top (self->look->unit, 0);
}

/* Markup, or plain for those who hear it. */
static char *
dup_values (InnGraph *self, gboolean markup)
{
  const gboolean small = markup && has_legend (self);
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint l = 0; l < INN_CHART_LINES; l++)
    {
      g_autofree char *value = NULL;

      if (self->chart->lines[l] == NULL)
        continue;
      value = inn_unit_format (self->look->unit, get_told (self, l));
      if (all->len == 0)
        g_string_append (all, small ? "<small>" : "");
      else
        g_string_append (all, markup ? "   " : ", ");
      if (has_legend (self) && markup)
        g_string_append_printf (all, "<span foreground='%s'>●</span> ", colours[l]);
      if (has_legend (self))
        g_string_append_printf (all, "%s ", _ (self->look->lines[l]));
      g_string_append (all, value);
    }
  if (small && all->len > 0)
    g_string_append (all, "</small>");
  return g_string_free (g_steal_pointer (&all), FALSE);
}

static void
set_values (InnGraph *self)
{
  g_autofree char *markup = dup_values (self, TRUE);
  g_autofree char *plain = dup_values (self, FALSE);
  g_autofree char *time =
      self->column == NO_COLUMN
          ? NULL
          : inn_span_dup_time (self->span, self->performance, (guint)self->column);
  g_autofree char *told = time == NULL ? g_strdup_printf ("%s: %s", self->title, plain)
                                       : g_strdup_printf ("%s, %s: %s", self->title, time, plain);

  set_text (self, POINTED, time != NULL ? time : "");
  if (g_strcmp0 (told, self->told) == 0)
    return;
  pango_layout_set_markup (ensure_text (self, VALUES), markup, -1);
  g_free (self->told);
  self->told = g_steal_pointer (&told);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, self->told,
                                  -1);
}

/* ---- place ---- */

/* The longest that may stand at the axis; so all graphs begin at one line. */
static int
measure_axis (InnGraph *self)
{
  if (self->axis == 0)
    {
      g_autoptr (PangoLayout) longest = pango_layout_copy (ensure_text (self, TOP));

      pango_layout_set_text (longest, "1000 MiB/s", -1);
      pango_layout_get_pixel_size (longest, &self->axis, NULL);
    }
  return self->axis;
}

static Plot
find_plot (InnGraph *self)
{
  const int width = gtk_widget_get_width (GTK_WIDGET (self));
  const int height = gtk_widget_get_height (GTK_WIDGET (self));
  int head, legend, foot;
  Plot plot;

  get_size (self, TITLE, NULL, &head);
  get_size (self, VALUES, NULL, &legend);
  get_size (self, AGO, NULL, &foot);
  plot.x = measure_axis (self) + GAP;
  plot.y = head + (has_legend (self) ? legend : 0) + HEAD_GAP;
  plot.width = MAX (width - plot.x, 1);
  plot.height = MAX (height - foot - 2 - plot.y, 1);
  return plot;
}

/* On a whole pixel of the screen, so that nothing is blurred and a renderer fills rectangles. */
static double
snap (InnGraph *self, double value)
{
  const int scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));

  return round (value * scale) / scale;
}

static double
find_x (InnGraph *self, const Plot *plot, int column)
{
  return snap (self, plot->x + plot->width * column / self->span->columns);
}

static double
find_y (InnGraph *self, const Plot *plot, double value)
{
  return snap (self, plot->y + plot->height * (1 - CLAMP (value / self->top, 0, 1)));
}

/* ---- drawing ---- */

static void
fill (GtkSnapshot *snapshot, const GdkRGBA *colour, double x, double y, double width, double height)
{
  gtk_snapshot_append_color (snapshot, colour,
                             &GRAPHENE_RECT_INIT ((float)x, (float)y, (float)width, (float)height));
}

/* Steps: each column has one value, which is its mean. Neighbours of one height are one rectangle:
 * what rests costs next to nothing. */
static void
draw_line (InnGraph *self, GtkSnapshot *snapshot, const Plot *plot, guint line)
{
  const double bottom = plot->y + plot->height;
  double before = NAN;
  GdkRGBA colour, pale;
  int end;

  gdk_rgba_parse (&colour, colours[line]);
  pale = colour;
  pale.alpha = 0.15f;
  for (int i = 0; i <= get_last (self); i = end)
    {
      const double value = get_value (self, line, i);
      double y, x, width;

      end = i + 1;
      if (isnan (value))
        {
          before = NAN;
          continue;
        }
      y = find_y (self, plot, value);
      while (end <= get_last (self))
        {
          const double next = get_value (self, line, end);

          if (isnan (next) || find_y (self, plot, next) != y)
            break;
          end++;
        }
      x = find_x (self, plot, i);
      width = find_x (self, plot, end) - x;
      y = MIN (y, bottom - LINE_WIDTH); /* it stands on the axis */
      if (line < FILLED)
        fill (snapshot, &pale, x, y, width, bottom - y);
      fill (snapshot, &colour, x, y, width, LINE_WIDTH);
      if (!isnan (before) && fabs (before - y) > LINE_WIDTH)
        fill (snapshot, &colour, x - LINE_WIDTH / 2.0, MIN (y, before), LINE_WIDTH,
              fabs (before - y) + LINE_WIDTH);
      before = y;
    }
}

static void
draw_head (InnGraph *self, GtkSnapshot *snapshot, GdkRGBA colour)
{
  const int width = gtk_widget_get_width (GTK_WIDGET (self));
  int head, values;

  if (has_legend (self))
    {
      get_size (self, TITLE, NULL, &head);
      pango_layout_set_width (ensure_text (self, TITLE), width * PANGO_SCALE);
      pango_layout_set_width (ensure_text (self, VALUES), width * PANGO_SCALE);
      draw_text (self, snapshot, VALUES, 0, head, colour);
    }
  else
    {
      pango_layout_set_width (ensure_text (self, VALUES), -1);
      get_size (self, VALUES, &values, NULL);
      pango_layout_set_width (ensure_text (self, TITLE),
                              MAX (width - values - 2 * GAP, 0) * PANGO_SCALE);
      draw_text (self, snapshot, VALUES, width - values, 0, colour);
    }
  draw_text (self, snapshot, TITLE, 0, 0, colour);
}

static void
draw_axis (InnGraph *self, GtkSnapshot *snapshot, const Plot *plot, GdkRGBA colour)
{
  static const Text marks[] = { TOP, HALF, ZERO };
  GdkRGBA pale = colour;

  pale.alpha *= 0.12f;
  for (guint i = 0; i < G_N_ELEMENTS (marks); i++)
    {
      const double value = self->top * (2 - i) / 2;
      g_autofree char *text =
          i == 2 ? g_strdup ("0") : inn_unit_format_axis (self->look->unit, value);
      const double y = find_y (self, plot, value);
      int width, height;

      set_text (self, marks[i], text);
      get_size (self, marks[i], &width, &height);
      draw_text (self, snapshot, marks[i], plot->x - GAP - width, y - height / 2.0, colour);
      fill (snapshot, &pale, plot->x, i == 2 ? y - 1 : y, plot->width, 1);
    }
}

/* What lies below the plot: how long ago, or the second that is pointed at. */
static void
draw_foot (InnGraph *self, GtkSnapshot *snapshot, const Plot *plot, GdkRGBA colour)
{
  const double y = plot->y + plot->height + 2;
  const double end = plot->x + plot->width;
  int width;

  if (self->column != NO_COLUMN && *pango_layout_get_text (ensure_text (self, POINTED)) != '\0')
    {
      const double x = plot->x + plot->width * (self->column + 0.5) / self->span->columns;
      GdkRGBA pale = colour;

      pale.alpha *= 0.5f;
      fill (snapshot, &pale, snap (self, x), plot->y, 1, plot->height);
      get_size (self, POINTED, &width, NULL);
      draw_text (self, snapshot, POINTED, CLAMP (x - width / 2.0, plot->x, end - width), y, colour);
      return;
    }
  draw_text (self, snapshot, AGO, plot->x, y, colour);
  get_size (self, NOW, &width, NULL);
  draw_text (self, snapshot, NOW, end - width, y, colour);
}

static void
inn_graph_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  InnGraph *self = INN_GRAPH (widget);
  GdkRGBA colour;
  Plot plot;

  if (self->chart == NULL)
    return;
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &colour);
  set_text (self, TITLE, self->title);
  set_text (self, AGO, _ (self->span->ago));
  set_text (self, NOW, _ ("now"));
  set_values (self);
  plot = find_plot (self);
  self->top = find_top (self);
  draw_head (self, snapshot, colour);
  draw_axis (self, snapshot, &plot, colour);
  for (guint l = 0; l < INN_CHART_LINES; l++)
    if (self->chart->lines[l] != NULL)
      draw_line (self, snapshot, &plot, l);
  draw_foot (self, snapshot, &plot, colour);
}

/* ---- the pointer and the keys ---- */

static void
point_at (InnGraph *self, int column)
{
  if (column == self->column || self->chart == NULL)
    return;
  self->column = column;
  set_values (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
on_pointer_motion (InnGraph *self, double x, double y)
{
  const Plot plot = find_plot (self);
  const double place = (x - plot.x) / plot.width * self->span->columns;

  point_at (self, place < 0 || place >= self->span->columns ? NO_COLUMN : (int)place);
}

static void
on_pointer_leave (InnGraph *self)
{
  point_at (self, NO_COLUMN);
}

static gboolean
on_key_pressed (InnGraph *self, guint keyval)
{
  const int last = get_last (self);
  const int now = self->column == NO_COLUMN ? last : self->column;

  switch (keyval)
    {
    case GDK_KEY_Left:
    case GDK_KEY_KP_Left:
      point_at (self, MAX (now - 1, 0));
      return TRUE;
    case GDK_KEY_Right:
    case GDK_KEY_KP_Right:
      point_at (self, now + 1 >= last ? NO_COLUMN : now + 1);
      return TRUE;
    case GDK_KEY_Escape:
      if (self->column == NO_COLUMN)
        return FALSE;
      point_at (self, NO_COLUMN);
      return TRUE;
    default:
      return FALSE;
    }
}

/* ---- the widget ---- */

static void
inn_graph_measure (GtkWidget *widget,
                   GtkOrientation orientation,
                   int for_size,
                   int *minimum,
                   int *natural,
                   int *minimum_baseline,
                   int *natural_baseline)
{
  InnGraph *self = INN_GRAPH (widget);
  int head, legend, foot;

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = MIN_WIDTH;
      *natural = NAT_WIDTH;
      return;
    }
  get_size (self, TITLE, NULL, &head);
  get_size (self, VALUES, NULL, &legend);
  get_size (self, AGO, NULL, &foot);
  *minimum = *natural = head + (has_legend (self) ? legend : 0) + HEAD_GAP + PLOT_HEIGHT + 2 + foot;
}

static void
inn_graph_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (inn_graph_parent_class)->css_changed (widget, change);
  clear_texts (INN_GRAPH (widget));
  gtk_widget_queue_draw (widget);
}

static void
inn_graph_system_setting_changed (GtkWidget *widget, GtkSystemSetting setting)
{
  GTK_WIDGET_CLASS (inn_graph_parent_class)->system_setting_changed (widget, setting);
  clear_texts (INN_GRAPH (widget));
  gtk_widget_queue_resize (widget);
}

static void
inn_graph_finalize (GObject *object)
{
  InnGraph *self = INN_GRAPH (object);

  clear_texts (self);
  g_clear_object (&self->performance);
  g_free (self->title);
  G_OBJECT_CLASS (inn_graph_parent_class)->finalize (object);
}

static void
inn_graph_class_init (InnGraphClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = inn_graph_finalize;
  widget_class->snapshot = inn_graph_snapshot;
  widget_class->measure = inn_graph_measure;
  widget_class->css_changed = inn_graph_css_changed;
  widget_class->system_setting_changed = inn_graph_system_setting_changed;
  gtk_widget_class_set_css_name (widget_class, "inngraph");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
inn_graph_init (InnGraph *self)
{
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();

  self->column = NO_COLUMN;
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_hexpand (GTK_WIDGET (self), TRUE);
  g_signal_connect_swapped (motion, "motion", G_CALLBACK (on_pointer_motion), self);
  g_signal_connect_swapped (motion, "leave", G_CALLBACK (on_pointer_leave), self);
  g_signal_connect_swapped (keys, "key-pressed", G_CALLBACK (on_key_pressed), self);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
}

GtkWidget *
inn_graph_new (InnPerformance *performance,
               const InnChart *chart,
               const InnGraphLook *look,
               const InnSpan *span)
{
  InnGraph *self = g_object_new (INN_TYPE_GRAPH, NULL);

  self->performance = g_object_ref (performance);
  self->chart = chart;
  self->look = look;
  self->span = span;
  self->title = inn_look_dup_title (look, chart->name);
  set_values (self);
  return GTK_WIDGET (self);
}

void
inn_graph_clear (InnGraph *self)
{
  self->chart = NULL;
}

void
inn_graph_set_least_top (InnGraph *self, double least_top)
{
  g_return_if_fail (INN_IS_GRAPH (self));

  self->least_top = least_top;
}

void
inn_graph_update (InnGraph *self, gboolean seen)
{
  g_return_if_fail (INN_IS_GRAPH (self));

  if (self->chart == NULL)
    return;
  set_values (self);
  if (seen)
    gtk_widget_queue_draw (GTK_WIDGET (self));
}
