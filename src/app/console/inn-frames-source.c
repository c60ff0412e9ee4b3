/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-frames-source.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/inn-frames.h"

#define MAX_PACKETS 64 /* at once: drawing comes in between */

typedef struct
{
  void *data;
  gsize size;
} Memory;

struct _InnFramesSource
{
  InnDisplaySource parent_instance;

  int fd; /* -1: closed */
  guint watch;
  cairo_surface_t *surface;
  cairo_region_t *damage; /* of the packets that are being read */
  InnLocks locks;
  gboolean has_locks;
  gboolean unseen;
  double rest_x, rest_y; /* of a pointer that goes by less than a pixel */
};

G_DEFINE_FINAL_TYPE (InnFramesSource, inn_frames_source, INN_TYPE_DISPLAY_SOURCE)

static const cairo_user_data_key_t memory_key;

static void
disconnect (InnFramesSource *self)
{
  g_clear_handle_id (&self->watch, g_source_remove);
  g_clear_pointer (&self->damage, cairo_region_destroy);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

static void
fail (InnFramesSource *self, const char *message)
{
  g_autoptr (GError) error =
      message != NULL ? g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, message) : NULL;

  disconnect (self);
  inn_display_source_emit_closed (INN_DISPLAY_SOURCE (self), error);
}

/* ---- memory ---- */

static void
memory_free (gpointer data)
{
  Memory *memory = data;

  munmap (memory->data, memory->size);
  g_free (memory);
}

/* Memory that could become smaller would end us where it is read. NULL: it is not as it should be.
 */
static Memory *
memory_map (int fd, gsize size)
{
  struct stat facts;
  const int seals = fcntl (fd, F_GET_SEALS);
  void *data;
  Memory *memory;

  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstat (fd, &facts) < 0 ||
      (guint64)facts.st_size < size)
    return NULL;
  data = mmap (NULL, size, PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED)
    return NULL;
  memory = g_new (Memory, 1);
  *memory = (Memory){ data, size };
  return memory;
}

/* ---- what comes ---- */

static gboolean
take_picture (InnFramesSource *self, const gint32 *values, guint n, int fd)
{
  const gint32 width = n == 3 ? values[0] : 0, height = n == 3 ? values[1] : 0;
  const gint32 stride = n == 3 ? values[2] : 0;
  cairo_surface_t *surface;
  Memory *memory;

  if (width < 1 || height < 1 || width > INN_DISPLAY_MAX_SIDE || height > INN_DISPLAY_MAX_SIDE ||
      stride < width * 4 || stride > INN_DISPLAY_MAX_SIDE * 4 || stride % 4 != 0 || fd < 0)
    return FALSE;
  memory = memory_map (fd, (gsize)stride * (gsize)height);
  if (memory == NULL)
    return FALSE;
  surface =
      cairo_image_surface_create_for_data (memory->data, CAIRO_FORMAT_RGB24, width, height, stride);
  if (cairo_surface_status (surface) != CAIRO_STATUS_SUCCESS ||
      cairo_surface_set_user_data (surface, &memory_key, memory, memory_free) !=
          CAIRO_STATUS_SUCCESS)
    {
      cairo_surface_destroy (surface);
      memory_free (memory);
      return FALSE;
    }
  g_clear_pointer (&self->damage, cairo_region_destroy);
  g_clear_pointer (&self->surface, cairo_surface_destroy);
  self->surface = surface;
  inn_display_source_emit_resized (INN_DISPLAY_SOURCE (self));
  return TRUE;
}

static gboolean
take_changes (InnFramesSource *self, const gint32 *values, guint n)
{
  const cairo_rectangle_int_t all = {
    0, 0, self->surface != NULL ? cairo_image_surface_get_width (self->surface) : 0,
    self->surface != NULL ? cairo_image_surface_get_height (self->surface) : 0
  };

  if (self->surface == NULL || n == 0 || n % 4 != 0)
    return FALSE;
  if (self->damage == NULL)
    self->damage = cairo_region_create ();
  for (guint i = 0; i < n; i += 4)
    {
      const cairo_rectangle_int_t rectangle = { values[i], values[i + 1], values[i + 2],
                                                values[i + 3] };

      if (rectangle.x < 0 || rectangle.y < 0 || rectangle.width < 1 || rectangle.height < 1 ||
          rectangle.width > all.width || rectangle.height > all.height ||
          rectangle.x > all.width - rectangle.width || rectangle.y > all.height - rectangle.height)
        return FALSE;
      cairo_region_union_rectangle (self->damage, &rectangle);
    }
  return TRUE;
}

static gboolean
take_cursor (InnFramesSource *self, const gint32 *values, guint n, int fd)
{
  const gint32 width = n == 4 ? values[0] : 0, height = n == 4 ? values[1] : 0;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GdkTexture) texture = NULL;
  Memory *memory;

  if (width < 1 || height < 1 || width > INN_FRAMES_MAX_CURSOR || height > INN_FRAMES_MAX_CURSOR ||
      fd < 0)
    return FALSE;
  memory = memory_map (fd, (gsize)width * 4 * (gsize)height);
  if (memory == NULL)
    return FALSE;
  bytes = g_bytes_new (memory->data, memory->size);
  memory_free (memory);
  texture = gdk_memory_texture_new (width, height, GDK_MEMORY_DEFAULT, bytes, (gsize)width * 4);
  inn_display_source_set_cursor (INN_DISPLAY_SOURCE (self), texture,
                                 CLAMP (values[2], 0, width - 1), CLAMP (values[3], 0, height - 1));
  return TRUE;
}

