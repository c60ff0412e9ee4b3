/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "vmm-screen-wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_BODY  (128u << 20) /* of D-Bus */
#define MAX_DEPTH 8            /* of what is passed over */

/* ---- reading ---- */

struct wire_in
wire_open (const struct wire_message *message)
{
  return (struct wire_in){ .data = message->body, .size = message->have };
}

void
wire_align (struct wire_in *in, size_t to)
{
  in->at = (in->at + to - 1) / to * to;
}

static const uint8_t *
take (struct wire_in *in, size_t align, size_t size)
{
  static const uint8_t nothing[8];

  wire_align (in, align);
  if (in->failed || in->at > in->size || in->size - in->at < size)
    {
      in->failed = true;
      return size <= sizeof nothing ? nothing : NULL;
    }
  in->at += size;
  return in->data + in->at - size;
}

uint32_t
wire_take_u32 (struct wire_in *in)
{
  uint32_t number;

  memcpy (&number, take (in, 4, sizeof number), sizeof number);
  return number;
}

static const char *
take_text (struct wire_in *in, size_t length)
{
  const uint8_t *text = in->failed || length > WIRE_MOST ? NULL : take (in, 1, length + 1);

  if (!text || text[length] != 0 || memchr (text, 0, length))
    in->failed = true;
  return in->failed ? "" : (const char *)text;
}

const char *
wire_take_string (struct wire_in *in)
{
  return take_text (in, wire_take_u32 (in));
}

const char *
wire_take_signature (struct wire_in *in)
{
  return take_text (in, *take (in, 1, 1));
}

/* How long the type is that @signature begins with; 0: it is none that is known. */
static size_t
type_length (const char *signature, unsigned depth)
{
  size_t length = 1;
  const char open = *signature;

  if (depth == MAX_DEPTH || open == 0)
    return 0;
  if (open == 'a')
    {
      length = type_length (signature + 1, depth + 1);
      return length ? length + 1 : 0;
    }
  if (open != '(' && open != '{')
    return strchr ("ybnqiuxtdsogvh", open) ? 1 : 0;
  while (signature[length] != (open == '(' ? ')' : '}'))
    {
      const size_t more = type_length (signature + length, depth + 1);

      if (!more)
        return 0;
      length += more;
    }
  return length + 1;
}

static void
skip (struct wire_in *in, const char *signature, unsigned depth)
{
  const size_t length = type_length (signature, depth);

  if (!length)
    {
      in->failed = true;
      return;
    }
  switch (*signature)
    {
    case 'y':
      take (in, 1, 1);
      break;
    case 'n':
    case 'q':
      take (in, 2, 2);
      break;
    case 'b':
    case 'i':
    case 'u':
    case 'h':
      take (in, 4, 4);
      break;
    case 'x':
    case 't':
    case 'd':
      take (in, 8, 8);
      break;
    case 's':
    case 'o':
      wire_take_string (in);
      break;
    case 'g':
      wire_take_signature (in);
      break;
    case 'v':
      skip (in, wire_take_signature (in), depth + 1);
      break;
    case 'a':
      {
        const uint32_t size = wire_take_u32 (in);

        wire_align (in, strchr ("xtd({", signature[1]) ? 8 : 1);
        if (size > 0)
          in->failed |= !take (in, 1, size);
        break;
      }
    default:
      wire_align (in, 8);
      for (size_t at = 1; at + 1 < length; at += type_length (signature + at, depth + 1))
        skip (in, signature + at, depth + 1);
    }
}

void
wire_skip (struct wire_in *in, const char *signature)
{
  skip (in, signature, 0);
}

/* ---- the greeting ---- */

/* What is said, and what is waited for, after who we are. */
static const struct
{
  const char *say, *wait;
} greeting[] = {
  { NULL, "OK " },
  { "NEGOTIATE_UNIX_FD\r\n", "AGREE_UNIX_FD" },
  { "BEGIN\r\n", NULL },
};

#define STEPS (sizeof greeting / sizeof greeting[0])

/* The user's number, as decimal digits, each of which is told by its code. */
static void
say_who (struct wire *wire)
{
  char digits[16], line[64] = "AUTH EXTERNAL ";
  size_t at = strlen (line);

  snprintf (digits, sizeof digits, "%u", (unsigned)getuid ());
  for (const char *digit = digits; *digit; digit++, at += 2)
    snprintf (line + at, sizeof line - at, "%02x", (unsigned)*digit);
  snprintf (line + at, sizeof line - at, "\r\n");
  wire_put (wire, line, strlen (line));
}

