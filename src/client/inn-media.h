/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a file is that somebody wants to make a machine from: found out without trusting a byte of
 * it. Opens it once; what was looked at is what is used. */
#pragma once

#include "inn-connection.h"
#include "inn-os.h"

G_BEGIN_DECLS

typedef enum
{
  INN_MEDIA_ISO,    /* a CD or DVD image */
  INN_MEDIA_DISK,   /* a disk image */
  INN_MEDIA_KERNEL, /* a Linux kernel */
  INN_MEDIA_OTHER,  /* a file of no form we know; good as an initrd only */
} InnMediaKind;

typedef enum
{
  INN_MEDIA_WANT_SOURCE, /* whatever a machine can be made from */
  INN_MEDIA_WANT_KERNEL,
  INN_MEDIA_WANT_INITRD, /* any file */
} InnMediaWant;

/** InnMedia: read-only once made; reference counted. */
typedef struct
{
  InnMediaKind kind;
  int fd;               /* read-only, owned by the InnMedia */
  char *path;           /* absolute, as the helper shall open it */
  char *name;           /* the file's name for a person, UTF-8 */
  guint64 size;         /* of the file, bytes */
  guint64 virtual_size; /* of the disk, bytes; for an ISO the file's */
  char *format;         /* "iso", "raw", "qcow2", "vmdk", "vdi", "vpc", "vhdx" */
  char *label;          /* an ISO's volume label, or NULL */
  InnOs *os;            /* what is on it; NULL: not known */
  gboolean exact;       /* @os is it, not the nearest older release */
  gboolean bootable;    /* an ISO that a computer can start from */
  char *used_by;        /* name of the machine that has this image, or NULL */
} InnMedia;

/** inn_media_inspect_async: looks at @file in a thread and, for a disk image, asks the helper of
 * @connection (may be NULL: then an image's format is not known and the result an error).
 * The error's message is a sentence that says what to do. Fails with
 * INN_ERROR_NOT_FOUND, INN_ERROR_DENIED, INN_ERROR_BAD_IMAGE (a folder, empty, no image, damaged,
 * cut short), INN_ERROR_FOREIGN_BACKING, INN_ERROR_IO. */
void inn_media_inspect_async (InnConnection *connection,
                              GFile *file,
                              InnMediaWant want,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
InnMedia *inn_media_inspect_finish (GAsyncResult *result, GError **error);

InnMedia *inn_media_ref (InnMedia *self);
void inn_media_unref (InnMedia *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (InnMedia, inn_media_unref)

/** inn_media_suggest_name: for the machine: the system's name, or the file's without its suffix. */
char *inn_media_suggest_name (InnMedia *self);

G_END_DECLS
