/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Disk images and media: looked at, made, converted. An image that a caller brings is never opened
 * by name and never touched by a parser in this process: a small program in a sandbox of its own
 * reads it. Knows no machine, no job and no bus. */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

#define VMH_IMAGE_MIN_SIZE (G_GUINT64_CONSTANT (1) << 20) /* 1 MiB */
#define VMH_IMAGE_MAX_SIZE (G_GUINT64_CONSTANT (1) << 46) /* 64 TiB */

typedef struct
{
  char *format;           /* "raw", "qcow2", "vmdk", "vdi", "vpc", "vhdx", "iso" */
  guint64 virtual_size;   /* bytes the guest sees */
  guint64 file_size;      /* bytes: length of the file or device */
  guint64 allocated_size; /* bytes: what it takes up on disk */
  char *backing_file;     /* NULL, or as the image names it (valid UTF-8); never opened */
  char *data_file; /* NULL, or as the image names its data: external qcow2 data, vmdk extent */
  char *label;     /* ISO 9660 volume name, or NULL */
  char *packed;    /* of a raw one: "gzip", "zip", "tar" … where it looks packed; else NULL */
  gboolean encrypted;
  guint snapshots;
  gboolean block_device; /* a device and no file */
} VmhImageInfo;

void vmh_image_info_free (VmhImageInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VmhImageInfo, vmh_image_info_free)

/** vmh_image_inspect_async: @fd must be open for reading, and stay so until the callback. @user:
 * who has brought it. Fails with INN_ERROR_BAD_IMAGE for what is neither file nor block device or
 * is damaged, with INN_ERROR_IO for what cannot be read within 5 s. An empty file is "raw" of size
 * 0.
 */
void vmh_image_inspect_async (int fd,
                              uid_t user,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data);
VmhImageInfo *vmh_image_inspect_finish (GAsyncResult *result, GError **error);

/** vmh_image_info_check: FALSE with INN_ERROR_FOREIGN_BACKING or INN_ERROR_BAD_IMAGE and a sentence
 * naming @name unless the image stands alone: no backing file, no data elsewhere, not encrypted,
 * and of @format ("raw" fits everything; NULL: whatever it is). */
gboolean vmh_image_info_check (const VmhImageInfo *info,
                               const char *name,
                               const char *format,
                               GError **error);

/** vmh_image_create_async: a new empty image @name (one component) of @format "qcow2" or "raw" in
 * the folder @dirfd (duplicated), 0600. It must not be there. Nothing remains on failure. */
void vmh_image_create_async (int dirfd,
                             const char *name,
                             const char *format,
                             guint64 size,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data);
gboolean vmh_image_create_finish (GAsyncResult *result, GError **error);

/** VmhImageProgress: bytes of the virtual disk; in the main loop. */
typedef void (*VmhImageProgress) (guint64 done, guint64 total, gpointer data);

/** vmh_image_convert_async: copies the image behind @source_fd (open until the callback), which
 * @user has brought, of @source_format, which is looked at first and must stand alone, to a new
 * @target_format ("qcow2" or "raw") image
 * @name in @dirfd. @folder names the folder in messages. Sparse, synced, 0600; nothing remains on
 * failure or cancel. INN_ERROR_NO_SPACE where it does not fit. */
void vmh_image_convert_async (int source_fd,
                              uid_t user,
                              const char *source_format,
                              int dirfd,
                              const char *name,
                              const char *folder,
                              const char *target_format,
                              VmhImageProgress progress,
                              gpointer progress_data,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data);
gboolean vmh_image_convert_finish (GAsyncResult *result, GError **error);

/** vmh_image_grow_async: makes the image behind @fd (open for reading and writing until the
 * callback), which @user has brought and which is of @format ("qcow2" or "raw"), one of @size bytes
 * (a multiple of 512, more than it has). INN_ERROR_IN_USE where another program writes to it. */
void vmh_image_grow_async (int fd,
                           uid_t user,
                           const char *format,
                           guint64 size,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer data);
gboolean vmh_image_grow_finish (GAsyncResult *result, GError **error);

/** vmh_image_sync_async: the file, @name in messages, and its folder (-1: it alone), both open
 * until the callback, are on the disk. Of what lies in a machine's folder; elsewhere it might never
 * end. As a VmhStep's start it needs no finish. */
void vmh_image_sync_async (int fd,
                           int dirfd,
                           const char *name,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer data);
gboolean vmh_image_sync_finish (GAsyncResult *result, GError **error);

/** vmh_image_in_use_async: another program of this computer (a QEMU) writes to the image, which
 * @user has brought, or forbids to read it, as far as locks tell. Takes no lock. */
void vmh_image_in_use_async (int fd,
                             uid_t user,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data);
gboolean vmh_image_in_use_finish (GAsyncResult *result, gboolean *out_used, GError **error);

G_END_DECLS
