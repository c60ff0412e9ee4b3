/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-terminal.h"

#include <adwaita.h>
#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <sys/socket.h>
#include <unistd.h>
#include "app/inn-report.h"
#include "app/inn-save-file.h"
#include "inn-terminal-find.h"

#define READ_MAX    16384         /* a turn of the loop: a flood must not stop the window */
#define PENDING_MAX (1024 * 1024) /* what a guest that does not listen is kept for */
#define SCROLLBACK  10000
#define ZOOM_STEP   1.2

struct _InnTerminal
{
  GtkWidget parent_instance;

  GtkWidget *find;
  GtkWidget *scroller;
  VteTerminal *vte;
  GtkWidget *menu;
  GtkWidget *root; /* where keys is; unowned, it drops its controllers by itself */
  GtkEventController *keys;

  char *name;
  int fd;
  guint reading;
  guint writing;
  GByteArray *pending; /* typed, not sent yet */
};

G_DEFINE_FINAL_TYPE (InnTerminal, inn_terminal, GTK_TYPE_WIDGET)

enum
{
  CLOSED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static gboolean
on_readable (int fd, GIOCondition condition, gpointer data)
{
  InnTerminal *self = data;
  char bytes[READ_MAX];
  const ssize_t n = recv (fd, bytes, sizeof (bytes), MSG_DONTWAIT);

  if (n > 0)
    {
      vte_terminal_feed (self->vte, bytes, n);
      return G_SOURCE_CONTINUE;
    }
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  self->reading = 0;
  inn_terminal_close (self);
  g_signal_emit (self, signals[CLOSED], 0);
  return G_SOURCE_REMOVE;
}

static gboolean
on_writable (int fd, GIOCondition condition, gpointer data)
{
  InnTerminal *self = data;
  const ssize_t n = send (fd, self->pending->data, self->pending->len, MSG_DONTWAIT | MSG_NOSIGNAL);

  if (n > 0)
    g_byte_array_remove_range (self->pending, 0, (guint)n);
  else if (n < 0 && errno != EAGAIN && errno != EINTR)
    g_byte_array_set_size (self->pending, 0); /* reading finds out, too, and says so */
  if (self->pending->len > 0)
    return G_SOURCE_CONTINUE;
  self->writing = 0;
  return G_SOURCE_REMOVE;
}

static void
on_commit (VteTerminal *vte, const char *text, guint length, InnTerminal *self)
{
  if (self->fd < 0)
    return;
  if (length > PENDING_MAX - self->pending->len)
    {
      gtk_widget_error_bell (GTK_WIDGET (self));
      return;
    }
  g_byte_array_append (self->pending, (const guint8 *)text, length);
  if (self->writing == 0)
    self->writing = g_unix_fd_add (self->fd, G_IO_OUT, on_writable, self);
}

static void
on_dark_changed (InnTerminal *self)
{
  static const GdkRGBA ink = { 0.13f, 0.13f, 0.13f, 1 };
  static const GdkRGBA paper = { 1, 1, 1, 1 };
  static const GdkRGBA chalk = { 0.93f, 0.93f, 0.93f, 1 };
  static const GdkRGBA board = { 0.1f, 0.1f, 0.1f, 1 };
  const gboolean dark = adw_style_manager_get_dark (adw_style_manager_get_default ());

  vte_terminal_set_colors (self->vte, dark ? &chalk : &ink, dark ? &board : &paper, NULL, 0);
}

static void
copy (GtkWidget *widget, const char *action, GVariant *parameter)
{
  vte_terminal_copy_clipboard_format (INN_TERMINAL (widget)->vte, VTE_FORMAT_TEXT);
}

static void
paste (GtkWidget *widget, const char *action, GVariant *parameter)
{
  vte_terminal_paste_clipboard (INN_TERMINAL (widget)->vte);
}

static void
select_all (GtkWidget *widget, const char *action, GVariant *parameter)
{
  vte_terminal_select_all (INN_TERMINAL (widget)->vte);
}

static void
zoom (GtkWidget *widget, const char *action, GVariant *parameter)
{
  VteTerminal *vte = INN_TERMINAL (widget)->vte;
  const double scale = vte_terminal_get_font_scale (vte);

  if (g_str_equal (action, "terminal.zoom-in"))
    vte_terminal_set_font_scale (vte, scale * ZOOM_STEP);
  else if (g_str_equal (action, "terminal.zoom-out"))
    vte_terminal_set_font_scale (vte, scale / ZOOM_STEP);
  else
    vte_terminal_set_font_scale (vte, 1);
}

static void
find (GtkWidget *widget, const char *action, GVariant *parameter)
{
  inn_terminal_find_begin (INN_TERMINAL (widget)->find);
}

/* All that it has said and still knows. */
static void
save (GtkWidget *widget, const char *action, GVariant *parameter)
{
  InnTerminal *self = INN_TERMINAL (widget);
  g_autoptr (GOutputStream) stream = g_memory_output_stream_new_resizable ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  if (!vte_terminal_write_contents_sync (self->vte, stream, VTE_WRITE_DEFAULT, NULL, &error) ||
      !g_output_stream_close (stream, NULL, &error))
    {
      inn_report_error (widget, _ ("The text could not be saved"), error);
      return;
    }
  bytes = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (stream));
  inn_save_file (widget, _ ("Save the Text"), self->name, "txt", bytes,
                 _ ("The text could not be saved"));
}

