/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "qemu/vmh-qmp-plug.h"

#include <string.h>

#include "core/vmh-flow.h"
#include "devices/vmh-json.h"
#include "shared/inn-errors.h"

#define HELD_MS  2000 /* for a device that has gone to let its nodes go */
#define AGAIN_MS 50

/* One command, and the one that takes it back. */
typedef struct
{
  const char *command, *undo; /* static; either may be NULL */
  JsonObject *arguments, *undo_arguments;
  int fd;        /* borrowed; -1: none */
  gboolean last; /* told when all before it are done: the guest sees it, and may keep it, or what
                  * it says is in an answer */
  gboolean done;
  GTask *task; /* not owned; while it is under way */
} Step;

/* QEMU reads its commands one after the other: they are sent without waiting for each answer. */
typedef struct
{
  GPtrArray *steps;
  guint next;    /* to be told; backwards: after the one to be taken back */
  guint asked;   /* that have no answer yet */
  GError *error; /* the first: it goes backwards */
  int patience;  /* ms, for each */
} Steps;

static void
step_free (gpointer data)
{
  Step *step = data;

  g_clear_pointer (&step->arguments, json_object_unref);
  g_clear_pointer (&step->undo_arguments, json_object_unref);
  g_free (step);
}

static void
steps_free (gpointer data)
{
  Steps *steps = data;

  g_ptr_array_unref (steps->steps);
  g_clear_error (&steps->error);
  g_free (steps);
}

static Steps *
steps_new (void)
{
  Steps *steps = g_new0 (Steps, 1);

  steps->steps = g_ptr_array_new_with_free_func (step_free);
  return steps;
}

static Step *
add_step (Steps *steps, const char *command, JsonObject *arguments)
{
  Step *step = g_new0 (Step, 1);

  step->command = command;
  step->arguments = arguments;
  step->fd = -1;
  g_ptr_array_add (steps->steps, step);
  return step;
}

static void
set_undo (Step *step, const char *command, JsonObject *arguments)
{
  step->undo = command;
  step->undo_arguments = arguments;
}

/* ---- what each sort of node is made and unmade by ---- */

static const struct
{
  const char *add, *remove;
  const char *key;   /* member of the node that names it */
  const char *named; /* by @remove */
} ways[] = {
  [VMH_NODE_OBJECT] = { "object-add", "object-del", "id", "id" },
  [VMH_NODE_BLOCKDEV] = { "blockdev-add", "blockdev-del", "node-name", "node-name" },
  [VMH_NODE_CHARDEV] = { "chardev-add", "chardev-remove", "id", "id" },
  [VMH_NODE_NETDEV] = { "netdev_add", "netdev_del", "id", "id" },
  [VMH_NODE_DEVICE] = { "device_add", "device_del", "id", "id" },
};

static JsonObject *
name_node (const VmhNode *node)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (
      object, ways[node->type].named,
      json_object_get_string_member (node->object, ways[node->type].key));
  return object;
}

/* ---- one after the other ---- */

/* Whether a node is memory that is opened by the fd set @set; NULL: by any. */
static gboolean
is_memory_by (JsonObject *arguments, const char *set)
{
  JsonNode *member = json_object_get_member (arguments, "mem-path");
  const char *path = member ? json_node_get_string (member) : NULL;

  return path && (set ? g_str_equal (path, set) : g_str_has_prefix (path, VMH_PLAN_SET));
}

static void run (GTask *task);
static void run_back (GTask *task);

static void
on_undone (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (!reply)
    g_info ("%s", error->message);
  run_back (data);
}

static void
run_back (GTask *task)
{
  Steps *steps = g_task_get_task_data (task);

  while (steps->next > 0)
    {
      const Step *step = steps->steps->pdata[--steps->next];

      if (!step->done || !step->undo)
        continue;
      vmh_qmp_call_async (g_task_get_source_object (task), step->undo,
                          json_object_ref (step->undo_arguments), -1, VMH_QMP_TIMEOUT_MS, NULL,
                          on_undone, task);
      return;
    }
  g_task_return_error (task, g_steal_pointer (&steps->error));
  g_object_unref (task);
}

