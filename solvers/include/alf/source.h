/* Sources yield batches: a synthetic family, an .npy or an .npz trace, a directory of .npy files. */
#ifndef ALF_SOURCE_H
#define ALF_SOURCE_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stdint.h>

#include "alf/affinity.h"
#include "alf/parameter.h"

/* What a family is asked to fill. */
typedef struct alf_family_call {
  int64_t tokens;  /* T */
  int32_t experts; /* E */
  uint64_t seed;
  int64_t batch;       /* 0-based position in the stream */
  int64_t batches;     /* length of the stream */
  const double *value; /* the family's own parameters, in the order of its table */
  gsl_rng *rng;        /* alf_rng_philox, to be positioned by alf_rng_stream(rng, seed, batch, token) */
} alf_family_call;

/* The parameters of every family: T, E, batches, and seed, whose default is that of the settings and whose values are
   whole numbers up to 2^64 - 1, all of them exact. Ends with a NULL name. */
extern const alf_parameter alf_family_common[];

/* The distribution of one affinity at v, for families whose experts are independent within a token. */
typedef struct alf_marginal {
  double density; /* φ_k(v) */
  double above;   /* Pr(γ_ik > v) */
} alf_marginal;

/* A synthetic family: one file in solvers/data/families and one line in solvers/data/registry.c. */
typedef struct alf_family {
  const char *name;
  const char *summary;             /* one line */
  const alf_parameter *parameters; /* its own ones; ends with a NULL name */
  /* Fills values, T×E row-major, with finite affinities that depend on the call alone, not on earlier calls. Reads the
     stream of token i for token i, and that of ALF_RNG_SHARED (in batch 0) for what is common to all batches. */
  alf_status (*fill)(const alf_family_call *call, double *values, alf_error *err);
  /* Where tokens are independent of each other, and experts within a token, all with values in [0, 1]:
     `own` writes what sets each expert apart, E numbers, and `marginal` is the distribution of an expert with that
     number, for 0 < v < 1. Both NULL for other families. */
  bool stationary; /* batches are alike: what they hold does not depend on their number but by chance */
  void (*own)(const alf_family_call *call, double *own);
  alf_marginal (*marginal)(const double *value, double own, double v);
} alf_family;

/* Null-terminated table of all families. */
extern const alf_family *const alf_families[];

/* NULL when there is none of that name. */
const alf_family *alf_family_find(const char *name);

typedef struct alf_source_info {
  const char *input; /* as given to alf_source_open, fit for a message; lives as long as the source */
  const char *kind;  /* name of the family, "npy", "npz" or "directory"; static string */
  int64_t batches;   /* >= 1: 1 for a 2-D array or one named slice, the first axis of a 3-D array; over all files */
  int64_t tokens;    /* T of every batch */
  int32_t experts;   /* E */
  alf_dtype dtype;   /* element type as stored, the wider one of a directory's; ALF_FLOAT64 for a family */
} alf_source_info;

/* An opened source. Opaque. */
typedef struct alf_source alf_source;

/* Opens INPUT: "family:key=value,…" (a family's name, with or without parameters), "x.npy", "x.npy@batch", "x.npz:key",
   "x.npz:key@batch" (the last '@' counts), "directory", "directory@batch". Files hold float32 or float64
   (little-endian, C order), 2-D (tokens × experts) or 3-D (batches × tokens × experts). A directory yields the batches
   of its files whose names end in .npy and do not begin with a dot, in byte order of the names; all have the same
   tokens × experts, and float32 is widened where another file holds float64. A family's name comes before a directory
   of that name, which is then ./name. `seed` is the default of a family's seed parameter. The caller closes.
   Errors: ALF_EINVAL for a wrong specification (unknown family, parameter or key, value out of range, batch past the
   end), ALF_EIO for a file that cannot be read (missing, no permission) or a directory without .npy files, ALF_EFORMAT
   for content, ALF_ENOMEM. On failure *source is NULL. */
alf_status alf_source_open(alf_source **source, const char *input, uint64_t seed, alf_error *err);

/* What was opened; lives as long as the source. */
const alf_source_info *alf_source_describe(const alf_source *source);

/* The family behind a source, and how it is called (lives as long as the source); NULL for a file. */
const alf_family *alf_source_family(const alf_source *source, const alf_family_call **call);

/* Reads the next batch into *batch, which the caller zero-initialised before the first call and frees in the end; its
   memory is taken at the first call and reused by the following ones. Files are read batch by batch, never whole.
   Values are checked to be finite: ALF_EFORMAT names file, batch (0-based, in the file), token, expert and value.
   ALF_EEND after the last batch; alf_source_rewind starts over. A batch that failed is read again by the next call.
   Errors: ALF_EINVAL when *batch holds a batch of another shape, ALF_EIO (also when a file has shrunk), ALF_EFORMAT,
   ALF_ENOMEM. */
alf_status alf_source_next(alf_source *source, alf_affinity *batch, alf_error *err);

/* What messages call the file that the last batch came from: the input, or the file in the directory. */
const char *alf_source_file(const alf_source *source);

/* Puts the source back before its first batch (or the named one). */
void alf_source_rewind(alf_source *source);

/* Safe on NULL. */
void alf_source_close(alf_source *source);

#endif
