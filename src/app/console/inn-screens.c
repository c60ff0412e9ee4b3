/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-screens.h"

#include <glib/gi18n.h>
#include "app/inn-report.h"
#include "inn-lines.h"
#include "inn-read-text.h"
#include "inn-save-screenshot.h"
#include "inn-send-keys.h"
#include "inn-terminal.h"

#define EDGE        2  /* pixels at the top that bring the tools in full screen */
#define BELOW       80 /* pixels from the top where they go again */
#define BAR_SECONDS 3

struct _InnScreens
{
  GtkWidget parent_instance;

  GtkBox *bar_place;
  GtkRevealer *bar;
  GtkWidget *switcher;
  GtkLabel *hint;
  GtkWidget *keys_button;
  GtkWidget *fullscreen_button;
  GtkOverlay *overlay;
  GtkStack *stack;
  GtkStackPage *screen_page;
  InnDisplay *display;
  GtkWidget *veil;
  GtkLabel *veil_title;
  GtkLabel *veil_text;
  GtkButton *veil_button;

  char *name;
  char *paused; /* why, or NULL */
  char *lost;   /* why there is no screen, or NULL */
  InnLines *lines;
  GSignalGroup *source_signals;
  GSignalGroup *surface_signals; /* of the window in full screen */
  GSimpleActionGroup *actions;
  gboolean fullscreen;
  guint bar_timeout;      /* the tools show themselves when full screen begins */
  GdkToplevel *inhibited; /* the desktop's shortcuts are the guest's */
};

enum
{
  OPEN_LINE,
  RESUME,
  RECONNECT,
  TOGGLE_FULLSCREEN,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (InnScreens, inn_screens, GTK_TYPE_WIDGET)

static InnDisplaySource *
get_source (InnScreens *self)
{
  g_autoptr (InnDisplaySource) source = NULL;

  g_object_get (self->display, "source", &source, NULL);
  return source; /* the display holds it */
}

static void
set_enabled (InnScreens *self, const char *name, gboolean enabled)
{
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self->actions), name);

  g_simple_action_set_enabled (G_SIMPLE_ACTION (action), enabled);
}

static void
show_hint (InnScreens *self)
{
  InnDisplaySource *source = get_source (self);
  GtkWidget *child = gtk_stack_get_visible_child (self->stack);
  const gboolean screen = child != NULL && !INN_IS_TERMINAL (child) && source != NULL;
  const char *text = "";
  const char *tip;

  if (gtk_widget_get_visible (self->veil))
    text = "";
  else if (child != NULL && INN_IS_TERMINAL (child))
    text = _ ("Ctrl+Shift+C copies, Ctrl+Shift+V pastes.");
  else if (source != NULL && inn_display_get_view_only (self->display))
    text = _ ("You only look: no key and no click reaches the machine.");
  else if (source != NULL && inn_display_get_typing (self->display))
    text = _ ("The clipboard’s text is being typed. Any key stops that.");
  else if (source != NULL && !inn_display_get_captured (self->display))
    text = _ ("Click the screen to type into it.");
  else if (source != NULL && self->fullscreen)
    text = _ ("Ctrl+Alt releases the keyboard; then F11 leaves full screen.");
  else if (source != NULL)
    text = _ ("Ctrl+Alt releases the keyboard.");
  gtk_label_set_label (self->hint, text);
  tip = screen && !inn_display_source_get_absolute (source)
            ? _ ("The machine’s pointer moves by steps. It follows yours when the machine has a "
                 "tablet among its input devices, and its system uses it.")
            : NULL;
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->hint), tip);
  set_enabled (self, "send-keys", screen && !inn_display_get_view_only (self->display));
  set_enabled (self, "type-clipboard", screen && !inn_display_get_view_only (self->display));
  set_enabled (self, "save-screenshot", screen);
  set_enabled (self, "copy-screenshot", screen);
  set_enabled (self, "copy-text", screen);
  g_signal_group_set_target (self->source_signals, source);
}

