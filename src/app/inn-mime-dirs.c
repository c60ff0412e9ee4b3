/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-mime-dirs.h"

void
inn_mime_dirs_begin (void)
{
  g_content_type_get_mime_dirs ();
}
