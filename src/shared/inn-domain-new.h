/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a new machine or device needs and nobody wants to type: target names, MAC addresses. Shared
 * by the wizard, the details pages and the helper. Does no I/O. */
#pragma once

#include "inn-domain.h"

G_BEGIN_DECLS

/** inn_domain_free_target: the first name of @bus that no disk has: "vda", "sdb", "fda", "hdc". */
char *inn_domain_free_target (InnDomain *domain, const char *bus);
/** inn_target_prefix: "vd" for virtio, "sd" for sata, scsi and usb, "hd" for ide, "fd" for fdc;
 * NULL for another bus. */
const char *inn_target_prefix (const char *bus);
/** inn_mac_random: "52:54:00:…", QEMU's own range of addresses. */
char *inn_mac_random (void);
/** inn_domain_add_macs: gives each network card that says no address one of its own. */
gboolean inn_domain_add_macs (InnDomain *domain, GError **error);
/** inn_domain_is_uefi: whether it starts with UEFI, in either of libvirt's two ways to say so. */
gboolean inn_domain_is_uefi (InnDomain *domain);
/** inn_domain_list_unknown: (element-type utf8) element names of devices that the schema does not
 * know, in document order, "hostdev"; they are kept, but no machine is started with them. */
GPtrArray *inn_domain_list_unknown (InnDomain *domain);

G_END_DECLS
