#include "data/text.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS      400
#define MAX_EXPONENT    9999
#define MAX_NAME_LENGTH 160

/* digits · 10^exponent, the decimal point already accounted for. */
typedef struct decimal {
  bool negative;
  char digits[MAX_DIGITS + 1];
  int exponent;
} decimal;

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static const char *scan_digits(const char *text, decimal *number, size_t *count)
{
  for (; is_digit(*text) && *count < MAX_DIGITS; text++)
    number->digits[(*count)++] = *text;
  return text;
}

static const char *scan_exponent(const char *text, int *exponent)
{
  bool negative = *text == '-';
  text += *text == '-' || *text == '+';
  if (!is_digit(*text))
    return NULL;
  int value = 0;
  for (; is_digit(*text); text++)
    value = value < MAX_EXPONENT ? 10 * value + (*text - '0') : value;
  *exponent += negative ? -value : value;
  return text;
}

/* The grammar: sign, digits with an optional point, optional exponent; nothing before or after. */
static bool scan_decimal(const char *text, decimal *number)
{
  *number = (decimal){.negative = *text == '-'};
  text += *text == '-' || *text == '+';
  size_t count = 0;
  text = scan_digits(text, number, &count);
  if (*text == '.') {
    size_t before = count;
    text = scan_digits(text + 1, number, &count);
    number->exponent = -(int)(count - before);
  }
  if (count > 0 && (*text == 'e' || *text == 'E'))
    text = scan_exponent(text + 1, &number->exponent);
  return count > 0 && text && *text == '\0';
}

static alf_status refuse(const char *text, const char *what, const char *expected, alf_error *err)
{
  char shown[64];
  alf_printable(shown, sizeof shown, text, strlen(text));
  return alf_fail(err, ALF_EINVAL, "%s '%s': expected %s", what, shown, expected);
}

/* strtod gets the number without its decimal point, which is the only character a locale could read differently. */
alf_status alf_parse_real(const char *text, const char *what, double *value, alf_error *err)
{
  decimal number;
  if (!scan_decimal(text, &number))
    return refuse(text, what, "a number", err);
  char plain[MAX_DIGITS + 16];
  snprintf(plain, sizeof plain, "%se%d", number.digits, number.exponent);
  *value = strtod(plain, NULL);
  if (!isfinite(*value))
    return refuse(text, what, "a number in the range of a double", err);
  if (number.negative)
    *value = -*value;
  return ALF_OK;
}

/* 10·value + digit, or false when that is more than maximum. */
static bool push_digit(uint64_t *value, unsigned digit, uint64_t maximum)
{
  if (*value > maximum / 10 || digit > maximum - 10 * *value)
    return false;
  *value = 10 * *value + digit;
  return true;
}

typedef enum whole { WHOLE, NOT_WHOLE, TOO_LARGE } whole;

static whole whole_value(decimal *number, uint64_t maximum, uint64_t *value)
{
  size_t count = strlen(number->digits);
  for (; number->exponent < 0 && count > 0; number->exponent++)
    if (number->digits[--count] != '0')
      return NOT_WHOLE;
  *value = 0;
  for (size_t i = 0; i < count; i++)
    if (!push_digit(value, (unsigned)(number->digits[i] - '0'), maximum))
      return TOO_LARGE;
  for (; number->exponent > 0 && *value > 0; number->exponent--)
    if (!push_digit(value, 0, maximum))
      return TOO_LARGE;
  return number->negative && *value > 0 ? TOO_LARGE : WHOLE;
}

alf_status alf_parse_whole(const char *text, const char *what, uint64_t maximum, uint64_t *value, alf_error *err)
{
  decimal number;
  char expected[64];
  snprintf(expected, sizeof expected, "a whole number in 0..%llu", (unsigned long long)maximum);
  if (!scan_decimal(text, &number) || whole_value(&number, maximum, value) != WHOLE)
    return refuse(text, what, expected, err);
  return ALF_OK;
}

void alf_printable(char *out, size_t size, const char *text, size_t length)
{
  size_t count = length < size - 1 ? length : size - 1;
  for (size_t i = 0; i < count; i++)
    out[i] = text[i];
  for (size_t i = 0; i < count; i++)
    if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f)
      out[i] = '?';
  out[count] = '\0';
}

char *alf_message_copy(const char *text)
{
  size_t length = strlen(text);
  if (length > MAX_NAME_LENGTH) {
    text += length - MAX_NAME_LENGTH;
    length = MAX_NAME_LENGTH;
  }
  char *copy = malloc(length + 1);
  if (copy)
    alf_printable(copy, length + 1, text, length);
  return copy;
}

void alf_list_append(char *out, size_t size, const char *item)
{
  static const char more[] = ", …";
  const size_t more_length = sizeof more - 1;
  size_t length = strlen(out);
  if (length >= more_length && strcmp(out + length - more_length, more) == 0)
    return;
  const char *separator = length > 0 ? ", " : "";
  if (length + strlen(separator) + strlen(item) + sizeof more <= size)
    snprintf(out + length, size - length, "%s%s", separator, item);
  else if (length + sizeof more <= size)
    snprintf(out + length, size - length, "%s", more);
}
