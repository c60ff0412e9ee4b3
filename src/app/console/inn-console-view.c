/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-console-view.h"

#include <glib/gi18n.h>
#include <unistd.h>
#include "app/inn-report.h"
#include "app/inn-screenshot.h"
#include "app/inn-verbs.h"
#include "client/inn-sound.h"
#include "inn-frames-source.h"
#include "inn-fullscreen.h"
#include "inn-open-line.h"
#include "inn-screens.h"
#include "inn-vnc-source.h"

/* A machine that is switched off closes its screen a moment before it says so. */
#define LOST_DELAY_MS  700
#define PICTURE_WIDTH  640 /* of the last one, at most: as large as the helper keeps it */
#define PICTURE_HEIGHT 480

struct _InnConsoleView
{
  GtkWidget parent_instance;

  GtkStack *stack;
  AdwStatusPage *status;
  GtkWidget *spinner;
  GtkPicture *picture; /* the machine's last, while it is off */
  GtkLabel *log;
  GtkButton *button;
  AdwBin *place;
  InnScreens *screens;

  InnMachine *machine;
  GSignalGroup *signals;
  GCancellable *cancellable; /* of what is being opened for this machine */
  InnDisplaySource *source;
  InnSound *sound; /* since the screen was first looked at, till the machine ends */
  gboolean opening;
  gboolean frames;        /* what is shown comes from vmm-screen; else over VNC, */
  gboolean frames_failed; /* as it does then, till the machine ends */
  GError *lost;           /* why there is no screen though there should be one */
  guint lost_later;
  guint update_later;
  gboolean focus_wanted; /* the person pressed Start here */
  InnVerb verb;          /* of the button */
  GtkWidget *window;     /* in full screen */
};

G_DEFINE_FINAL_TYPE (InnConsoleView, inn_console_view, GTK_TYPE_WIDGET)

static void update (InnConsoleView *self);

/* Where errors are told: in full screen the main window is behind. */
static GtkWidget *
get_near (InnConsoleView *self)
{
  return self->window != NULL ? GTK_WIDGET (self->screens) : GTK_WIDGET (self);
}

static void
run_verb (InnConsoleView *self, InnVerb verb)
{
  const InnVerbAction *actions;
  guint n;

  actions = inn_verb_actions (&n);
  for (guint i = 0; i < n; i++)
    if (actions[i].verb == verb)
      inn_verb_run (&actions[i], self->machine, get_near (self));
}

static void
close_display (InnConsoleView *self)
{
  g_clear_handle_id (&self->lost_later, g_source_remove);
  g_clear_error (&self->lost);
  if (self->source == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->source, self);
  inn_display_source_stop (self->source);
  inn_display_set_source (inn_screens_get_display (self->screens), NULL);
  g_clear_object (&self->source);
}

static void
close_all (InnConsoleView *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->opening = FALSE;
  self->frames_failed = FALSE;
  close_display (self);
  inn_sound_end (&self->sound);
  inn_screens_close_lines (self->screens);
}

static gboolean
has_protocol (InnConsoleView *self, const char *protocol)
{
  return g_strv_contains (inn_machine_get_displays (self->machine), protocol);
}

/* Over VNC, then. FALSE: there is no other way. */
static gboolean
give_frames_up (InnConsoleView *self)
{
  if (!self->frames || self->frames_failed || self->machine == NULL || !has_protocol (self, "vnc"))
    return FALSE;
  self->frames_failed = TRUE;
  close_display (self);
  return TRUE;
}

static gboolean
on_lost_due (gpointer data)
{
  InnConsoleView *self = data;

  self->lost_later = 0;
  give_frames_up (self);
  update (self);
  return G_SOURCE_REMOVE;
}

/* The picture stays: the source keeps its last one. */
static void
on_source_closed (InnConsoleView *self, const GError *error)
{
  g_clear_error (&self->lost);
  self->lost = error != NULL ? g_error_copy (error)
                             : g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                                    _ ("The machine has closed the connection."));
  if (self->lost_later == 0)
    self->lost_later = g_timeout_add (LOST_DELAY_MS, on_lost_due, self);
}