/* Dims what cannot be used and says why: a line that works is not the screen's business. */
static void
show_veil (InnScreens *self)
{
  const gboolean line = INN_IS_TERMINAL (gtk_stack_get_visible_child (self->stack));
  const char *problem = line ? inn_lines_get_problem (self->lines) : self->lost;
  const char *text = problem != NULL ? problem : self->paused;
  const char *title = problem == NULL ? _ ("Paused")
                      : line          ? _ ("The text line is not connected")
                                      : _ ("The screen is not connected");
  gboolean had_focus = gtk_widget_has_focus (GTK_WIDGET (self->veil_button)) ||
                       inn_display_get_captured (self->display);

  if (text != NULL)
    {
      gtk_label_set_label (self->veil_title, title);
      gtk_label_set_label (self->veil_text, text);
      gtk_widget_set_visible (GTK_WIDGET (self->veil_text), *text != '\0');
      gtk_button_set_label (self->veil_button,
                            problem != NULL ? _ ("_Connect Again") : _ ("_Resume"));
    }
  if (gtk_widget_get_visible (self->veil) == (text != NULL))
    return;
  gtk_widget_set_visible (self->veil, text != NULL);
  show_hint (self);
  if (had_focus && text != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (self->veil_button));
  else if (had_focus)
    inn_screens_grab_focus (self);
}

static void
on_visible_child_changed (InnScreens *self)
{
  if (self->lines == NULL)
    return;
  show_hint (self);
  inn_screens_refresh (self);
  show_veil (self);
  if (gtk_widget_get_mapped (GTK_WIDGET (self)) && !gtk_widget_get_visible (self->veil))
    inn_screens_grab_focus (self);
}

static void
on_veil_clicked (InnScreens *self)
{
  if (inn_lines_get_problem (self->lines) != NULL)
    inn_lines_retry (self->lines);
  else if (!INN_IS_TERMINAL (gtk_stack_get_visible_child (self->stack)) && self->lost != NULL)
    g_signal_emit (self, signals[RECONNECT], 0);
  else
    g_signal_emit (self, signals[RESUME], 0);
}

static void
on_open_line (InnScreens *self, const char *name)
{
  g_signal_emit (self, signals[OPEN_LINE], 0, name);
}

/* In full screen nothing else is there to be switched to: Alt+Tab and the like are the guest's
 * while it has the keyboard. A window that is not seen yet is refused; its state tells. */
static void
take_shortcuts (InnScreens *self)
{
  GtkNative *native = gtk_widget_get_native (GTK_WIDGET (self));
  GdkSurface *surface = native != NULL ? gtk_native_get_surface (native) : NULL;
  const gboolean wanted =
      self->fullscreen && inn_display_get_captured (self->display) && GDK_IS_TOPLEVEL (surface);

  if (self->surface_signals == NULL) /* disposed of */
    return;
  g_signal_group_set_target (self->surface_signals, self->fullscreen ? surface : NULL);
  if (self->inhibited != NULL && (!wanted || self->inhibited != GDK_TOPLEVEL (surface)))
    {
      gdk_toplevel_restore_system_shortcuts (self->inhibited);
      g_clear_weak_pointer (&self->inhibited);
    }
  if (!wanted)
    return;
  g_set_weak_pointer (&self->inhibited, GDK_TOPLEVEL (surface));
  gdk_toplevel_inhibit_system_shortcuts (self->inhibited, NULL);
}

static void
on_captured (InnScreens *self)
{
  show_hint (self);
  take_shortcuts (self);
}

/* Not by the action's name: GTK 4.8 loses a button's action when it is moved to another parent. */
static void
on_fullscreen_clicked (InnScreens *self)
{
  g_signal_emit (self, signals[TOGGLE_FULLSCREEN], 0);
}

static void
send_keys (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  InnScreens *self = data;

  inn_send_keys (self->display, g_variant_get_string (parameter, NULL));
}

static void
type_clipboard (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  InnScreens *self = data;

  inn_send_clipboard (self->display);
}

static void
change_scale (GSimpleAction *action, GVariant *state, gpointer data)
{
  InnScreens *self = data;
  const gboolean actual = g_str_equal (g_variant_get_string (state, NULL), "actual");

  g_simple_action_set_state (action, state);
  inn_display_set_scale (self->display, actual ? INN_SCALE_ACTUAL : INN_SCALE_FIT);
}

static void
change_resize_guest (GSimpleAction *action, GVariant *state, gpointer data)
{
  InnScreens *self = data;

  g_simple_action_set_state (action, state);
  inn_display_set_resize_guest (self->display, g_variant_get_boolean (state));
}

