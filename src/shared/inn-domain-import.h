/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A machine of libvirt's made one of ours: what stays the same, what is adapted to what the helper
 * can do, and what it does not understand. Does no I/O: what else there is of libvirt's is told by
 * the caller. */
#pragma once

#include "inn-domain.h"

G_BEGIN_DECLS

typedef enum
{
  INN_IMPORT_SAME,    /* does here what it did there */
  INN_IMPORT_ADAPTED, /* does something else, or is written down otherwise */
  INN_IMPORT_UNKNOWN, /* is kept, but has no effect */
} InnImportSort;

typedef struct
{
  InnImportSort sort;
  char *what; /* "Disk vda", "USB redirection": for a person */
  char *text; /* a sentence, or of what is the same a summary, "VirtIO, web.qcow2" or NULL */
  char *path; /* in the XML, "devices/disk/driver/@iothread" */
  guint line; /* in the text that was imported, from 1; 0: of no single line */
} InnImportNote;

typedef enum
{
  INN_IMPORT_NETWORK_UNKNOWN,
  INN_IMPORT_NETWORK_OUTSIDE,  /* leads out through this computer */
  INN_IMPORT_NETWORK_BRIDGE,   /* is a bridge of this computer's */
  INN_IMPORT_NETWORK_ISOLATED, /* leads nowhere but to other machines */
} InnImportNetwork;

/** InnImportHost: what the XML alone does not tell. */
typedef struct
{
  gboolean system; /* the machine is to be one of the system's: it can have bridges, and networks
                      that lead to other machines */
  /* The file or device of a pool's volume; NULL: not known. May be NULL itself. */
  char *(*find_volume) (const char *pool, const char *volume, gpointer data);
  /* @out_bridge: set for INN_IMPORT_NETWORK_BRIDGE only. May be NULL itself. */
  InnImportNetwork (*find_network) (const char *name, char **out_bridge, gpointer data);
  gpointer data;
} InnImportHost;

/** inn_domain_import: @xml, libvirt's definition of a machine, as one for Manager.Create: it passes
 * inn_domain_check(). Devices that no machine can have here are set aside in it, for
 * inn_domain_export() to bring back; all else that is unknown stays where it is.
 * @out_notes: (element-type InnImportNote) by sort: what is the same in the order of
 * the pages, the rest in that of the text. Whatever differs from @xml has a note that is not
 * INN_IMPORT_SAME. Error: INN_ERROR_INVALID_XML, INN_ERROR_LIMIT, and INN_ERROR_UNSUPPORTED for
 * what no helper runs (another architecture, a container); with the line where there is one. */
InnDomain *inn_domain_import (const char *xml,
                              gssize length,
                              const InnImportHost *host,
                              GPtrArray **out_notes,
                              GError **error);
void inn_import_note_free (InnImportNote *note);

/** inn_domain_export: as XML that libvirt takes. What an import has set aside is among the devices
 * again; Innkeeper's own words stay, in a name space that libvirt keeps.
 * @secrets: with passwords, where @domain has them.
 * Error: INN_ERROR_UNSUPPORTED where libvirt has no word for something. */
char *inn_domain_export (InnDomain *domain, gboolean secrets, GError **error);

G_END_DECLS
