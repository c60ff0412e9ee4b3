/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* QEMU's D-Bus display (ui/dbus-display1.xml): one connection for what it is told, and, while
 * anybody looks, one on which it tells of its screen. QEMU 7.2 waits for the greeting of the second
 * with all that it does, keeps what is not read in its memory, and forgets a new second one when
 * the old one's end comes after it: so that is read at once, whatever viewers do, and there is a
 * while between two. */
#include "vmm-screen-private.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROOT         "/org/qemu/Display1"
#define NAME         "org.qemu.Display1"
#define PROPERTIES   "org.freedesktop.DBus.Properties"
#define MAX_CONSOLES 16
#define AGAIN_MS     60   /* between an old connection and a new one */
#define SOON_MS      5    /* where there was no room to ask */
#define WRONG_MS     1000 /* after what made no sense */
#define DIFFER_MS    100  /* that the picture has another size than QEMU says */

struct screen_state screen_state = { .picture.fd = -1,
                                     .cursor.fd = -1,
                                     .absolute = 1,
                                     .resizable = 1 };

static struct wire control = { .fd = -1, .passed = -1 }, listener = { .fd = -1, .passed = -1 };
static char console[64];      /* the path of the one that is shown; "": none is known yet */
static unsigned candidate;    /* that is asked whether it is graphic */
static uint32_t asked, sized; /* serials of questions; 0: none */
static bool ready, wanted, fresh;
static int64_t due; /* ms; 0: nothing is */
static struct screen_rect coming;
static struct screen_rect told;      /* how large the console says it is; 0: it has not */
static int64_t differ_since;         /* ms; 0: the picture is as large */
static struct screen_rect refreshed; /* by two sizes that differed, in vain if they do still */

static int64_t
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* ---- pictures ---- */

static int32_t
most (int32_t a, int32_t b)
{
  return a > b ? a : b;
}

static long
refuse (const char *what)
{
  screen_log ("QEMU's %s makes no sense", what);
  return -1;
}

/* To another size, with what is in both. */
static bool
resize (int32_t width, int32_t height)
{
  struct screen_memory *picture = &screen_state.picture, old = *picture;
  const size_t row = (size_t)4 * (size_t)(width < old.width ? width : old.width);
  const int32_t rows = height < old.height ? height : old.height;

  *picture = (struct screen_memory){ .fd = -1 };
  if (!screen_memory_make (picture, width, height))
    {
      *picture = old;
      screen_log ("there is no memory for a picture of %d × %d", width, height);
      return false;
    }
  for (int32_t y = 0; y < rows; y++)
    memcpy (picture->data + (size_t)y * (size_t)picture->stride,
            old.data + (size_t)y * (size_t)old.stride, row);
  screen_memory_drop (&old);
  screen_viewers_tell_picture ();
  return true;
}

/* QEMU need not send the whole of a picture that has another size than the one before. What it says
 * of the size comes the other way: before the picture, or after it, and then it may be of one
 * before that. Only where the two differ for a while the whole is asked for, once. */
static void
fit (void)
{
  const struct screen_memory *picture = &screen_state.picture;
  const struct screen_rect both = { picture->width, picture->height, told.width, told.height };
  const bool differ = fresh && told.width > 0 && told.height > 0 &&
                      (told.width != picture->width || told.height != picture->height);

  if (fresh && !differ)
    refreshed = (struct screen_rect){ 0 };
  if (!differ || memcmp (&both, &refreshed, sizeof both) == 0)
    differ_since = 0;
  else if (differ_since == 0)
    differ_since = now ();
}

