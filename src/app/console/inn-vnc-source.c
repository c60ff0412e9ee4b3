/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-vnc-source.h"

#include <glib/gi18n.h>
#include <gvnc.h>
#include <unistd.h>

/* QEMU looks at its screen every 30 ms, and 50 ms less often each time nothing has changed; any
 * message of the pointer brings it back. A few of them that say nothing new, after each input,
 * bring the answer to a key in 19 ms instead of 82 (measured, QEMU 7.2; ui/vnc.c). */
#define NUDGE_MS  28
#define NUDGE_MAX 8

#define RELATIVE_ZERO 0x7fff /* "not moved" where the pointer is relative (QEMU's extension) */

enum
{
  MASK_LEFT = 1 << 0,
  MASK_MIDDLE = 1 << 1,
  MASK_RIGHT = 1 << 2,
  MASK_UP = 1 << 3,
  MASK_DOWN = 1 << 4,
  MASK_SCROLL_LEFT = 1 << 5,
  MASK_SCROLL_RIGHT = 1 << 6,
  MASK_BACK = 1 << 7,
};

/* What cairo's RGB24 is. */
static const VncPixelFormat pixel_format = {
  .bits_per_pixel = 32,
  .depth = 24,
  .byte_order = G_BYTE_ORDER,
  .true_color_flag = 1,
  .red_max = 255,
  .green_max = 255,
  .blue_max = 255,
  .red_shift = 16,
  .green_shift = 8,
  .blue_shift = 0,
};

struct _InnVncSource
{
  InnDisplaySource parent_instance;

  VncConnection *vnc;
  char *message; /* of the last "vnc-error" */
  cairo_surface_t *surface;

  cairo_region_t *damage; /* since the last flush */
  gboolean unseen, owed;  /* the request that waits until it is seen again */
  guint flush;

  guint8 buttons;
  gboolean has_position;
  guint16 x;
  guint16 y;
  guint nudge;
  guint nudges;
  gboolean has_leds; /* the guest has told of them */
};

G_DEFINE_FINAL_TYPE (InnVncSource, inn_vnc_source, INN_TYPE_DISPLAY_SOURCE)

/* Drops the connection; what still runs in it keeps the framebuffer alive by itself. */
static void
disconnect (InnVncSource *self)
{
  g_clear_handle_id (&self->flush, g_source_remove);
  g_clear_handle_id (&self->nudge, g_source_remove);
  g_clear_pointer (&self->damage, cairo_region_destroy);
  if (self->vnc == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->vnc, self);
  vnc_connection_shutdown (self->vnc);
  g_clear_object (&self->vnc);
}

static void
fail (InnVncSource *self, const char *message)
{
  g_autoptr (GError) error = NULL;

  if (self->vnc == NULL)
    return;
  if (message != NULL)
    error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, message);
  disconnect (self);
  inn_display_source_emit_closed (INN_DISPLAY_SOURCE (self), error);
}

static void
request (InnVncSource *self)
{
  self->owed = self->unseen;
  if (!self->unseen)
    vnc_connection_framebuffer_update_request (self->vnc, TRUE, 0, 0,
                                               vnc_connection_get_width (self->vnc),
                                               vnc_connection_get_height (self->vnc));
}

/* The request goes out when what came before it has been shown: drawing (priority 120) comes
 * before idle work. A request per rectangle, as gtk-vnc sends them, starves the drawing. */
static gboolean
on_flush (gpointer data)
{
  InnVncSource *self = data;
  g_autoptr (InnVncSource) alive = g_object_ref (self);
  cairo_region_t *damage = g_steal_pointer (&self->damage);

  self->flush = 0;
  request (self);
  if (damage != NULL)
    {
      inn_display_source_emit_damaged (INN_DISPLAY_SOURCE (self), damage);
      cairo_region_destroy (damage);
    }
  return G_SOURCE_REMOVE;
}

