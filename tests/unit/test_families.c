/* Synthetic families: golden values, the table, reproducibility, specifications. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/source.h"

/* Reads batch `number` of a stream. The caller frees. */
static alf_affinity read_batch(const char *input, uint64_t seed, int number)
{
  alf_error err = {0};
  alf_source *source;
  alf_affinity batch = {0};
  assert_ok(alf_source_open(&source, input, seed, &err), &err);
  for (int b = 0; b <= number; b++)
    assert_ok(alf_source_next(source, &batch, &err), &err);
  alf_source_close(source);
  return batch;
}

static size_t bytes(const alf_affinity *batch)
{
  return (size_t)(batch->tokens * batch->experts) * sizeof(double);
}

/* The random words are pinned by test_random; uniform adds the order of streams: seed, batch, token, expert. */
static void test_uniform_known_answer(void **state)
{
  (void)state;
  alf_affinity batch = read_batch("uniform:T=1,E=2,seed=0", 7, 0);
  const double *values = batch.values;
  assert_true(values[0] == (double)((0x6627e8d5u >> 5) * 0x4000000ull + (0xe169c58du >> 6)) / 0x1p53);
  assert_true(values[1] == (double)((0xbc57ac4cu >> 5) * 0x4000000ull + (0x9b00dbd8u >> 6)) / 0x1p53);
  alf_affinity_free(&batch);
}

/* Token 2 of batch 1. A change here changes every published number: say why in the commit. */
static void test_golden(void **state)
{
  (void)state;
  const struct {
    const char *input;
    double row[4];
  } golden[] = {
      {"uniform:T=3,E=4,seed=5,batches=2",
       {0.69203190415750049, 0.90906970070972803, 0.88974105490856059, 0.43507439001443271}},
      {"softmax:T=3,E=4,seed=5,batches=2,skew=2,temperature=0.5",
       {0.17811946118524008, 0.2856491125836344, 0.53614046333816656, 9.0962892958959584e-05}},
      {"gauss_sigmoid:T=3,E=4,seed=5,batches=2,factor=0.2,skew=0.5",
       {0.46773289650185967, 0.46521600765758375, 0.49315364794071792, 0.24878711467104872}},
      {"grid:T=3,E=4,seed=5,batches=2,levels=5", {0.6, 0.8, 0.8, 0.8}},
      {"dirichlet:T=3,E=4,seed=5,batches=2,concentration=0.3",
       {0.54298682921813379, 0.44921632457716049, 4.1161696076365948e-09, 0.0077968420885362096}},
      {"drift:T=3,E=4,seed=5,batches=2,skew=2,period=7",
       {0.005858433736467372, 0.0017107889718016964, 0.9835774777458437, 0.0088532995458874119}},
      {"adversarial:T=3,E=4,seed=5,batches=2,kind=0,block=2",
       {0.75389051405844854, 0.11332848670471529, 0.18063714060014302, 0.56953506241206475}},
      {"adversarial:T=3,E=4,seed=5,batches=2,kind=1,block=2",
       {0.34601595207875024, 0.45453485035486402, 0.4448705274542803, 0.71753719500721636}},
      {"adversarial:T=3,E=4,seed=5,batches=2,kind=2,block=2",
       {0.69203190415750049, 0.90906970070972803, 0.88974105490856059, 0.43507439001443271}},
      {"adversarial:T=3,E=4,seed=5,batches=2,kind=3,block=2",
       {0.75395971724886424, 0.11341939367478626, 0.18072611470563388, 0.56957856985106614}},
      {"adversarial:T=3,E=4,seed=5,batches=2,kind=4,block=2",
       {0.17300797603937512, 0.22726742517743201, 0.97243526372714018, 0.85876859750360812}},
  };
  for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
    alf_affinity batch = read_batch(golden[i].input, 0, 1);
    for (int k = 0; k < 4; k++)
      assert_near(alf_affinity_get(&batch, 2, k), golden[i].row[k], 1e-14 * golden[i].row[k]);
    alf_affinity_free(&batch);
  }
}

