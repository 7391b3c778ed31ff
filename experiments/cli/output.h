/* What commands write to stdout. */
#ifndef ALF_CLI_OUTPUT_H
#define ALF_CLI_OUTPUT_H

#include <jansson.h>

#include "alf/status.h"

/* One aligned "key  value" line. */
void alf_cli_row(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A real, or null where it is not finite. */
json_t *alf_cli_json_real(double value);

/* A text, in which bytes that are not UTF-8 become '?': file names may hold any. */
json_t *alf_cli_json_text(const char *text);

/* Puts `item` at the end of an array, or under `key` into an object, and takes it over. When memory runs out *container
   is released and becomes NULL, which later calls keep, so that only alf_cli_print_json need look. */
void alf_cli_json_append(json_t **container, json_t *item);
void alf_cli_json_set(json_t **container, const char *key, json_t *item);

/* Prints one JSON object on one line, keys in the order they were put in, reals with 17 digits, and releases it.
   ALF_ENOMEM when `object` is NULL: so a failed json_pack can be passed on unseen. */
alf_status alf_cli_print_json(json_t *object, alf_error *err);

/* Flushes stdout. ALF_EIO when something could not be written; the text is empty when the reader closed the pipe. */
alf_status alf_cli_flush(alf_error *err);

#endif