/* QEMU opens memory by a name alone: by the number that it has given the file. */
static void
name_memory (Steps *steps, JsonNode *reply)
{
  JsonObject *answer = JSON_NODE_HOLDS_OBJECT (reply) ? json_node_get_object (reply) : NULL;
  g_autofree char *set = NULL;

  if (!answer || !json_object_has_member (answer, "fdset-id") ||
      !json_object_has_member (answer, "fd"))
    return;
  set = g_strdup_printf (VMH_PLAN_SET "%" G_GINT64_FORMAT,
                         json_object_get_int_member (answer, "fdset-id"));
  for (guint i = 0; i < steps->steps->len; i++)
    {
      Step *step = steps->steps->pdata[i];

      if (step->arguments && is_memory_by (step->arguments, set))
        {
          g_autofree char *path = g_strdup_printf (VMH_PLAN_OPEN "%" G_GINT64_FORMAT,
                                                   json_object_get_int_member (answer, "fd"));

          json_object_set_string_member (step->arguments, "mem-path", path);
        }
    }
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  Step *step = data;
  GTask *task = step->task;
  Steps *steps = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  steps->asked--;
  step->done = reply != NULL;
  if (reply && g_str_equal (step->command, "add-fd"))
    name_memory (steps, reply);
  /* What did not answer is not asked to take back; it may have done the last one. */
  if (g_error_matches (error, INN_ERROR, INN_ERROR_TIMEOUT))
    g_clear_error (&steps->error);
  if (!reply && !steps->error)
    steps->error = g_steal_pointer (&error);
  run (task);
}

/* Whether it is its turn; not while something before it may still fail. */
static gboolean
is_next (const Steps *steps)
{
  const Step *step;

  if (steps->error || steps->next == steps->steps->len)
    return FALSE;
  step = steps->steps->pdata[steps->next];
  return !step->last || steps->asked == 0;
}

static void
tell (GTask *task)
{
  Steps *steps = g_task_get_task_data (task);
  Step *step = steps->steps->pdata[steps->next];

  vmh_flow_mark ("plug", steps->next);
  if (vmh_flow_fails ("plug", steps->next))
    {
      g_set_error (&steps->error, INN_ERROR, INN_ERROR_QEMU, "%s: VMH_FAIL_AT", step->command);
      return;
    }
  steps->next++;
  steps->asked++;
  step->task = task;
  vmh_qmp_call_async (g_task_get_source_object (task), step->command,
                      json_object_ref (step->arguments), step->fd, steps->patience, NULL, on_done,
                      step);
}

