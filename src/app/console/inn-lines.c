/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Who reads a flood too slowly is cut off by the far end, which keeps what was last said: the line
 * is opened again after a while. A machine that ends cuts off its lines a moment before it says
 * so. */
#include "inn-lines.h"

#include <glib/gi18n.h>
#include <unistd.h>
#include "inn-terminal.h"

#define FIRST_DELAY_MS 1000
#define LAST_DELAY_MS  16000
#define GOOD_US        (10 * G_USEC_PER_SEC) /* one that has lasted so long was well */

typedef struct
{
  InnLines *lines;
  gboolean opening;
  gint64 opened_at;
  guint delay; /* ms, before the next attempt */
  guint later;
  char *problem;
} Line;

struct _InnLines
{
  GObject parent_instance;

  GtkStack *stack;
  GVariant *names;
};

G_DEFINE_FINAL_TYPE (InnLines, inn_lines, G_TYPE_OBJECT)

enum
{
  OPEN,
  CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
line_free (gpointer data)
{
  Line *line = data;

  g_clear_handle_id (&line->later, g_source_remove);
  g_free (line->problem);
  g_free (line);
}

/* NULL: @child is none. */
static Line *
line_of (GtkWidget *child)
{
  return child != NULL ? g_object_get_data (G_OBJECT (child), "inn-line") : NULL;
}

static void
set_problem (InnLines *self, Line *line, const char *problem)
{
  if (g_strcmp0 (line->problem, problem) == 0)
    return;
  g_free (line->problem);
  line->problem = g_strdup (problem);
  g_signal_emit (self, signals[CHANGED], 0);
}

static gboolean
on_reopen_due (gpointer data)
{
  Line *line = data;

  line->later = 0;
  inn_lines_refresh (line->lines);
  return G_SOURCE_REMOVE;
}

static void
on_closed (Line *line)
{
  if (g_get_monotonic_time () - line->opened_at >= GOOD_US)
    line->delay = FIRST_DELAY_MS;
  g_clear_handle_id (&line->later, g_source_remove);
  line->later = g_timeout_add (line->delay, on_reopen_due, line);
  line->delay = MIN (2 * line->delay, LAST_DELAY_MS);
}

static void
add (InnLines *self, const char *name, const char *title)
{
  GtkWidget *terminal = inn_terminal_new ();
  Line *line = g_new0 (Line, 1);

  inn_terminal_set_name (INN_TERMINAL (terminal), title);
  line->lines = self;
  line->delay = FIRST_DELAY_MS;
  g_object_set_data_full (G_OBJECT (terminal), "inn-line", line, line_free);
  g_signal_connect_swapped (terminal, "closed", G_CALLBACK (on_closed), line);
  gtk_stack_add_titled (self->stack, terminal, name, title);
}

static void
remove_all (InnLines *self)
{
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self->stack));

  while (child != NULL)
    {
      GtkWidget *next = gtk_widget_get_next_sibling (child);

      if (line_of (child) != NULL)
        gtk_stack_remove (self->stack, child);
      child = next;
    }
}

static void
inn_lines_finalize (GObject *object)
{
  InnLines *self = INN_LINES (object);

  g_clear_pointer (&self->names, g_variant_unref);
  G_OBJECT_CLASS (inn_lines_parent_class)->finalize (object);
}

