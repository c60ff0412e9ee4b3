/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Keyboard and pointer of an InnDisplay, on their way to its source. */
#include "inn-display-private.h"

#include <math.h>
#include <linux/input-event-codes.h>
#include "inn-qnum.h"
#include "inn-typing.h"

#define PIXELS_PER_CLICK 15 /* of a touchpad's scrolling */

typedef struct
{
  guint keyval; /* as it was when pressed: a release says the same whatever the modifiers are */
  guint qnum;
} Key;

struct _InnInput
{
  InnDisplay *display; /* unowned: it owns us */
  InnDisplaySource *source;
  GtkWidget *root; /* where keys is; unowned, it drops its controllers by itself */
  GtkEventController *keys;
  GArray *pressed; /* Key, in the order they were pressed */
  guint buttons;   /* 1 << index in button_numbers */
  gboolean view_only;
  gboolean captured;
  gboolean locks_known; /* the guest's Num and Caps Lock are as ours, since the keyboard is its */
  gboolean leaving;     /* Ctrl+Alt are down and nothing else has been since */
  InnTyping *typing;    /* of a text, till it is done */
  gboolean has_last;
  double last_x;
  double last_y;
  double scroll_x;
  double scroll_y;
};

static const guint button_numbers[] = { 1, 2, 3, 8, 9 };

static gboolean
is_control (guint keyval)
{
  return keyval == GDK_KEY_Control_L || keyval == GDK_KEY_Control_R;
}

static gboolean
is_alt (guint keyval)
{
  return keyval == GDK_KEY_Alt_L || keyval == GDK_KEY_Alt_R;
}

/* The last pressed first, so that a modifier outlives what it modifies. */
static void
release_all (InnInput *self)
{
  while (self->pressed->len > 0)
    {
      const Key key = g_array_index (self->pressed, Key, self->pressed->len - 1);

      g_array_set_size (self->pressed, self->pressed->len - 1);
      if (self->source != NULL)
        inn_display_source_key (self->source, key.keyval, key.qnum, FALSE);
    }
  for (guint i = 0; i < G_N_ELEMENTS (button_numbers); i++)
    if (self->buttons & (1u << i))
      {
        self->buttons &= ~(1u << i);
        if (self->source != NULL)
          inn_display_source_button (self->source, button_numbers[i], FALSE);
      }
  self->leaving = FALSE;
}

static void
stop_typing (gpointer data)
{
  InnInput *self = data;

  if (self->typing == NULL)
    return;
  g_clear_pointer (&self->typing, inn_typing_free);
  self->locks_known = FALSE; /* it may have been stopped with Caps Lock taken back for it */
  g_object_notify (G_OBJECT (self->display), "typing");
}

static void
set_captured (InnInput *self, gboolean captured)
{
  captured = captured && !self->view_only;
  if (self->captured == captured)
    return;
  if (!captured)
    release_all (self);
  self->captured = captured;
  self->locks_known = FALSE;
  self->has_last = FALSE;
  g_object_notify (G_OBJECT (self->display), "captured");
}

static gboolean
is_broadway (GdkDisplay *display)
{
  return g_str_equal (G_OBJECT_TYPE_NAME (display), "GdkBroadwayDisplay");
}

static guint
find_qnum (InnInput *self, guint keyval, guint keycode)
{
  /* A browser tells what was typed, not by which key. */
  if (is_broadway (gtk_widget_get_display (GTK_WIDGET (self->display))))
    return inn_qnum_from_keyval (keyval);
  return inn_qnum_from_keycode (keycode);
}

static int
find_key (InnInput *self, guint qnum)
{
  for (guint i = 0; i < self->pressed->len; i++)
    if (g_array_index (self->pressed, Key, i).qnum == qnum)
      return (int)i;
  return -1;
}