static void
on_selection_changed (InnTerminal *self)
{
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "terminal.copy",
                                 vte_terminal_get_has_selection (self->vte));
}

static void
on_menu_pressed (GtkGestureClick *gesture, int n, double x, double y, InnTerminal *self)
{
  const GdkRectangle at = { (int)x, (int)y, 1, 1 };

  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), &at);
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static const struct
{
  guint keyval;
  GdkModifierType modifiers;
  const char *action;
} shortcuts[] = {
  { GDK_KEY_c, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "terminal.copy" },
  { GDK_KEY_v, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "terminal.paste" },
  { GDK_KEY_Insert, GDK_SHIFT_MASK, "terminal.paste" },
  { GDK_KEY_a, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "terminal.select-all" },
  { GDK_KEY_f, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "terminal.find" },
  { GDK_KEY_s, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "terminal.save" },
  { GDK_KEY_plus, GDK_CONTROL_MASK, "terminal.zoom-in" },
  { GDK_KEY_equal, GDK_CONTROL_MASK, "terminal.zoom-in" },
  { GDK_KEY_minus, GDK_CONTROL_MASK, "terminal.zoom-out" },
  { GDK_KEY_0, GDK_CONTROL_MASK, "terminal.zoom-normal" },
};

/* What the terminal itself would take for the guest. */
static gboolean
run_shortcut (InnTerminal *self, guint keyval, GdkModifierType state)
{
  GdkModifierType held = state & gtk_accelerator_get_default_mod_mask ();

  if (keyval == GDK_KEY_plus)
    held &= ~(guint)GDK_SHIFT_MASK; /* where it is not above the “=” */
  for (guint i = 0; i < G_N_ELEMENTS (shortcuts); i++)
    if (gdk_keyval_to_lower (keyval) == shortcuts[i].keyval && held == shortcuts[i].modifiers)
      {
        gtk_widget_activate_action (GTK_WIDGET (self), shortcuts[i].action, NULL);
        return TRUE;
      }
  return FALSE;
}

/* Ctrl+W is for the shell in the guest, not for our window: while the line has the focus its keys
 * go there before the window's shortcuts see them. What gets one out: Alt with a digit, Ctrl+Tab.
 */
