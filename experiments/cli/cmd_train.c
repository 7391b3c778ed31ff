#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alf/parallel.h"
#include "cli/announce.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "moe/gemm.h"
#include "moe/trainer.h"

/* For the progress line: loss, balance of each layer, speed, time left. */
typedef struct watch {
  bool quiet, shown;
  double start, next; /* 0: no step was made yet */
  int64_t first;      /* tokens until the start */
} watch;

static void show(const alf_moe_history *h, double speed)
{
  double left = (double)((h->room - h->steps) * h->tokens) / speed;
  fprintf(stderr, "\r\033[Kstep %lld of %lld, loss %.4f, MaxVio", (long long)h->steps, (long long)h->room,
          h->step[h->steps - 1].loss);
  for (int32_t l = 0; l < h->layers && l < 8; l++)
    fprintf(stderr, " %.2f", h->layer[(h->steps - 1) * h->layers + l].max_violation);
  fprintf(stderr, ", %.0f tokens/s, %.0f s left", speed, left);
}

/* Setting up and the first step, when memory is touched for the first time, do not count for the speed. */
static void tick(void *opaque, const alf_moe_history *h, int64_t tokens)
{
  watch *w = opaque;
  double now = alf_cli_seconds();
  if (w->start == 0) {
    alf_cli_announce_core("train", w->quiet);
    w->start = w->next = now;
    w->first = tokens;
  } else if (w->shown && (now >= w->next || h->steps == h->room)) {
    w->next = now + 0.5;
    show(h, (double)(tokens - w->first) / (now - w->start));
  }
}

/* --set KEY=VALUE, with semicolons between several: rules have commas of their own. */
static alf_status override(alf_moe_config *config, const char *text, alf_error *err)
{
  char copy[4096];
  if (strlen(text) >= sizeof copy)
    return alf_fail(err, ALF_EINVAL, "--set: the list is too long");
  strcpy(copy, text);
  for (char *part = strtok(copy, ";"); part; part = strtok(NULL, ";")) {
    char *equals = strchr(part, '=');
    if (!equals)
      return alf_fail(err, ALF_EINVAL, "--set %.100s: expected KEY=VALUE;...", part);
    *equals = '\0';
    alf_error cause = {0};
    if (alf_moe_config_set(config, part, equals + 1, &cause) != ALF_OK)
      return alf_fail(err, ALF_EINVAL, "--set %s", cause.text);
  }
  return alf_moe_check_shape(&config->shape, err);
}

static alf_status make_folder(const char *path, alf_error *err)
{
  if (mkdir(path, 0777) == 0 || errno == EEXIST)
    return ALF_OK;
  return alf_fail(err, ALF_EIO, "--out %.300s: cannot be made: %s", path, strerror(errno));
}

/* "attention 38.1 %, …", what takes no time left out. */
static const char *shares(const double part[ALF_MOE_PARTS], char *text, size_t size)
{
  double all = 0;
  size_t used = 0;
  for (int p = 0; p < ALF_MOE_PARTS; p++)
    all += part[p];
  text[0] = '\0';
  for (int p = 0; p < ALF_MOE_PARTS && used < size; p++)
    if (part[p] > 5e-4 * all)
      used += (size_t)snprintf(text + used, size - used, "%s%s %.1f %%", used ? ", " : "", alf_moe_part_name[p],
                               100 * part[p] / all);
  return text;
}

static void print_report(const alf_trainer_result *r, const alf_moe_config *c, const char *folder)
{
  char text[400];
  alf_cli_row("parameters", "%lld, %lld of them active for a token", (long long)alf_moe_parameters(&c->shape),
              (long long)alf_moe_active_parameters(&c->shape));
  alf_cli_row("steps", "%lld%s", (long long)r->steps, r->complete ? "" : ", not all: resume with --resume");
  alf_cli_row("tokens", "%lld", (long long)r->tokens);
  alf_cli_row("loss", "%.5f nats a byte", r->loss);
  if (isfinite(r->validation))
    alf_cli_row("validation", "%.5f nats a byte", r->validation);
  alf_cli_row("mean_max_viol.", "%.4f over the second half", r->mean_max_violation);
  alf_cli_row("seconds", "%.1f", r->seconds);
  alf_cli_row("tokens/s", "%.0f", (double)r->tokens / r->seconds);
  alf_cli_row("gflop/s", "%.1f", r->floating_operations / r->seconds * 1e-9);
  alf_cli_row("time", "%s", shares(r->part, text, sizeof text));
  alf_cli_row("blas_core", "%s%s%s", alf_gemm_core(),
              *r->other_core ? "; other bits than by that of the checkpoint, " : "", r->other_core);
  alf_cli_row("folder", "%s", folder);
}

