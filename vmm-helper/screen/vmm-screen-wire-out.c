/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "vmm-screen-wire.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/vmh-wire.h"

/* Of one message; none that we send is longer. */
struct writer
{
  uint8_t data[1024];
  size_t size;
};

bool
wire_put (struct wire *wire, const void *data, size_t size)
{
  if (size > sizeof wire->out - wire->pending)
    return false;
  memcpy (wire->out + wire->pending, data, size);
  wire->pending += size;
  return true;
}

bool
wire_wants_write (const struct wire *wire)
{
  return wire->pending > 0;
}

bool
wire_write (struct wire *wire)
{
  ssize_t n;

  if (wire->pending == 0)
    return true;
  n = vmh_wire_send (wire->fd, wire->out, wire->pending, wire->passed, MSG_DONTWAIT);
  if (n < 0)
    return errno == EAGAIN;
  if (wire->passed >= 0)
    close (wire->passed);
  wire->passed = -1;
  wire->pending -= (size_t)n;
  memmove (wire->out, wire->out + n, wire->pending);
  return true;
}

static void
align (struct writer *out, size_t to)
{
  while (out->size % to)
    out->data[out->size++] = 0;
}

static void
add_u32 (struct writer *out, uint32_t number)
{
  align (out, 4);
  memcpy (out->data + out->size, &number, sizeof number);
  out->size += sizeof number;
}

static void
add_string (struct writer *out, const char *text)
{
  const size_t size = strlen (text) + 1;

  add_u32 (out, (uint32_t)size - 1);
  memcpy (out->data + out->size, text, size);
  out->size += size;
}

static void
add_signature (struct writer *out, const char *text)
{
  const size_t size = strlen (text) + 1;

  out->data[out->size++] = (uint8_t)(size - 1);
  memcpy (out->data + out->size, text, size);
  out->size += size;
}

static void
add_field (struct writer *out, uint8_t code, const char *type, const char *text, uint32_t number)
{
  align (out, 8);
  out->data[out->size++] = code;
  add_signature (out, type);
  if (*type == 'u')
    add_u32 (out, number);
  else if (*type == 'g')
    add_signature (out, text);
  else
    add_string (out, text);
}

static void
begin_message (struct wire *wire, struct writer *out, enum wire_type type, uint8_t flags)
{
  const uint8_t first[] = { WIRE_ENDIAN, (uint8_t)type, flags, 1 };

  memcpy (out->data, first, sizeof first);
  out->size = sizeof first;
  add_u32 (out, 0); /* the body's size */
  add_u32 (out, ++wire->serial);
  add_u32 (out, 0); /* the fields' */
}

static void
end_fields (struct writer *out)
{
  const uint32_t size = (uint32_t)out->size - 16;

  memcpy (out->data + 12, &size, sizeof size);
  align (out, 8);
}

static bool
end_message (struct wire *wire, struct writer *out, size_t body)
{
  const uint32_t size = (uint32_t)(out->size - body);

  memcpy (out->data + 4, &size, sizeof size);
  return wire_put (wire, out->data, out->size);
}

uint32_t
wire_call (struct wire *wire,
           bool answered,
           const char *path,
           const char *interface,
           const char *member,
           const char *signature,
           ...)
{
  struct writer out;
  size_t body;
  va_list args;

  /* An fd belongs to the message whose first byte it comes with. */
  if (*signature == 'h' && (!wire_write (wire) || wire->pending > 0))
    return 0;
  begin_message (wire, &out, WIRE_CALL, answered ? 0 : WIRE_NO_REPLY);
  add_field (&out, WIRE_PATH, "o", path, 0);
  add_field (&out, WIRE_INTERFACE, "s", interface, 0);
  add_field (&out, WIRE_MEMBER, "s", member, 0);
  if (*signature)
    add_field (&out, WIRE_SIGNATURE, "g", signature, 0);
  if (*signature == 'h')
    add_field (&out, WIRE_UNIX_FDS, "u", NULL, 1);
  end_fields (&out);
  body = out.size;
  va_start (args, signature);
  for (const char *type = signature; *type; type++)
    switch (*type)
      {
      case 's':
        add_string (&out, va_arg (args, const char *));
        break;
      case 'q':
        {
          const uint16_t number = (uint16_t)va_arg (args, unsigned);

          align (&out, 2);
          memcpy (out.data + out.size, &number, sizeof number);
          out.size += sizeof number;
          break;
        }
      case 'h':
        wire->passed = va_arg (args, int);
        add_u32 (&out, 0);
        break;
      default:
        add_u32 (&out, va_arg (args, uint32_t));
      }
  va_end (args);
  return end_message (wire, &out, body) ? wire->serial : 0;
}

void
wire_answer (struct wire *wire, uint32_t serial, const char *signature)
{
  struct writer out;
  size_t body;

  begin_message (wire, &out, WIRE_RETURN, WIRE_NO_REPLY);
  add_field (&out, WIRE_REPLY_SERIAL, "u", NULL, serial);
  if (*signature)
    add_field (&out, WIRE_SIGNATURE, "g", signature, 0);
  end_fields (&out);
  body = out.size;
  if (*signature)
    {
      add_u32 (&out, 0);
      align (&out, 8);
    }
  end_message (wire, &out, body);
}
