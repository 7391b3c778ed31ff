# Writes OUT, C with the lines of the files CSS and JS as arrays of strings: alf_report_css, alf_report_js.
#   cmake -D CSS=… -D JS=… -D OUT=… -P embed.cmake
cmake_minimum_required(VERSION 3.25)
function(lines_of file result)
  file(READ ${file} text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REGEX REPLACE "([^\n]*)\n" "  \"\\1\",\n" text "${text}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()
lines_of(${CSS} css)
lines_of(${JS} js)
file(WRITE ${OUT} "extern const char *const alf_report_css[], *const alf_report_js[];
const char *const alf_report_css[] = {
${css}  0};
const char *const alf_report_js[] = {
${js}  0};
")
