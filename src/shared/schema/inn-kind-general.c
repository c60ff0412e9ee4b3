/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the machine is called, and how this program treats it. */
#include "inn-words.h"

static const InnChoice accelerators[] = {
  { "auto", N_ ("KVM where it works") },
  { "kvm", N_ ("Always KVM") },
  { "tcg", N_ ("Always emulation") },
  { NULL, NULL },
};

static const InnChoice virt_types[] = {
  { "kvm", N_ ("KVM") },
  { "qemu", N_ ("QEMU") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "name",
    .path = "name",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_NOT_GUEST,
    .min = 1,
    .max = 64,
    .pattern = "(?!-)(?! *$)(?!\\.{1,2}$)[^/\\p{C}\\p{Zl}\\p{Zp}]+",
    .label = N_ ("Name"),
    .help = N_ ("What the machine is called in the list.") },
  { .name = "title",
    .path = "title",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_NOT_GUEST | INN_FIELD_ADVANCED,
    .max = 256,
    .label = N_ ("Title"),
    .help = N_ ("A longer name, for people.") },
  { .name = "description",
    .path = "description",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_NOT_GUEST | INN_FIELD_MULTILINE,
    .max = 65536,
    .label = N_ ("Notes"),
    .help = N_ ("Anything worth remembering about this machine.") },
  { .name = "uuid",
    .path = "uuid",
    .type = INN_TYPE_UUID,
    .flags = INN_FIELD_FIXED | INN_FIELD_ADVANCED,
    .label = N_ ("UUID"),
    .help = N_ ("The machine's number, never the same twice.") },
  { .name = "genid",
    .path = "genid",
    .type = INN_TYPE_UUID,
    .flags = INN_FIELD_HIDDEN,
    .label = N_ ("Generation") },
  { .name = "os-id",
    .path = "metadata/libosinfo:libosinfo/libosinfo:os/@id",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_NOT_GUEST | INN_FIELD_HIDDEN,
    .max = 512,
    .label = N_ ("Operating system"),
    .help = N_ ("Which system runs in it; decides what new devices are like.") },
  { .name = "autostart",
    .path = "metadata/innkeeper:machine/innkeeper:autostart",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_NOT_GUEST,
    .fallback = "no",
    .label = N_ ("Start with the computer"),
    .help = N_ ("The machine is started whenever this computer is.") },
  { .name = "history",
    .path = "metadata/innkeeper:machine/innkeeper:history",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_NOT_GUEST | INN_FIELD_ADVANCED,
    .fallback = "yes",
    .label = N_ ("Remember what it used"),
    .help =
        N_ ("The use of processors and memory is kept for a day, and shown under Performance.") },
  { .name = "accelerator",
    .path = "metadata/innkeeper:machine/innkeeper:accelerator",
    .type = INN_TYPE_ENUM,
    .fallback = "auto",
    .choices = accelerators,
    .label = N_ ("Acceleration"),
    .help = N_ ("KVM is many times faster than emulation, and needs support in the processor.") },
  { .name = "virt-type",
    .path = "@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_HIDDEN,
    .choices = virt_types,
    .label = N_ ("Hypervisor") },
  { NULL },
};

static char *
summary (const InnElement *element)
{
  return inn_element_dup (element, "name");
}

const InnKind inn_kind_general = {
  .name = "general",
  .path = "",
  .label = N_ ("Overview"),
  .icon = "computer-symbolic",
  .fields = fields,
  .summary = summary,
};
