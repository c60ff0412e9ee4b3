/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Names that more than one layer must agree on. */
#pragma once

#define INN_APP_ID        "org.innkeeper.Innkeeper"
#define INN_BUS_NAME      "org.innkeeper.Helper1"
#define INN_ROOT_PATH     "/org/innkeeper/Helper1"
#define INN_MANAGER_PATH  INN_ROOT_PATH "/Manager"
#define INN_MACHINES_PATH INN_ROOT_PATH "/machines"
#define INN_JOBS_PATH     INN_ROOT_PATH "/jobs"
#define INN_IFACE_MANAGER INN_BUS_NAME ".Manager"
#define INN_IFACE_HOST    INN_BUS_NAME ".Host"
#define INN_IFACE_MACHINE INN_BUS_NAME ".Machine"
#define INN_IFACE_CONSOLE INN_BUS_NAME ".Console"
#define INN_IFACE_GUEST   INN_BUS_NAME ".Guest"
#define INN_IFACE_JOB     INN_BUS_NAME ".Job"
#define INN_PROTOCOL      2
#define INN_NS_INNKEEPER  "https://innkeeper.org/xmlns/machine/1"
#define INN_NS_LIBOSINFO  "http://libosinfo.org/xmlns/libvirt/domain/1.0"
