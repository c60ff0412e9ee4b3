/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The errors that cross the bus, from one table. Knows no error of QEMU, polkit or GTK. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define INN_ERROR (inn_error_quark ())

/**
 * InnError: each is org.innkeeper.Error.<Name> on the bus; the table is in inn-errors.c.
 *
 * The message is a sentence for a person: it names the machine or file and says what to do.
 */
typedef enum
{
  INN_ERROR_FAILED,           /* nothing better fits */
  INN_ERROR_DENIED,           /* polkit said no, and no password would change it */
  INN_ERROR_DISMISSED,        /* the person closed the password dialog */
  INN_ERROR_AUTH_REQUIRED,    /* a password would do, but the caller did not allow asking or has no
                                 agent */
  INN_ERROR_NOT_FOUND,        /* no such machine, disk, line, file; also: not yours */
  INN_ERROR_EXISTS,           /* a machine of that uuid or name is there already */
  INN_ERROR_INVALID_ARGUMENT, /* an argument or option is wrong or unknown */
  INN_ERROR_INVALID_XML,      /* the XML does not parse or says something impossible */
  INN_ERROR_UNSUPPORTED,      /* understood, but this helper, QEMU or host cannot */
  INN_ERROR_BAD_STATE,        /* the machine's state does not allow it now */
  INN_ERROR_CONFLICT,         /* the machine has changed since the caller looked */
  INN_ERROR_IN_USE,           /* the image or device is used by another machine or program */
  INN_ERROR_NO_SPACE,         /* the disk is full, or would be */
  INN_ERROR_BAD_IMAGE,        /* unreadable, damaged, or not an image of the named format */
  INN_ERROR_FOREIGN_BACKING,  /* the image names another file that nobody chose */
  INN_ERROR_NO_QEMU,          /* no QEMU for this architecture is installed */
  INN_ERROR_QEMU,             /* QEMU ended or refused; the message carries its last lines */
  INN_ERROR_GUEST,            /* the guest refused or did not answer */
  INN_ERROR_TIMEOUT,          /* no answer in time */
  INN_ERROR_CANCELLED,        /* by the caller */
  INN_ERROR_LIMIT,            /* too large, too many, too often */
  INN_ERROR_IO,               /* reading or writing failed */
  INN_ERROR_HELPER,           /* client side: the helper is missing, too old or gone */
  INN_N_ERRORS
} InnError;

GQuark inn_error_quark (void);

/** inn_error_from_io: an INN_ERROR of the best fitting code for a GIO or errno error, with "@what:
 * " in front, but of one that was cancelled, which needs no more words. */
GError *inn_error_from_io (const GError *error, const char *what);

/** inn_error_strip: removes the D-Bus prefix that GDBus adds, so that the message is the helper's
 * sentence. */
void inn_error_strip (GError *error);

G_END_DECLS