/* Rows of @rect of @memory are next; so many bytes of the body are behind. */
static long
expect (struct wire *wire,
        const struct wire_in *in,
        uint32_t length,
        struct screen_memory *memory,
        struct screen_rect rect,
        uint32_t stride,
        uint32_t format)
{
  void (*convert) (uint32_t * to, const uint8_t *from, uint32_t width);
  const uint32_t bytes = screen_convert (format, &convert);
  const size_t used = bytes * (size_t)rect.width;

  if (bytes == 0 || stride < used || stride > 4 * INN_FRAMES_MAX_SIDE ||
      length != (uint64_t)stride * (uint64_t)rect.height)
    return refuse ("picture");
  wire->rows = (struct wire_rows){
    .to = memory->data + (size_t)rect.y * (size_t)memory->stride + (size_t)rect.x * 4,
    .to_stride = (size_t)memory->stride,
    .from_stride = stride,
    .bytes = used,
    .rows = (uint32_t)rect.height,
    .convert = convert,
    .width = (uint32_t)rect.width,
  };
  wire->to_rows = true;
  return (long)in->at;
}

static long
on_scanout (struct wire *wire, const struct wire_message *message)
{
  struct wire_in in = wire_open (message);
  const uint32_t width = wire_take_u32 (&in), height = wire_take_u32 (&in);
  const uint32_t stride = wire_take_u32 (&in), format = wire_take_u32 (&in);
  const uint32_t length = wire_take_u32 (&in);
  struct screen_memory *picture = &screen_state.picture;

  if (in.failed || width < 1 || height < 1 || width > INN_FRAMES_MAX_SIDE ||
      height > INN_FRAMES_MAX_SIDE || message->size != in.at + (uint64_t)length)
    return refuse ("picture");
  if ((picture->width != (int32_t)width || picture->height != (int32_t)height) &&
      !screen_memory_make (picture, (int32_t)width, (int32_t)height))
    {
      screen_log ("there is no memory for a picture of %u × %u", width, height);
      return -1;
    }
  else if (picture->fd < 0)
    return -1;
  coming = (struct screen_rect){ 0, 0, (int32_t)width, (int32_t)height };
  return expect (wire, &in, length, picture, coming, stride, format);
}

static long
on_update (struct wire *wire, const struct wire_message *message)
{
  struct wire_in in = wire_open (message);
  const struct screen_memory *picture = &screen_state.picture;
  struct screen_rect rect;
  uint32_t stride, format, length;

  rect.x = (int32_t)wire_take_u32 (&in);
  rect.y = (int32_t)wire_take_u32 (&in);
  rect.width = (int32_t)wire_take_u32 (&in);
  rect.height = (int32_t)wire_take_u32 (&in);
  stride = wire_take_u32 (&in);
  format = wire_take_u32 (&in);
  length = wire_take_u32 (&in);
  if (in.failed || rect.x < 0 || rect.y < 0 || rect.width < 1 || rect.height < 1 ||
      rect.width > INN_FRAMES_MAX_SIDE || rect.x > INN_FRAMES_MAX_SIDE - rect.width ||
      rect.height > INN_FRAMES_MAX_SIDE || rect.y > INN_FRAMES_MAX_SIDE - rect.height ||
      message->size != in.at + (uint64_t)length)
    return refuse ("change of the picture");
  if ((rect.x + rect.width > picture->width || rect.y + rect.height > picture->height) &&
      !resize (most (picture->width, rect.x + rect.width),
               most (picture->height, rect.y + rect.height)))
    return -1;
  coming = rect;
  return expect (wire, &in, length, &screen_state.picture, rect, stride, format);
}

static void
on_rows (struct wire *wire)
{
  const struct screen_memory *picture = &screen_state.picture;

  (void)wire;
  if (!fresh && (coming.width != picture->width || coming.height != picture->height))
    return; /* a part, before the whole that is on its way */
  fresh = true;
  /* Standard VGA is looked at by rows; what else tells of itself does so at once. */
  if (coming.width == picture->width && coming.height < picture->height)
    screen_state.pieces++;
  if (coming.width == picture->width && coming.height == picture->height)
    screen_viewers_tell_picture (); /* those who have it already are told that it has changed */
  else
    screen_viewers_damage (coming);
  fit ();
}

