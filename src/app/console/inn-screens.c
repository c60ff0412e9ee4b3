/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-screens.h"

#include <glib/gi18n.h>
#include <linux/input-event-codes.h>
#include <unistd.h>
#include "app/inn-report.h"
#include "inn-qnum.h"
#include "inn-terminal.h"

#define EDGE   2  /* pixels at the top that bring the tools in full screen */
#define BELOW  80 /* pixels from the top where they go again */
#define KEY(x) INN_KEYCODE (x)

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
  GVariant *lines;
  GSignalGroup *source_signals;
  GSimpleActionGroup *actions;
  gboolean fullscreen;
};

enum
{
  OPEN_LINE,
  VEIL_CLICKED,
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
  else if (source != NULL && !inn_display_get_captured (self->display))
    text = _ ("Click the screen to type into it.");
  else if (source != NULL)
    text = _ ("Ctrl+Alt releases the keyboard.");
  gtk_label_set_label (self->hint, text);
  tip = screen && !inn_display_source_get_absolute (source)
            ? _ ("The machine’s pointer moves by steps. It follows yours when the machine has a "
                 "tablet among its input devices, and its system uses it.")
            : NULL;
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->hint), tip);
  set_enabled (self, "send-keys", screen);
  set_enabled (self, "save-screenshot", screen);
  set_enabled (self, "copy-screenshot", screen);
  g_signal_group_set_target (self->source_signals, source);
}

static void
on_visible_child_changed (InnScreens *self)
{
  show_hint (self);
  inn_screens_refresh (self);
  if (gtk_widget_get_mapped (GTK_WIDGET (self)) && !gtk_widget_get_visible (self->veil))
    inn_screens_grab_focus (self);
}

static void
on_veil_clicked (InnScreens *self)
{
  g_signal_emit (self, signals[VEIL_CLICKED], 0);
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
#define CTRL_ALT(name, code)                                                                       \
  {                                                                                                \
    "ctrl-alt-" name,                                                                              \
    {                                                                                              \
      KEY (KEY_LEFTCTRL), KEY (KEY_LEFTALT), KEY (code)                                            \
    }                                                                                              \
  }
  static const struct
  {
    const char *name;
    guint keycodes[4];
  } combinations[] = {
    CTRL_ALT ("del", KEY_DELETE),     CTRL_ALT ("backspace", KEY_BACKSPACE),
    CTRL_ALT ("f1", KEY_F1),          CTRL_ALT ("f2", KEY_F2),
    CTRL_ALT ("f3", KEY_F3),          CTRL_ALT ("f4", KEY_F4),
    CTRL_ALT ("f5", KEY_F5),          CTRL_ALT ("f6", KEY_F6),
    CTRL_ALT ("f7", KEY_F7),          { "ctrl-alt", { KEY (KEY_LEFTCTRL), KEY (KEY_LEFTALT) } },
    { "print", { KEY (KEY_SYSRQ) } },
  };
#undef CTRL_ALT
  InnScreens *self = data;

  for (guint i = 0; i < G_N_ELEMENTS (combinations); i++)
    if (g_str_equal (combinations[i].name, g_variant_get_string (parameter, NULL)))
      inn_display_send_keys (self->display, combinations[i].keycodes);
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
on_screenshot_written (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnScreens) self = data;
  g_autoptr (GError) error = NULL;

  if (!g_file_replace_contents_finish (G_FILE (source), result, NULL, &error))
    inn_report_error (GTK_WIDGET (self), _ ("The screenshot could not be saved"), error);
}

static void
on_save_response (GtkNativeDialog *dialog, int response, gpointer data)
{
  g_autoptr (InnScreens) self = data;
  GdkTexture *texture = g_object_get_data (G_OBJECT (dialog), "inn-texture");
  g_autoptr (GFile) file = NULL;
  g_autoptr (GBytes) png = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    {
      file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      png = gdk_texture_save_to_png_bytes (texture);
      g_file_replace_contents_bytes_async (file, png, NULL, FALSE, G_FILE_CREATE_NONE, NULL,
                                           on_screenshot_written, g_object_ref (self));
    }
  g_object_unref (dialog);
}

