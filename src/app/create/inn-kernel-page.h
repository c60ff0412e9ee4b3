/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The wizard's page for a kernel, its initial RAM disk and its options. */
#pragma once

#include <adwaita.h>
#include "client/inn-profile.h"

G_BEGIN_DECLS

#define INN_TYPE_KERNEL_PAGE (inn_kernel_page_get_type ())
G_DECLARE_FINAL_TYPE (InnKernelPage, inn_kernel_page, INN, KERNEL_PAGE, GtkWidget)

/* Signals: "choose" (int InnMediaWant): a file is wanted; "done" */

/** inn_kernel_page_show: the files of @source, of which either may be missing. */
void inn_kernel_page_show (InnKernelPage *self, const InnSource *source);
const char *inn_kernel_page_get_cmdline (InnKernelPage *self);

G_END_DECLS