static gboolean
is_mine (InnConsoleView *self, InnMachine *machine, const GError *error)
{
  return machine == self->machine && !g_error_matches (error, INN_ERROR, INN_ERROR_CANCELLED);
}

/* Not that nobody may, or has given a password: then it would only be asked for again. */
static gboolean
is_of_frames (const GError *error)
{
  return g_error_matches (error, INN_ERROR, INN_ERROR_IO) ||
         g_error_matches (error, INN_ERROR, INN_ERROR_QEMU) ||
         g_error_matches (error, INN_ERROR, INN_ERROR_TIMEOUT);
}

static void
on_display_opened (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnConsoleView) self = data;
  g_autoptr (GError) error = NULL;
  const int fd = inn_machine_open_finish (INN_MACHINE (object), result, &error);

  if (!is_mine (self, INN_MACHINE (object), error))
    {
      if (fd >= 0)
        close (fd);
      return;
    }
  self->opening = FALSE;
  close_display (self);
  if (fd < 0)
    {
      if (!is_of_frames (error) || !give_frames_up (self))
        self->lost = g_steal_pointer (&error);
      update (self);
      return;
    }
  self->source = self->frames ? inn_frames_source_new () : inn_vnc_source_new ();
  g_signal_connect_swapped (self->source, "closed", G_CALLBACK (on_source_closed), self);
  inn_display_set_source (inn_screens_get_display (self->screens), self->source);
  inn_display_source_start (self->source, fd);
  update (self);
  if (self->focus_wanted)
    inn_screens_grab_focus (self->screens);
  self->focus_wanted = FALSE;
}

static gboolean
is_looked_at (InnConsoleView *self)
{
  return gtk_widget_get_mapped (GTK_WIDGET (self)) || self->window != NULL;
}

static void
on_open_line (InnConsoleView *self, const char *name)
{
  if (self->machine == NULL || !inn_machine_can (self->machine, INN_VERB_OPEN_DISPLAY) ||
      !is_looked_at (self))
    inn_screens_fail_line (self->screens, name, NULL);
  else
    inn_open_line (self->screens, self->machine, name, self->cancellable);
}

static void
connect_display (InnConsoleView *self, gboolean has_display)
{
  if (self->source != NULL)
    inn_sound_keep (&self->sound, self->machine);
  if (!has_display || !is_looked_at (self))
    close_display (self);
  else if (self->source == NULL && !self->opening && self->lost == NULL)
    {
      self->opening = TRUE;
      self->frames = !self->frames_failed && has_protocol (self, "frames");
      inn_machine_open_display_async (self->machine, self->frames ? "frames" : "vnc",
                                      self->cancellable, on_display_opened, g_object_ref (self));
    }
}

static void
show_status (InnConsoleView *self,
             const char *icon,
             const char *title,
             const char *text,
             const char *log,
             InnVerb verb,
             const char *button)
{
  g_autofree char *safe_title = g_markup_escape_text (title, -1);
  g_autofree char *safe_text = g_markup_escape_text (text != NULL ? text : "", -1);

  adw_status_page_set_icon_name (self->status, icon);
  adw_status_page_set_title (self->status, safe_title);
  adw_status_page_set_description (self->status, safe_text);
  gtk_label_set_label (self->log, log != NULL ? log : "");
  gtk_widget_set_visible (GTK_WIDGET (self->log), log != NULL && *log != '\0');
  gtk_widget_set_visible (self->spinner, icon == NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->picture), FALSE);
  gtk_picture_set_paintable (self->picture, NULL);
  self->verb = verb;
  if (verb == INN_VERB_DELETE)
    gtk_widget_remove_css_class (GTK_WIDGET (self->button), "suggested-action");
  else
    gtk_widget_add_css_class (GTK_WIDGET (self->button), "suggested-action");
  gtk_button_set_label (self->button, button != NULL ? button : "");
  gtk_widget_set_visible (GTK_WIDGET (self->button), button != NULL);
  gtk_stack_set_visible_child_name (self->stack, "status");
}