static void
on_framebuffer_update (VncConnection *vnc,
                       guint16 x,
                       guint16 y,
                       guint16 width,
                       guint16 height,
                       InnVncSource *self)
{
  const cairo_rectangle_int_t rectangle = { x, y, width, height };

  if (self->damage == NULL)
    self->damage = cairo_region_create ();
  cairo_region_union_rectangle (self->damage, &rectangle);
  if (self->flush == 0)
    self->flush = g_idle_add (on_flush, self);
}

/* Our own pixels, in the format that cairo draws and QEMU sends: bytes go from the socket to where
 * they are drawn from. */
static gboolean
create_framebuffer (InnVncSource *self)
{
  const int width = vnc_connection_get_width (self->vnc);
  const int height = vnc_connection_get_height (self->vnc);
  g_autoptr (GObject) framebuffer = NULL;
  cairo_surface_t *surface;

  if (width < 1 || height < 1 || width > INN_DISPLAY_MAX_SIDE || height > INN_DISPLAY_MAX_SIDE)
    {
      fail (self, _ ("The screen's size makes no sense. Restart the machine."));
      return FALSE;
    }
  surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  if (cairo_surface_status (surface) != CAIRO_STATUS_SUCCESS)
    {
      cairo_surface_destroy (surface);
      fail (self, _ ("There is not enough memory for this screen. Close other programs."));
      return FALSE;
    }
  framebuffer =
      G_OBJECT (vnc_base_framebuffer_new (cairo_image_surface_get_data (surface), width, height,
                                          cairo_image_surface_get_stride (surface), &pixel_format,
                                          vnc_connection_get_pixel_format (self->vnc)));
  /* The connection may outlive us by a turn of the loop, and its pixels with it. */
  g_object_set_data_full (framebuffer, "inn-surface", cairo_surface_reference (surface),
                          (GDestroyNotify)cairo_surface_destroy);
  vnc_connection_set_framebuffer (self->vnc, VNC_FRAMEBUFFER (framebuffer));
  g_clear_pointer (&self->damage, cairo_region_destroy);
  g_clear_pointer (&self->surface, cairo_surface_destroy);
  self->surface = surface;
  inn_display_source_emit_resized (INN_DISPLAY_SOURCE (self));
  return TRUE;
}

static void
on_desktop_resize (VncConnection *vnc, guint16 width, guint16 height, InnVncSource *self)
{
  g_autoptr (InnVncSource) alive = g_object_ref (self);

  /* The same size comes, too: the answer to a wish that was not granted. */
  if (self->surface != NULL && cairo_image_surface_get_width (self->surface) == width &&
      cairo_image_surface_get_height (self->surface) == height)
    return;
  if (create_framebuffer (self) && self->vnc != NULL)
    vnc_connection_framebuffer_update_request (self->vnc, FALSE, 0, 0, width, height);
}

static void
on_auth_choose_type (VncConnection *vnc, GValueArray *types, InnVncSource *self)
{
  /* The helper has let us in; the socket is the proof. */
  vnc_connection_set_auth_type (vnc, VNC_CONNECTION_AUTH_NONE);
}

static void
on_initialized (VncConnection *vnc, InnVncSource *self)
{
  /* Raw is the cheapest there is on one computer: 1.6 ms/Mpx; Tight 25, ZRLE 19 (measured). */
  static gint32 encodings[] = {
    VNC_CONNECTION_ENCODING_EXTENDED_DESKTOP_RESIZE,
    VNC_CONNECTION_ENCODING_DESKTOP_RESIZE,
    VNC_CONNECTION_ENCODING_ALPHA_CURSOR,
    VNC_CONNECTION_ENCODING_RICH_CURSOR,
    VNC_CONNECTION_ENCODING_XCURSOR,
    VNC_CONNECTION_ENCODING_POINTER_CHANGE,
    VNC_CONNECTION_ENCODING_EXT_KEY_EVENT,
    /* Without it QEMU guesses, and presses Num Lock itself before + and - of the keypad. */
    VNC_CONNECTION_ENCODING_LED_STATE,
    VNC_CONNECTION_ENCODING_RAW,
  };
  g_autoptr (InnVncSource) alive = g_object_ref (self);

  vnc_connection_set_pixel_format (vnc, &pixel_format);
  vnc_connection_set_encodings (vnc, G_N_ELEMENTS (encodings), encodings);
  inn_display_source_set_can_resize (INN_DISPLAY_SOURCE (self), TRUE);
  if (create_framebuffer (self) && self->vnc != NULL)
    vnc_connection_framebuffer_update_request (vnc, FALSE, 0, 0, vnc_connection_get_width (vnc),
                                               vnc_connection_get_height (vnc));
}