static void
toggle_fullscreen (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  g_signal_emit (data, signals[TOGGLE_FULLSCREEN], 0);
}

static void
save_screenshot (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  InnScreens *self = data;
  g_autoptr (GdkTexture) texture = inn_display_dup_texture (self->display);

  if (texture != NULL)
    inn_save_screenshot (GTK_WIDGET (self), self->name, texture);
}

static void
copy_screenshot (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  InnScreens *self = data;
  g_autoptr (GdkTexture) texture = inn_display_dup_texture (self->display);

  if (texture == NULL)
    return;
  gdk_clipboard_set_texture (gtk_widget_get_clipboard (GTK_WIDGET (self)), texture);
  inn_report_note (GTK_WIDGET (self), _ ("The screenshot is in the clipboard."));
}

static void
copy_text (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  InnScreens *self = data;
  g_autoptr (GdkTexture) texture = inn_display_dup_texture (self->display);

  if (texture != NULL)
    inn_read_text (GTK_WIDGET (self), texture);
}

static void
change_view_only (GSimpleAction *action, GVariant *state, gpointer data)
{
  InnScreens *self = data;

  g_simple_action_set_state (action, state);
  inn_display_set_view_only (self->display, g_variant_get_boolean (state));
  show_hint (self);
}

static gboolean
on_bar_timeout (gpointer data)
{
  InnScreens *self = INN_SCREENS (data);

  self->bar_timeout = 0;
  gtk_revealer_set_reveal_child (self->bar, FALSE);
  return G_SOURCE_REMOVE;
}

static void
on_overlay_motion (GtkEventControllerMotion *controller, double x, double y, InnScreens *self)
{
  if (!self->fullscreen || (self->bar_timeout != 0 && y > BELOW))
    return;
  g_clear_handle_id (&self->bar_timeout, g_source_remove);
  if (y <= EDGE)
    gtk_revealer_set_reveal_child (self->bar, TRUE);
  else if (y > BELOW)
    gtk_revealer_set_reveal_child (self->bar, FALSE);
}

static void
inn_screens_dispose (GObject *object)
{
  InnScreens *self = INN_SCREENS (object);
  GtkWidget *child;

  g_clear_handle_id (&self->bar_timeout, g_source_remove);
  g_clear_object (&self->source_signals);
  g_clear_object (&self->surface_signals);
  if (self->inhibited != NULL)
    gdk_toplevel_restore_system_shortcuts (self->inhibited);
  g_clear_weak_pointer (&self->inhibited);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (inn_screens_parent_class)->dispose (object);
}

static void
inn_screens_finalize (GObject *object)
{
  InnScreens *self = INN_SCREENS (object);

  g_clear_object (&self->actions);
  g_object_unref (self->lines);
  g_free (self->name);
  g_free (self->paused);
  g_free (self->lost);
  G_OBJECT_CLASS (inn_screens_parent_class)->finalize (object);
}