static void
on_picture_read (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnConsoleView) self = data;
  g_autoptr (GError) error = NULL;
  const int fd = inn_machine_open_finish (INN_MACHINE (object), result, &error);
  g_autoptr (GdkTexture) texture = NULL;

  if (fd >= 0)
    texture = inn_screenshot_read (fd, PICTURE_WIDTH, PICTURE_HEIGHT, NULL);
  if (texture == NULL || !is_mine (self, INN_MACHINE (object), error))
    return;
  gtk_picture_set_paintable (self->picture, GDK_PAINTABLE (texture));
  gtk_widget_set_visible (GTK_WIDGET (self->picture), TRUE);
  if (inn_machine_get_state (self->machine) == INN_STATE_OFF)
    adw_status_page_set_icon_name (self->status, NULL);
}

/* What the screen showed before the machine ended, if the helper has kept it. */
static void
ask_picture (InnConsoleView *self)
{
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    inn_machine_screenshot_async (self->machine, self->cancellable, on_picture_read,
                                  g_object_ref (self));
}

static void
show_crashed (InnConsoleView *self)
{
  const char *reason = inn_machine_get_state_reason (self->machine);
  const char *log = strchr (reason, '\n');
  g_autofree char *title =
      g_strdup_printf (_ ("“%s” has crashed"), inn_machine_get_name (self->machine));
  g_autofree char *text = log != NULL ? g_strndup (reason, log - reason) : g_strdup (reason);

  show_status (self, "dialog-error-symbolic", title, text, log != NULL ? log + 1 : NULL,
               INN_VERB_START, _ ("_Start"));
  ask_picture (self);
}

static void
show_broken (InnConsoleView *self)
{
  g_autofree char *title =
      g_strdup_printf (_ ("“%s” cannot be used"), inn_machine_get_name (self->machine));

  show_status (self, "dialog-warning-symbolic", title, inn_machine_get_state_reason (self->machine),
               NULL, INN_VERB_DELETE, _ ("_Delete…"));
}

static void
show_veil (InnConsoleView *self)
{
  const gboolean paused = inn_machine_get_state (self->machine) == INN_STATE_PAUSED;

  inn_screens_set_veils (self->screens,
                         self->lost != NULL && self->lost_later == 0 ? self->lost->message : NULL,
                         paused ? inn_machine_get_state_reason (self->machine) : NULL);
}

static void
show_screens (InnConsoleView *self)
{
  GVariant *lines = inn_machine_get_serials (self->machine);
  /* A screen that is open says itself when it ends. */
  const gboolean has_display = (self->source != NULL && self->lost == NULL) ||
                               has_protocol (self, "frames") || has_protocol (self, "vnc");
  const gboolean has_lines = lines != NULL && g_variant_n_children (lines) > 0;

  if (!has_display && !has_lines)
    {
      close_display (self);
      show_status (self, "video-display-symbolic", _ ("No screen"),
                   _ ("This machine runs without a screen and without a serial line. Add one in "
                      "Details while it is off."),
                   NULL, INN_N_VERBS, NULL);
      return;
    }
  inn_screens_set_lines (self->screens, lines);
  inn_screens_set_has_display (self->screens, has_display);
  connect_display (self, has_display);
  show_veil (self);
  gtk_stack_set_visible_child_name (self->stack, "screens");
  if (is_looked_at (self))
    inn_screens_refresh (self->screens);
}

static void leave_fullscreen (InnConsoleView *self);