static void
greet (struct wire *wire)
{
  const char *say = greeting[wire->step].say;

  if (say)
    wire_put (wire, say, strlen (say));
  else
    say_who (wire);
  wire->step++;
  if (wire->step == STEPS)
    wire->ops->ready (wire);
}

/* One line a step. */
static bool
hear_greeting (struct wire *wire)
{
  uint8_t *end = memchr (wire->in, '\n', wire->filled);
  const char *wanted = greeting[wire->step - 1].wait;

  if (!end)
    return wire->filled < 256;
  if (strncmp ((const char *)wire->in, wanted, strlen (wanted)) != 0)
    return false;
  wire->filled -= (size_t)(end + 1 - wire->in);
  memmove (wire->in, end + 1, wire->filled);
  greet (wire);
  return true;
}

void
wire_begin (struct wire *wire, int fd, const struct wire_ops *ops)
{
  wire->fd = fd;
  wire->ops = ops;
  wire->step = 0;
  wire->serial = 0;
  wire->filled = wire->pending = 0;
  wire->left = 0;
  wire->passed = -1;
  wire_put (wire, "", 1); /* with which who we are could be said */
  greet (wire);
}

void
wire_end (struct wire *wire)
{
  if (wire->fd >= 0)
    close (wire->fd);
  if (wire->passed >= 0)
    close (wire->passed);
  wire->fd = wire->passed = -1;
}

/* ---- rows ---- */

static void
advance (struct wire *wire, size_t n)
{
  struct wire_rows *rows = &wire->rows;

  wire->left -= n;
  while (wire->to_rows && n > 0 && rows->rows > 0)
    {
      const size_t some = n < rows->from_stride - rows->at ? n : rows->from_stride - rows->at;

      n -= some;
      rows->at += some;
      if (rows->at < rows->from_stride && !(wire->left == 0 && n == 0))
        break;
      if (rows->convert)
        rows->convert ((uint32_t *)(void *)rows->to, wire->line, rows->width);
      rows->to += rows->to_stride;
      rows->rows--;
      rows->at = 0;
    }
  if (wire->left == 0 && wire->to_rows)
    {
      wire->to_rows = false;
      wire->ops->rows (wire);
    }
}

/* Where the next bytes go. */
static int
place (struct wire *wire, struct iovec *iovs)
{
  const struct wire_rows *rows = &wire->rows;
  uint64_t left = wire->left;
  uint8_t *to = rows->to;
  size_t at = rows->at;
  int n = 0;

  if (!wire->to_rows || rows->convert)
    {
      const size_t most = wire->to_rows ? rows->from_stride - at : sizeof wire->line;

      iovs[0] = (struct iovec){ wire->line + (wire->to_rows ? at : 0), left < most ? left : most };
      return 1;
    }
  if (rows->bytes == rows->from_stride && rows->to_stride == rows->from_stride)
    {
      iovs[0] = (struct iovec){ to + at, left };
      return 1;
    }
  while (left > 0 && n + 2 <= WIRE_IOVS)
    {
      const size_t whole = at < rows->bytes ? rows->bytes - at : 0;
      const size_t some = whole < left ? whole : left;
      const size_t rest = rows->from_stride - at - whole;
      const size_t junk = rest < left - some ? rest : left - some;

      if (some > 0)
        iovs[n++] = (struct iovec){ to + at, some };
      if (junk > 0)
        iovs[n++] = (struct iovec){ wire->line, junk };
      left -= some + junk;
      to += rows->to_stride;
      at = 0;
    }
  return n;
}

static void
pour (struct wire *wire, const uint8_t *from, size_t size)
{
  while (size > 0)
    {
      struct iovec iovs[WIRE_IOVS];
      const int n = place (wire, iovs);
      size_t done = 0;

      for (int i = 0; i < n && done < size; i++)
        {
          const size_t some = iovs[i].iov_len < size - done ? iovs[i].iov_len : size - done;

          memcpy (iovs[i].iov_base, from + done, some);
          done += some;
        }
      from += done;
      size -= done;
      advance (wire, done);
    }
}