static void
save_screenshot (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  InnScreens *self = data;
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GdkTexture *texture = inn_display_dup_texture (self->display);
  GtkFileChooserNative *dialog;
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%d %H-%M-%S");
  g_autofree char *name = NULL;

  if (texture == NULL)
    return;
  name = g_strdup_printf ("%s %s.png", self->name != NULL ? self->name : "", time);
  g_strdelimit (name, G_DIR_SEPARATOR_S, '-');
  dialog = gtk_file_chooser_native_new (_ ("Save Screenshot"), GTK_WINDOW (root),
                                        GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Save"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), g_strchug (name));
  g_object_set_data_full (G_OBJECT (dialog), "inn-texture", texture, g_object_unref);
  g_signal_connect (dialog, "response", G_CALLBACK (on_save_response), g_object_ref (self));
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
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
on_overlay_motion (GtkEventControllerMotion *controller, double x, double y, InnScreens *self)
{
  if (!self->fullscreen)
    return;
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

  g_clear_object (&self->source_signals);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (inn_screens_parent_class)->dispose (object);
}

static void
inn_screens_finalize (GObject *object)
{
  InnScreens *self = INN_SCREENS (object);

  g_clear_object (&self->actions);
  g_clear_pointer (&self->lines, g_variant_unref);
  g_free (self->name);
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
  signals[VEIL_CLICKED] =
      g_signal_new ("veil-clicked", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
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
  gtk_widget_class_bind_template_callback (widget_class, on_visible_child_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_veil_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_fullscreen_clicked);
}

static void
add_actions (InnScreens *self)
{
  static const GActionEntry entries[] = {
    { .name = "send-keys", .activate = send_keys, .parameter_type = "s" },
    { .name = "scale", .parameter_type = "s", .state = "'fit'", .change_state = change_scale },
    { .name = "resize-guest", .state = "true", .change_state = change_resize_guest },
    { .name = "fullscreen", .activate = toggle_fullscreen },
    { .name = "save-screenshot", .activate = save_screenshot },
    { .name = "copy-screenshot", .activate = copy_screenshot },
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
  add_actions (self);
  gtk_widget_init_template (GTK_WIDGET (self));
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
  const gsize n_lines = self->lines != NULL ? g_variant_n_children (self->lines) : 0;
  const gboolean screen = gtk_stack_page_get_visible (self->screen_page);

  gtk_widget_set_visible (self->switcher, n_lines + (screen ? 1 : 0) > 1);
  /* GtkStack goes on showing a page that is no longer offered. */
  if (!screen && n_lines > 0 && !INN_IS_TERMINAL (gtk_stack_get_visible_child (self->stack)))
    {
      const char *first;

      g_variant_get_child (self->lines, 0, "(&s&s)", &first, NULL);
      gtk_stack_set_visible_child_name (self->stack, first);
    }
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

static void
remove_lines (InnScreens *self)
{
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self->stack));

  while (child != NULL)
    {
      GtkWidget *next = gtk_widget_get_next_sibling (child);

      if (INN_IS_TERMINAL (child))
        gtk_stack_remove (self->stack, child);
      child = next;
    }
}

void
inn_screens_set_lines (InnScreens *self, GVariant *lines)
{
  GVariantIter iter;
  const char *name, *kind;
  guint serials = 0, consoles = 0;

  g_return_if_fail (INN_IS_SCREENS (self));
  if (lines == self->lines ||
      (lines != NULL && self->lines != NULL && g_variant_equal (lines, self->lines)))
    return;
  remove_lines (self);
  g_clear_pointer (&self->lines, g_variant_unref);
  if (lines != NULL)
    {
      self->lines = g_variant_ref (lines);
      g_variant_iter_init (&iter, lines);
      while (g_variant_iter_next (&iter, "(&s&s)", &name, &kind))
        {
          const gboolean serial = g_str_equal (kind, "serial");
          g_autofree char *title = serial ? g_strdup_printf (_ ("Serial %u"), ++serials)
                                          : g_strdup_printf (_ ("Console %u"), ++consoles);

          gtk_stack_add_titled (self->stack, inn_terminal_new (), name, title);
        }
    }
  show_switcher (self);
}

void
inn_screens_open_line (InnScreens *self, const char *name, int fd)
{
  GtkWidget *line;

  g_return_if_fail (INN_IS_SCREENS (self));
  line = gtk_stack_get_child_by_name (self->stack, name);
  if (line != NULL && INN_IS_TERMINAL (line))
    inn_terminal_open (INN_TERMINAL (line), fd);
  else
    close (fd);
}

void
inn_screens_close_lines (InnScreens *self)
{
  g_return_if_fail (INN_IS_SCREENS (self));
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self->stack)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (INN_IS_TERMINAL (child))
      inn_terminal_close (INN_TERMINAL (child));
}

void
inn_screens_refresh (InnScreens *self)
{
  GtkWidget *child;

  g_return_if_fail (INN_IS_SCREENS (self));
  child = gtk_stack_get_visible_child (self->stack);
  if (child != NULL && INN_IS_TERMINAL (child) && !inn_terminal_is_open (INN_TERMINAL (child)))
    g_signal_emit (self, signals[OPEN_LINE], 0, gtk_stack_get_visible_child_name (self->stack));
}

void
inn_screens_set_veil (InnScreens *self, const char *title, const char *text, const char *button)
{
  gboolean had_focus;

  g_return_if_fail (INN_IS_SCREENS (self));
  had_focus = gtk_widget_has_focus (GTK_WIDGET (self->veil_button)) ||
              inn_display_get_captured (self->display);
  if (title != NULL)
    {
      gtk_label_set_label (self->veil_title, title);
      gtk_label_set_label (self->veil_text, text != NULL ? text : "");
      gtk_widget_set_visible (GTK_WIDGET (self->veil_text), text != NULL && *text != '\0');
      gtk_button_set_label (self->veil_button, button != NULL ? button : "");
      gtk_widget_set_visible (GTK_WIDGET (self->veil_button), button != NULL);
    }
  if (gtk_widget_get_visible (self->veil) == (title != NULL))
    return;
  gtk_widget_set_visible (self->veil, title != NULL);
  show_hint (self);
  if (had_focus && title != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (self->veil_button));
  else if (had_focus)
    inn_screens_grab_focus (self);
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
  gtk_revealer_set_reveal_child (self->bar, !fullscreen);
  gtk_widget_set_tooltip_text (self->fullscreen_button, fullscreen ? _ ("Leave full screen (F11)")
                                                                   : _ ("Full screen (F11)"));
  gtk_button_set_icon_name (GTK_BUTTON (self->fullscreen_button),
                            fullscreen ? "view-restore-symbolic" : "view-fullscreen-symbolic");
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