/* Ctrl+Alt alone: both are down, and only they. */
static gboolean
is_way_out (InnInput *self)
{
  gboolean control = FALSE;
  gboolean alt = FALSE;

  for (guint i = 0; i < self->pressed->len; i++)
    {
      const guint keyval = g_array_index (self->pressed, Key, i).keyval;

      if (is_control (keyval))
        control = TRUE;
      else if (is_alt (keyval))
        alt = TRUE;
      else
        return FALSE;
    }
  return control && alt;
}

static void
press_and_release (InnInput *self, guint keyval, guint keycode)
{
  const guint qnum = inn_qnum_from_keycode (keycode);

  inn_display_source_key (self->source, keyval, qnum, TRUE);
  inn_display_source_key (self->source, keyval, qnum, FALSE);
}

/* A lock that was pressed elsewhere: the guest's light is brought to what ours says, before the
 * first key, if the guest tells of its lights. */
static void
bring_locks (InnInput *self, guint keyval)
{
  GdkDisplay *display = gtk_widget_get_display (GTK_WIDGET (self->display));
  GdkSeat *seat = gdk_display_get_default_seat (display);
  GdkDevice *keyboard = seat != NULL ? gdk_seat_get_keyboard (seat) : NULL;
  InnLocks locks;

  if (self->locks_known || keyboard == NULL || is_broadway (display) ||
      !inn_display_source_get_locks (self->source, &locks))
    return;
  self->locks_known = TRUE;
  if (keyval == GDK_KEY_Num_Lock || keyval == GDK_KEY_Caps_Lock)
    return; /* ours is changing this very moment */
  if (((locks & INN_LOCKS_NUM) != 0) != gdk_device_get_num_lock_state (keyboard))
    press_and_release (self, GDK_KEY_Num_Lock, INN_KEYCODE (KEY_NUMLOCK));
  if (((locks & INN_LOCKS_CAPS) != 0) != gdk_device_get_caps_lock_state (keyboard))
    press_and_release (self, GDK_KEY_Caps_Lock, INN_KEYCODE (KEY_CAPSLOCK));
}

static gboolean
on_key_pressed (GtkEventControllerKey *controller,
                guint keyval,
                guint keycode,
                GdkModifierType state,
                InnInput *self)
{
  Key key = { keyval, find_qnum (self, keyval, keycode) };

  if (!self->captured || self->source == NULL || key.qnum == 0)
    return FALSE;
  if (self->typing != NULL)
    {
      stop_typing (self); /* that is all that this key does */
      return TRUE;
    }
  bring_locks (self, keyval);
  if (keyval == GDK_KEY_ISO_Left_Tab)
    key.keyval = GDK_KEY_Tab;
  /* A key held down comes again and again, and goes on so: as from a real keyboard. */
  if (find_key (self, key.qnum) < 0)
    {
      g_array_append_val (self->pressed, key);
      self->leaving = is_way_out (self);
    }
  inn_display_source_key (self->source, key.keyval, key.qnum, TRUE);
  return TRUE;
}

static void
on_key_released (GtkEventControllerKey *controller,
                 guint keyval,
                 guint keycode,
                 GdkModifierType state,
                 InnInput *self)
{
  const int i = find_key (self, find_qnum (self, keyval, keycode));
  Key key;

  if (i < 0)
    return;
  key = g_array_index (self->pressed, Key, i);
  g_array_remove_index (self->pressed, i);
  if (self->source != NULL)
    inn_display_source_key (self->source, key.keyval, key.qnum, FALSE);
  if (self->leaving)
    set_captured (self, FALSE);
}

static void
on_focus_enter (GtkEventControllerFocus *controller, InnInput *self)
{
  set_captured (self, self->source != NULL);
}

static void
on_focus_leave (GtkEventControllerFocus *controller, InnInput *self)
{
  set_captured (self, FALSE);
}

/* Keys are caught at the window, before its own shortcuts: the last controller added is asked
 * first. */
