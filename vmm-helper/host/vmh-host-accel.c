/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Which accelerator a guest gets on this host, why, and what would get it KVM. */

#include "vmh-host-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "shared/inn-errors.h"

/* A CPU of architecture @host runs code of @guest directly. */
static gboolean
runs_on (const char *guest, const char *host)
{
  const char *guest_name = vmh_arch_from_qemu (guest);
  const char *host_name = vmh_arch_from_qemu (host);

  return g_str_equal (guest_name, host_name) ||
         (g_str_equal (host_name, "x86_64") && g_str_equal (guest_name, "i686"));
}

static gboolean
is_kind (const char *virtualization, const char *kind)
{
  return g_str_equal (virtualization, kind);
}

/* The CPU has no vmx or svm, or the computer keeps it from us. */
static void
explain_cpu (VmhHost *host, char **reason, char **remedy)
{
  if (host->inside_vm)
    {
      *reason = g_strdup (_ ("This computer is itself a virtual machine that does not pass on "
                             "the processor's virtualization, so its machines are emulated, which "
                             "is slow."));
      *remedy = g_strdup (_ ("Turn on nested virtualization for this computer where it is hosted, "
                             "then start it again."));
      return;
    }
  *reason =
      g_strdup (_ ("The processor offers no hardware virtualization (vmx or svm), so machines "
                   "are emulated, which is slow."));
  *remedy = g_strdup (_ ("Turn on “Virtualization Technology”, “VT-x” or “SVM” in the computer's "
                         "firmware setup (BIOS). If there is no such switch, the processor cannot "
                         "do it."));
}

/* /dev/kvm does not open although the CPU could. */
static void
explain_device (VmhHost *host, char **reason, char **remedy)
{
  const char *module = is_kind (host->virtualization, "vmx") ? "kvm_intel" : "kvm_amd";

  if (host->kvm_errno == EACCES || host->kvm_errno == EPERM)
    {
      *reason = g_strdup (_ ("You have no permission to use /dev/kvm, so machines are emulated, "
                             "which is slow."));
      *remedy = g_strdup_printf (_ ("Run “sudo usermod -aG kvm %s”, log out and log in again."),
                                 g_get_user_name ());
    }
  else if (is_kind (host->virtualization, "builtin"))
    {
      *reason = g_strdup (_ ("The kernel of this computer offers no KVM, so machines are emulated, "
                             "which is slow."));
      *remedy = g_strdup (_ ("Use a kernel with KVM. If this computer is itself a virtual machine, "
                             "turn on nested virtualization where it is hosted."));
    }
  else if (g_str_equal (host->kvm_module, module))
    {
      *reason = g_strdup (_ ("KVM is loaded but the device /dev/kvm is missing or broken here, so "
                             "machines are emulated, which is slow."));
      *remedy = g_strdup (_ ("If this is a container, pass /dev/kvm into it; else restart the "
                             "computer."));
    }
  else
    {
      *reason = g_strdup_printf (_ ("The kernel module %s is not loaded, so machines are emulated, "
                                    "which is slow."),
                                 module);
      *remedy =
          g_strdup_printf (_ ("Run “sudo modprobe %s”. If it is refused, turn on "
                              "“Virtualization Technology”, “VT-x” or “SVM” in the computer's "
                              "firmware setup (BIOS)."),
                           module);
    }
}

static void
explain_arch (VmhHost *host, const char *arch, char **reason, char **remedy)
{
  *reason = g_strdup_printf (_ ("This machine has a processor of another kind (%s) than this "
                                "computer (%s), so it is emulated, which is slow."),
                             arch, host->machine);
  *remedy = g_strdup ("");
}

static void
explain_kvm (VmhHost *host, char **reason, char **remedy)
{
  *reason = g_strdup (_ ("KVM runs the machine directly on the processor."));
  *remedy = g_strdup ("");
}

/* TRUE with why it is good, or FALSE with why not. */
static gboolean
can_use_kvm (VmhHost *host, const char *arch, char **reason, char **remedy)
{
  if (!runs_on (arch, host->machine))
    {
      explain_arch (host, arch, reason, remedy);
      return FALSE;
    }
  if (is_kind (host->virtualization, "none"))
    {
      explain_cpu (host, reason, remedy);
      return FALSE;
    }
  if (host->kvm_errno != 0)
    {
      explain_device (host, reason, remedy);
      return FALSE;
    }
  explain_kvm (host, reason, remedy);
  return TRUE;
}

const char *
vmh_host_choose_accelerator (VmhHost *host,
                             const char *wanted,
                             const char *arch,
                             char **reason,
                             char **remedy,
                             GError **error)
{
  g_autofree char *why = NULL;
  g_autofree char *help = NULL;
  gboolean good;

  if (!g_str_equal (wanted, "auto") && !g_str_equal (wanted, "kvm") && !g_str_equal (wanted, "tcg"))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” is no accelerator. Choose auto, kvm or tcg."), wanted);
      return NULL;
    }

  /* Anew: a module may have been loaded or a right given since. */
  vmh_host_read_kvm (host);
  good = can_use_kvm (host, arch, &why, &help);
  if (g_str_equal (wanted, "tcg"))
    {
      *reason = g_strdup (_ ("Emulation is chosen for this machine, which is slow."));
      *remedy = good ? g_strdup (_ ("Choose the accelerator “auto” for this machine: KVM works on "
                                    "this computer."))
                     : g_strdup ("");
      return "tcg";
    }
  if (g_str_equal (wanted, "kvm") && !good)
    {
      if (host->kvm_errno != 0 || !runs_on (arch, host->machine))
        {
          g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                       _ ("KVM is demanded for this machine but cannot be used. %s %s"), why, help);
          return NULL;
        }
      /* /dev/kvm opens on a CPU without vmx or svm: a paravirtual KVM. It was asked for. */
      *reason = g_strdup (_ ("KVM is demanded for this machine. The processor shows no hardware "
                             "virtualization, so most systems will hang."));
      *remedy = g_strdup (_ ("Choose the accelerator “auto” for this machine."));
      return "kvm";
    }
  *reason = g_steal_pointer (&why);
  *remedy = g_steal_pointer (&help);
  return good ? "kvm" : "tcg";
}