static void
on_pointer_mode_changed (VncConnection *vnc, gboolean absolute, InnVncSource *self)
{
  self->has_position = FALSE;
  inn_display_source_set_absolute (INN_DISPLAY_SOURCE (self), absolute);
}

static void
on_cursor_changed (VncConnection *vnc, VncCursor *cursor, InnVncSource *self)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GdkTexture) texture = NULL;
  int width, height;

  if (cursor == NULL || vnc_cursor_get_data (cursor) == NULL ||
      vnc_cursor_get_width (cursor) == 0 || vnc_cursor_get_height (cursor) == 0)
    {
      inn_display_source_set_cursor (INN_DISPLAY_SOURCE (self), NULL, 0, 0);
      return;
    }
  width = vnc_cursor_get_width (cursor);
  height = vnc_cursor_get_height (cursor);
  bytes = g_bytes_new (vnc_cursor_get_data (cursor), (gsize)width * height * 4);
  texture = gdk_memory_texture_new (width, height, GDK_MEMORY_R8G8B8A8, bytes, (gsize)width * 4);
  inn_display_source_set_cursor (INN_DISPLAY_SOURCE (self), texture,
                                 MIN (vnc_cursor_get_hotx (cursor), width - 1),
                                 MIN (vnc_cursor_get_hoty (cursor), height - 1));
}

static void
on_led_state (VncConnection *vnc, InnVncSource *self)
{
  self->has_leds = TRUE;
}

/* libgvnc 1.3 declares the signal with a marshaller that wants an argument more than it has. */
static GClosure *
led_closure_new (InnVncSource *self)
{
  GClosure *closure = g_cclosure_new (G_CALLBACK (on_led_state), self, NULL);

  g_closure_set_marshal (closure, g_cclosure_marshal_VOID__VOID);
  return closure;
}

static void
on_error (VncConnection *vnc, const char *message, InnVncSource *self)
{
  g_free (self->message);
  self->message = g_strdup (message);
}

static void
on_disconnected (VncConnection *vnc, InnVncSource *self)
{
  g_autofree char *text = NULL;

  if (self->message != NULL)
    text = g_strdup_printf (_ ("The connection to the screen broke (%s)."), self->message);
  else if (self->surface == NULL)
    text = g_strdup (_ ("The machine's screen did not answer."));
  fail (self, text);
}

static void
inn_vnc_source_start (InnDisplaySource *source, int fd)
{
  InnVncSource *self = INN_VNC_SOURCE (source);

  g_return_if_fail (self->vnc == NULL);
  self->vnc = vnc_connection_new ();
  vnc_connection_set_shared (self->vnc, TRUE);
  g_signal_connect (self->vnc, "vnc-auth-choose-type", G_CALLBACK (on_auth_choose_type), self);
  g_signal_connect (self->vnc, "vnc-initialized", G_CALLBACK (on_initialized), self);
  g_signal_connect (self->vnc, "vnc-desktop-resize", G_CALLBACK (on_desktop_resize), self);
  g_signal_connect (self->vnc, "vnc-framebuffer-update", G_CALLBACK (on_framebuffer_update), self);
  g_signal_connect (self->vnc, "vnc-pointer-mode-changed", G_CALLBACK (on_pointer_mode_changed),
                    self);
  g_signal_connect (self->vnc, "vnc-cursor-changed", G_CALLBACK (on_cursor_changed), self);
  g_signal_connect_closure (self->vnc, "vnc-led-state", led_closure_new (self), FALSE);
  g_signal_connect (self->vnc, "vnc-error", G_CALLBACK (on_error), self);
  g_signal_connect (self->vnc, "vnc-disconnected", G_CALLBACK (on_disconnected), self);
  g_clear_pointer (&self->message, g_free);
  if (!vnc_connection_open_fd (self->vnc, fd))
    {
      close (fd);
      fail (self, _ ("The machine's screen could not be opened."));
    }
}