static void
on_root_changed (GtkWidget *display, GParamSpec *pspec, InnInput *self)
{
  GtkWidget *root = GTK_WIDGET (gtk_widget_get_root (display));

  if (root == self->root)
    return;
  set_captured (self, FALSE);
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
  gtk_event_controller_set_name (self->keys, "inn-display-keys");
  gtk_event_controller_set_propagation_phase (self->keys, GTK_PHASE_CAPTURE);
  g_signal_connect (self->keys, "key-pressed", G_CALLBACK (on_key_pressed), self);
  g_signal_connect (self->keys, "key-released", G_CALLBACK (on_key_released), self);
  gtk_widget_add_controller (root, self->keys);
}

static void
move_to (InnInput *self, double x, double y)
{
  double guest_x, guest_y, last_x, last_y;

  if (self->source == NULL || self->view_only ||
      !inn_display_map_point (self->display, x, y, &guest_x, &guest_y))
    return;
  if (inn_display_source_get_absolute (self->source))
    inn_display_source_motion (self->source, guest_x, guest_y);
  else if (self->captured && self->has_last &&
           inn_display_map_point (self->display, self->last_x, self->last_y, &last_x, &last_y) &&
           (last_x != guest_x || last_y != guest_y))
    inn_display_source_motion (self->source, guest_x - last_x, guest_y - last_y);
  self->last_x = x;
  self->last_y = y;
  self->has_last = TRUE;
}

static void
on_motion (GtkEventControllerMotion *controller, double x, double y, InnInput *self)
{
  move_to (self, x, y);
}

static void
on_pointer_leave (GtkEventControllerMotion *controller, InnInput *self)
{
  self->has_last = FALSE;
}

static gboolean
press_button (InnInput *self, guint button, gboolean down)
{
  for (guint i = 0; i < G_N_ELEMENTS (button_numbers); i++)
    {
      if (button_numbers[i] != button)
        continue;
      if (down)
        self->buttons |= 1u << i;
      else
        self->buttons &= ~(1u << i);
      inn_display_source_button (self->source, button, down);
      return TRUE;
    }
  return FALSE;
}

static gboolean
on_event (GtkEventControllerLegacy *controller, GdkEvent *event, InnInput *self)
{
  const GdkEventType type = gdk_event_get_event_type (event);
  GtkNative *native;
  double x, y, offset_x, offset_y;

  if ((type != GDK_BUTTON_PRESS && type != GDK_BUTTON_RELEASE) || self->source == NULL ||
      self->view_only)
    return FALSE;
  if (type == GDK_BUTTON_PRESS)
    {
      gtk_widget_grab_focus (GTK_WIDGET (self->display));
      set_captured (self, TRUE);
    }
  native = gtk_widget_get_native (GTK_WIDGET (self->display));
  if (inn_display_source_get_absolute (self->source) && gdk_event_get_position (event, &x, &y))
    {
      gtk_native_get_surface_transform (native, &offset_x, &offset_y);
      if (gtk_widget_translate_coordinates (GTK_WIDGET (native), GTK_WIDGET (self->display),
                                            x - offset_x, y - offset_y, &x, &y))
        move_to (self, x, y);
    }
  return press_button (self, gdk_button_event_get_button (event), type == GDK_BUTTON_PRESS);
}

static int
take_clicks (double *sum, double delta, double unit)
{
  double clicks;

  *sum += delta / unit;
  clicks = trunc (*sum);
  *sum -= clicks;
  return (int)clicks;
}

static gboolean
on_scroll (GtkEventControllerScroll *controller, double dx, double dy, InnInput *self)
{
  const double unit = gtk_event_controller_scroll_get_unit (controller) == GDK_SCROLL_UNIT_SURFACE
                          ? PIXELS_PER_CLICK
                          : 1;
  int x, y;

  if (self->source == NULL || self->view_only)
    return FALSE;
  x = take_clicks (&self->scroll_x, dx, unit);
  y = take_clicks (&self->scroll_y, dy, unit);
  if (x != 0 || y != 0)
    inn_display_source_scroll (self->source, x, y);
  return TRUE;
}

