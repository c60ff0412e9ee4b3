/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Keeps the pictures in the sidebar's rows. One question at a time; none while the window is hidden
 * or nothing that changes is seen. */
#include "inn-thumbnailer.h"

#include "inn-screenshot.h"
#include "inn-thumbnail.h"

#define TICK_SECONDS 2   /* as often as the CPU use comes, so that both wake us once */
#define SOON_MS      200 /* until what has just come into sight is asked for */
/* From a picture that was new to the next question; four times as long after each that was not. */
#define QUICK_US    (3 * G_USEC_PER_SEC / 2)
#define PATIENCE_US (64 * G_USEC_PER_SEC) /* at most */

/* What is known of a machine's picture, kept with the machine: rows come and go. */
typedef struct
{
  GdkTexture *texture;
  InnState state;      /* it was asked for in; at first one in which nothing is asked */
  gint64 asked, delay; /* µs */
  double calm;         /* the CPU use at which the picture stayed the same */
} Seen;

struct _InnThumbnailer
{
  GtkScrolledWindow *viewport;
  GPtrArray *rows; /* not owned: removed when unbound */
  GCancellable *cancellable;
  InnMachine *asked; /* the one that is being asked for */
  guint tick, soon;
  gboolean active;
};

static void
seen_free (Seen *seen)
{
  g_clear_object (&seen->texture);
  g_free (seen);
}

static Seen *
seen_of (InnMachine *machine)
{
  Seen *seen = g_object_get_data (G_OBJECT (machine), "inn-seen");

  if (seen == NULL)
    {
      seen = g_new0 (Seen, 1);
      seen->state = INN_STATE_UNKNOWN;
      g_object_set_data_full (G_OBJECT (machine), "inn-seen", seen, (GDestroyNotify)seen_free);
    }
  return seen;
}

static gboolean
is_live (InnMachine *machine)
{
  InnState state = inn_machine_get_state (machine);

  return state == INN_STATE_RUNNING || state == INN_STATE_PAUSED || state == INN_STATE_STOPPING;
}

/* A guest that computes no more than when its picture stayed the same is asked ever less often: its
 * screen has hardly changed. One that does more is looked at: a command that writes a few lines on
 * the screen costs an emulated guest 2 % of a core for two seconds, one that does nothing uses 0.5
 * to 1.2 %. Who does not run changes nothing. */
static gboolean
is_due (InnMachine *machine)
{
  Seen *seen = seen_of (machine);
  InnState state = inn_machine_get_state (machine);
  gint64 waited = g_get_monotonic_time () - seen->asked;

  switch (state)
    {
    case INN_STATE_RUNNING:
      return seen->state != state || waited >= seen->delay ||
             (waited >= QUICK_US && inn_machine_get_cpu_use (machine) > seen->calm * 1.25 + 0.003);
    case INN_STATE_PAUSED:
      return seen->state != state;
    case INN_STATE_OFF:
    case INN_STATE_CRASHED:
      return seen->state != state && seen->texture == NULL;
    case INN_STATE_STARTING:
    case INN_STATE_STOPPING:
    case INN_STATE_BROKEN:
    case INN_STATE_UNKNOWN:
      break;
    }
  return FALSE;
}

static gboolean
is_seen (InnThumbnailer *self, InnMachineRow *row)
{
  graphene_rect_t bounds;

  return gtk_widget_get_mapped (GTK_WIDGET (row)) &&
         gtk_widget_compute_bounds (GTK_WIDGET (row), GTK_WIDGET (self->viewport), &bounds) &&
         bounds.origin.y + bounds.size.height > 0 &&
         bounds.origin.y < gtk_widget_get_height (GTK_WIDGET (self->viewport));
}

static gboolean ask_next (InnThumbnailer *self);

static void
show_row (InnMachineRow *row, InnMachine *machine)
{
  Seen *seen = g_object_get_data (G_OBJECT (machine), "inn-seen");

  inn_machine_row_set_picture (row, seen != NULL ? seen->texture : NULL, is_live (machine));
}

static void
show (InnThumbnailer *self, InnMachine *machine)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      InnMachineRow *row = g_ptr_array_index (self->rows, i);

      if (inn_machine_row_get_machine (row) == machine)
        show_row (row, machine);
    }
}

/* The cancellable travels with each question: once it is cancelled there is no thumbnailer. */
typedef struct
{
  InnThumbnailer *self;
  GCancellable *cancellable;
} Question;

