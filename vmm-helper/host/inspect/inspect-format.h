/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What an image's own header says, read by a parser that allocates nothing, follows nothing and
 * reads a bounded part of the file. libc only: it runs in vmm-inspect's sandbox and under a
 * fuzzer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest name of another file that is told; qcow2 allows 1023 bytes. */
#define INSPECT_NAME_SIZE 1024

/* More than this and QEMU takes seconds to open the image; nobody has so many. */
#define INSPECT_MAX_SNAPSHOTS 4096u

typedef struct
{
  /* Reads up to @size bytes at @offset: how many, 0 at the end, -1 on error. */
  long (*read) (void *data, uint64_t offset, void *buffer, size_t size);
  void *data;
  uint64_t size;
} InspectSource;

typedef enum
{
  INSPECT_OK,
  INSPECT_READ_ERROR,
  INSPECT_TRUNCATED,   /* ends before what its header promises */
  INSPECT_DAMAGED,     /* says something impossible */
  INSPECT_UNSUPPORTED, /* a version or feature that nobody here reads */
  INSPECT_SNAPSHOTS,   /* too many */
} InspectProblem;

typedef struct
{
  const char *format; /* "raw", "qcow2", "vmdk", "vdi", "vpc", "vhdx", "iso" */
  const char *packed; /* of a raw one that looks compressed or packed: "gzip" …; else NULL */
  uint64_t virtual_size;
  bool has_backing_file; /* the name may be empty where the format does not tell it */
  bool has_data_file;
  bool encrypted;
  uint32_t snapshots;
  char backing_file[INSPECT_NAME_SIZE];
  char data_file[INSPECT_NAME_SIZE];
  char label[33];
} InspectFacts;

/** inspect_image: @facts is filled as far as it got; @facts->format is always set. */
InspectProblem inspect_image (const InspectSource *source, InspectFacts *facts);

/** inspect_problem_name: the word vmm-inspect prints for it. Here, so that the helper knows the
 * words without linking the parser. */
static inline const char *
inspect_problem_name (InspectProblem problem)
{
  switch (problem)
    {
    case INSPECT_OK:
      return "none";
    case INSPECT_READ_ERROR:
      return "read-error";
    case INSPECT_TRUNCATED:
      return "truncated";
    case INSPECT_UNSUPPORTED:
      return "unsupported";
    case INSPECT_SNAPSHOTS:
      return "snapshots";
    case INSPECT_DAMAGED:
    default:
      return "damaged";
    }
}
