/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the wizard's pages are called, and which way leads back. Knows no widget. */
#pragma once

#include "client/inn-profile.h"

G_BEGIN_DECLS

typedef struct
{
  const char *page;
  const char *heading; /* not translated yet */
  const char *back;    /* the page to go back to; NULL: there is no way back */
} InnWizardPage;

/** inn_wizard_page_find: the first page, where there is none of that name. */
const InnWizardPage *inn_wizard_page_find (const char *name);
/** inn_wizard_choose_os: the system that a machine of @source is proposed for; not owned. */
InnOs *inn_wizard_choose_os (InnOsDb *db, const InnSource *source);

G_END_DECLS
