/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The guest's serial lines: each one's history, and any number of viewers. Nobody who looks can
 * block the guest or another viewer. */
#include "vmm-shim-private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_VIEWERS 64                     /* of all lines together */
#define RING_SIZE   (4 * VMM_SHIM_HISTORY) /* history, and so far may a viewer fall behind */
#define INPUT_SIZE  4096
#define DRAIN_READS 64 /* more than a socket holds; QEMU is dead when we drain */

struct line
{
  struct shim_source source;
  char name[VMM_SHIM_NAME_SIZE];
  char *ring;
  uint64_t end;           /* bytes that the guest has ever said */
  char input[INPUT_SIZE]; /* typed, not yet taken by QEMU; viewers wait while there is any */
  size_t input_len;
};

struct viewer
{
  struct shim_source source;
  struct line *line;
  uint64_t at; /* up to here of what the guest has ever said it was sent */
  bool read_only;
};

static struct line lines[SHIM_MAX_LINES];
static struct viewer viewers[MAX_VIEWERS];
static int n_lines;

static void
viewer_update (struct viewer *viewer)
{
  uint32_t events = 0;

  if (viewer->line->input_len == 0 || viewer->read_only)
    events |= EPOLLIN;
  if (viewer->at < viewer->line->end)
    events |= EPOLLOUT;
  shim_watch (&viewer->source, events | EPOLLRDHUP);
}