static long
on_told (struct wire *wire, const struct wire_message *message)
{
  static const struct
  {
    const char *member;
    long (*heard) (struct wire *wire, const struct wire_message *message);
  } members[] = {
    { "Scanout", on_scanout },
    { "Update", on_update },
  };

  if (message->type != WIRE_CALL)
    return 0;
  if (strcmp (message->interface, NAME ".Listener") == 0)
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
      if (strcmp (message->member, members[i].member) == 0)
        return members[i].heard (wire, message);
  /* QEMU asks for properties, of which we have none, and waits. */
  if ((message->flags & WIRE_NO_REPLY) == 0)
    wire_answer (wire, message->serial, strcmp (message->member, "GetAll") == 0 ? "a{sv}" : "");
  return 0;
}

static void
on_listening (struct wire *wire)
{
  (void)wire;
}

static const struct wire_ops listener_ops = { on_listening, on_told, on_rows };

/* ---- what it is told ---- */

static void
look_after (int64_t ms)
{
  if (due == 0)
    due = now () + ms;
}

static void
listen_again (void)
{
  int pair[2];

  if (!wanted || !ready || !*console || listener.fd >= 0)
    return;
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    {
      look_after (WRONG_MS);
      return;
    }
  if (!wire_call (&control, false, console, NAME ".Console", "RegisterListener", "h", pair[1]))
    {
      close (pair[0]);
      close (pair[1]);
      look_after (SOON_MS);
      return;
    }
  wire_begin (&listener, pair[0], &listener_ops);
}

static void
stop_listening (int64_t ms)
{
  if (listener.fd < 0)
    return;
  wire_end (&listener);
  fresh = false;
  differ_since = 0;
  due = 0;
  look_after (ms);
}

void
screen_qemu_look (bool look)
{
  wanted = look;
  if (!look)
    stop_listening (AGAIN_MS);
  else if (due == 0)
    listen_again ();
}

static void
ask_candidate (void)
{
  char path[64];

  told = (struct screen_rect){ 0 };
  snprintf (path, sizeof path, ROOT "/Console_%u", candidate);
  asked = wire_call (&control, true, path, PROPERTIES, "GetAll", "s", NAME ".Console");
}

static void
choose (unsigned number)
{
  snprintf (console, sizeof console, ROOT "/Console_%u", number);
  wire_call (&control, true, console, PROPERTIES, "GetAll", "s", NAME ".Mouse");
  wire_call (&control, true, console, PROPERTIES, "GetAll", "s", NAME ".Keyboard");
  asked = 0;
  listen_again ();
}

static void
on_ready (struct wire *wire)
{
  (void)wire;
  ready = true;
  ask_candidate ();
}

/* Of the a{sv} that is next. @changed: it is news. */
static void
take_properties (struct wire_in *in, bool changed)
{
  const uint32_t size = wire_take_u32 (in);
  size_t end;

  wire_align (in, 8);
  end = in->at + size;
  while (in->at < end && !in->failed)
    {
      const char *name, *type;

      wire_align (in, 8);
      name = wire_take_string (in);
      type = wire_take_signature (in);
      if (strcmp (name, "IsAbsolute") == 0 && strcmp (type, "b") == 0)
        screen_state.absolute = wire_take_u32 (in) != 0;
      else if (strcmp (name, "Modifiers") == 0 && strcmp (type, "u") == 0)
        {
          const int32_t locks = (int32_t)(wire_take_u32 (in) & (INN_FRAMES_LOCKS_KNOWN - 1));

          screen_state.locks = locks | (changed || locks ? INN_FRAMES_LOCKS_KNOWN : 0);
        }
      else if (strcmp (name, "Width") == 0 && strcmp (type, "u") == 0)
        told.width = (int32_t)wire_take_u32 (in);
      else if (strcmp (name, "Height") == 0 && strcmp (type, "u") == 0)
        told.height = (int32_t)wire_take_u32 (in);
      else if (strcmp (name, "Type") == 0 && strcmp (type, "s") == 0)
        {
          if (strcmp (wire_take_string (in), "Graphic") == 0 && asked)
            choose (candidate);
        }
      else
        wire_skip (in, type);
    }
}

