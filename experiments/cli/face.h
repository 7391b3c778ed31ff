/* What `solve --face` and `--against` report. */
#ifndef ALF_CLI_FACE_H
#define ALF_CLI_FACE_H

#include <jansson.h>

#include "alf/face.h"
#include "cli/shift.h"

/* Zero-initialise; alf_cli_face_free copes with any state. */
typedef struct alf_cli_face {
  alf_face face;
  int32_t grid_bits;
  alf_certificate certificate; /* of the optimal routing with the centre as prices */
  double seconds;              /* alf_face_find alone */
  /* With --against only; shift is NULL otherwise. */
  int64_t *shift; /* E, grid units */
  const char *file;
  int64_t row;
  double rounding; /* largest |shift on the grid − shift in the file| */
  double loss;     /* affinity units */
  int32_t inside;  /* experts whose p_k − p_0 lies in its interval, expert 0 among them */
  alf_face_position position;
} alf_cli_face;

/* Finds the face of a solved batch, certifies its centre, and places the shift of the batch unless it has no rows.
   Errors: ALF_ESOLVER when the solution is not certified, those of alf_face_find and alf_face_place. */
alf_status alf_cli_face_measure(alf_cli_face *f, const alf_problem *problem, const alf_solution *solution,
                                const alf_certificate *certificate, const alf_solve_settings *settings,
                                const alf_cli_shift *shift, int64_t batch, alf_error *err);

/* Summary lines and one line for each expert; or one line for a batch of a stream. */
void alf_cli_face_print(const alf_cli_face *f);
void alf_cli_face_print_line(const alf_cli_face *f);

/* The value of "face"; NULL when memory runs out. */
json_t *alf_cli_face_json(const alf_cli_face *f);

void alf_cli_face_free(alf_cli_face *f);

#endif
