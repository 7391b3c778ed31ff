/* Drawings of gnuplot, made part of a page. */
#ifndef ALF_REPORT_SVG_H
#define ALF_REPORT_SVG_H

#include <stdio.h>

#include "alf/status.h"

/* Writes what a file of gnuplot's svg terminal draws, in the page's own font and colours: black is the colour of text,
   rgb 0x000001 … the variables --s1 … of the page's style, 0x0000ff --grid. Names and titles that gnuplot gives to parts are left out,
   with its definitions: of its markers only gpPt6, a disc, is drawn. Errors: ALF_EIO, ALF_EFORMAT, ALF_ENOMEM. */
alf_status alf_svg_inline(FILE *page, const char *path, const char *label, alf_error *err);

#endif