static void
inn_vnc_source_stop (InnDisplaySource *source)
{
  disconnect (INN_VNC_SOURCE (source));
}

/* QEMU takes a position as a part of a width that it has rounded up to its own grid, 16 pixels
 * (ui/vnc.c, pointer_event() and vnc_width()), whatever width it tells: at the right edge of a
 * screen of 1073 pixels the guest's pointer was 15 off. */
static guint16
stretch (InnVncSource *self)
{
  const guint width = (guint)MAX (1, vnc_connection_get_width (self->vnc));
  const guint grid = (width + 15) / 16 * 16;

  return (guint16)((self->x * grid + width / 2) / width);
}

static void
send_pointer (InnVncSource *self, guint8 mask)
{
  if (inn_display_source_get_absolute (INN_DISPLAY_SOURCE (self)))
    vnc_connection_pointer_event (self->vnc, mask, stretch (self), self->y);
  else
    vnc_connection_pointer_event (self->vnc, mask, RELATIVE_ZERO, RELATIVE_ZERO);
}

static gboolean
is_open (InnVncSource *self)
{
  return self->vnc != NULL && vnc_connection_is_initialized (self->vnc);
}

static gboolean
on_nudge (gpointer data)
{
  InnVncSource *self = data;
  const gboolean has_peer = is_open (self);

  /* The library closes before it tells, and never frees what is sent in between. */
  if (has_peer)
    send_pointer (self, self->buttons);
  if (has_peer && --self->nudges > 0)
    return G_SOURCE_CONTINUE;
  self->nudge = 0;
  return G_SOURCE_REMOVE;
}

static void
start_nudging (InnVncSource *self)
{
  /* Before the pointer was ever on this screen there is no position that says nothing new. */
  if (!self->has_position && inn_display_source_get_absolute (INN_DISPLAY_SOURCE (self)))
    return;
  self->nudges = NUDGE_MAX;
  if (self->nudge == 0)
    self->nudge = g_timeout_add (NUDGE_MS, on_nudge, self);
}

static void
inn_vnc_source_key (InnDisplaySource *source, guint keyval, guint qnum, gboolean down)
{
  InnVncSource *self = INN_VNC_SOURCE (source);

  if (!is_open (self))
    return;
  vnc_connection_key_event (self->vnc, down, keyval, (guint16)qnum);
  start_nudging (self);
}

static void
inn_vnc_source_motion (InnDisplaySource *source, double x, double y)
{
  InnVncSource *self = INN_VNC_SOURCE (source);

  if (!is_open (self))
    return;
  if (inn_display_source_get_absolute (source))
    {
      self->x = (guint16)CLAMP (x, 0, vnc_connection_get_width (self->vnc) - 1);
      self->y = (guint16)CLAMP (y, 0, vnc_connection_get_height (self->vnc) - 1);
      self->has_position = TRUE;
      send_pointer (self, self->buttons);
    }
  else
    {
      vnc_connection_pointer_event (self->vnc, self->buttons,
                                    (guint16)CLAMP (RELATIVE_ZERO + x, 0, G_MAXUINT16),
                                    (guint16)CLAMP (RELATIVE_ZERO + y, 0, G_MAXUINT16));
    }
  start_nudging (self);
}