static void
inn_lines_class_init (InnLinesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = inn_lines_finalize;
  signals[OPEN] = g_signal_new ("open", INN_TYPE_LINES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[CHANGED] = g_signal_new ("changed", INN_TYPE_LINES, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
}

static void
inn_lines_init (InnLines *self)
{
}

InnLines *
inn_lines_new (GtkStack *stack)
{
  InnLines *self = g_object_new (INN_TYPE_LINES, NULL);

  self->stack = stack;
  return self;
}

gboolean
inn_lines_set (InnLines *self, GVariant *lines)
{
  GVariantIter iter;
  const char *name, *kind;
  guint serials = 0, printers = 0, consoles = 0;

  g_return_val_if_fail (INN_IS_LINES (self), FALSE);
  if (lines == self->names ||
      (lines != NULL && self->names != NULL && g_variant_equal (lines, self->names)))
    return FALSE;
  remove_all (self);
  g_clear_pointer (&self->names, g_variant_unref);
  if (lines == NULL)
    return TRUE;
  self->names = g_variant_ref (lines);
  g_variant_iter_init (&iter, lines);
  while (g_variant_iter_next (&iter, "(&s&s)", &name, &kind))
    {
      g_autofree char *title = NULL;

      if (g_str_equal (kind, "serial"))
        title = g_strdup_printf (_ ("Serial %u"), ++serials);
      else if (g_str_equal (kind, "parallel"))
        title = g_strdup_printf (_ ("Printer %u"), ++printers);
      else
        title = g_strdup_printf (_ ("Console %u"), ++consoles);

      add (self, name, title);
    }
  return TRUE;
}

gsize
inn_lines_get_n (InnLines *self)
{
  g_return_val_if_fail (INN_IS_LINES (self), 0);
  return self->names != NULL ? g_variant_n_children (self->names) : 0;
}

void
inn_lines_show_first (InnLines *self)
{
  const char *first;

  g_return_if_fail (inn_lines_get_n (self) > 0);
  g_variant_get_child (self->names, 0, "(&s&s)", &first, NULL);
  gtk_stack_set_visible_child_name (self->stack, first);
}

void
inn_lines_open (InnLines *self, const char *name, int fd)
{
  GtkWidget *child;
  Line *line;

  g_return_if_fail (INN_IS_LINES (self));
  child = gtk_stack_get_child_by_name (self->stack, name);
  line = line_of (child);
  if (line == NULL)
    {
      close (fd);
      return;
    }
  line->opening = FALSE;
  line->opened_at = g_get_monotonic_time ();
  g_clear_handle_id (&line->later, g_source_remove);
  inn_terminal_open (INN_TERMINAL (child), fd);
  set_problem (self, line, NULL);
}

void
inn_lines_fail (InnLines *self, const char *name, const char *problem)
{
  Line *line;

  g_return_if_fail (INN_IS_LINES (self));
  line = line_of (gtk_stack_get_child_by_name (self->stack, name));
  if (line == NULL)
    return;
  line->opening = FALSE;
  set_problem (self, line, problem);
}

void
inn_lines_close (InnLines *self)
{
  g_return_if_fail (INN_IS_LINES (self));
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self->stack)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      Line *line = line_of (child);

      if (line == NULL)
        continue;
      inn_terminal_close (INN_TERMINAL (child));
      g_clear_handle_id (&line->later, g_source_remove);
      line->opening = FALSE;
      set_problem (self, line, NULL);
    }
}

void
inn_lines_refresh (InnLines *self)
{
  GtkWidget *child;
  Line *line;

  g_return_if_fail (INN_IS_LINES (self));
  child = gtk_stack_get_visible_child (self->stack);
  line = line_of (child);
  if (line == NULL || line->opening || line->later != 0 || line->problem != NULL ||
      inn_terminal_is_open (INN_TERMINAL (child)))
    return;
  line->opening = TRUE;
  g_signal_emit (self, signals[OPEN], 0, gtk_stack_get_visible_child_name (self->stack));
}

void
inn_lines_retry (InnLines *self)
{
  Line *line;

  g_return_if_fail (INN_IS_LINES (self));
  line = line_of (gtk_stack_get_visible_child (self->stack));
  if (line == NULL)
    return;
  g_clear_handle_id (&line->later, g_source_remove);
  set_problem (self, line, NULL);
  inn_lines_refresh (self);
}

const char *
inn_lines_get_problem (InnLines *self)
{
  const Line *line;

  g_return_val_if_fail (INN_IS_LINES (self), NULL);
  line = line_of (gtk_stack_get_visible_child (self->stack));
  return line != NULL ? line->problem : NULL;
}
