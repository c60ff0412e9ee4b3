/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Facts of the computer that runs the machines, and the choice of the accelerator that follows from
 * them. Everything is read below a root folder, so that tests can describe other computers. Knows
 * no machine and no QMP. */
#pragma once

#include "core/vmh-call.h"
#include "qemu/vmh-sandbox.h"

G_BEGIN_DECLS

#define VMH_CARD_PROGRAM "vmm-card"

#define VMH_TYPE_HOST (vmh_host_get_type ())
G_DECLARE_FINAL_TYPE (VmhHost, vmh_host, VMH, HOST, GObject)

typedef struct
{
  char *arch;    /* libvirt's name: "x86_64", "i686", "aarch64", "armv7l" … */
  char *path;    /* absolute, without the root folder */
  char *version; /* "7.2.22"; "" until vmh_host_scan_async() has asked the program */
} VmhEmulator;

typedef struct
{
  char *arch;
  char *type;                  /* "bios", "uefi" or "uefi-secure" */
  char *path;                  /* of the code */
  char *format;                /* of the code: "raw", "qcow2" */
  char *nvram_template;        /* NULL where it has none */
  char *nvram_template_format; /* "raw", "qcow2"; NULL where it has none */
  gboolean smm;                /* needs System Management Mode (q35, smm=on) */
} VmhFirmware;

/** vmh_host_interface: org.innkeeper.Helper1.Host for the default host, whatever the object is. */
extern const VmhInterface vmh_host_interface;

/** vmh_host_get_default: the computer we run on; lives as long as the process. */
VmhHost *vmh_host_get_default (void);
guint vmh_host_get_cpus (VmhHost *host); /* that are online */

/** vmh_host_new: @root NULL for "/", @machine (as uname -m says) NULL for this one. Reads all but
 * the emulators' versions; about a millisecond. */
VmhHost *vmh_host_new (const char *root, const char *machine);

/** vmh_host_scan_async: asks each emulator for its version, once for each binary and modification
 * time. Harmless if repeated. Then "Emulators" is complete. */
void vmh_host_scan_async (VmhHost *host,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer data);
gboolean vmh_host_scan_finish (VmhHost *host, GAsyncResult *result, GError **error);

/** vmh_host_get_fact: a property of org.innkeeper.Helper1.Host by name, floating; NULL if there is
 * no such. */
GVariant *vmh_host_get_fact (VmhHost *host, const char *name);

/** vmh_host_get_emulator: the QEMU for @arch (libvirt's name; "i386" and "arm" are understood).
 * NULL with INN_ERROR_NO_QEMU and a sentence that says what to install. */
const VmhEmulator *vmh_host_get_emulator (VmhHost *host, const char *arch, GError **error);

/** vmh_host_get_firmware: @type as in VmhFirmware. NULL with INN_ERROR_UNSUPPORTED and a sentence
 * that says what to install. */
const VmhFirmware *
vmh_host_get_firmware (VmhHost *host, const char *arch, const char *type, GError **error);

/** vmh_host_choose_accelerator: @wanted "auto", "kvm" or "tcg"; @arch the guest's. Looks at
 * /dev/kvm anew. Returns "kvm" or "tcg", sets @reason to a sentence and @remedy to another or ""
 * (where KVM is used, or nothing helps); NULL with INN_ERROR_UNSUPPORTED where KVM was demanded and
 * is not there. Auto takes KVM only where /dev/kvm opens and the CPU has vmx or svm or needs
 * neither. */
const char *vmh_host_choose_accelerator (VmhHost *host,
                                         const char *wanted,
                                         const char *arch,
                                         char **reason,
                                         char **remedy,
                                         GError **error);

/** vmh_host_dup_passt: the command of passt for one network card, with frames on fd 3; NULL where
 * it is not installed. Looks anew each time. */
char **vmh_host_dup_passt (VmhHost *host);

/** vmh_host_has_swtpm: it is installed. Looks anew each time. */
gboolean vmh_host_has_swtpm (VmhHost *host);
/** vmh_host_dup_swtpm: the command of swtpm for a TPM of @version ("1.2" or "2.0") that keeps its
 * state in @folder and talks to QEMU on its @fd. */
char **vmh_host_dup_swtpm (const char *version, const char *folder, int fd);

/** vmh_host_has_virtiofsd: it is installed. Looks anew each time. */
gboolean vmh_host_has_virtiofsd (VmhHost *host);
/** vmh_host_dup_virtiofsd: the command of virtiofsd for @folder of its room, with its listening
 * socket at @fd. */
char **vmh_host_dup_virtiofsd (VmhHost *host, const char *folder, int fd);

/** vmh_host_has_cards: the program for smart cards is installed. Looks anew each time. */
gboolean vmh_host_has_cards (void);

void vmh_render_free (VmhRender *render);
/** vmh_host_find_render: @node, or, where that is NULL or "", the first that may be used; NULL with
 * a sentence that says what is missing. */
VmhRender *vmh_host_find_render (const char *node, GError **error);

/** vmh_host_check_huge_pages: whether @size bytes in huge pages of @page bytes are free now. */
gboolean vmh_host_check_huge_pages (guint64 page, guint64 size, GError **error);

G_END_DECLS
