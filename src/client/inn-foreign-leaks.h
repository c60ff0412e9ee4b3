/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Tells the leak checker, where one is built in, that what a library allocates in between is not
 * ours. A suppression by library name would need slow unwinding in all tests (8 times the time),
 * as GLib's allocator hides the caller from the quick one. Counts per thread. */
#pragma once

#ifdef __has_feature
#define INN_HAS_ASAN __has_feature (address_sanitizer)
#elif defined __SANITIZE_ADDRESS__
#define INN_HAS_ASAN 1
#else
#define INN_HAS_ASAN 0
#endif

#if INN_HAS_ASAN
#include <sanitizer/lsan_interface.h>
#define INN_FOREIGN_LEAKS_BEGIN __lsan_disable ()
#define INN_FOREIGN_LEAKS_END   __lsan_enable ()
#else
#define INN_FOREIGN_LEAKS_BEGIN
#define INN_FOREIGN_LEAKS_END
#endif