static void
inn_screens_class_init (InnScreensClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GType type = INN_TYPE_SCREENS;

  G_OBJECT_CLASS (klass)->dispose = inn_screens_dispose;
  G_OBJECT_CLASS (klass)->finalize = inn_screens_finalize;
  signals[OPEN_LINE] = g_signal_new ("open-line", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                     G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[RESUME] =
      g_signal_new ("resume", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[RECONNECT] =
      g_signal_new ("reconnect", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[TOGGLE_FULLSCREEN] = g_signal_new ("toggle-fullscreen", type, G_SIGNAL_RUN_LAST, 0, NULL,
                                             NULL, NULL, G_TYPE_NONE, 0);
  g_type_ensure (INN_TYPE_DISPLAY);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/innkeeper/Innkeeper/console/inn-screens.ui");
  gtk_widget_class_bind_template_child (widget_class, InnScreens, bar_place);
  gtk_widget_class_bind_template_child (widget_class, InnScreens, bar);
  gtk_widget_class_bind_template_child (widget_class, InnScreens, switcher);
  gtk_widget_class_bind_template_child (widget_class, InnScreens, hint);
  gtk_widget_class_bind_template_child (widget_class, InnScreens, keys_button);
  gtk_widget_class_bind_template_child (widget_class, InnScreens, fullscreen_button);
  gtk_widget_class_bind_template_child (widget_class, InnScreens, overlay);
  gtk_widget_class_bind_template_child (widget_class, InnScreens, stack);
  gtk_widget_class_bind_template_child (widget_class, InnScreens, screen_page);
  gtk_widget_class_bind_template_child (widget_class, InnScreens, display);
  gtk_widget_class_bind_template_child (widget_class, InnScreens, veil);
  gtk_widget_class_bind_template_child (widget_class, InnScreens, veil_title);
  gtk_widget_class_bind_template_child (widget_class, InnScreens, veil_text);
  gtk_widget_class_bind_template_child (widget_class, InnScreens, veil_button);
  gtk_widget_class_bind_template_callback (widget_class, show_hint);
  gtk_widget_class_bind_template_callback (widget_class, on_captured);
  gtk_widget_class_bind_template_callback (widget_class, on_visible_child_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_veil_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_fullscreen_clicked);
}

static void
add_actions (InnScreens *self)
{
  static const GActionEntry entries[] = {
    { .name = "send-keys", .activate = send_keys, .parameter_type = "s" },
    { .name = "type-clipboard", .activate = type_clipboard },
    { .name = "scale", .parameter_type = "s", .state = "'fit'", .change_state = change_scale },
    { .name = "resize-guest", .state = "true", .change_state = change_resize_guest },
    { .name = "fullscreen", .activate = toggle_fullscreen },
    { .name = "save-screenshot", .activate = save_screenshot },
    { .name = "copy-screenshot", .activate = copy_screenshot },
    { .name = "copy-text", .activate = copy_text },
    { .name = "view-only", .state = "false", .change_state = change_view_only },
  };
  GtkEventController *shortcuts = gtk_shortcut_controller_new ();

  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries),
                                   self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "console", G_ACTION_GROUP (self->actions));
  gtk_shortcut_controller_set_scope (GTK_SHORTCUT_CONTROLLER (shortcuts),
                                     GTK_SHORTCUT_SCOPE_GLOBAL);
  gtk_shortcut_controller_add_shortcut (
      GTK_SHORTCUT_CONTROLLER (shortcuts),
      gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_F11, 0),
                        gtk_named_action_new ("console.fullscreen")));
  gtk_widget_add_controller (GTK_WIDGET (self), shortcuts);
}

static void
inn_screens_init (InnScreens *self)
{
  GtkEventController *motion = gtk_event_controller_motion_new ();

  self->source_signals = g_signal_group_new (INN_TYPE_DISPLAY_SOURCE);
  g_signal_group_connect_swapped (self->source_signals, "notify::absolute", G_CALLBACK (show_hint),
                                  self);
  self->surface_signals = g_signal_group_new (GDK_TYPE_SURFACE);
  g_signal_group_connect_swapped (self->surface_signals, "notify::state",
                                  G_CALLBACK (take_shortcuts), self);
  g_signal_group_connect_swapped (self->surface_signals, "layout", G_CALLBACK (take_shortcuts),
                                  self);
  add_actions (self);
  gtk_widget_init_template (GTK_WIDGET (self));
  self->lines = inn_lines_new (self->stack);
  g_signal_connect_object (self->lines, "open", G_CALLBACK (on_open_line), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->lines, "changed", G_CALLBACK (show_veil), self, G_CONNECT_SWAPPED);
  inn_display_set_resize_guest (self->display, TRUE);
  gtk_event_controller_set_propagation_phase (motion, GTK_PHASE_CAPTURE);
  g_signal_connect (motion, "motion", G_CALLBACK (on_overlay_motion), self);
  gtk_widget_add_controller (GTK_WIDGET (self->overlay), motion);
  show_hint (self);
}

InnDisplay *
inn_screens_get_display (InnScreens *self)
{
  g_return_val_if_fail (INN_IS_SCREENS (self), NULL);
  return self->display;
}

void
inn_screens_set_name (InnScreens *self, const char *name)
{
  g_autofree char *label = g_strdup_printf (_ ("Screen of “%s”"), name);

  g_return_if_fail (INN_IS_SCREENS (self));
  g_free (self->name);
  self->name = g_strdup (name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->display), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  label, -1);
}