/* ---- messages ---- */

/* Of what is in the buffer: answers the header's length with its padding, 0: it has not come yet,
 * -1: it makes no sense. */
static long
parse (const struct wire *wire, struct wire_message *message)
{
  struct wire_in in = { .data = wire->in, .size = wire->filled };
  uint32_t fields;
  size_t end;

  if (wire->filled < 16)
    return 0;
  *message = (struct wire_message){
    .type = wire->in[1], .flags = wire->in[2], .path = "", .interface = "", .member = ""
  };
  in.at = 4;
  message->size = wire_take_u32 (&in);
  message->serial = wire_take_u32 (&in);
  fields = wire_take_u32 (&in);
  if (wire->in[0] != WIRE_ENDIAN || wire->in[3] != 1 || message->size > MAX_BODY ||
      fields > WIRE_MOST)
    return -1;
  end = (16 + fields + 7) / 8 * 8;
  if (wire->filled < end)
    return 0;
  in.size = 16 + fields;
  while (in.at < in.size && !in.failed)
    {
      const char *signature;
      uint8_t code;

      wire_align (&in, 8);
      code = *take (&in, 1, 1);
      signature = wire_take_signature (&in);
      if (code == WIRE_PATH && strcmp (signature, "o") == 0)
        message->path = wire_take_string (&in);
      else if (code == WIRE_INTERFACE && strcmp (signature, "s") == 0)
        message->interface = wire_take_string (&in);
      else if (code == WIRE_MEMBER && strcmp (signature, "s") == 0)
        message->member = wire_take_string (&in);
      else if (code == WIRE_REPLY_SERIAL && strcmp (signature, "u") == 0)
        message->answers = wire_take_u32 (&in);
      else
        wire_skip (&in, signature);
    }
  return in.failed ? -1 : (long)end;
}

static void
drop (struct wire *wire, size_t n)
{
  wire->filled -= n;
  memmove (wire->in, wire->in + n, wire->filled);
}

/* One message, or the rest of one's rows. Answers whether there may be more; *@good: it makes
 * sense. */
static bool
hear (struct wire *wire, bool *good)
{
  struct wire_message message;
  long header, taken;

  if (wire->left > 0)
    {
      const size_t some = wire->left < wire->filled ? wire->left : wire->filled;

      pour (wire, wire->in, some);
      drop (wire, some);
      return wire->filled > 0;
    }
  header = parse (wire, &message);
  *good = header >= 0;
  if (header <= 0)
    return false;
  message.body = wire->in + header;
  message.have = wire->filled - (size_t)header;
  if (message.have > message.size)
    message.have = message.size;
  if (message.have < message.size && message.have < WIRE_MOST)
    return false;
  wire->to_rows = false;
  taken = wire->ops->message (wire, &message);
  *good = taken >= 0 && (size_t)taken <= message.have;
  if (!*good)
    return false;
  if (taken == 0)
    taken = (long)message.have;
  wire->left = message.size - (size_t)taken;
  drop (wire, (size_t)header + (size_t)taken);
  if (wire->left == 0)
    wire->to_rows = false;
  return wire->filled > 0;
}

bool
wire_read (struct wire *wire)
{
  struct iovec iovs[WIRE_IOVS];
  struct msghdr message = { .msg_iov = iovs };
  const bool direct = wire->left > 0 && wire->filled == 0;
  bool good = true;
  ssize_t n;

  if (direct)
    message.msg_iovlen = (size_t)place (wire, iovs);
  else
    {
      iovs[0] = (struct iovec){ wire->in + wire->filled, sizeof wire->in - wire->filled };
      message.msg_iovlen = 1;
    }
  /* No room for control data: what came with it is closed by the kernel. */
  n = recvmsg (wire->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0)
    return errno == EAGAIN || errno == EINTR;
  if (n == 0)
    return false;
  if (direct)
    {
      advance (wire, (size_t)n);
      return true;
    }
  wire->filled += (size_t)n;
  while (good && wire->step < STEPS && memchr (wire->in, '\n', wire->filled))
    good = hear_greeting (wire);
  while (good && wire->step == STEPS && wire->filled > 0 && hear (wire, &good))
    ;
  return good && wire->filled < sizeof wire->in;
}
