/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What helper, spawn server and its children say to each other, each a packet of its own. For these
 * files only. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VMH_SPAWN_MAX_BYTES (1024 * 1024) /* of all texts; the kernel takes 2 MiB */
#define VMH_SPAWN_MAX_TEXTS 32768
#define VMH_SPAWN_MAX_FDS   1024
#define VMH_SPAWN_FRAME     32768 /* bytes of text in one packet */

/* Helper → server: one of these bytes and a file. */
#define VMH_SPAWN_FORK "f" /* one end of a child's socket: answered with news */
#define VMH_SPAWN_BIND "b" /* the same, of a child that ends with the helper */
#define VMH_SPAWN_KEEP "k" /* see vmh_spawn_entrust() */

#define VMH_SPAWN_MAX_KEPT  4
#define VMH_SPAWN_MAX_BOUND 256 /* children at a time that end with the helper */

/* Server → helper. */
typedef struct
{
  gint32 pid;    /* 0: could not be forked */
  gint32 status; /* of a child that ended, as waitpid() gives it; of a fork that failed, errno */
  gint32 ended;  /* 0: it was forked, and its pidfd is with this packet */
} VmhSpawnNews;

typedef enum
{
  VMH_SPAWN_RUN,    /* texts: the arguments, before them the path where there is no program fd */
  VMH_SPAWN_OPEN,   /* text: the path */
  VMH_SPAWN_UNLINK, /* text: the path */
  VMH_SPAWN_FIND,   /* texts: paths, one of which may be the file on fd 3 */
  VMH_SPAWN_LOCKED, /* texts: offsets, at one of which the file on fd 3 may be locked */
  VMH_SPAWN_DRIVER, /* texts: see vmh_spawn_set_driver() */
} VmhSpawnAct;

typedef enum
{
  VMH_SPAWN_SELF,   /* stays who we are */
  VMH_SPAWN_NUMBER, /* uid and gid, and no groups but one that is named */
  VMH_SPAWN_PERSON, /* uid, with the groups that the computer knows it to have */
} VmhSpawnWho;

/* Helper → child, over its own socket: this; the texts, each ended by a NUL; the numbers that the
 * fds are to have, ascending; and each fd with a byte. */
typedef struct
{
  guint32 act, who;
  guint32 uid, gid;
  guint32 group; /* NUMBER: it has beside gid; 0: none */
  gint32 flags;  /* RUN: number of the program's fd, or -1; OPEN: of open() */
  guint32 n_texts, n_bytes;
  guint32 n_fds;
  guint64 memory; /* RUN: bytes of address space; 0: no limit */
  guint64 locks;  /* RUN: bytes of memory that it may lock; G_MAXUINT64: all; 0: as we may */
} VmhSpawnOrder;

/* Child → helper: what it did (VMH_SPAWN_OPEN: with the fd), or why it could not. A program that
 * was started well says nothing. */
typedef struct
{
  gint32 code;  /* errno, or 0 */
  gint32 found; /* FIND, LOCKED: index of the first text of which it is true; -1: none */
} VmhSpawnAnswer;

/** vmh_spawn_serve: forks a child for each socket that comes, until the helper is gone. */
void vmh_spawn_serve (int control) G_GNUC_NORETURN;
/** vmh_spawn_set_driver: of the PCI device @texts[1] below sysfs's folder of the bus, @texts[0], to
 * @texts[2]. With @texts[3] (not "") that is to be no other; else the device is given back to it,
 * or, where it is "", to none. Answers errno; ECANCELED: the helper has gone. */
int vmh_spawn_set_driver (int channel, char **texts, guint n_texts);
/** vmh_spawn_child: does what it is told over @channel. */
void vmh_spawn_child (int channel) G_GNUC_NORETURN;

G_END_DECLS