static void test_table(void **state)
{
  (void)state;
  for (int f = 0; alf_families[f]; f++) {
    const alf_family *family = alf_families[f];
    assert_ptr_equal(alf_family_find(family->name), family);
    assert_true(family->summary[0] != '\0' && !strchr(family->summary, '\n'));
    int count = 0;
    for (const alf_parameter *p = family->parameters; p->name; p++, count++) {
      assert_true(p->minimum <= p->fallback && p->fallback <= p->maximum && p->help[0] != '\0');
      for (const alf_parameter *common = alf_family_common; common->name; common++)
        assert_string_not_equal(p->name, common->name);
    }
    assert_true(count <= ALF_MAX_PARAMETERS);
    alf_affinity batch = read_batch(family->name, 0, 0);
    assert_true(batch.tokens == 1024 && batch.experts == 64 && batch.dtype == ALF_FLOAT64);
    alf_affinity_free(&batch);
  }
  assert_null(alf_family_find("none"));
  assert_null(alf_family_find(""));
}

/* Every parameter at both ends of its range gives finite values (alf_source_next checks them). */
static void test_ends_of_ranges(void **state)
{
  (void)state;
  for (int f = 0; alf_families[f]; f++)
    for (const alf_parameter *p = alf_families[f]->parameters; p->name; p++)
      for (int end = 0; end < 2; end++)
        for (int kind = 0; kind < 5; kind++) {
          char input[160];
          int adversarial = strcmp(alf_families[f]->name, "adversarial") == 0 && strcmp(p->name, "kind") != 0;
          snprintf(input, sizeof input, "%s:T=8,E=16,%s=%.17g", alf_families[f]->name, p->name,
                   end ? p->maximum : p->minimum);
          if (adversarial)
            snprintf(input + strlen(input), sizeof input - strlen(input), ",kind=%d", kind);
          alf_affinity batch = read_batch(input, 1, 0);
          alf_affinity_free(&batch);
        }
}

/* The same bits whoever asks and in which order; other bits for another seed or batch. */
static void test_reproducible(void **state)
{
  (void)state;
  for (int f = 0; alf_families[f]; f++) {
    char input[120], seeded[140], longer[120];
    const char *name = alf_families[f]->name, *kind = strcmp(name, "adversarial") == 0 ? ",kind=3" : "";
    snprintf(input, sizeof input, "%s:T=20,E=6,batches=3%s", name, kind);
    snprintf(seeded, sizeof seeded, "%s,seed=9", input);
    snprintf(longer, sizeof longer, "%s:T=33,E=6,batches=50%s", name, kind);
    alf_affinity a = read_batch(input, 9, 2), b = read_batch(seeded, 4, 2), c = read_batch(longer, 9, 2);
    alf_affinity other_seed = read_batch(input, 10, 2), other_batch = read_batch(input, 9, 1);
    assert_memory_equal(a.values, b.values, bytes(&a));
    assert_memory_equal(a.values, c.values, bytes(&a));
    assert_memory_not_equal(a.values, other_seed.values, bytes(&a));
    assert_memory_not_equal(a.values, other_batch.values, bytes(&a));
    alf_affinity_free(&a);
    alf_affinity_free(&b);
    alf_affinity_free(&c);
    alf_affinity_free(&other_seed);
    alf_affinity_free(&other_batch);
  }
}

static void test_rewind(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_source *source;
  alf_affinity batch = {0};
  double first[12];
  assert_ok(alf_source_open(&source, "drift:T=4,E=3,batches=2,period=3", 2, &err), &err);
  assert_string_equal(alf_source_describe(source)->kind, "drift");
  assert_int_equal(alf_source_describe(source)->batches, 2);
  assert_ok(alf_source_next(source, &batch, &err), &err);
  memcpy(first, batch.values, sizeof first);
  assert_ok(alf_source_next(source, &batch, &err), &err);
  assert_memory_not_equal(batch.values, first, sizeof first);
  assert_fails(alf_source_next(source, &batch, &err), ALF_EEND, &err, "no further batch after 2");
  alf_source_rewind(source);
  assert_ok(alf_source_next(source, &batch, &err), &err);
  assert_memory_equal(batch.values, first, sizeof first);
  alf_affinity_free(&batch);
  alf_source_close(source);
}