static void
question_free (Question *question)
{
  g_object_unref (question->cancellable);
  g_free (question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_free)

static void
on_screenshot (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Question) question = data;
  g_autoptr (GdkTexture) texture = NULL;
  InnMachine *machine = INN_MACHINE (source);
  Seen *seen = seen_of (machine);
  int fd = inn_machine_open_finish (machine, result, NULL);

  if (fd >= 0)
    texture = inn_screenshot_read (fd, INN_THUMBNAIL_WIDTH, INN_THUMBNAIL_HEIGHT, NULL);
  if (g_cancellable_is_cancelled (question->cancellable))
    return;
  question->self->asked = NULL;
  if (texture != NULL && inn_thumbnail_differ (texture, seen->texture))
    {
      seen->delay = QUICK_US;
      g_set_object (&seen->texture, texture);
      show (question->self, machine);
    }
  else
    {
      seen->delay = MIN (seen->delay * 4, PATIENCE_US);
      seen->calm = MAX (0, inn_machine_get_cpu_use (machine));
    }
  ask_next (question->self);
}

static void
ask (InnThumbnailer *self, InnMachine *machine)
{
  Question *question = g_new0 (Question, 1);
  Seen *seen = seen_of (machine);

  question->self = self;
  question->cancellable = g_object_ref (self->cancellable);
  self->asked = machine;
  if (seen->state != inn_machine_get_state (machine))
    seen->delay = QUICK_US;
  seen->state = inn_machine_get_state (machine);
  seen->asked = g_get_monotonic_time ();
  inn_machine_screenshot_async (machine, self->cancellable, on_screenshot, question);
}

/* The one that has waited longest of those that are seen. FALSE where none of them will be asked
 * for again by itself. */
static gboolean
ask_next (InnThumbnailer *self)
{
  InnMachine *next = NULL;
  gboolean any = FALSE;

  if (!self->active)
    return FALSE;
  for (guint i = 0; i < self->rows->len; i++)
    {
      InnMachineRow *row = g_ptr_array_index (self->rows, i);
      InnMachine *machine = inn_machine_row_get_machine (row);

      if (machine == NULL || !is_seen (self, row))
        continue;
      any = any || inn_machine_get_state (machine) == INN_STATE_RUNNING;
      if (is_due (machine) && (next == NULL || seen_of (machine)->asked < seen_of (next)->asked))
        next = machine;
    }
  if (next != NULL && self->asked == NULL)
    ask (self, next);
  return any;
}

static gboolean
on_tick (gpointer data)
{
  InnThumbnailer *self = data;

  if (ask_next (self))
    return G_SOURCE_CONTINUE;
  self->tick = 0;
  return G_SOURCE_REMOVE;
}

static gboolean
on_soon (gpointer data)
{
  InnThumbnailer *self = data;

  self->soon = 0;
  if (ask_next (self) && self->tick == 0)
    self->tick = g_timeout_add_seconds (TICK_SECONDS, on_tick, self);
  return G_SOURCE_REMOVE;
}

/* Something may have come into sight, or changed its state. */
static void
wake (InnThumbnailer *self)
{
  if (self->active && self->soon == 0)
    self->soon = g_timeout_add (SOON_MS, on_soon, self);
}

void
inn_thumbnailer_wake (InnThumbnailer *self, InnMachine *machine)
{
  show (self, machine);
  wake (self);
}

InnThumbnailer *
inn_thumbnailer_new (GtkScrolledWindow *viewport)
{
  InnThumbnailer *self = g_new0 (InnThumbnailer, 1);
  GtkAdjustment *place = gtk_scrolled_window_get_vadjustment (viewport);

  self->viewport = viewport;
  self->rows = g_ptr_array_new ();
  self->cancellable = g_cancellable_new ();
  g_signal_connect_swapped (place, "changed", G_CALLBACK (wake), self);
  g_signal_connect_swapped (place, "value-changed", G_CALLBACK (wake), self);
  return self;
}

void
inn_thumbnailer_free (InnThumbnailer *self)
{
  g_signal_handlers_disconnect_by_data (gtk_scrolled_window_get_vadjustment (self->viewport), self);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->tick, g_source_remove);
  g_clear_handle_id (&self->soon, g_source_remove);
  g_ptr_array_unref (self->rows);
  g_free (self);
}

void
inn_thumbnailer_set_active (InnThumbnailer *self, gboolean active)
{
  self->active = active;
  if (active)
    {
      wake (self);
      return;
    }
  g_clear_handle_id (&self->tick, g_source_remove);
  g_clear_handle_id (&self->soon, g_source_remove);
}

void
inn_thumbnailer_add (InnThumbnailer *self, InnMachineRow *row)
{
  g_ptr_array_add (self->rows, row);
  show_row (row, inn_machine_row_get_machine (row));
  wake (self);
}

void
inn_thumbnailer_remove (InnThumbnailer *self, InnMachineRow *row)
{
  g_ptr_array_remove_fast (self->rows, row);
}