static void
update (InnConsoleView *self)
{
  g_autofree char *title = NULL;
  const char *name;

  if (self->machine == NULL)
    return;
  name = inn_machine_get_name (self->machine);
  inn_screens_set_name (self->screens, name);
  if (inn_machine_get_state (self->machine) == INN_STATE_STOPPING)
    {
      /* What is open shows how the guest ends; nothing new can be opened. */
      if (self->source != NULL)
        show_veil (self);
      else
        {
          title = g_strdup_printf (_ ("“%s” is shutting down"), name);
          show_status (self, NULL, title, NULL, NULL, INN_N_VERBS, NULL);
        }
      return;
    }
  if (inn_machine_can (self->machine, INN_VERB_OPEN_DISPLAY))
    {
      show_screens (self);
      return;
    }
  leave_fullscreen (self);
  close_all (self);
  inn_screens_set_lines (self->screens, NULL);
  switch (inn_machine_get_state (self->machine))
    {
    case INN_STATE_STARTING:
      title = g_strdup_printf (_ ("Starting “%s”"), name);
      show_status (self, NULL, title, NULL, NULL, INN_N_VERBS, NULL);
      break;
    case INN_STATE_CRASHED:
      show_crashed (self);
      break;
    case INN_STATE_BROKEN:
      show_broken (self);
      break;
    case INN_STATE_UNKNOWN:
      show_status (self, "dialog-question-symbolic", name,
                   _ ("This version of Innkeeper does not know the state that this machine is in. "
                      "Update Innkeeper."),
                   NULL, INN_N_VERBS, NULL);
      break;
    case INN_STATE_OFF:
    case INN_STATE_RUNNING:
    case INN_STATE_PAUSED:
    case INN_STATE_STOPPING:
    default:
      show_status (self, "computer-symbolic", name, _ ("This machine is off."), NULL,
                   INN_VERB_START, _ ("_Start"));
      ask_picture (self);
    }
}

static void
on_button_clicked (InnConsoleView *self)
{
  if (self->machine == NULL || self->verb == INN_N_VERBS)
    return;
  self->focus_wanted = self->verb == INN_VERB_START;
  run_verb (self, self->verb);
}

static void
on_resume (InnConsoleView *self)
{
  if (self->machine != NULL)
    run_verb (self, INN_VERB_RESUME);
}

static void
on_reconnect (InnConsoleView *self)
{
  if (self->machine == NULL)
    return;
  close_display (self);
  self->focus_wanted = TRUE;
  update (self);
}

static void
leave_fullscreen (InnConsoleView *self)
{
  g_autoptr (GtkWidget) screens = g_object_ref (GTK_WIDGET (self->screens));

  if (self->window == NULL)
    return;
  inn_fullscreen_take (GTK_WINDOW (g_steal_pointer (&self->window)));
  inn_screens_set_fullscreen (self->screens, FALSE);
  adw_bin_set_child (self->place, screens);
  inn_screens_grab_focus (self->screens);
}

static gboolean
on_fullscreen_close_request (GtkWindow *window, InnConsoleView *self)
{
  leave_fullscreen (self);
  return TRUE;
}

/* A window of its own: nothing of the main window has to make room or be put back. */
static void
enter_fullscreen (InnConsoleView *self)
{
  g_autoptr (GtkWidget) screens = g_object_ref (GTK_WIDGET (self->screens));
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWindow *window;

  adw_bin_set_child (self->place, inn_fullscreen_note_new ());
  inn_screens_set_fullscreen (self->screens, TRUE);
  window = inn_fullscreen_new (gtk_window_get_application (GTK_WINDOW (root)),
                               inn_machine_get_name (self->machine), screens);
  g_signal_connect (window, "close-request", G_CALLBACK (on_fullscreen_close_request), self);
  self->window = GTK_WIDGET (window);
  gtk_window_present (window);
  inn_screens_grab_focus (self->screens);
}

static void
on_toggle_fullscreen (InnConsoleView *self)
{
  if (self->window != NULL)
    leave_fullscreen (self);
  else if (self->machine != NULL && gtk_widget_get_mapped (GTK_WIDGET (self->screens)))
    enter_fullscreen (self);
}

