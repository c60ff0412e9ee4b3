/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the parts of the import know of each other. Private to src/shared. */
#pragma once

#include "inn-domain-import.h"
#include "inn-domain-private.h"

G_BEGIN_DECLS

#define INN_ASIDE_PATH "metadata/innkeeper:machine/innkeeper:aside"

typedef struct
{
  InnDomain *domain;
  const InnImportHost *host;
  GPtrArray *notes;    /* InnImportNote */
  GHashTable *adapted; /* xmlNode of devices, names of sections: have a note of that sort */
} InnImport;

/** inn_import_note: @text is taken over. One that says the same as one before is left out. */
void inn_import_note (InnImport *import,
                      InnImportSort sort,
                      const char *what,
                      char *text,
                      const xmlNode *node,
                      const char *path);
/** inn_import_adapted: of a device or section, @text taken over. */
void inn_import_adapted (InnImport *import, const InnElement *element, char *text);

/** inn_import_devices: makes each device one that the helper can build, or sets it aside. */
void inn_import_devices (InnImport *import);

/** inn_import_name_device: what a device of this element name is for a person, and what becomes of
 * it. FALSE: it has no word. */
gboolean inn_import_name_device (const xmlNode *node,
                                 InnImportSort *out_sort,
                                 const char **out_what,
                                 const char **out_text);
/** inn_import_rest: notes on all that no field of the schema says. */
void inn_import_rest (InnImport *import);

G_END_DECLS