static gboolean
take_input (InnFramesSource *self, const gint32 *values, guint n)
{
  InnDisplaySource *source = INN_DISPLAY_SOURCE (self);

  if (n != 3)
    return FALSE;
  self->has_locks = (values[1] & INN_FRAMES_LOCKS_KNOWN) != 0;
  self->locks = ((values[1] & INN_FRAMES_NUM_LOCK) != 0 ? INN_LOCKS_NUM : 0) |
                ((values[1] & INN_FRAMES_CAPS_LOCK) != 0 ? INN_LOCKS_CAPS : 0);
  inn_display_source_set_absolute (source, values[0] != 0);
  inn_display_source_set_can_resize (source, values[2] != 0);
  return TRUE;
}

static gboolean
take_packet (InnFramesSource *self, const struct inn_frames_packet *packet, guint n, int fd)
{
  switch (packet->type)
    {
    case INN_FRAMES_PICTURE:
      return take_picture (self, packet->values, n, fd);
    case INN_FRAMES_CHANGED:
      return take_changes (self, packet->values, n);
    case INN_FRAMES_CURSOR:
      return take_cursor (self, packet->values, n, fd);
    case INN_FRAMES_INPUT:
      return take_input (self, packet->values, n);
    default: /* the last picture stays */
      return TRUE;
    }
}

