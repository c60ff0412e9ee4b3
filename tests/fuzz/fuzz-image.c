/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes as a disk image, for the parser of vmm-inspect. Of an even number of bytes the image
 * claims to be 8 MiB long, what is not there being zeros, and VHDX's tables, far into the file, are
 * taken from byte 4096 on; of an odd number it ends where the bytes end. */
#include "fuzz.h"

#include "host/inspect/inspect-format.h"

#include <stdlib.h>
#include <string.h>

#define CLAIMED    (UINT64_C (8) << 20)
#define FAR_OFFSET (UINT64_C (192) << 10)
#define FAR_BYTES  4096u

typedef struct
{
  const uint8_t *bytes;
  size_t size;
  bool claims;
  unsigned int reads;
} Image;

static long
read_image (void *data, uint64_t offset, void *buffer, size_t size)
{
  Image *image = data;
  size_t there = 0;

  image->reads++;
  if (image->claims && offset >= FAR_OFFSET)
    offset = offset - FAR_OFFSET + FAR_BYTES;
  if (offset < image->size)
    there = image->size - offset < size ? image->size - (size_t)offset : size;
  if (there > 0)
    memcpy (buffer, image->bytes + offset, there);
  if (!image->claims)
    return (long)there;
  memset ((char *)buffer + there, 0, size - there);
  return (long)size;
}

static void
require (bool condition)
{
  if (!condition)
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
  Image image = { bytes, size, size % 2 == 0, 0 };
  const InspectSource source = { read_image, &image, image.claims ? CLAIMED : size };
  InspectFacts facts;
  InspectProblem problem = inspect_image (&source, &facts);

  require (facts.format != NULL && inspect_problem_name (problem) != NULL);
  require (memchr (facts.backing_file, '\0', sizeof facts.backing_file) != NULL);
  require (memchr (facts.data_file, '\0', sizeof facts.data_file) != NULL);
  require (memchr (facts.label, '\0', sizeof facts.label) != NULL);
  require (problem != INSPECT_OK || facts.virtual_size <= INT64_MAX);
  require (problem != INSPECT_OK || facts.snapshots <= INSPECT_MAX_SNAPSHOTS);
  /* Two VHDX tables of 2047 entries are the most that is read, each in at most two reads. */
  require (image.reads < 10000);
  return 0;
}