static void
inn_console_view_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (inn_console_view_parent_class)->map (widget);
  update (INN_CONSOLE_VIEW (widget));
}

static void
inn_console_view_unmap (GtkWidget *widget)
{
  InnConsoleView *self = INN_CONSOLE_VIEW (widget);

  GTK_WIDGET_CLASS (inn_console_view_parent_class)->unmap (widget);
  if (self->window == NULL)
    close_display (self);
}

static void
inn_console_view_dispose (GObject *object)
{
  InnConsoleView *self = INN_CONSOLE_VIEW (object);
  GtkWidget *child;

  g_clear_handle_id (&self->update_later, g_source_remove);
  if (self->screens != NULL)
    {
      inn_console_view_set_machine (self, NULL);
      close_all (self);
    }
  g_clear_object (&self->signals);
  g_clear_object (&self->cancellable);
  self->screens = NULL;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (inn_console_view_parent_class)->dispose (object);
}

static void
inn_console_view_class_init (InnConsoleViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_console_view_dispose;
  widget_class->map = inn_console_view_map;
  widget_class->unmap = inn_console_view_unmap;
  g_type_ensure (INN_TYPE_SCREENS);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/innkeeper/Innkeeper/console/inn-console-view.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, InnConsoleView, stack);
  gtk_widget_class_bind_template_child (widget_class, InnConsoleView, status);
  gtk_widget_class_bind_template_child (widget_class, InnConsoleView, spinner);
  gtk_widget_class_bind_template_child (widget_class, InnConsoleView, picture);
  gtk_widget_class_bind_template_child (widget_class, InnConsoleView, log);
  gtk_widget_class_bind_template_child (widget_class, InnConsoleView, button);
  gtk_widget_class_bind_template_child (widget_class, InnConsoleView, place);
  gtk_widget_class_bind_template_child (widget_class, InnConsoleView, screens);
  gtk_widget_class_bind_template_callback (widget_class, on_button_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_resume);
  gtk_widget_class_bind_template_callback (widget_class, on_reconnect);
  gtk_widget_class_bind_template_callback (widget_class, on_open_line);
  gtk_widget_class_bind_template_callback (widget_class, on_toggle_fullscreen);
}

static gboolean
on_update_due (gpointer data)
{
  InnConsoleView *self = data;

  self->update_later = 0;
  update (self);
  return G_SOURCE_REMOVE;
}

/* State, displays and lines come in messages of their own: what is between two of them is not
 * worth showing. */
static void
queue_update (InnConsoleView *self)
{
  if (self->update_later == 0)
    self->update_later = g_idle_add (on_update_due, self);
}

static void
inn_console_view_init (InnConsoleView *self)
{
  static const char *const shown[] = {
    "notify::state",    "notify::state-reason", "notify::name",
    "notify::displays", "notify::serials",      "notify::sound"
  };

  gtk_widget_init_template (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  self->signals = g_signal_group_new (INN_TYPE_MACHINE);
  for (guint i = 0; i < G_N_ELEMENTS (shown); i++)
    g_signal_group_connect_swapped (self->signals, shown[i], G_CALLBACK (queue_update), self);
}

GtkWidget *
inn_console_view_new (void)
{
  return g_object_new (INN_TYPE_CONSOLE_VIEW, NULL);
}

void
inn_console_view_set_machine (InnConsoleView *self, InnMachine *machine)
{
  g_return_if_fail (INN_IS_CONSOLE_VIEW (self));

  if (machine == self->machine)
    return;
  g_clear_handle_id (&self->update_later, g_source_remove);
  leave_fullscreen (self);
  close_all (self);
  inn_screens_set_lines (self->screens, NULL);
  inn_screens_set_veils (self->screens, NULL, NULL);
  self->focus_wanted = FALSE;
  g_set_object (&self->machine, machine);
  g_signal_group_set_target (self->signals, machine);
  update (self);
}
