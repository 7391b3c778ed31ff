#include <math.h>
#include <string.h>

#include "cli/demo.h"
#include "cli/verifier.h"

enum { SYNTHETIC_TOPK = 2, ROUTER_TOPK = 6, STEPS = 1000, QUICK_STEPS = 30 };

static const char *const router_inputs[] = {"router_sign_step200.npy@0",       "router_sign_step200.npy@1",
                                            "router_sign_step200.npy@2",       "router_unbalanced_step160.npy@0",
                                            "router_unbalanced_step160.npy@1", "router_unbalanced_step160.npy@2",
                                            "router_sign_stream_layer1.npy@0", "router_sign_stream_layer1.npy@23"};

/* One family with ties and one without, and the smallest batch of the stream. */
static const char *const quick_families[] = {"uniform:T=128,E=8", "grid:T=128,E=8", NULL};
static const char *const quick_router_inputs[] = {"router_sign_stream_layer1.npy@0"};

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

/* "uniform" of "uniform:T=512,E=16", "x@1" of "/data/x.npy@1". */
static void shorten(const char *source, char *name, size_t size)
{
  const char *colon = strchr(source, ':'), *slash = strrchr(source, '/'), *suffix = strstr(source, ".npy@");
  if (suffix)
    snprintf(name, size, "%.*s%s", (int)(suffix - (slash ? slash + 1 : source)), slash ? slash + 1 : source,
             suffix + 4);
  else
    snprintf(name, size, "%.*s", colon ? (int)(colon - source) : (int)strlen(source), source);
}

static const alf_claim_result *result_of(const alf_cli_verdicts *v, int cell, int claim)
{
  return &v->result[cell * v->grid->claims + claim];
}

/* In how many cells the claim holds, or what is worse. */
static void print_mark(const int *count)
{
  char text[16] = "-";
  if (count[ALF_REFUTED])
    snprintf(text, sizeof text, "%d!", count[ALF_REFUTED]);
  else if (count[ALF_INCONCLUSIVE])
    snprintf(text, sizeof text, "%d?", count[ALF_INCONCLUSIVE]);
  else if (count[ALF_HOLDS])
    snprintf(text, sizeof text, "%d", count[ALF_HOLDS]);
  printf(" %3s", text);
}

static void print_batch(const alf_cli_verdicts *v)
{
  const alf_instance *instance = v->instance;
  char name[40], optimum[32] = "not known";
  shorten(v->source, name, sizeof name);
  if (instance->solved)
    snprintf(optimum, sizeof optimum, "%.4f", instance->certificate.objective);
  printf("%-28s %6lld %3d %2d %10s ", name, (long long)instance->batch->tokens, instance->batch->experts,
         instance->topk, optimum);
}

static void print_marks(const alf_cli_verdicts *v)
{
  for (int claim = 0; claim < v->grid->claims; claim++) {
    int count[ALF_INCONCLUSIVE + 1] = {0};
    for (int cell = 0; cell < v->grid->cells; cell++)
      if (alf_cli_is_reported(v->grid, cell, claim))
        count[result_of(v, cell, claim)->verdict]++;
    print_mark(count);
  }
  putchar('\n');
  fflush(stdout);
}

static void report(void *opaque, const alf_cli_verdicts *v)
{
  alf_demo_claims *claims = opaque;
  char name[200];
  shorten(v->source, name, sizeof name);
  alf_cli_totals_add(&claims->totals, v, name);
  if (claims->list) {
    alf_cli_append_verdicts(&claims->list, v);
  } else {
    print_batch(v);
    print_marks(v);
  }
}

/* The options of alflab verify with which the demo goes through one kind of affinities. */
static alf_cli_options verify_options(const alf_cli_options *demo, int topk)
{
  alf_cli_options o = *demo;
  o.topk = topk;
  o.rule = "sign,proportional";
  o.schedule = "constant,1/n,1/sqrt(n)";
  o.step_sizes = demo->quick ? "1e-2" : "1e-4,1e-3,1e-2";
  o.timeout = 60;
  return o;
}

static alf_status prepare(alf_cli_verifier *verifier, const alf_cli_options *options, alf_error *err)
{
  alf_status status = alf_cli_verifier_prepare(verifier, options, err);
  verifier->settings.steps = options->quick ? QUICK_STEPS : STEPS; /* constant sign steps go on to their cycle */
  return status;
}

static void print_head(const alf_cli_verifier *verifier)
{
  printf("Claims, along the iteration in exact arithmetic: rules %s; schedules %s;\nu = %s: %d cells a batch\n\n",
         verifier->options->rule, verifier->options->schedule, verifier->options->step_sizes, verifier->grid.cells);
  printf("%-28s %6s %3s %2s %10s ", "affinities", "tokens", "E", "K", "optimum");
  for (int claim = 0; claim < verifier->grid.claims; claim++)
    printf(" %3s", verifier->grid.claim[claim]->id);
  putchar('\n');
}

static alf_status check_families(alf_demo_claims *claims, alf_error *err)
{
  alf_cli_options options = verify_options(claims->options, SYNTHETIC_TOPK);
  alf_cli_verifier verifier = {0};
  const char *const *inputs = options.quick ? quick_families : alf_cli_built_in;
  alf_status status = prepare(&verifier, &options, err);
  if (status == ALF_OK && !claims->list)
    print_head(&verifier);
  for (int i = 0; status == ALF_OK && inputs[i]; i++)
    status = alf_cli_verify_input(&verifier, inputs[i], report, claims, err);
  alf_cli_verifier_free(&verifier);
  return status;
}

static alf_status check_routers(alf_demo_claims *claims, alf_error *err)
{
  alf_cli_options options = verify_options(claims->options, ROUTER_TOPK);
  alf_cli_verifier verifier = {0};
  const char *const *inputs = options.quick ? quick_router_inputs : router_inputs;
  int count = options.quick ? COUNT(quick_router_inputs) : COUNT(router_inputs);
  char path[ALF_DEMO_PATH];
  alf_status status = prepare(&verifier, &options, err);
  for (int i = 0; status == ALF_OK && i < count; i++) {
    status = alf_demo_data_path(inputs[i], path, err);
    if (status == ALF_OK)
      status = alf_cli_verify_input(&verifier, path, report, claims, err);
  }
  alf_cli_verifier_free(&verifier);
  return status;
}

alf_status alf_demo_check_claims(alf_demo_claims *claims, alf_error *err)
{
  alf_status status = check_families(claims, err);
  if (status == ALF_OK)
    status = check_routers(claims, err);
  if (status == ALF_OK && !claims->list)
    printf("Cells in which the claim holds; - where its hypothesis is met in none; n! refuted, n? inconclusive. C5 and "
           "C8\n"
           "are judged once a batch. Every optimum is certified: primal = dual in exact integers.\n\n");
  return status;
}
