/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a fuzz target is: the one function that libFuzzer calls with bytes of its own. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
/* libFuzzer calls it once, before all else: fuzz-begin.c has it, which every target links. */
int LLVMFuzzerInitialize (int *argc, char ***argv);
