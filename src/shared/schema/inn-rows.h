/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Rows that stand in the tables of several kinds: declared here once. Private to the schema. */
#pragma once

#include "inn-words.h"

/* What is stored: disk, cdrom, floppy. */

#define INN_ROW_TARGET                                                                             \
  {                                                                                                \
    .name = "target", .path = "target/@dev", .type = INN_TYPE_STRING,                              \
    .flags = INN_FIELD_REQUIRED | INN_FIELD_ADVANCED, .pattern = "(fd|hd|sd|vd)[a-z]{1,3}",        \
    .label = N_ ("Name"),                                                                          \
    .help = N_ ("Tells it from the others; the guest may call it otherwise.")                      \
  }

#define INN_ROW_BUS(words, otherwise)                                                              \
  {                                                                                                \
    .name = "bus", .path = "target/@bus", .type = INN_TYPE_ENUM, .fallback = otherwise,            \
    .choices = words, .label = N_ ("Bus"), .help = N_ ("How it is connected to the machine.")      \
  }

#define INN_ROW_SOURCE_TYPE                                                                        \
  {                                                                                                \
    .name = "type", .path = "@type", .type = INN_TYPE_ENUM, .flags = INN_FIELD_ADVANCED,           \
    .fallback = "file", .choices = inn_words_disk_type, .label = N_ ("Kind of source"),            \
    .help = N_ ("Where its contents are.")                                                         \
  }

/* @live: INN_FIELD_LIVE where the medium can be changed. */
#define INN_ROW_SOURCE(live, title)                                                                \
  {                                                                                                \
    .name = "source", .path = "source/@file", .type = INN_TYPE_PATH, .flags = live,                \
    .label = title, .help = N_ ("The file on this computer that holds its contents."),             \
    .when = "type=file"                                                                            \
  }

#define INN_ROW_BLOCK(live)                                                                        \
  {                                                                                                \
    .name = "block", .path = "source/@dev", .type = INN_TYPE_PATH,                                 \
    .flags = INN_FIELD_ADVANCED | (live), .label = N_ ("Device"),                                  \
    .help = N_ ("The disk or drive of this computer, as /dev/sr0."), .when = "type=block"          \
  }

#define INN_ROW_FORMAT(required, otherwise)                                                        \
  {                                                                                                \
    .name = "format", .path = "driver/@type", .type = INN_TYPE_ENUM,                               \
    .flags = INN_FIELD_ADVANCED | (required), .fallback = otherwise,                               \
    .choices = inn_words_disk_format, .label = N_ ("Format"),                                      \
    .help = N_ ("How the file is laid out. It is never guessed: a guest could lie.")               \
  }

#define INN_ROW_READONLY                                                                           \
  {                                                                                                \
    .name = "readonly", .path = "readonly", .type = INN_TYPE_PRESENT, .label = N_ ("Read-only"),   \
    .help = N_ ("The guest cannot write to it.")                                                   \
  }

#define INN_ROW_SERIAL                                                                             \
  {                                                                                                \
    .name = "serial", .path = "serial", .type = INN_TYPE_STRING, .flags = INN_FIELD_ADVANCED,      \
    .max = 36, .pattern = "[A-Za-z0-9_.+\\- ]+", .label = N_ ("Serial number"),                    \
    .help = N_ ("What the guest reads as the disk's serial number.")                               \
  }

/* What can be started from. */
#define INN_ROW_BOOT_ORDER                                                                         \
  {                                                                                                \
    .name = "boot-order", .path = "boot/@order", .type = INN_TYPE_UINT,                            \
    .flags = INN_FIELD_ADVANCED, .min = 1, .max = 512, .label = N_ ("Place in the boot order"),    \
    .help = N_ ("1 is tried first.")                                                               \
  }

/* A line of text: serial, console, channel. */

#define INN_ROW_LEADS_TO(advanced, words)                                                          \
  {                                                                                                \
    .name = "type", .path = "@type", .type = INN_TYPE_ENUM,                                        \
    .flags = INN_FIELD_REQUIRED | (advanced), .choices = words, .label = N_ ("Leads to"),          \
    .help = N_ ("What is at the other end of the line.")                                           \
  }

#define INN_ROW_PORT(most, text)                                                                   \
  {                                                                                                \
    .name = "port", .path = "target/@port", .type = INN_TYPE_UINT, .flags = INN_FIELD_HIDDEN,      \
    .max = most, .label = N_ ("Number"), .help = text                                              \
  }

#define INN_ROW_SORT(advanced, words, otherwise)                                                   \
  {                                                                                                \
    .name = "target-type", .path = "target/@type", .type = INN_TYPE_ENUM, .flags = advanced,       \
    .fallback = otherwise, .choices = words, .label = N_ ("Port"),                                 \
    .help = N_ ("What the guest sees.")                                                            \
  }

/* A limit of a disk's, in the group @in: what it may do in a second, what in bursts, and how long
 * those last. */
#define INN_ROW_LIMIT(in, word, xml, unit, of, of_bursts, of_length)                               \
  { .name = word,                                                                                  \
    .path = "iotune/" xml,                                                                         \
    .type = unit,                                                                                  \
    .flags = INN_FIELD_LIVE | INN_FIELD_ADVANCED | INN_FIELD_BYTES,                                \
    .min = 1,                                                                                      \
    .max = (guint64)1 << 37,                                                                       \
    .group = in,                                                                                   \
    .label = of,                                                                                   \
    .help = N_ ("No more than this in a second.") },                                               \
      { .name = word "-burst",                                                                     \
        .path = "iotune/" xml "_max",                                                              \
        .type = unit,                                                                              \
        .flags = INN_FIELD_LIVE | INN_FIELD_ADVANCED | INN_FIELD_BYTES,                            \
        .min = 1,                                                                                  \
        .max = (guint64)1 << 37,                                                                   \
        .group = in,                                                                               \
        .label = of_bursts,                                                                        \
        .help = N_ ("So much in a second for a while, after less was done.") },                    \
  {                                                                                                \
    .name = word "-burst-length", .path = "iotune/" xml "_max_length", .type = INN_TYPE_UINT,      \
    .flags = INN_FIELD_LIVE | INN_FIELD_ADVANCED, .min = 1, .max = 3600, .group = in,              \
    .label = of_length, .help = N_ ("In seconds.")                                                 \
  }

/* Devices of this computer. */

#define INN_ROW_HOSTDEV_MODE                                                                       \
  {                                                                                                \
    .name = "mode", .path = "@mode", .type = INN_TYPE_ENUM,                                        \
    .flags = INN_FIELD_REQUIRED | INN_FIELD_HIDDEN, .choices = inn_words_hostdev_mode,             \
    .label = N_ ("Mode")                                                                           \
  }

#define INN_ROW_HOSTDEV_TYPE(words)                                                                \
  {                                                                                                \
    .name = "type", .path = "@type", .type = INN_TYPE_ENUM,                                        \
    .flags = INN_FIELD_REQUIRED | INN_FIELD_HIDDEN, .choices = words, .label = N_ ("Connection")   \
  }
