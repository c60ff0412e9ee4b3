/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Entry of the program: locale, then the application. */
#include "inn-application.h"

#include "console/inn-display.h"
#include "shared/inn-locale.h"

int
main (int argc, char **argv)
{
  g_autoptr (InnApplication) app = NULL;

  inn_display_prepare ();
  inn_locale_init ();
  app = inn_application_new ();
  return g_application_run (G_APPLICATION (app), argc, argv);
}