static gboolean
on_key_pressed (GtkEventControllerKey *controller,
                guint keyval,
                guint keycode,
                GdkModifierType state,
                InnTerminal *self)
{
  if (!gtk_widget_has_focus (GTK_WIDGET (self->vte)))
    return FALSE;
  if ((state & GDK_ALT_MASK) && keyval >= GDK_KEY_0 && keyval <= GDK_KEY_9)
    return FALSE;
  if ((state & GDK_CONTROL_MASK) && (keyval == GDK_KEY_Tab || keyval == GDK_KEY_ISO_Left_Tab))
    return FALSE;
  if (run_shortcut (self, keyval, state))
    return TRUE;
  return gtk_event_controller_key_forward (controller, GTK_WIDGET (self->vte));
}

static void
on_root_changed (InnTerminal *self)
{
  GtkWidget *root = GTK_WIDGET (gtk_widget_get_root (GTK_WIDGET (self)));

  if (root == self->root)
    return;
  if (self->root != NULL)
    {
      g_object_remove_weak_pointer (G_OBJECT (self->root), (gpointer *)&self->root);
      gtk_widget_remove_controller (self->root, self->keys);
    }
  self->root = root;
  self->keys = NULL;
  if (root == NULL)
    return;
  g_object_add_weak_pointer (G_OBJECT (root), (gpointer *)&self->root);
  self->keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (self->keys, GTK_PHASE_CAPTURE);
  g_signal_connect (self->keys, "key-pressed", G_CALLBACK (on_key_pressed), self);
  gtk_widget_add_controller (root, self->keys);
}

static void
inn_terminal_dispose (GObject *object)
{
  InnTerminal *self = INN_TERMINAL (object);

  inn_terminal_close (self);
  if (self->root != NULL)
    {
      g_object_remove_weak_pointer (G_OBJECT (self->root), (gpointer *)&self->root);
      gtk_widget_remove_controller (self->root, self->keys);
      self->root = NULL;
    }
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  g_clear_pointer (&self->find, gtk_widget_unparent);
  g_clear_pointer (&self->scroller, gtk_widget_unparent);
  G_OBJECT_CLASS (inn_terminal_parent_class)->dispose (object);
}

static void
inn_terminal_finalize (GObject *object)
{
  InnTerminal *self = INN_TERMINAL (object);

  g_byte_array_unref (self->pending);
  g_free (self->name);
  G_OBJECT_CLASS (inn_terminal_parent_class)->finalize (object);
}

static void
inn_terminal_class_init (InnTerminalClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = inn_terminal_dispose;
  object_class->finalize = inn_terminal_finalize;
  signals[CLOSED] = g_signal_new ("closed", INN_TYPE_TERMINAL, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_install_action (widget_class, "terminal.copy", NULL, copy);
  gtk_widget_class_install_action (widget_class, "terminal.paste", NULL, paste);
  gtk_widget_class_install_action (widget_class, "terminal.select-all", NULL, select_all);
  gtk_widget_class_install_action (widget_class, "terminal.find", NULL, find);
  gtk_widget_class_install_action (widget_class, "terminal.save", NULL, save);
  gtk_widget_class_install_action (widget_class, "terminal.zoom-in", NULL, zoom);
  gtk_widget_class_install_action (widget_class, "terminal.zoom-out", NULL, zoom);
  gtk_widget_class_install_action (widget_class, "terminal.zoom-normal", NULL, zoom);
  for (guint i = 0; i < G_N_ELEMENTS (shortcuts); i++)
    gtk_widget_class_add_binding_action (widget_class, shortcuts[i].keyval, shortcuts[i].modifiers,
                                         shortcuts[i].action, NULL);
}

static GtkWidget *
create_menu (void)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenu) text = g_menu_new ();
  g_autoptr (GMenu) whole = g_menu_new ();
  g_autoptr (GMenu) size = g_menu_new ();

  g_menu_append (text, _ ("_Copy"), "terminal.copy");
  g_menu_append (text, _ ("_Paste"), "terminal.paste");
  g_menu_append (text, _ ("Select _All"), "terminal.select-all");
  g_menu_append (whole, _ ("_Find…"), "terminal.find");
  g_menu_append (whole, _ ("_Save As…"), "terminal.save");
  g_menu_append (size, _ ("_Larger Text"), "terminal.zoom-in");
  g_menu_append (size, _ ("_Smaller Text"), "terminal.zoom-out");
  g_menu_append (size, _ ("_Normal Size"), "terminal.zoom-normal");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (text));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (whole));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (size));
  return gtk_popover_menu_new_from_model (G_MENU_MODEL (menu));
}