/* Answers the packet's size, 0 at the end, -1 with errno; *@out_fd: -1 where none came. */
static gssize
receive (int fd, struct inn_frames_packet *packet, int *out_fd)
{
  struct iovec bytes = { packet, sizeof *packet };
  union
  {
    struct cmsghdr header;
    char room[CMSG_SPACE (sizeof (int))];
  } control;
  struct msghdr message = {
    .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  const gssize size = recvmsg (fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  const struct cmsghdr *header = size >= 0 ? CMSG_FIRSTHDR (&message) : NULL;

  *out_fd = -1;
  if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
    memcpy (out_fd, CMSG_DATA (header), sizeof *out_fd);
  return size;
}

/* One packet. FALSE: there is no more, for now or at all. */
static gboolean
read_packet (InnFramesSource *self)
{
  struct inn_frames_packet packet;
  int passed;
  const gssize size = receive (self->fd, &packet, &passed);
  gboolean good;

  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return FALSE;
  if (size <= 0)
    {
      fail (self, self->surface != NULL ? NULL : _ ("The machine's screen did not answer."));
      return FALSE;
    }
  good = size >= (gssize)sizeof packet.type && size % 4 == 0 &&
         take_packet (self, &packet, (guint)(size - (gssize)sizeof packet.type) / 4, passed);
  if (passed >= 0)
    close (passed);
  if (!good)
    fail (self, _ ("What the machine's screen said makes no sense. Restart the machine."));
  return good;
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer data)
{
  g_autoptr (InnFramesSource) self = g_object_ref (data);
  cairo_region_t *damage;

  for (guint i = 0; i < MAX_PACKETS && self->fd >= 0 && read_packet (self); i++)
    ;
  damage = g_steal_pointer (&self->damage);
  if (damage != NULL)
    {
      inn_display_source_emit_damaged (INN_DISPLAY_SOURCE (self), damage);
      cairo_region_destroy (damage);
    }
  return G_SOURCE_CONTINUE; /* or removed, by whoever closed it */
}

/* ---- what is said ---- */

/* A screen that takes nothing misses something rather than that we wait. */
static void
say (InnFramesSource *self, guint32 type, const gint32 *values, gsize n)
{
  struct inn_frames_packet packet = { .type = type };

  memcpy (packet.values, values, n * sizeof *values);
  if (self->fd >= 0)
    send (self->fd, &packet, sizeof packet.type + n * sizeof *values, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
say_two (InnFramesSource *self, guint32 type, gint32 first, gint32 second)
{
  const gint32 values[] = { first, second };

  say (self, type, values, G_N_ELEMENTS (values));
}

static void
say_seen (InnFramesSource *self)
{
  const gint32 seen = !self->unseen;

  say (self, INN_FRAMES_LOOK, &seen, 1);
}

static void
inn_frames_source_start (InnDisplaySource *source, int fd)
{
  InnFramesSource *self = INN_FRAMES_SOURCE (source);

  g_return_if_fail (self->fd < 0);
  self->fd = fd;
  self->watch = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, self);
  say_seen (self);
}

static void
inn_frames_source_set_seen (InnDisplaySource *source, gboolean seen)
{
  InnFramesSource *self = INN_FRAMES_SOURCE (source);

  if (self->unseen == !seen)
    return;
  self->unseen = !seen;
  say_seen (self);
}

static void
inn_frames_source_stop (InnDisplaySource *source)
{
  disconnect (INN_FRAMES_SOURCE (source));
}

static void
inn_frames_source_key (InnDisplaySource *source, guint keyval, guint qnum, gboolean down)
{
  say_two (INN_FRAMES_SOURCE (source), INN_FRAMES_KEY, (gint32)qnum, down);
}

static gint32
whole (double *rest, double value)
{
  const double sum = *rest + value;
  const gint32 result = (gint32)CLAMP (sum, -INN_FRAMES_MAX_SIDE, INN_FRAMES_MAX_SIDE);

  *rest = sum - result;
  return result;
}

static void
inn_frames_source_motion (InnDisplaySource *source, double x, double y)
{
  InnFramesSource *self = INN_FRAMES_SOURCE (source);

  if (self->surface == NULL)
    return;
  if (inn_display_source_get_absolute (source))
    say_two (self, INN_FRAMES_TO,
             (gint32)CLAMP (x, 0, cairo_image_surface_get_width (self->surface) - 1),
             (gint32)CLAMP (y, 0, cairo_image_surface_get_height (self->surface) - 1));
  else
    say_two (self, INN_FRAMES_BY, whole (&self->rest_x, x), whole (&self->rest_y, y));
}

static void
inn_frames_source_button (InnDisplaySource *source, guint button, gboolean down)
{
  static const gint32 buttons[] = { [1] = INN_FRAMES_LEFT,
                                    [2] = INN_FRAMES_MIDDLE,
                                    [3] = INN_FRAMES_RIGHT,
                                    [8] = INN_FRAMES_BACK,
                                    [9] = INN_FRAMES_FORWARD };

  if (button == 0 || button >= G_N_ELEMENTS (buttons) || (button > 3 && button < 8))
    return;
  say_two (INN_FRAMES_SOURCE (source), INN_FRAMES_BUTTON, buttons[button], down);
}

static void
click (InnFramesSource *self, gint32 button, int clicks)
{
  for (int i = 0; i < clicks; i++)
    {
      say_two (self, INN_FRAMES_BUTTON, button, TRUE);
      say_two (self, INN_FRAMES_BUTTON, button, FALSE);
    }
}

static void
inn_frames_source_scroll (InnDisplaySource *source, int dx, int dy)
{
  InnFramesSource *self = INN_FRAMES_SOURCE (source);

  click (self, dy < 0 ? INN_FRAMES_WHEEL_UP : INN_FRAMES_WHEEL_DOWN, ABS (dy));
  click (self, dx < 0 ? INN_FRAMES_WHEEL_LEFT : INN_FRAMES_WHEEL_RIGHT, ABS (dx));
}

static void
inn_frames_source_set_size (InnDisplaySource *source, guint width, guint height)
{
  const gint32 values[] = { (gint32)CLAMP (width, 1, INN_DISPLAY_MAX_SIDE),
                            (gint32)CLAMP (height, 1, INN_DISPLAY_MAX_SIDE), 0, 0 };

  say (INN_FRAMES_SOURCE (source), INN_FRAMES_SIZE, values, G_N_ELEMENTS (values));
}

static cairo_surface_t *
inn_frames_source_get_surface (InnDisplaySource *source)
{
  return INN_FRAMES_SOURCE (source)->surface;
}

static gboolean
inn_frames_source_get_locks (InnDisplaySource *source, InnLocks *out_locks)
{
  InnFramesSource *self = INN_FRAMES_SOURCE (source);

  *out_locks = self->locks;
  return self->has_locks;
}

static void
inn_frames_source_dispose (GObject *object)
{
  disconnect (INN_FRAMES_SOURCE (object));
  G_OBJECT_CLASS (inn_frames_source_parent_class)->dispose (object);
}

static void
inn_frames_source_finalize (GObject *object)
{
  g_clear_pointer (&INN_FRAMES_SOURCE (object)->surface, cairo_surface_destroy);
  G_OBJECT_CLASS (inn_frames_source_parent_class)->finalize (object);
}

static void
inn_frames_source_class_init (InnFramesSourceClass *klass)
{
  InnDisplaySourceClass *source_class = INN_DISPLAY_SOURCE_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_frames_source_dispose;
  G_OBJECT_CLASS (klass)->finalize = inn_frames_source_finalize;
  source_class->start = inn_frames_source_start;
  source_class->stop = inn_frames_source_stop;
  source_class->key = inn_frames_source_key;
  source_class->motion = inn_frames_source_motion;
  source_class->button = inn_frames_source_button;
  source_class->scroll = inn_frames_source_scroll;
  source_class->set_size = inn_frames_source_set_size;
  source_class->get_surface = inn_frames_source_get_surface;
  source_class->set_seen = inn_frames_source_set_seen;
  source_class->get_locks = inn_frames_source_get_locks;
}

static void
inn_frames_source_init (InnFramesSource *self)
{
  self->fd = -1;
}

InnDisplaySource *
inn_frames_source_new (void)
{
  return g_object_new (INN_TYPE_FRAMES_SOURCE, NULL);
}
