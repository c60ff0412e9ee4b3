/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One machine in the sidebar's list. Built by hand and of few widgets: GtkListView keeps some 200
 * of them. Knows not the list it stands in. */
#include "inn-machine-row.h"

#include <glib/gi18n.h>
#include <math.h>

struct _InnMachineRow
{
  GtkWidget parent_instance;

  InnMachine *machine;
  GSignalGroup *signals;
  GtkWidget *icon;
  GdkTexture *texture; /* of its screen, drawn over the icon; NULL: none */
  GskRenderNode *node; /* of the texture; NULL where it has to be made */
  graphene_rect_t place;
  gboolean live;
  GtkWidget *name;
  GtkWidget *state;
  char *shown; /* markup of state */
  int percent; /* CPU use as shown; -1: none */
};

G_DEFINE_FINAL_TYPE (InnMachineRow, inn_machine_row, GTK_TYPE_WIDGET)

/* The dot in front of the words: a shape that differs as well as a colour. */
static const char *
state_mark (InnState state)
{
  switch (state)
    {
    case INN_STATE_RUNNING:
      return "<span foreground=\"#2ec27e\">●</span>";
    case INN_STATE_STARTING:
    case INN_STATE_STOPPING:
      return "<span foreground=\"#3584e4\">◐</span>";
    case INN_STATE_PAUSED:
      return "<span foreground=\"#e5a50a\">◼</span>";
    case INN_STATE_CRASHED:
    case INN_STATE_BROKEN:
      return "<span foreground=\"#e01b24\">▲</span>";
    case INN_STATE_OFF:
    case INN_STATE_UNKNOWN:
      break;
    }
  return "○";
}

static void
show_state (InnMachineRow *self)
{
  g_autofree char *words = NULL;
  g_autofree char *escaped = NULL;
  g_autofree char *markup = NULL;
  g_autofree char *spoken = NULL;
  InnState state = inn_machine_get_state (self->machine);

  g_object_get (self->machine, "state-text", &words, NULL);
  if (state == INN_STATE_RUNNING && self->percent >= 0)
    {
      /* Translators: %s is "Running", the number the share of one processor core. */
      char *with_use = g_strdup_printf (_ ("%s · CPU %d %%"), words, self->percent);

      g_free (words);
      words = with_use;
    }
  escaped = g_markup_escape_text (words, -1);
  markup = g_strdup_printf ("%s %s", state_mark (state), escaped);
  if (g_strcmp0 (markup, self->shown) == 0)
    return;
  gtk_inscription_set_markup (GTK_INSCRIPTION (self->state), markup);
  g_free (self->shown);
  self->shown = g_steal_pointer (&markup);

  spoken = g_strdup_printf ("%s, %s", inn_machine_get_name (self->machine), words);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

/* What changes by less than a hundredth of a core is the same: TRUE if it is not. Else a guest that
 * does nothing would be drawn anew every two seconds, because 0.4 became 0.6. */
static gboolean
take_cpu_use (InnMachineRow *self)
{
  const double percent = 100 * inn_machine_get_cpu_use (self->machine);
  const int before = self->percent;

  if (percent < 0)
    self->percent = -1;
  else if (self->percent < 0 || fabs (percent - self->percent) >= 1)
    self->percent = (int)MIN (round (percent), G_MAXINT);
  return self->percent != before;
}

static void
show_name (InnMachineRow *self)
{
  gtk_inscription_set_text (GTK_INSCRIPTION (self->name), inn_machine_get_name (self->machine));
  g_clear_pointer (&self->shown, g_free); /* the name is spoken with the state */
}

static void
on_machine_bind (InnMachineRow *self)
{
  self->percent = -1;
  take_cpu_use (self);
  show_name (self);
  show_state (self);
}

static void
on_cpu_use_notify (InnMachineRow *self)
{
  if (take_cpu_use (self))
    show_state (self);
}

static void
on_machine_notify (InnMachineRow *self, GParamSpec *pspec)
{
  if (g_str_equal (pspec->name, "name"))
    show_name (self);
  show_state (self);
}

/* The picture fills the icon's place and is cut where it is wider or higher. A cairo node that is
 * kept: GTK's cairo renderer converts all pixels of each texture in the window for each frame of
 * any part of it, and there are four a second while a guest's cursor blinks. */
static GskRenderNode *
create_node (InnMachineRow *self)
{
  const graphene_rect_t *at = &self->place;
  const int width = gdk_texture_get_width (self->texture);
  const int height = gdk_texture_get_height (self->texture);
  const double scale = MAX (at->size.width / width, at->size.height / height);
  cairo_surface_t *pixels = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  GskRenderNode *node = gsk_cairo_node_new (at);
  cairo_t *cr = gsk_cairo_node_get_draw_context (node);

  gdk_texture_download (self->texture, cairo_image_surface_get_data (pixels),
                        (gsize)cairo_image_surface_get_stride (pixels));
  cairo_surface_mark_dirty (pixels);
  cairo_translate (cr, at->origin.x + (at->size.width - width * scale) / 2,
                   at->origin.y + (at->size.height - height * scale) / 2);
  cairo_scale (cr, scale, scale);
  cairo_set_source_surface (cr, pixels, 0, 0);
  cairo_paint_with_alpha (cr, self->live ? 1 : 0.4);
  cairo_destroy (cr);
  cairo_surface_destroy (pixels);
  return node;
}

/* No widget of its own: a GtkPicture would ask for the picture's size. */
static void
inn_machine_row_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  InnMachineRow *self = INN_MACHINE_ROW (widget);
  graphene_rect_t place;
  GskRoundedRect frame;

  GTK_WIDGET_CLASS (inn_machine_row_parent_class)->snapshot (widget, snapshot);
  if (self->texture == NULL || !gtk_widget_compute_bounds (self->icon, widget, &place))
    return;
  if (!graphene_rect_equal (&place, &self->place))
    g_clear_pointer (&self->node, gsk_render_node_unref);
  self->place = place;
  if (self->node == NULL)
    self->node = create_node (self);
  gsk_rounded_rect_init_from_rect (&frame, &place, 6);
  gtk_snapshot_push_rounded_clip (snapshot, &frame);
  gtk_snapshot_append_node (snapshot, self->node);
  gtk_snapshot_pop (snapshot);
}