static void
inn_terminal_init (InnTerminal *self)
{
  GtkGesture *gesture = gtk_gesture_click_new ();

  self->fd = -1;
  self->pending = g_byte_array_new ();
  self->vte = VTE_TERMINAL (vte_terminal_new ());
  vte_terminal_set_scrollback_lines (self->vte, SCROLLBACK);
  vte_terminal_set_mouse_autohide (self->vte, TRUE);
  vte_terminal_set_audible_bell (self->vte, FALSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->vte), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Text line of the machine"), -1);
  gtk_orientable_set_orientation (
      GTK_ORIENTABLE (gtk_widget_get_layout_manager (GTK_WIDGET (self))), GTK_ORIENTATION_VERTICAL);
  self->find = inn_terminal_find_new (self->vte);
  gtk_widget_set_parent (self->find, GTK_WIDGET (self));
  self->scroller = gtk_scrolled_window_new ();
  gtk_widget_set_vexpand (self->scroller, TRUE);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (self->scroller), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scroller), GTK_WIDGET (self->vte));
  gtk_widget_set_parent (self->scroller, GTK_WIDGET (self));

  self->menu = create_menu ();
  gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
  gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
  gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (gesture), GDK_BUTTON_SECONDARY);
  g_signal_connect (gesture, "pressed", G_CALLBACK (on_menu_pressed), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (gesture));

  g_signal_connect (self->vte, "commit", G_CALLBACK (on_commit), self);
  g_signal_connect_swapped (self->vte, "selection-changed", G_CALLBACK (on_selection_changed),
                            self);
  g_signal_connect (self, "notify::root", G_CALLBACK (on_root_changed), NULL);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::dark",
                           G_CALLBACK (on_dark_changed), self, G_CONNECT_SWAPPED);
  on_dark_changed (self);
  on_selection_changed (self);
}

GtkWidget *
inn_terminal_new (void)
{
  return g_object_new (INN_TYPE_TERMINAL, NULL);
}

void
inn_terminal_set_name (InnTerminal *self, const char *name)
{
  g_return_if_fail (INN_IS_TERMINAL (self));
  g_free (self->name);
  self->name = g_strdup (name);
}

void
inn_terminal_open (InnTerminal *self, int fd)
{
  g_return_if_fail (INN_IS_TERMINAL (self));
  g_return_if_fail (fd >= 0);

  inn_terminal_close (self);
  vte_terminal_reset (self->vte, TRUE, TRUE);
  self->fd = fd;
  self->reading = g_unix_fd_add_full (G_PRIORITY_DEFAULT_IDLE, fd, G_IO_IN | G_IO_HUP | G_IO_ERR,
                                      on_readable, self, NULL);
}

void
inn_terminal_close (InnTerminal *self)
{
  g_return_if_fail (INN_IS_TERMINAL (self));

  g_clear_handle_id (&self->reading, g_source_remove);
  g_clear_handle_id (&self->writing, g_source_remove);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  g_byte_array_set_size (self->pending, 0);
}

gboolean
inn_terminal_is_open (InnTerminal *self)
{
  g_return_val_if_fail (INN_IS_TERMINAL (self), FALSE);
  return self->fd >= 0;
}

VteTerminal *
inn_terminal_get_vte (InnTerminal *self)
{
  g_return_val_if_fail (INN_IS_TERMINAL (self), NULL);
  return self->vte;
}
