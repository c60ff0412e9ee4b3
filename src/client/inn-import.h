/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* libvirt's machines on this computer: where their definitions are, and one read and made ours,
 * with its pools, networks and files looked up. Reads only; what is made of it is Create's. */
#pragma once

#include <gio/gio.h>
#include "shared/inn-domain-import.h"

G_BEGIN_DECLS

typedef enum
{
  INN_IMPORT_FILE_GOOD,
  INN_IMPORT_FILE_MISSING,
  INN_IMPORT_FILE_DENIED, /* is there, but not for this user */
} InnImportFile;

/** InnImportDisk: a file or device that the machine uses where it is. */
typedef struct
{
  char *id;    /* inn_element_dup_id() */
  char *label; /* "Disk vda" */
  char *path;
  InnImportFile file;
} InnImportDisk;

/** InnImported: a machine as it would be made. */
typedef struct
{
  InnDomain *domain;
  GPtrArray *notes; /* InnImportNote */
  GPtrArray *disks; /* InnImportDisk */
} InnImported;

void inn_imported_free (InnImported *imported);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (InnImported, inn_imported_free)

/** inn_import_is_definition: by its name: something.xml. */
gboolean inn_import_is_definition (GFile *file);

/** inn_import_list_async: the definitions of libvirt's machines, the user's own and the system's,
 * where they can be read. */
void
inn_import_list_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/** inn_import_list_finish: (element-type InnFoundFile) by name. @out_denied: the system's are
 * there, but cannot be read. */
GPtrArray *inn_import_list_finish (GAsyncResult *result, gboolean *out_denied, GError **error);

/** inn_import_read_async: in a thread, as any file may be where nothing answers. @system: it is to
 * be one of the system's machines. A medium that is not there is taken out of its drive, which is
 * told. Errors: inn_domain_import()'s, and INN_ERROR_NOT_FOUND, INN_ERROR_DENIED, INN_ERROR_IO. */
void inn_import_read_async (GFile *file,
                            gboolean system,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
InnImported *inn_import_read_finish (GAsyncResult *result, GError **error);

G_END_DECLS
