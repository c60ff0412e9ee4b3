/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* D-Bus between two ends, as far as QEMU's display speaks it (D-Bus specification 0.41): what comes
 * is the guest's, and bounded; pictures go from the socket to where they are drawn from. Needs no
 * library. */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define WIRE_BUFFER  (64 * 1024)
#define WIRE_MOST    (16 * 1024)  /* bytes of a message that is read as a whole */
#define WIRE_PENDING (256 * 1024) /* bytes that the other end has not taken */
#define WIRE_IOVS    64

struct wire;

#define WIRE_ENDIAN   (BYTE_ORDER == LITTLE_ENDIAN ? 'l' : 'B')
#define WIRE_NO_REPLY 1 /* of a message's flags */

enum /* fields of a header */
{
  WIRE_PATH = 1,
  WIRE_INTERFACE = 2,
  WIRE_MEMBER = 3,
  WIRE_REPLY_SERIAL = 5,
  WIRE_SIGNATURE = 8,
  WIRE_UNIX_FDS = 9,
};

enum wire_type
{
  WIRE_CALL = 1,
  WIRE_RETURN,
  WIRE_ERROR,
  WIRE_SIGNAL,
};

/* Names are in the buffer, and end with a NUL; "": none. */
struct wire_message
{
  uint8_t type, flags;
  uint32_t serial, answers, size; /* of the call that it answers; of the body */
  const char *path, *interface, *member;
  const uint8_t *body;
  size_t have; /* of the body, so far */
};

/* Where the rows of a picture go. */
struct wire_rows
{
  uint8_t *to;
  size_t to_stride, from_stride; /* bytes from row to row, there and on the wire */
  size_t bytes;                  /* of each row that count, on the wire */
  uint32_t rows;                 /* that are left */
  /* NULL: the bytes are as they are wanted; else from a line to a row of @width pixels. */
  void (*convert) (uint32_t *to, const uint8_t *from, uint32_t width);
  uint32_t width;
  size_t at; /* bytes of the current row that have come */
};

struct wire_ops
{
  void (*ready) (struct wire *wire); /* it may be spoken to */
  /* Of a message as soon as WIRE_MOST bytes of it, or all, are there. Answers how many bytes of the
   * body that were: the rest is wire->rows'; or 0: all of it, or it is passed over. -1: what it
   * says makes no sense. */
  long (*message) (struct wire *wire, const struct wire_message *message);
  void (*rows) (struct wire *wire); /* have come */
};

struct wire
{
  int fd; /* -1: closed */
  const struct wire_ops *ops;
  unsigned step; /* of the greeting */
  uint32_t serial;
  size_t filled, pending;
  uint64_t left; /* bytes of the message whose rows come */
  bool to_rows;  /* they are taken; else passed over */
  struct wire_rows rows;
  int passed; /* an fd that goes with the first byte that is pending; -1: none */
  uint8_t in[WIRE_BUFFER];
  uint8_t line[4 * 16384 + 64]; /* of a row that is converted, or of nobody */
  uint8_t out[WIRE_PENDING];
};

/** wire_begin: greets who waits at @fd (taken over) to be proven who we are. */
void wire_begin (struct wire *wire, int fd, const struct wire_ops *ops);
void wire_end (struct wire *wire);
/** wire_read, wire_write: when the fd can be; false: it has ended, or made no sense. */
bool wire_read (struct wire *wire);
bool wire_write (struct wire *wire);
bool wire_wants_write (const struct wire *wire);

/** wire_put: bytes to be sent; false: there is no room for them. */
bool wire_put (struct wire *wire, const void *data, size_t size);
/** wire_call: the method @interface.@member of the object @path. @signature: of the arguments, of
 * "u", "i", "q", "s" and "h" (an fd, which comes first, and is taken over where it goes).
 * @answered: an answer is wanted. Answers its serial; 0: there is no room for it now. */
uint32_t wire_call (struct wire *wire,
                    bool answered,
                    const char *path,
                    const char *interface,
                    const char *member,
                    const char *signature,
                    ...);
/** wire_answer: to the call @serial, with @signature "" or "a{sv}", of which none. */
void wire_answer (struct wire *wire, uint32_t serial, const char *signature);

/* Of a message's body, from wire_open() on; what is not there leaves failed set, and is 0 or "". */
struct wire_in
{
  const uint8_t *data;
  size_t size, at;
  bool failed;
};

struct wire_in wire_open (const struct wire_message *message);
uint32_t wire_take_u32 (struct wire_in *in);
const char *wire_take_string (struct wire_in *in);
const char *wire_take_signature (struct wire_in *in);
void wire_align (struct wire_in *in, size_t to);
/** wire_skip: one value of the complete type that @signature begins with. */
void wire_skip (struct wire_in *in, const char *signature);
