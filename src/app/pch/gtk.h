/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Read once for all files of a library, which name what they use all the same: the build without
 * it (-Db_pch=false, tests/lint/test_compilers.py) is as good. */
#include <adwaita.h>