static void
inn_machine_row_dispose (GObject *object)
{
  InnMachineRow *self = INN_MACHINE_ROW (object);
  GtkWidget *child;

  g_clear_object (&self->signals);
  g_clear_object (&self->machine);
  g_clear_object (&self->texture);
  g_clear_pointer (&self->node, gsk_render_node_unref);
  g_clear_pointer (&self->shown, g_free);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (inn_machine_row_parent_class)->dispose (object);
}

static void
inn_machine_row_class_init (InnMachineRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_machine_row_dispose;
  widget_class->snapshot = inn_machine_row_snapshot;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_GRID_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "machinerow");
}

static void
place (GtkWidget *row, GtkWidget *child, int column, int line, int height)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (row);
  GtkGridLayoutChild *at;

  gtk_widget_set_parent (child, row);
  at = GTK_GRID_LAYOUT_CHILD (gtk_layout_manager_get_layout_child (layout, child));
  gtk_grid_layout_child_set_column (at, column);
  gtk_grid_layout_child_set_row (at, line);
  gtk_grid_layout_child_set_row_span (at, height);
}

/* Inscriptions, not labels: a text that changes every two seconds must not make the list measure
 * all its rows anew. */
static GtkWidget *
text_new (const char *css_class)
{
  GtkWidget *text = gtk_inscription_new (NULL);

  gtk_inscription_set_text_overflow (GTK_INSCRIPTION (text),
                                     GTK_INSCRIPTION_OVERFLOW_ELLIPSIZE_END);
  gtk_inscription_set_min_chars (GTK_INSCRIPTION (text), 8);
  gtk_inscription_set_xalign (GTK_INSCRIPTION (text), 0);
  gtk_widget_set_hexpand (text, TRUE);
  gtk_widget_add_css_class (text, css_class);
  return text;
}

static void
inn_machine_row_init (InnMachineRow *self)
{
  GtkGridLayout *layout = GTK_GRID_LAYOUT (gtk_widget_get_layout_manager (GTK_WIDGET (self)));

  gtk_grid_layout_set_column_spacing (layout, 12);
  gtk_grid_layout_set_row_spacing (layout, 2);
  self->icon = gtk_image_new_from_icon_name ("computer-symbolic");
  gtk_widget_set_size_request (self->icon, 64, 40);
  gtk_widget_set_valign (self->icon, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (self->icon, "thumbnail");
  self->name = text_new ("heading");
  self->state = text_new ("state");
  place (GTK_WIDGET (self), self->icon, 0, 0, 2);
  place (GTK_WIDGET (self), self->name, 1, 0, 1);
  place (GTK_WIDGET (self), self->state, 1, 1, 1);

  self->signals = g_signal_group_new (INN_TYPE_MACHINE);
  g_signal_connect_swapped (self->signals, "bind", G_CALLBACK (on_machine_bind), self);
  g_signal_group_connect_swapped (self->signals, "notify::name", G_CALLBACK (on_machine_notify),
                                  self);
  g_signal_group_connect_swapped (self->signals, "notify::state-text",
                                  G_CALLBACK (on_machine_notify), self);
  g_signal_group_connect_swapped (self->signals, "notify::cpu-use", G_CALLBACK (on_cpu_use_notify),
                                  self);
}

GtkWidget *
inn_machine_row_new (void)
{
  return g_object_new (INN_TYPE_MACHINE_ROW, NULL);
}

void
inn_machine_row_set_machine (InnMachineRow *self, InnMachine *machine)
{
  g_return_if_fail (INN_IS_MACHINE_ROW (self));

  if (g_set_object (&self->machine, machine))
    g_signal_group_set_target (self->signals, machine);
}

InnMachine *
inn_machine_row_get_machine (InnMachineRow *self)
{
  g_return_val_if_fail (INN_IS_MACHINE_ROW (self), NULL);

  return self->machine;
}

void
inn_machine_row_set_picture (InnMachineRow *self, GdkTexture *texture, gboolean live)
{
  gboolean changed;

  g_return_if_fail (INN_IS_MACHINE_ROW (self));

  changed = g_set_object (&self->texture, texture);
  if (!changed && self->live == live)
    return;
  self->live = live;
  g_clear_pointer (&self->node, gsk_render_node_unref);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
