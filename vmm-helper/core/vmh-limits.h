/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What one user may ask of the helper at once, in one place. A limit that is hit is refused with
 * INN_ERROR_LIMIT, never by dropping what already runs. */
#pragma once

/* Bytes of a call's arguments. The largest honest one is a domain XML of INN_DOMAIN_MAX_XML (1 MiB)
 * with its options; the bus itself would let 128 MiB through. */
#define VMH_MAX_MESSAGE (2 * 1024 * 1024)

/* Fds in one message: one for each image of Manager.Create, and no machine has more disks. */
#define VMH_MAX_FDS 64

/* Calls under way of one user, over all connections, those that wait for a password included: from
 * the moment they come in (vmh-intake.c) to their answer. The bus allows 256 connections a user
 * (system.conf), so each may have two. */
#define VMH_MAX_CALLS_PER_UID 512

/* Calls under way of one connection: the app sends a burst of one for each machine it shows. */
#define VMH_MAX_CALLS_PER_CLIENT 256

/* The same as long as the bus has not told whose the connection is: it is asked with the first
 * call. */
#define VMH_MAX_CALLS_PER_STRANGER 64

/* Bytes of the arguments of one user's calls under way, and of all strangers' together; one is
 * always taken, and so are small ones. What waits for polkit is held in memory meanwhile. */
#define VMH_MAX_CALL_BYTES_PER_UID (2 * VMH_MAX_MESSAGE)
#define VMH_SMALL_MESSAGE          4096

/* Bytes of answers and signals for one user that the bus has not taken yet, over which it may not
 * call: the list of 1,000 machines is 3 MiB. */
#define VMH_MAX_OWED_BYTES_PER_UID (4 * 1024 * 1024)

/* As many of these bytes, and messages, as one user may have in front of everybody else's answers:
 * while there are more, its further calls wait. The bus takes 2 KiB from each connection in turn,
 * some thousand times a second where many are busy; so little, too, the kernel keeps for it. */
#define VMH_MAX_OWED_BYTES_AHEAD    (16 * 1024)
#define VMH_MAX_OWED_MESSAGES_AHEAD 32

/* Answers "too many requests" that the bus has not taken yet; more wait here, where users take
 * turns. */
#define VMH_MAX_REFUSALS_AHEAD 4

/* Connections of one user that are told what changes: each signal goes to each of them. A desktop
 * has one for each window. */
#define VMH_MAX_LISTENERS_PER_UID 32

/* Questions to polkit that wait for its answer at once; more wait here, where users take turns.
 * polkit answers one after the other, in about 1.4 ms each where it asks nobody: so this is also
 * how many of a flood are in front of who comes new. */
#define VMH_MAX_CHECKS 2

/* Seconds for which polkit's answer to a connection about an action is its answer, where nobody was
 * asked a question; after the first of them it is asked anew meanwhile. So who calls a thousand
 * times a second asks it once, and nobody waits for it each time (under a flood it takes 60 to
 * 500 ms). polkit says when something of its own has changed, and then all answers are forgotten at
 * once; the limit is for what polkit does not tell, as that somebody has left a group. */
#define VMH_ANSWER_FRESH_SECONDS 1
#define VMH_ANSWER_SECONDS       5

/* Seconds that polkit may take where it asks nobody. One that hangs (Debian 12's does now and then,
 * where a question is withdrawn) must not keep callers waiting for ever. */
#define VMH_CHECK_SECONDS 10

/* Password questions that are open at once, for a user and in all: they stay open for as long as
 * people take, and the bus lets one connection wait for 128 replies (max_replies_per_connection).
 */
#define VMH_MAX_PROMPTS_PER_UID 4
#define VMH_MAX_PROMPTS         48

/* Files of one user that are closed and processes for it that are ended, but hang for more than a
 * second, on a file system that does not answer; beyond these, nothing more of the kind is begun
 * for it. Each process and thread hangs for as long as the file system lives: nothing can end it.
 */
#define VMH_MAX_STUCK_PER_UID 16

/* Images of one user that are looked at; each is a process of 5 s at most. The wizard looks at
 * one. */
#define VMH_MAX_INSPECTIONS_PER_UID 8

/* Machines that are measured for one user at once: each is six questions to its QEMU. A window
 * measures the one that it shows, once a second. */
#define VMH_MAX_MEASURINGS_PER_UID 16

/* Threads of a QEMU that are looked at for one question; each takes some 20 µs. QEMU has one for
 * each processor, and some dozens more. */
#define VMH_MAX_THREADS 1024

/* Milliseconds that QEMU may take for what it is measured by; then it is done without. Who asks
 * once a second is not to wait for the machine that stands still. */
#define VMH_MEASURE_MS 1000

/* What an agent in a guest may say, and for how long: it is the guest's, and so may say anything.
 * Bytes of one answer (a system with 200 network cards sends some 80 KiB), of all answers of one
 * talk and what comes before them; milliseconds until it has woken up, and for each answer. */
#define VMH_AGENT_MAX_ANSWER (256 * 1024)
#define VMH_AGENT_MAX_TALK   (1024 * 1024)
#define VMH_AGENT_WAKE_MS    3000
#define VMH_AGENT_ANSWER_MS  5000

/* Of what it tells: rows of each list, addresses of one card, and bytes of a text. */
#define VMH_AGENT_MAX_ROWS      256
#define VMH_AGENT_MAX_ADDRESSES 32
#define VMH_AGENT_MAX_TEXT      256

/* Talks with one guest's agent that wait for the one before them, and users' talks in all. */
#define VMH_MAX_TALKS_PER_GUEST 8
#define VMH_MAX_TALKS_PER_UID   32

/* Machines whose memory follows this computer's: seconds from one look at it to the next, as long
 * as one is there. */
#define VMH_BALLOON_SECONDS 2

/* What machines have used: seconds from one look at all that run to the next, for which every row
 * is kept, and for which one a minute is; how many rows that can be (720 and 1,320, and some of
 * minutes that were halved), which are 16 bytes each, and as how many it is told at most. */
#define VMH_HISTORY_PERIOD       10
#define VMH_HISTORY_FINE_SECONDS (2 * 60 * 60)
#define VMH_HISTORY_SECONDS      (24 * 60 * 60)
#define VMH_HISTORY_MAX_ROWS     2400
#define VMH_HISTORY_ANSWER_ROWS  720

/* Threads that close the files of one user. While all hang, its other files wait open. */
#define VMH_MAX_CLOSERS_PER_UID 4

/* Machines of one user: the app is drawn for 1,000; beyond this only a runaway script goes. */
#define VMH_MAX_MACHINES_PER_UID 4000

/* Jobs of one user that run. Each may hold an image conversion, which is a process. */
#define VMH_MAX_JOBS_PER_UID 64

/* USB devices that are listed, and letters of what one says that it is. A bus has 127. */
#define VMH_MAX_USB_DEVICES 1024
#define VMH_MAX_USB_NAME    80

/* PCI devices that are listed. */
#define VMH_MAX_PCI_DEVICES 512

/* Milliseconds from the first sign that a USB device has come or gone to the look at all of them:
 * one that comes and goes all the time costs one look each. Buses that are watched. */
#define VMH_REPLUG_MS     500
#define VMH_MAX_USB_BUSES 64

/* Ended jobs of one user that are still shown; the oldest goes first. */
#define VMH_MAX_ENDED_JOBS_PER_UID 64

/* Seconds that an ended job stays on the bus, for a client that was busy to read its error. */
#define VMH_JOB_LINGER 60

/* Seconds without clients, guests and jobs after which the system helper ends itself. */
#define VMH_IDLE_EXIT 60
