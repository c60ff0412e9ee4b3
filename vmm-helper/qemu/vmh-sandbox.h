/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The room a guest's QEMU lives in: nothing but /usr, read-only, and a few harmless devices. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

#define VMH_SANDBOX_MAX_COPIES 4
#define VMH_SANDBOX_FOLDER     "/state"
#define VMH_SANDBOX_PROGRAM    "/program"

/** VmhRender: a graphics card of this computer that draws for machines. */
typedef struct
{
  char *node;         /* "/dev/dri/renderD128" */
  char *link, *place; /* in sysfs, where it is looked for by its number, and what that leads to; */
  char *device;       /* the card's folder there; NULL: it has none */
  gid_t group;        /* in which it opens; 0: it does anyway */
} VmhRender;

typedef struct
{
  gboolean kvm;             /* /dev/kvm is there */
  gboolean network;         /* the host's network, for slirp in QEMU; else none at all */
  gboolean die_with_parent; /* for what is no guest */
  gboolean localtime;       /* the host's time zone is there, for a clock that follows it */
  gboolean proc;            /* it sees its own processes and files there */
  gboolean readers;         /* the service of this computer's smart card readers is there */
  /* One folder of the host's is VMH_SANDBOX_FOLDER in the room: by its path, or, where whom the
   * room is for cannot go there, what is open in the child. */
  const char *folder;
  int folder_fd; /* 0: none */
  /* That folder is its user's, who shares it: in the room it is root, but with no rights on
   * anything that is not the user's. */
  gboolean share, readonly;
  const VmhRender *render; /* the graphics card that is there; NULL: none */
  int filter_fd;           /* more of a system call filter, as bpf(2) has them; 0: none */
  const char *vfio;        /* a folder of nodes of PCI devices, which may change; NULL: none */
  int program_fd;          /* one of ours, VMH_SANDBOX_PROGRAM in the room: the number in the child;
                            * 0: none */
  int info_fd;             /* where bwrap says the pid: the number in the child; 0: nowhere */
  struct
  {
    int fd; /* the number in the child */
    const char *name;
  } copies[VMH_SANDBOX_MAX_COPIES]; /* files whose contents are copied into the room */
  guint n_copies;
} VmhSandbox;

/** vmh_sandbox_add_args: appends bwrap's command line up to "--"; QEMU's own follows. */
void vmh_sandbox_add_args (const VmhSandbox *sandbox, GPtrArray *argv);
/** vmh_sandbox_get_gid: the group the guest's process has: kvm's where it uses KVM, so that
 * /dev/kvm opens; else one of its own. */
gid_t vmh_sandbox_get_gid (const VmhSandbox *sandbox, uid_t uid);
/** vmh_sandbox_open_program: the program @name ("vmm-shim") beside ours, or where it is installed;
 * -1 with INN_ERROR_NOT_FOUND. */
int vmh_sandbox_open_program (const char *name, GError **error);
/** vmh_sandbox_check: bubblewrap is there; else INN_ERROR_UNSUPPORTED with what to install. */
gboolean vmh_sandbox_check (GError **error);

/* QEMU's own filter of system calls, the same for every guest. */
#define VMH_SANDBOX_SECCOMP                                                                        \
  "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"

G_END_DECLS
