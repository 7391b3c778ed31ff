#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alf/parallel.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "moe/trainer.h"

/* The progress line: losses, balance of each layer, speed, time left. */
typedef struct watch {
  const alf_moe_config *config;
  bool shown;
  double start, next;
} watch;

static void tick(void *opaque, const alf_moe_history *h, int64_t tokens)
{
  watch *w = opaque;
  double now = alf_cli_seconds();
  if (!w->shown || (now < w->next && h->steps < h->room))
    return;
  w->next = now + 0.5;
  double speed = (double)tokens / (now - w->start);
  double left = (double)((h->room - h->steps) * h->tokens) / speed;
  fprintf(stderr, "\r\033[Kstep %lld of %lld, loss %.4f, MaxVio", (long long)h->steps, (long long)h->room,
          h->step[h->steps - 1].loss);
  for (int32_t l = 0; l < h->layers && l < 8; l++)
    fprintf(stderr, " %.2f", h->layer[(h->steps - 1) * h->layers + l].max_violation);
  fprintf(stderr, ", %.0f tokens/s, %.0f s left", speed, left);
}

/* --set KEY=VALUE, with commas between several. */
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

static void print_report(const alf_trainer_result *r, const alf_moe_config *c, const char *folder)
{
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
  alf_cli_row("blas_core", "%s", alf_gemm_core());
  alf_cli_row("folder", "%s", folder);
}

static json_t *to_json(const alf_trainer_result *r, const alf_moe_config *c, const char *folder)
{
  return json_pack("{sI sI sI sI so so sf sf sf sb ss so}", "parameters", (json_int_t)alf_moe_parameters(&c->shape),
                   "active_parameters", (json_int_t)alf_moe_active_parameters(&c->shape), "steps", (json_int_t)r->steps,
                   "tokens", (json_int_t)r->tokens, "loss", alf_cli_json_real(r->loss), "validation_loss",
                   alf_cli_json_real(r->validation), "mean_max_violation", r->mean_max_violation, "seconds", r->seconds,
                   "flops", r->floating_operations / r->seconds, "complete", (int)r->complete, "blas_core",
                   alf_gemm_core(), "folder", alf_cli_json_text(folder));
}

static int train(const alf_cli_options *options, alf_error *err)
{
  alf_moe_config config;
  alf_trainer_result result = {0};
  watch w = {.config = &config, .shown = !options->quiet && isatty(STDERR_FILENO), .start = alf_cli_seconds()};
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