static void
viewer_send (struct viewer *viewer)
{
  struct line *line = viewer->line;

  while (viewer->at < line->end)
    {
      size_t offset = viewer->at % RING_SIZE;
      size_t length = line->end - viewer->at;
      ssize_t n;

      if (length > RING_SIZE - offset)
        length = RING_SIZE - offset;
      n = send (viewer->source.fd, line->ring + offset, length, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (shim_is_again (n))
        break;
      if (n <= 0)
        {
          shim_drop (&viewer->source);
          return;
        }
      viewer->at += (uint64_t)n;
    }
  viewer_update (viewer);
}

static void
line_update (struct line *line)
{
  if (line->source.fd >= 0)
    shim_watch (&line->source, EPOLLIN | (line->input_len > 0 ? EPOLLOUT : 0));
  for (int i = 0; i < MAX_VIEWERS; i++)
    if (viewers[i].source.fd >= 0 && viewers[i].line == line)
      viewer_update (&viewers[i]);
}

static void
line_flush_input (struct line *line)
{
  ssize_t n = 0;

  if (line->source.fd >= 0)
    n = send (line->source.fd, line->input, line->input_len, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (shim_is_again (n))
    n = 0;
  else if (n < 0 || line->source.fd < 0)
    n = (ssize_t)line->input_len; /* nobody is there to take it */
  line->input_len -= (size_t)n;
  memmove (line->input, line->input + n, line->input_len);
  line_update (line);
}

/* A viewer that would miss bytes is dropped rather than shown a line with a hole. */
static void
line_append (struct line *line, const char *bytes, size_t length)
{
  size_t offset = line->end % RING_SIZE;
  size_t first = length < RING_SIZE - offset ? length : RING_SIZE - offset;

  memcpy (line->ring + offset, bytes, first);
  memcpy (line->ring, bytes + first, length - first);
  line->end += length;
  for (int i = 0; i < MAX_VIEWERS; i++)
    {
      struct viewer *viewer = &viewers[i];

      if (viewer->source.fd < 0 || viewer->line != line)
        continue;
      if (line->end - viewer->at > RING_SIZE)
        shim_drop (&viewer->source);
      else
        viewer_send (viewer);
    }
}

static bool
line_read (struct line *line)
{
  char buffer[SHIM_CHUNK];
  ssize_t n = recv (line->source.fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (n > 0)
    line_append (line, buffer, (size_t)n);
  else if (!shim_is_again (n))
    shim_drop (&line->source);
  return n > 0;
}

void
shim_on_line (struct shim_source *source, uint32_t events)
{
  struct line *line = (struct line *)source;

  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
    line_read (line);
  if (line->source.fd >= 0 && (events & EPOLLOUT))
    line_flush_input (line);
}

static void
viewer_read (struct viewer *viewer)
{
  struct line *line = viewer->line;
  char scrap[INPUT_SIZE];
  ssize_t n =
      recv (viewer->source.fd, viewer->read_only ? scrap : line->input, INPUT_SIZE, MSG_DONTWAIT);

  if (shim_is_again (n))
    return;
  if (n <= 0)
    {
      shim_drop (&viewer->source);
      return;
    }
  if (viewer->read_only)
    return;
  line->input_len = (size_t)n;
  line_flush_input (line);
}

void
shim_on_viewer (struct shim_source *source, uint32_t events)
{
  struct viewer *viewer = (struct viewer *)source;

  if (viewer->read_only || viewer->line->input_len == 0)
    {
      if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        viewer_read (viewer);
    }
  else if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    shim_drop (
        &viewer->source); /* gone while its input has to wait: nothing more will come of it */
  if (viewer->source.fd >= 0 && (events & EPOLLOUT))
    viewer_send (viewer);
}

int
shim_lines_view (const struct vmm_shim_request *request, int fd)
{
  struct line *line = NULL;
  int type = 0;
  socklen_t size = sizeof type;

  if (request->flags & ~(VMM_SHIM_FLAG_HISTORY | VMM_SHIM_FLAG_READ_ONLY))
    return EINVAL;
  if (getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_STREAM)
    return ENOTSOCK;
  for (int i = 0; i < n_lines; i++)
    if (strncmp (lines[i].name, request->name, VMM_SHIM_NAME_SIZE) == 0)
      line = &lines[i];
  if (!line)
    return ENOENT;
  for (int i = 0; i < MAX_VIEWERS; i++)
    {
      struct viewer *viewer = &viewers[i];
      uint64_t history = 0;

      if (viewer->source.fd >= 0)
        continue;
      if (request->flags & VMM_SHIM_FLAG_HISTORY)
        history = line->end < VMM_SHIM_HISTORY ? line->end : VMM_SHIM_HISTORY;
      *viewer = (struct viewer){ .source = { SHIM_VIEWER, fd, 0 },
                                 .line = line,
                                 .at = line->end - history,
                                 .read_only = request->flags & VMM_SHIM_FLAG_READ_ONLY };
      viewer_send (viewer);
      return 0;
    }
  return EUSERS;
}

void
shim_lines_add (const char *name, int fd)
{
  struct line *line = &lines[n_lines];

  if (!name || n_lines == SHIM_MAX_LINES || strlen (name) >= VMM_SHIM_NAME_SIZE)
    shim_fail ("bad or too many lines");
  n_lines++;
  memcpy (line->name, name, strlen (name) + 1);
  line->source = (struct shim_source){ SHIM_LINE, fd, 0 };
  line->ring = malloc (RING_SIZE); /* touched, and so paid for, only as far as the guest speaks */
  if (!line->ring)
    shim_fail ("out of memory");
}

void
shim_lines_start (void)
{
  for (int i = 0; i < MAX_VIEWERS; i++)
    viewers[i].source.fd = -1;
  for (int i = 0; i < n_lines; i++)
    shim_watch (&lines[i].source, EPOLLIN);
}

int
shim_lines_get_fds (int *fds)
{
  for (int i = 0; i < n_lines; i++)
    fds[i] = lines[i].source.fd;
  return n_lines;
}

void
shim_lines_drain (void)
{
  for (int i = 0; i < n_lines; i++)
    for (int n = 0; n < DRAIN_READS && lines[i].source.fd >= 0 && line_read (&lines[i]); n++)
      ;
}

size_t
shim_lines_tail (char *buffer, size_t size)
{
  const struct line *line = lines;
  size_t length;

  while (line < lines + n_lines && line->end == 0)
    line++;
  if (line == lines + n_lines)
    return 0;
  length = line->end < size ? line->end : size;
  for (size_t i = 0; i < length; i++)
    buffer[i] = line->ring[(line->end - length + i) % RING_SIZE];
  return length;
}
