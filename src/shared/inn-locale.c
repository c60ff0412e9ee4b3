/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Translations hold formats: they are read from no folder that another user may name. */
#include "inn-locale.h"

#include <libintl.h>
#include <locale.h>
#include <stdlib.h>

void
inn_locale_init (void)
{
  const char *folder = secure_getenv ("INNKEEPER_LOCALE_DIR");

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, folder != NULL ? folder : INN_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}