static void test_accepted_numbers(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_source *source;
  assert_ok(alf_source_open(&source, "softmax:E=1.6e1,T=1e3,batches=2.0,seed=18446744073709551615,skew=1e-1", 0, &err),
            &err);
  const alf_source_info *info = alf_source_describe(source);
  assert_true(info->experts == 16 && info->tokens == 1000 && info->batches == 2 && info->dtype == ALF_FLOAT64);
  alf_source_close(source);
  /* The last bit of a 64-bit seed counts. */
  alf_affinity a = read_batch("uniform:T=1,E=2,seed=18446744073709551615", 0, 0);
  alf_affinity b = read_batch("uniform:T=1,E=2,seed=18446744073709551614", 0, 0);
  assert_memory_not_equal(a.values, b.values, bytes(&a));
  alf_affinity_free(&a);
  alf_affinity_free(&b);
}

static void test_refused(void **state)
{
  (void)state;
  const struct {
    const char *input, *words;
  } cases[] = {
      {"uniform:,", "expected KEY=VALUE with a key of: T, E, batches, seed"},
      {"uniform:T", "parameter 'T': expected KEY=VALUE"},
      {"uniform:T=4,", "parameter ''"},
      {"uniform:T=4,,E=4", "parameter ''"},
      {"uniform:=4", "parameter ''"},
      {"uniform:t=4", "parameter 't'"},
      {"uniform: T=4", "parameter ' T'"},
      {"uniform:skew=1", "parameter 'skew': expected KEY=VALUE with a key of: T, E, batches, seed"},
      {"softmax:x=1", "T, E, batches, seed, skew, temperature"},
      {"uniform:T=0", "T '0': expected a whole number in 1..1099511627776"},
      {"uniform:T=", "T ''"},
      {"uniform:T=1.5", "T '1.5': expected a whole number"},
      {"uniform:T=1e-1", "T '1e-1'"},
      {"uniform:T=0x10", "T '0x10'"},
      {"uniform:T=-4", "T '-4'"},
      {"uniform:T=4 ", "T '4 '"},
      {"uniform:T=4=4", "T '4=4'"},
      {"uniform:T=2e12", "T '2e12'"},
      {"uniform:E=1", "E '1': expected a whole number in 2..4096"},
      {"uniform:E=4097", "E '4097'"},
      {"uniform:batches=0", "batches '0': expected a whole number in 1.."},
      {"uniform:seed=-1", "seed '-1': expected a whole number in 0..18446744073709551615"},
      {"uniform:seed=18446744073709551616", "seed"},
      {"uniform:seed=0.5", "seed '0.5'"},
      {"uniform:E=4,T=5,E=4", "E: given twice, expected once"},
      {"uniform:seed=4,seed=4", "seed: given twice"},
      {"softmax:skew=1,skew=1", "skew: given twice"},
      {"softmax:skew=nan", "skew 'nan': expected a number in 0..1000"},
      {"softmax:skew=inf", "skew 'inf'"},
      {"softmax:skew=-1", "skew '-1'"},
      {"softmax:temperature=0", "temperature '0': expected a number in 0.001..1000"},
      {"grid:levels=2.5", "levels '2.5': expected a whole number"},
      {"grid:levels=0", "levels '0'"},
      {"adversarial:kind=5", "kind '5': expected a whole number in 0..4"},
      {"drift:period=0", "period '0'"},
      {"dirichlet:concentration=0", "concentration '0'"},
      {"uniform:\n=1", "parameter '?'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    alf_error err = {0};
    alf_source *source;
    assert_fails(alf_source_open(&source, cases[i].input, 0, &err), ALF_EINVAL, &err, cases[i].words);
    assert_null(source);
    assert_int_equal(strncmp(err.text, cases[i].input, 4), 0);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_uniform_known_answer), cmocka_unit_test(test_golden),       cmocka_unit_test(test_table),
      cmocka_unit_test(test_ends_of_ranges),       cmocka_unit_test(test_reproducible), cmocka_unit_test(test_rewind),
      cmocka_unit_test(test_accepted_numbers),     cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
