/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-wizard-page.h"

#include <glib/gi18n.h>

/* The system that stands for "some Linux" where a kernel is started without a medium. */
#define GENERIC_LINUX "http://libosinfo.org/linux/2020"

static const InnWizardPage pages[] = {
  { "source", N_ ("New Machine"), NULL },
  { "kernel", N_ ("Linux Kernel"), "source" },
  { "summary", N_ ("What Will Be Made"), "source" },
  { "system", N_ ("Choose a System"), "summary" },
  { "busy", N_ ("New Machine"), NULL },
};

const InnWizardPage *
inn_wizard_page_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (pages); i++)
    if (g_strcmp0 (pages[i].page, name) == 0)
      return &pages[i];
  return &pages[0];
}

InnOs *
inn_wizard_choose_os (InnOsDb *db, const InnSource *source)
{
  InnOs *os = source->media != NULL ? source->media->os : NULL;

  if (os == NULL && source->kind == INN_SOURCE_KERNEL)
    os = inn_os_db_find (db, GENERIC_LINUX);
  return os != NULL ? os : inn_os_db_get_generic (db);
}