static long
on_said (struct wire *wire, const struct wire_message *message)
{
  struct wire_in in = wire_open (message);
  const struct screen_state before = screen_state;

  (void)wire;
  if (message->have < message->size)
    return 0;
  if (message->type == WIRE_SIGNAL && strcmp (message->member, "PropertiesChanged") == 0 &&
      strcmp (message->path, console) == 0)
    {
      wire_take_string (&in);
      take_properties (&in, true);
    }
  else if (message->type == WIRE_RETURN && message->size > 0)
    take_properties (&in, false);
  else if (message->type == WIRE_ERROR && sized && message->answers == sized)
    screen_state.resizable = 0;
  if (asked && message->answers == asked)
    {
      if (++candidate < MAX_CONSOLES && message->type == WIRE_RETURN)
        ask_candidate ();
      else
        choose (0);
    }
  if (before.absolute != screen_state.absolute || before.locks != screen_state.locks ||
      before.resizable != screen_state.resizable)
    screen_viewers_tell_input ();
  fit ();
  return 0;
}

static const struct wire_ops control_ops = { on_ready, on_said, NULL };

static void
forget (void)
{
  wire_end (&control);
  wire_end (&listener);
  ready = fresh = false;
  *console = 0;
  candidate = 0;
  asked = sized = 0;
  due = 0;
  screen_state.resizable = 1;
}

void
screen_qemu_begin (int fd)
{
  forget ();
  if (fd >= 0)
    wire_begin (&control, fd, &control_ops);
}

bool
screen_qemu_has_room (void)
{
  return control.pending < WIRE_PENDING / 2;
}

void
screen_qemu_input (const struct inn_frames_packet *packet, unsigned n)
{
  const int32_t *values = packet->values;
  const char *press = n == 2 && values[1] ? "Press" : "Release";

  if (!ready || !*console)
    return;
  if (packet->type == INN_FRAMES_KEY && n == 2)
    wire_call (&control, false, console, NAME ".Keyboard", press, "u", values[0]);
  else if (packet->type == INN_FRAMES_BUTTON && n == 2)
    wire_call (&control, false, console, NAME ".Mouse", press, "u", values[0]);
  else if (packet->type == INN_FRAMES_TO && n == 2)
    wire_call (&control, false, console, NAME ".Mouse", "SetAbsPosition", "uu", values[0],
               values[1]);
  else if (packet->type == INN_FRAMES_BY && n == 2)
    wire_call (&control, false, console, NAME ".Mouse", "RelMotion", "ii", values[0], values[1]);
  else if (packet->type == INN_FRAMES_SIZE && n == 4)
    sized = wire_call (&control, true, console, NAME ".Console", "SetUIInfo", "qqiiuu",
                       (unsigned)values[2], (unsigned)values[3], 0, 0, values[0], values[1]);
}

/* ---- the loop's ---- */

void
screen_qemu_get_fds (int fds[2], bool writes[2])
{
  fds[0] = listener.fd; /* first: what it says is older than the size that the other tells */
  writes[0] = wire_wants_write (&listener);
  fds[1] = control.fd;
  writes[1] = wire_wants_write (&control);
}

static bool
go_on (struct wire *wire, uint32_t events)
{
  if ((events & EPOLLOUT) && !wire_write (wire))
    return false;
  return !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)) || wire_read (wire);
}

void
screen_qemu_on (int fd, uint32_t events)
{
  if (fd == control.fd && !go_on (&control, events))
    {
      forget ();
      screen_viewers_end ();
    }
  else if (fd == listener.fd && !go_on (&listener, events))
    stop_listening (WRONG_MS);
}

int
screen_qemu_get_delay (void)
{
  const int64_t next = due ? due : differ_since ? differ_since + DIFFER_MS : 0;
  const int64_t left = next - now ();

  return next == 0 ? -1 : left > 0 ? (int)left : 0;
}

/* Whoever looks anew is sent all of it. */
static void
refresh (void)
{
  const struct screen_memory *picture = &screen_state.picture;

  refreshed = (struct screen_rect){ picture->width, picture->height, told.width, told.height };
  stop_listening (AGAIN_MS);
}

void
screen_qemu_due (void)
{
  if (differ_since != 0 && due == 0 && now () >= differ_since + DIFFER_MS)
    refresh ();
  if (due == 0 || now () < due)
    return;
  due = 0;
  listen_again ();
}
