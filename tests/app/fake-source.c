/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "fake-source.h"

#include "widgets.h"

struct _FakeSource
{
  InnDisplaySource parent_instance;

  cairo_surface_t *surface;
  GString *log;
  gboolean ignore_motion;
};

G_DEFINE_FINAL_TYPE (FakeSource, fake_source, INN_TYPE_DISPLAY_SOURCE)

static void
fake_source_key (InnDisplaySource *source, guint keyval, guint qnum, gboolean down)
{
  g_string_append_printf (FAKE_SOURCE (source)->log, " %c%u", down ? '+' : '-', qnum);
}

static void
fake_source_motion (InnDisplaySource *source, double x, double y)
{
  if (!FAKE_SOURCE (source)->ignore_motion)
    g_string_append_printf (FAKE_SOURCE (source)->log, " move %g,%g", x, y);
}

static void
fake_source_button (InnDisplaySource *source, guint button, gboolean down)
{
  g_string_append_printf (FAKE_SOURCE (source)->log, " %s %u", down ? "press" : "release", button);
}

static void
fake_source_scroll (InnDisplaySource *source, int dx, int dy)
{
  g_string_append_printf (FAKE_SOURCE (source)->log, " scroll %d,%d", dx, dy);
}

static void
fake_source_set_size (InnDisplaySource *source, guint width, guint height)
{
  g_string_append_printf (FAKE_SOURCE (source)->log, " size %ux%u", width, height);
}

static cairo_surface_t *
fake_source_get_surface (InnDisplaySource *source)
{
  return FAKE_SOURCE (source)->surface;
}

static void
fake_source_finalize (GObject *object)
{
  FakeSource *self = FAKE_SOURCE (object);

  cairo_surface_destroy (self->surface);
  g_string_free (self->log, TRUE);
  G_OBJECT_CLASS (fake_source_parent_class)->finalize (object);
}

static void
fake_source_class_init (FakeSourceClass *klass)
{
  InnDisplaySourceClass *source_class = INN_DISPLAY_SOURCE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = fake_source_finalize;
  source_class->key = fake_source_key;
  source_class->motion = fake_source_motion;
  source_class->button = fake_source_button;
  source_class->scroll = fake_source_scroll;
  source_class->set_size = fake_source_set_size;
  source_class->get_surface = fake_source_get_surface;
}

static void
fake_source_init (FakeSource *self)
{
  self->log = g_string_new (NULL);
}

FakeSource *
fake_source_new (int width, int height)
{
  FakeSource *self = g_object_new (FAKE_TYPE_SOURCE, NULL);

  fake_source_resize (self, width, height);
  return self;
}

static void
set_pixel (FakeSource *self, int x, int y, guint32 colour)
{
  guint8 *data = cairo_image_surface_get_data (self->surface);

  ((guint32 *)(data + (gsize)y * cairo_image_surface_get_stride (self->surface)))[x] = colour;
}

void
fake_source_resize (FakeSource *self, int width, int height)
{
  g_clear_pointer (&self->surface, cairo_surface_destroy);
  self->surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      set_pixel (self, x, y, ((guint32)x * 2654435761u ^ (guint32)y * 40503u) & 0xffffff);
  inn_display_source_emit_resized (INN_DISPLAY_SOURCE (self));
}

void
fake_source_fill (FakeSource *self, const cairo_rectangle_int_t *rectangle, guint32 colour)
{
  cairo_region_t *region = cairo_region_create_rectangle (rectangle);

  for (int y = rectangle->y; y < rectangle->y + rectangle->height; y++)
    for (int x = rectangle->x; x < rectangle->x + rectangle->width; x++)
      set_pixel (self, x, y, colour);
  inn_display_source_emit_damaged (INN_DISPLAY_SOURCE (self), region);
  cairo_region_destroy (region);
}

void
fake_source_ignore_motion (FakeSource *self)
{
  self->ignore_motion = TRUE;
  g_string_truncate (self->log, 0);
}

gboolean
fake_source_has_log (FakeSource *self)
{
  return self->log->len > 0;
}

char *
fake_source_take_log (FakeSource *self)
{
  char *log = g_strdup (self->log->len > 0 ? self->log->str + 1 : "");

  g_string_truncate (self->log, 0);
  return log;
}

void
fake_source_xdotool (FakeSource *source, const char *arguments, GString *log, const char *last)
{
  g_autofree char *command = g_strconcat ("xdotool ", arguments, NULL);
  g_autoptr (GError) error = NULL;

  g_string_truncate (log, 0);
  g_assert_true (g_spawn_command_line_async (command, &error));
  g_assert_no_error (error);
  while (!g_str_has_suffix (log->str, last))
    {
      g_autofree char *more = NULL;

      g_main_context_iteration (NULL, TRUE);
      more = fake_source_take_log (source);
      if (*more != '\0')
        g_string_append_printf (log, "%s%s", log->len > 0 ? " " : "", more);
    }
}

GtkWidget *
show_display (GtkWidget *display, int width, int height)
{
  GtkWidget *window = gtk_window_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *fixed = gtk_fixed_new ();

  gtk_window_set_decorated (GTK_WINDOW (window), FALSE);
  gtk_widget_set_size_request (display, width, height);
  gtk_fixed_put (GTK_FIXED (fixed), display, 0, 0); /* exactly as large as was asked for */
  gtk_box_append (GTK_BOX (box), fixed);
  gtk_box_append (GTK_BOX (box), gtk_entry_new ());
  gtk_window_set_child (GTK_WINDOW (window), box);
  gtk_window_present (GTK_WINDOW (window));
  wait_until (gtk_widget_get_mapped (display) && gtk_widget_get_width (display) > 0);
  return window;
}