static void
show_switcher (InnScreens *self)
{
  const gsize n_lines = inn_lines_get_n (self->lines);
  const gboolean screen = gtk_stack_page_get_visible (self->screen_page);

  gtk_widget_set_visible (self->switcher, n_lines + (screen ? 1 : 0) > 1);
  /* GtkStack goes on showing a page that is no longer offered. */
  if (!screen && n_lines > 0 && !INN_IS_TERMINAL (gtk_stack_get_visible_child (self->stack)))
    inn_lines_show_first (self->lines);
}

void
inn_screens_set_has_display (InnScreens *self, gboolean has_display)
{
  g_return_if_fail (INN_IS_SCREENS (self));
  if (has_display == gtk_stack_page_get_visible (self->screen_page))
    return;
  gtk_stack_page_set_visible (self->screen_page, has_display);
  show_switcher (self);
}

void
inn_screens_set_lines (InnScreens *self, GVariant *lines)
{
  g_return_if_fail (INN_IS_SCREENS (self));
  if (inn_lines_set (self->lines, lines))
    show_switcher (self);
}

void
inn_screens_open_line (InnScreens *self, const char *name, int fd)
{
  g_return_if_fail (INN_IS_SCREENS (self));
  inn_lines_open (self->lines, name, fd);
}

void
inn_screens_fail_line (InnScreens *self, const char *name, const char *problem)
{
  g_return_if_fail (INN_IS_SCREENS (self));
  inn_lines_fail (self->lines, name, problem);
}

void
inn_screens_close_lines (InnScreens *self)
{
  g_return_if_fail (INN_IS_SCREENS (self));
  inn_lines_close (self->lines);
}

void
inn_screens_refresh (InnScreens *self)
{
  g_return_if_fail (INN_IS_SCREENS (self));
  inn_lines_refresh (self->lines);
}

void
inn_screens_set_veils (InnScreens *self, const char *lost, const char *paused)
{
  g_return_if_fail (INN_IS_SCREENS (self));
  g_free (self->lost);
  self->lost = g_strdup (lost);
  g_free (self->paused);
  self->paused = g_strdup (paused);
  show_veil (self);
}

void
inn_screens_set_fullscreen (InnScreens *self, gboolean fullscreen)
{
  g_autoptr (GtkWidget) bar = NULL;

  g_return_if_fail (INN_IS_SCREENS (self));
  if (self->fullscreen == fullscreen)
    return;
  self->fullscreen = fullscreen;
  bar = g_object_ref (GTK_WIDGET (self->bar));
  if (fullscreen)
    {
      gtk_box_remove (self->bar_place, bar);
      gtk_widget_set_valign (bar, GTK_ALIGN_START);
      gtk_overlay_add_overlay (self->overlay, bar);
    }
  else
    {
      gtk_overlay_remove_overlay (self->overlay, bar);
      gtk_widget_set_valign (bar, GTK_ALIGN_FILL);
      gtk_box_append (self->bar_place, bar);
    }
  /* Whoever comes to full screen sees for a moment how to leave it. */
  g_clear_handle_id (&self->bar_timeout, g_source_remove);
  gtk_revealer_set_reveal_child (self->bar, TRUE);
  if (fullscreen)
    self->bar_timeout = g_timeout_add_seconds (BAR_SECONDS, on_bar_timeout, self);
  show_hint (self);
  gtk_widget_set_tooltip_text (self->fullscreen_button, fullscreen ? _ ("Leave full screen (F11)")
                                                                   : _ ("Full screen (F11)"));
  gtk_button_set_icon_name (GTK_BUTTON (self->fullscreen_button),
                            fullscreen ? "view-restore-symbolic" : "view-fullscreen-symbolic");
  take_shortcuts (self);
}

void
inn_screens_grab_focus (InnScreens *self)
{
  GtkWidget *child;

  g_return_if_fail (INN_IS_SCREENS (self));
  child = gtk_stack_get_visible_child (self->stack);
  if (child != NULL && INN_IS_TERMINAL (child))
    gtk_widget_grab_focus (GTK_WIDGET (inn_terminal_get_vte (INN_TERMINAL (child))));
  else
    gtk_widget_grab_focus (GTK_WIDGET (self->display));
}
