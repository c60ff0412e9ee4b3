/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Keeps the pictures in the sidebar's rows. One question at a time; none while the window is hidden
 * or nothing that runs is seen. */
#include "inn-thumbnailer.h"

#include "inn-thumbnail.h"

#define TICK_SECONDS 1
#define SOON_US      (2 * G_USEC_PER_SEC)  /* next question after a picture that was new */
#define LATE_US      (32 * G_USEC_PER_SEC) /* at most, after ever the same one */

/* What is known of a machine's picture, kept with the machine: rows come and go. */
typedef struct
{
  GdkTexture *texture;
  guint64 hash;
  gint64 due, delay; /* µs */
} Seen;

struct _InnThumbnailer
{
  GtkWidget *viewport;
  GPtrArray *rows; /* not owned: removed when unbound */
  GCancellable *cancellable;
  InnMachine *asked; /* the one that is being asked for */
  guint tick;
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
      seen->delay = SOON_US;
      g_object_set_data_full (G_OBJECT (machine), "inn-seen", seen, (GDestroyNotify)seen_free);
    }
  return seen;
}

static gboolean
has_picture (InnMachine *machine)
{
  InnState state = inn_machine_get_state (machine);

  return state == INN_STATE_RUNNING || state == INN_STATE_PAUSED;
}

static gboolean
is_seen (InnThumbnailer *self, InnMachineRow *row)
{
  graphene_rect_t bounds;

  return gtk_widget_get_mapped (GTK_WIDGET (row)) &&
         gtk_widget_compute_bounds (GTK_WIDGET (row), self->viewport, &bounds) &&
         bounds.origin.y + bounds.size.height > 0 &&
         bounds.origin.y < gtk_widget_get_height (self->viewport);
}

static gboolean ask_next (InnThumbnailer *self);

static void
show (InnThumbnailer *self, InnMachine *machine)
{
  Seen *seen = seen_of (machine);

  for (guint i = 0; i < self->rows->len; i++)
    {
      InnMachineRow *row = g_ptr_array_index (self->rows, i);

      if (inn_machine_row_get_machine (row) == machine)
        inn_machine_row_set_picture (row, has_picture (machine) ? seen->texture : NULL);
    }
}

/* The cancellable travels with each question: once it is cancelled there is no thumbnailer. */
typedef struct
{
  InnThumbnailer *self;
  InnMachine *machine;
  GCancellable *cancellable;
} Question;

static void
question_free (Question *question)
{
  g_object_unref (question->machine);
  g_object_unref (question->cancellable);
  g_free (question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_free)

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Question) question = data;
  g_autoptr (GdkTexture) texture = NULL;
  guint64 hash = 0;
  Seen *seen = seen_of (question->machine);

  texture = inn_thumbnail_read_finish (result, &hash, NULL);
  if (g_cancellable_is_cancelled (question->cancellable))
    return;
  question->self->asked = NULL;
  if (texture == NULL || (hash == seen->hash && seen->texture != NULL))
    seen->delay = MIN (seen->delay * 2, LATE_US);
  else
    {
      seen->delay = SOON_US;
      seen->hash = hash;
      g_set_object (&seen->texture, texture);
      show (question->self, question->machine);
    }
  seen->due = g_get_monotonic_time () + seen->delay;
  ask_next (question->self);
}

static void
on_screenshot (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Question) question = data;
  int fd = inn_machine_open_finish (INN_MACHINE (source), result, NULL);
  GCancellable *cancellable = question->cancellable;

  if (fd >= 0)
    {
      inn_thumbnail_read_async (fd, cancellable, on_read, g_steal_pointer (&question));
      return;
    }
  if (!g_cancellable_is_cancelled (cancellable))
    {
      Seen *seen = seen_of (question->machine);

      question->self->asked = NULL;
      seen->delay = MIN (seen->delay * 2, LATE_US);
      seen->due = g_get_monotonic_time () + seen->delay;
    }
}

static void
ask (InnThumbnailer *self, InnMachine *machine)
{
  Question *question = g_new0 (Question, 1);

  question->self = self;
  question->machine = g_object_ref (machine);
  question->cancellable = g_object_ref (self->cancellable);
  self->asked = machine;
  inn_machine_screenshot_async (machine, self->cancellable, on_screenshot, question);
}

/* The one that has waited longest of those that are seen. FALSE where no row's machine has a
 * picture.
 */
static gboolean
ask_next (InnThumbnailer *self)
{
  gint64 now = g_get_monotonic_time ();
  InnMachine *next = NULL;
  gboolean any = FALSE;

  for (guint i = 0; i < self->rows->len; i++)
    {
      InnMachineRow *row = g_ptr_array_index (self->rows, i);
      InnMachine *machine = inn_machine_row_get_machine (row);

      if (machine == NULL || !has_picture (machine))
        continue;
      any = TRUE;
      if (seen_of (machine)->due <= now && is_seen (self, row) &&
          (next == NULL || seen_of (machine)->due < seen_of (next)->due))
        next = machine;
    }
  if (next != NULL && self->asked == NULL && self->active)
    ask (self, next);
  return any;
}

static gboolean
on_tick (gpointer data)
{
  InnThumbnailer *self = data;

  if (ask_next (self) && self->active)
    return G_SOURCE_CONTINUE;
  self->tick = 0;
  return G_SOURCE_REMOVE;
}

void
inn_thumbnailer_wake (InnThumbnailer *self)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      InnMachine *machine = inn_machine_row_get_machine (g_ptr_array_index (self->rows, i));

      if (machine != NULL && !has_picture (machine) &&
          g_object_get_data (G_OBJECT (machine), "inn-seen") != NULL)
        {
          g_clear_object (&seen_of (machine)->texture);
          seen_of (machine)->delay = SOON_US;
          seen_of (machine)->due = 0;
          show (self, machine);
        }
    }
  if (self->active && self->tick == 0)
    self->tick = g_timeout_add_seconds (TICK_SECONDS, on_tick, self);
}

InnThumbnailer *
inn_thumbnailer_new (GtkWidget *viewport)
{
  InnThumbnailer *self = g_new0 (InnThumbnailer, 1);

  self->viewport = viewport;
  self->rows = g_ptr_array_new ();
  self->cancellable = g_cancellable_new ();
  return self;
}

void
inn_thumbnailer_free (InnThumbnailer *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->tick, g_source_remove);
  g_ptr_array_unref (self->rows);
  g_free (self);
}

void
inn_thumbnailer_set_active (InnThumbnailer *self, gboolean active)
{
  self->active = active;
  if (active)
    inn_thumbnailer_wake (self);
  else
    g_clear_handle_id (&self->tick, g_source_remove);
}

void
inn_thumbnailer_add (InnThumbnailer *self, InnMachineRow *row)
{
  InnMachine *machine = inn_machine_row_get_machine (row);
  Seen *seen = g_object_get_data (G_OBJECT (machine), "inn-seen");

  g_ptr_array_add (self->rows, row);
  inn_machine_row_set_picture (row, seen != NULL && has_picture (machine) ? seen->texture : NULL);
  if (has_picture (machine))
    inn_thumbnailer_wake (self);
}

void
inn_thumbnailer_remove (InnThumbnailer *self, InnMachineRow *row)
{
  g_ptr_array_remove_fast (self->rows, row);
}
