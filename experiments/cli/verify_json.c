#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/verify.h"

static json_t *hypotheses(const alf_claim_result *r)
{
  json_t *list = json_array();
  for (int h = 0; h < r->hypotheses; h++) {
    json_t *item = json_object();
    alf_cli_json_set(&item, "name", json_string(r->hypothesis[h].name));
    alf_cli_json_set(&item, "met", json_boolean(r->hypothesis[h].met));
    alf_cli_json_set(&item, "measured", json_string(r->hypothesis[h].measured.name));
    alf_cli_json_set(&item, "value", alf_cli_json_real(r->hypothesis[h].measured.value));
    alf_cli_json_append(&list, item);
  }
  return list;
}

static json_t *measures(const alf_claim_result *r)
{
  json_t *object = json_object();
  for (int m = 0; m < r->measures; m++)
    alf_cli_json_set(&object, r->measure[m].name, alf_cli_json_real(r->measure[m].value));
  return object;
}

static json_t *entry(const alf_cli_verdicts *v, int cell, int claim)
{
  const alf_claim_result *r = &v->result[cell * v->grid->claims + claim];
  const alf_claim *c = v->grid->claim[claim];
  alf_cli_cell_text where = alf_cli_describe(&v->grid->cell[cell]);
  json_t *object = json_object();
  alf_cli_json_set(&object, "id", json_string(c->id));
  alf_cli_json_set(&object, "source", alf_cli_json_text(v->source));
  alf_cli_json_set(&object, "rule", c->fixed_by_batch ? json_null() : json_string(where.rule));
  alf_cli_json_set(&object, "schedule", c->fixed_by_batch ? json_null() : json_string(where.schedule));
  alf_cli_json_set(&object, "format", json_string(where.format));
  alf_cli_json_set(&object, "u", c->fixed_by_batch ? json_null() : json_real(v->grid->cell[cell].u));
  alf_cli_json_set(&object, "verdict", json_string(alf_verdict_name(r->verdict)));
  alf_cli_json_set(&object, "margin", alf_cli_json_real(r->margin));
  alf_cli_json_set(&object, "hypothesis", hypotheses(r));
  alf_cli_json_set(&object, "steps", json_integer(r->steps));
  alf_cli_json_set(&object, "worst_step", json_integer(r->worst_step));
  alf_cli_json_set(&object, "witness", json_null()); /* none is written yet */
  alf_cli_json_set(&object, "exact", json_boolean(v->exact));
  alf_cli_json_set(&object, "citation", json_string(c->citation));
  alf_cli_json_set(&object, "reason", alf_cli_json_text(r->reason));
  alf_cli_json_set(&object, "measures", measures(r));
  return object;
}

/* Ctrl-C came before its turn. */
static bool never_ran(const alf_cli_verdicts *v, int cell, int claim)
{
  const alf_claim_result *r = &v->result[cell * v->grid->claims + claim];
  return alf_cli_interrupted() && r->steps == 0 && !v->grid->claim[claim]->fixed_by_batch;
}

void alf_cli_append_verdicts(json_t **list, const alf_cli_verdicts *v)
{
  for (int claim = 0; claim < v->grid->claims; claim++)
    for (int cell = 0; cell < v->grid->cells; cell++)
      if (alf_cli_is_reported(v->grid, cell, claim) && !never_ran(v, cell, claim))
        alf_cli_json_append(list, entry(v, cell, claim));
}