/* Keys have no spaces. */
static json_t *json_parts(const alf_trainer_result *r)
{
  json_t *parts = json_object();
  for (int p = 0; p < ALF_MOE_PARTS; p++) {
    char key[32];
    snprintf(key, sizeof key, "%s", alf_moe_part_name[p]);
    for (char *space = key; (space = strchr(space, ' '));)
      *space = '_';
    alf_cli_json_set(&parts, key, json_real(r->part[p]));
  }
  return parts;
}

static json_t *to_json(const alf_trainer_result *r, const alf_moe_config *c, const char *folder)
{
  return json_pack(
      "{sI sI sI sI so so sf sf sf sf so sb ss so}", "parameters", (json_int_t)alf_moe_parameters(&c->shape),
      "active_parameters", (json_int_t)alf_moe_active_parameters(&c->shape), "steps", (json_int_t)r->steps, "tokens",
      (json_int_t)r->tokens, "loss", alf_cli_json_real(r->loss), "validation_loss", alf_cli_json_real(r->validation),
      "mean_max_violation", r->mean_max_violation, "seconds", r->seconds, "tokens_per_second",
      (double)r->tokens / r->seconds, "flops", r->floating_operations / r->seconds, "thread_seconds", json_parts(r),
      "complete", (int)r->complete, "blas_core", alf_gemm_core(), "folder", alf_cli_json_text(folder));
}

static int train(const alf_cli_options *options, alf_error *err)
{
  alf_moe_config config;
  alf_trainer_result result = {0};
  watch w = {.quiet = options->quiet, .shown = !options->quiet && isatty(STDERR_FILENO)};
  alf_status status = alf_moe_config_read(&config, options->argument[0], err);
  if (status == ALF_OK && options->set)
    status = override(&config, options->set, err);
  if (status == ALF_OK && options->text)
    status = alf_moe_config_set(&config, "data.text", options->text, err);
  if (status == ALF_OK)
    status = make_folder(options->out, err);
  alf_trainer_settings settings = {.config = &config,
                                   .folder = options->out,
                                   .threads = alf_parallel_threads((int)options->threads),
                                   .resume = options->resume,
                                   .stop = alf_cli_interrupted,
                                   .tick = tick,
                                   .context = &w};
  if (status == ALF_OK)
    status = alf_train(&settings, &result, err);
  if (w.shown)
    fprintf(stderr, "\r\033[K");
  if (status != ALF_OK)
    return alf_cli_exit_code(status);
  if (options->json)
    status = alf_cli_print_json(to_json(&result, &config, options->out), err);
  else
    print_report(&result, &config, options->out);
  return status == ALF_OK && alf_cli_interrupted() ? ALF_CLI_INTERRUPTED : alf_cli_exit_code(status);
}

const alf_cli_command alf_cli_command_train = {
    .name = "train",
    .summary = "Train a DeepSeekMoE language model with any balancing rule",
    .arguments = "CONFIG.ini",
    .fewest = 1,
    .most = 1,
    .details =
        "A byte-level decoder with rotary attention, fine-grained SwiGLU experts and shared ones, by AdamW; its "
        "routers use "
        "the rules and schedules of alflab list. The folder gets steps.csv, layers.csv, loads, shifts and affinity "
        "traces "
        "as .npy, and a checkpoint, also on Ctrl-C; --resume goes on from it to the same bits. The text is GCIDE "
        "(Debian's dict-gcide) unless --text or data.text names another one.",
    .run = train,
};
