/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the shim's files share: the things that its one loop waits for. */
#pragma once

#include "vmm-shim.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/types.h>

#define SHIM_MAX_LINES  32
#define SHIM_MAX_NETS   96 /* more than a machine has slots */
#define SHIM_MAX_BESIDE 4
#define SHIM_CHUNK      16384

enum shim_kind
{
  SHIM_LISTEN,
  SHIM_CONTROL,
  SHIM_LINE,
  SHIM_VIEWER,
  SHIM_NET,
  SHIM_LOG,
  SHIM_SIGNAL,
};

/* The first member of everything that epoll knows. */
struct shim_source
{
  enum shim_kind kind;
  int fd; /* -1: a free slot */
  uint32_t events;
};

void shim_fail (const char *format, ...) __attribute__ ((noreturn, format (printf, 1, 2)));
void shim_watch (struct shim_source *source, uint32_t events);
void shim_drop (struct shim_source *source);
void shim_log (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
/* Forks with the signals of a new program, and the log as its output. */
pid_t shim_fork (void);

static inline bool
shim_is_again (ssize_t n)
{
  return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* vmm-shim-lines.c */
void shim_lines_add (const char *name, int fd);
void shim_lines_start (void);
int shim_lines_get_fds (int *fds); /* at most SHIM_MAX_LINES; returns how many */
void shim_lines_drain (void);      /* takes what QEMU said last */
/* What the first line that has said anything said last, at most @size bytes; returns how many. */
size_t shim_lines_tail (char *buffer, size_t size);
void shim_on_line (struct shim_source *source, uint32_t events);
void shim_on_viewer (struct shim_source *source, uint32_t events);
/* Takes @fd over if it returns 0; else an errno. */
int shim_lines_view (const struct vmm_shim_request *request, int fd);

/* vmm-shim-beside.c */
void shim_beside_add (const char *name);
void shim_beside_add_arg (char *arg); /* of the one that was added last */
void shim_beside_add_fd (int fd);     /* the same number in that program */
void shim_beside_start (void);
bool shim_beside_reap (pid_t child, int status); /* false: none of these */
void shim_beside_end (void);                     /* until none of them runs */

/* vmm-shim-net.c */
void shim_net_add (const char *name, int fd);
/* While the guest runs. Takes @fd over if it returns 0; else an errno. */
int shim_net_plug (const struct vmm_shim_request *request, int fd);
int shim_net_count (const struct vmm_shim_request *request, int fd);
int shim_net_limit (const struct vmm_shim_request *request, int fd);
void shim_net_add_arg (char *arg);
int shim_net_get_fds (int *fds); /* at most SHIM_MAX_NETS; returns how many */
void shim_net_start_due (void);
int shim_net_get_timeout (void); /* milliseconds until something is due, -1: nothing is */
bool shim_net_reap (pid_t child, int status); /* false: no child of the network's */
void shim_net_end (void);
void shim_on_net (struct shim_source *source, uint32_t events);
