/* Texts and numbers as HTML. Whether all could be written is seen when the file is committed. */
#ifndef ALF_REPORT_HTML_H
#define ALF_REPORT_HTML_H

#include <stdio.h>

#include "run/outcome.h"

/* A text, as content or between double quotes. What is no UTF-8 or no character of HTML is shown as U+FFFD. */
void alf_html_text(FILE *page, const char *text);

/* A number with four digits, or whole below 10^7, and powers of ten set as such; NAN is a dash. */
void alf_html_number(FILE *page, double number);

/* Any value: numbers as above, but whole ones in full. */
void alf_html_value(FILE *page, const alf_value *value);

/* A setting, as a config has it. */
void alf_html_setting(FILE *page, const alf_named *setting);

/* "1 cell", "3 cells". */
void alf_html_count(FILE *page, int64_t count, const char *thing);

/* The beginning of a cell of a table that sorts by that number; nothing known sorts last. */
void alf_html_number_cell(FILE *page, double number);

#endif