InnInput *
inn_input_new (InnDisplay *display)
{
  InnInput *self = g_new0 (InnInput, 1);
  GtkWidget *widget = GTK_WIDGET (display);
  GtkEventController *controller;

  self->display = display;
  self->pressed = g_array_new (FALSE, FALSE, sizeof (Key));

  controller = gtk_event_controller_focus_new ();
  g_signal_connect (controller, "enter", G_CALLBACK (on_focus_enter), self);
  g_signal_connect (controller, "leave", G_CALLBACK (on_focus_leave), self);
  gtk_widget_add_controller (widget, controller);

  controller = gtk_event_controller_motion_new ();
  g_signal_connect (controller, "enter", G_CALLBACK (on_motion), self);
  g_signal_connect (controller, "motion", G_CALLBACK (on_motion), self);
  g_signal_connect (controller, "leave", G_CALLBACK (on_pointer_leave), self);
  gtk_widget_add_controller (widget, controller);

  controller = gtk_event_controller_legacy_new ();
  g_signal_connect (controller, "event", G_CALLBACK (on_event), self);
  gtk_widget_add_controller (widget, controller);

  controller = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
  g_signal_connect (controller, "scroll", G_CALLBACK (on_scroll), self);
  gtk_widget_add_controller (widget, controller);

  g_signal_connect (display, "notify::root", G_CALLBACK (on_root_changed), self);
  return self;
}

void
inn_input_free (InnInput *self)
{
  GListModel *controllers = gtk_widget_observe_controllers (GTK_WIDGET (self->display));

  g_clear_pointer (&self->typing, inn_typing_free);
  set_captured (self, FALSE);
  g_signal_handlers_disconnect_by_data (self->display, self);
  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GObject) controller = g_list_model_get_item (controllers, i);
      g_signal_handlers_disconnect_by_data (controller, self);
    }
  g_object_unref (controllers);
  if (self->root != NULL)
    {
      g_object_remove_weak_pointer (G_OBJECT (self->root), (gpointer *)&self->root);
      gtk_widget_remove_controller (self->root, self->keys);
    }
  g_clear_object (&self->source);
  g_array_unref (self->pressed);
  g_free (self);
}

void
inn_input_set_source (InnInput *self, InnDisplaySource *source)
{
  stop_typing (self);
  release_all (self);
  g_set_object (&self->source, source);
  set_captured (self, source != NULL && gtk_widget_has_focus (GTK_WIDGET (self->display)));
}

void
inn_input_set_view_only (InnInput *self, gboolean view_only)
{
  stop_typing (self);
  release_all (self);
  self->view_only = view_only;
  set_captured (self, self->source != NULL && gtk_widget_has_focus (GTK_WIDGET (self->display)));
}

gboolean
inn_input_get_captured (InnInput *self)
{
  return self->captured;
}

gboolean
inn_input_get_typing (InnInput *self)
{
  return self->typing != NULL;
}

gboolean
inn_input_type (InnInput *self, const char *text, GError **error)
{
  InnTyping *typing;

  stop_typing (self);
  if (self->source == NULL || self->view_only || *text == '\0')
    return TRUE;
  typing = inn_typing_new (gtk_widget_get_display (GTK_WIDGET (self->display)), self->source, text,
                           error);
  if (typing == NULL)
    return FALSE;
  release_all (self);
  self->typing = typing;
  inn_typing_begin (typing, stop_typing, self);
  g_object_notify (G_OBJECT (self->display), "typing");
  return TRUE;
}

void
inn_display_send_keys (InnDisplay *self, const guint *keycodes)
{
  g_autoptr (InnDisplaySource) source = NULL;
  guint n = 0;

  g_return_if_fail (INN_IS_DISPLAY (self));
  g_object_get (self, "source", &source, NULL);
  if (source == NULL)
    return;
  for (; keycodes[n] != 0; n++)
    inn_display_source_key (source, 0, inn_qnum_from_keycode (keycodes[n]), TRUE);
  while (n-- > 0)
    inn_display_source_key (source, 0, inn_qnum_from_keycode (keycodes[n]), FALSE);
}