static void
inn_vnc_source_button (InnDisplaySource *source, guint button, gboolean down)
{
  /* RFB has eight bits: there is none for 9 (forward). */
  static const guint8 masks[] = {
    [1] = MASK_LEFT, [2] = MASK_MIDDLE, [3] = MASK_RIGHT, [8] = MASK_BACK
  };
  InnVncSource *self = INN_VNC_SOURCE (source);
  const guint8 mask = button < G_N_ELEMENTS (masks) ? masks[button] : 0;

  if (!is_open (self) || mask == 0)
    return;
  self->buttons = down ? self->buttons | mask : self->buttons & ~mask;
  send_pointer (self, self->buttons);
  start_nudging (self);
}

static void
send_clicks (InnVncSource *self, guint8 mask, int clicks)
{
  for (int i = 0; i < clicks; i++)
    {
      send_pointer (self, self->buttons | mask);
      send_pointer (self, self->buttons);
    }
}

static void
inn_vnc_source_scroll (InnDisplaySource *source, int dx, int dy)
{
  InnVncSource *self = INN_VNC_SOURCE (source);

  if (!is_open (self))
    return;
  send_clicks (self, dy < 0 ? MASK_UP : MASK_DOWN, ABS (dy));
  send_clicks (self, dx < 0 ? MASK_SCROLL_LEFT : MASK_SCROLL_RIGHT, ABS (dx));
  start_nudging (self);
}

static void
inn_vnc_source_set_size (InnDisplaySource *source, guint width, guint height)
{
  InnVncSource *self = INN_VNC_SOURCE (source);

  if (!is_open (self))
    return;
  if (vnc_connection_set_size (self->vnc, CLAMP (width, 1, INN_DISPLAY_MAX_SIDE),
                               CLAMP (height, 1, INN_DISPLAY_MAX_SIDE)) ==
      VNC_CONNECTION_RESIZE_STATUS_UNSUPPORTED)
    inn_display_source_set_can_resize (source, FALSE);
}

static void
inn_vnc_source_set_seen (InnDisplaySource *source, gboolean seen)
{
  InnVncSource *self = INN_VNC_SOURCE (source);

  self->unseen = !seen;
  if (seen && self->owed && self->vnc != NULL)
    request (self);
}

static cairo_surface_t *
inn_vnc_source_get_surface (InnDisplaySource *source)
{
  return INN_VNC_SOURCE (source)->surface;
}

static gboolean
inn_vnc_source_get_locks (InnDisplaySource *source, InnLocks *out_locks)
{
  InnVncSource *self = INN_VNC_SOURCE (source);
  int leds;

  if (!is_open (self) || !self->has_leds)
    return FALSE;
  leds = vnc_connection_get_ledstate (self->vnc);
  *out_locks = (leds & VNC_LEDSTATE_NUM_LOCK ? INN_LOCKS_NUM : 0) |
               (leds & VNC_LEDSTATE_CAPS_LOCK ? INN_LOCKS_CAPS : 0);
  return TRUE;
}

static void
inn_vnc_source_finalize (GObject *object)
{
  InnVncSource *self = INN_VNC_SOURCE (object);

  disconnect (self);
  g_clear_pointer (&self->surface, cairo_surface_destroy);
  g_free (self->message);
  G_OBJECT_CLASS (inn_vnc_source_parent_class)->finalize (object);
}

static void
inn_vnc_source_class_init (InnVncSourceClass *klass)
{
  InnDisplaySourceClass *source_class = INN_DISPLAY_SOURCE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = inn_vnc_source_finalize;
  source_class->start = inn_vnc_source_start;
  source_class->stop = inn_vnc_source_stop;
  source_class->key = inn_vnc_source_key;
  source_class->motion = inn_vnc_source_motion;
  source_class->button = inn_vnc_source_button;
  source_class->scroll = inn_vnc_source_scroll;
  source_class->set_size = inn_vnc_source_set_size;
  source_class->set_seen = inn_vnc_source_set_seen;
  source_class->get_surface = inn_vnc_source_get_surface;
  source_class->get_locks = inn_vnc_source_get_locks;
}

static void
inn_vnc_source_init (InnVncSource *self)
{
}

InnDisplaySource *
inn_vnc_source_new (void)
{
  return g_object_new (INN_TYPE_VNC_SOURCE, NULL);
}