static void
run (GTask *task)
{
  Steps *steps = g_task_get_task_data (task);

  while (is_next (steps))
    tell (task);
  if (steps->asked > 0)
    return;
  if (steps->error)
    {
      if (g_error_matches (steps->error, INN_ERROR, INN_ERROR_TIMEOUT))
        steps->next = 0;
      run_back (task);
      return;
    }
  vmh_flow_mark ("plug", steps->next);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* ---- in ---- */

static void
add_file (Steps *steps, const VmhPlanFd *fd, int file)
{
  g_autofree char *name = g_strdup_printf ("fd-%d", fd->number); /* as vmh_plan_fd_name() */
  Step *step;

  if (fd->set >= 0)
    {
      step = add_step (steps, "add-fd",
                       vmh_json ("fdset-id=i", (gint64)fd->set, "opaque=s", fd->kind, NULL));
      set_undo (step, "remove-fd", vmh_json ("fdset-id=i", (gint64)fd->set, NULL));
    }
  else
    {
      step = add_step (steps, "getfd", vmh_json ("fdname=s", name, NULL));
      set_undo (step, "closefd", vmh_json ("fdname=s", name, NULL));
    }
  step->fd = file;
}

void
vmh_qmp_plug_async (VmhQmp *qmp,
                    VmhPlan *plan,
                    GArray *files,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  GTask *task = g_task_new (qmp, NULL, callback, data);
  Steps *steps = steps_new ();
  GPtrArray *fds = vmh_plan_get_fds (plan);
  GPtrArray *nodes = vmh_plan_get_nodes (plan);
  GPtrArray *commands = vmh_plan_get_commands (plan);

  steps->patience = vmh_plan_get_patience (plan, VMH_QMP_TIMEOUT_MS);
  g_task_set_source_tag (task, vmh_qmp_plug_async);
  g_task_set_task_data (task, steps, steps_free);
  for (guint i = 0; i < fds->len; i++)
    add_file (steps, fds->pdata[i], g_array_index (files, int, i));
  for (guint i = 0; i < nodes->len; i++)
    {
      const VmhNode *node = nodes->pdata[i];
      Step *step = add_step (steps, ways[node->type].add, json_object_ref (node->object));

      set_undo (step, ways[node->type].remove, name_node (node));
      step->last = node->type == VMH_NODE_DEVICE || is_memory_by (node->object, NULL);
    }
  for (guint i = 0; i < commands->len; i++)
    {
      const VmhPlanCommand *command = commands->pdata[i];

      add_step (steps, command->command, json_object_ref (command->arguments))->last = TRUE;
    }
  run (task);
}

gboolean
vmh_qmp_plug_finish (VmhQmp *qmp, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- out ---- */

typedef struct
{
  GPtrArray *steps; /* Step: undos alone; the last one is next */
  guint done;
  char *element;
  gint64 until; /* what is still held is tried again, of g_get_monotonic_time() */
  guint again_id;
} Clear;

static void
clear_free (gpointer data)
{
  Clear *clear = data;

  g_clear_handle_id (&clear->again_id, g_source_remove);
  g_ptr_array_unref (clear->steps);
  g_free (clear->element);
  g_free (clear);
}

static void clear_next (GTask *task);

static gboolean
on_clear_again (gpointer data)
{
  ((Clear *)g_task_get_task_data (data))->again_id = 0;
  clear_next (data);
  return G_SOURCE_REMOVE;
}

/* QEMU has no error class of its own for most of what is not there. */
static gboolean
is_absent (const GError *error)
{
  return strstr (error->message, "not found") || strstr (error->message, "Failed to find") ||
         strstr (error->message, "Cannot find");
}

/* A device that has gone lets its nodes go a moment later. */
static void
on_cleared (GObject *source, GAsyncResult *result, gpointer data)
{
  Clear *clear = g_task_get_task_data (data);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (reply || is_absent (error))
    {
      g_clear_error (&error);
      g_ptr_array_set_size (clear->steps, (int)clear->steps->len - 1);
      clear->done++;
      clear_next (data);
    }
  else if (!g_error_matches (error, INN_ERROR, INN_ERROR_TIMEOUT) &&
           g_get_monotonic_time () < clear->until)
    {
      g_error_free (error);
      clear->again_id = g_timeout_add (AGAIN_MS, on_clear_again, data);
    }
  else
    {
      g_task_return_error (data, error);
      g_object_unref (data);
    }
}

static void
clear_next (GTask *task)
{
  Clear *clear = g_task_get_task_data (task);
  const Step *step;

  vmh_flow_mark ("clear", clear->done);
  if (clear->steps->len == 0)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  step = clear->steps->pdata[clear->steps->len - 1];
  vmh_qmp_call_async (g_task_get_source_object (task), step->undo,
                      json_object_ref (step->undo_arguments), -1, VMH_QMP_TIMEOUT_MS, NULL,
                      on_cleared, task);
}

JsonArray *
vmh_qmp_take_list (GObject *source, GAsyncResult *result, JsonNode **out_reply, GError **error)
{
  *out_reply = vmh_qmp_call_finish (VMH_QMP (source), result, error);
  if (*out_reply && JSON_NODE_HOLDS_ARRAY (*out_reply))
    return json_node_get_array (*out_reply);
  if (*out_reply)
    vmh_qmp_refuse_shape (error);
  return NULL;
}

/* Of a set each fd says whose it is. */
static gboolean
is_of (JsonObject *set, const char *element)
{
  JsonArray *fds = vmh_qmp_array (set, "fds");

  for (guint i = 0; fds && i < json_array_get_length (fds); i++)
    if (g_str_equal (vmh_qmp_string (vmh_qmp_nth (fds, i), "opaque"), element))
      return TRUE;
  return FALSE;
}

static void
on_sets_to_clear (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Clear *clear = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = NULL;
  JsonArray *sets = vmh_qmp_take_list (source, result, &reply, &error);

  if (!sets)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  for (guint i = 0; i < json_array_get_length (sets); i++)
    {
      JsonObject *set = vmh_qmp_nth (sets, i);
      Step *step;

      if (!is_of (set, clear->element))
        continue;
      step = g_new0 (Step, 1);
      set_undo (step, "remove-fd",
                vmh_json ("fdset-id=i", vmh_qmp_int (set, "fdset-id", -1), NULL));
      g_ptr_array_insert (clear->steps, 0, step); /* after the nodes that use it */
    }
  clear_next (task);
}

void
vmh_qmp_clear_async (VmhQmp *qmp,
                     VmhPlan *plan,
                     const char *element,
                     GAsyncReadyCallback callback,
                     gpointer data)
{
  GTask *task = g_task_new (qmp, NULL, callback, data);
  Clear *clear = g_new0 (Clear, 1);
  GPtrArray *nodes = vmh_plan_get_nodes (plan);

  g_task_set_source_tag (task, vmh_qmp_clear_async);
  g_task_set_task_data (task, clear, clear_free);
  clear->element = g_strdup (element);
  clear->until = g_get_monotonic_time () + HELD_MS * 1000;
  clear->steps = g_ptr_array_new_with_free_func (step_free);
  for (guint i = 0; i < nodes->len; i++)
    {
      const VmhNode *node = nodes->pdata[i];
      Step *step;

      if (node->type == VMH_NODE_DEVICE)
        continue;
      step = g_new0 (Step, 1);
      set_undo (step, ways[node->type].remove, name_node (node));
      g_ptr_array_add (clear->steps, step);
    }
  vmh_qmp_call_async (qmp, "query-fdsets", NULL, -1, VMH_QMP_TIMEOUT_MS, NULL, on_sets_to_clear,
                      task);
}

gboolean
vmh_qmp_clear_finish (VmhQmp *qmp, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
