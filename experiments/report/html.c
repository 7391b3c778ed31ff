#include "report/html.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "run/values.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* Bytes of the character that starts here; 0: it is none that may stand in a page. */
static int character_length(const unsigned char *c)
{
  if (*c < 0x80)
    return (*c >= 0x20 && *c != 0x7f) || *c == '\n' || *c == '\t';
  int length = *c >= 0xf0 ? 4 : *c >= 0xe0 ? 3 : 2;
  long code = *c & (0x7f >> length);
  for (int i = 1; i < length; i++) {
    if ((c[i] & 0xc0) != 0x80)
      return 0;
    code = code << 6 | (c[i] & 0x3f);
  }
  static const long least[] = {0, 0, 0x80, 0x800, 0x10000};
  bool is_character = code >= least[length] && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) && code >= 0xa0;
  return *c >= 0xc2 && *c <= 0xf4 && is_character ? length : 0;
}

static const char *entity(char c)
{
  switch (c) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  default:
    return NULL;
  }
}

void alf_html_text(FILE *page, const char *text)
{
  while (*text) {
    int length = character_length((const unsigned char *)text);
    if (length == 0)
      fputs(REPLACEMENT, page);
    else if (entity(*text))
      fputs(entity(*text), page);
    else
      fwrite(text, 1, (size_t)length, page);
    text += length ? length : 1;
  }
}

void alf_html_number(FILE *page, double number)
{
  char digits[40];
  if (isnan(number)) {
    fputs("–", page);
    return;
  }
  if (isinf(number)) {
    fputs(number < 0 ? "−∞" : "∞", page);
    return;
  }
  snprintf(digits, sizeof digits, fabs(number) >= 9999.5 && fabs(number) < 1e7 ? "%.0f" : "%.4g", fabs(number));
  if (number < 0)
    fputs("−", page);
  char *e = strchr(digits, 'e');
  if (!e) {
    fputs(digits, page);
    return;
  }
  int power = 0;
  sscanf(e + 1, "%d", &power);
  *e = '\0';
  if (strcmp(digits, "1"))
    fprintf(page, "%s×", digits);
  fprintf(page, "10<sup>%s%d</sup>", power < 0 ? "−" : "", power < 0 ? -power : power);
}

void alf_html_value(FILE *page, const alf_value *value)
{
  if (value->type == ALF_TEXT)
    alf_html_text(page, value->text);
  else if (value->type == ALF_WHOLE && value->whole < 0)
    fprintf(page, "−%" PRIu64, -(uint64_t)value->whole);
  else if (value->type == ALF_WHOLE)
    fprintf(page, "%" PRId64, value->whole);
  else
    alf_html_number(page, value->real);
}

void alf_html_setting(FILE *page, const alf_named *setting)
{
  char text[ALF_VALUE_TEXT];
  if (setting->value.type == ALF_TEXT) {
    alf_html_text(page, setting->value.text);
    return;
  }
  alf_value_print(&setting->value, text);
  alf_html_text(page, text);
}

void alf_html_count(FILE *page, int64_t count, const char *thing)
{
  fprintf(page, "%" PRId64 " %s%s", count, thing, count == 1 ? "" : "s");
}

void alf_html_number_cell(FILE *page, double number)
{
  if (isnan(number))
    fputs("<td class=n data-v=\"\">", page);
  else
    fprintf(page, "<td class=n data-v=\"%.17g\">", number);
}
