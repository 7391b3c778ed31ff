# alflab report: one panel of a figure. Colours stand for those of the page, which has a dark and a light set
# (experiments/report/svg.h); lines are told apart by dashes, too. The first rows of the file say how: x and y, each with
# its range and whether it is of logarithms; lines, how many, and whether they have markers.
width = 320
height = 220
set encoding utf8
set terminal svg size width, height font 'Arial,12'
set output out
set datafile separator comma
x_low = x_high = x_log = y_low = y_high = y_log = lines = marked = 0
stats csv using (strcol(1) eq 'x' ? (x_low = $2, x_high = $3, x_log = $4, 0) : \
                 strcol(1) eq 'y' ? (y_low = $2, y_high = $3, y_log = $4, 0) : \
                 strcol(1) eq 'lines' ? (lines = int($2), marked = int($3), 0) : 0) nooutput

# Of logarithms at most five tics are named.
every(low, high) = 10 ** ceil((log10(high / low) + 0.5) / 5)
# Else about four: 1, 2 or 5 times a power of ten apart.
power(range) = 10 ** floor(log10(range / 4))
tidy(range) = power(range) * (range / 4 / power(range) < 1.5 ? 1 : range / 4 / power(range) < 3.5 ? 2 : \
  range / 4 / power(range) < 7.5 ? 5 : 10)
if (x_log) {
  set logscale x
  set xtics every(x_low, x_high) format '10^{%T}'
} else {
  set xtics tidy(x_high - x_low) format '%g'
}
if (y_log) {
  set logscale y
  set ytics every(y_low, y_high) format '10^{%T}'
} else {
  set ytics tidy(y_high - y_low) format '%g'
}
set xrange [x_low:x_high]
set yrange [y_low:y_high]
set border 3 linewidth 1
set tics nomirror out scale 0.5
unset mxtics
unset mytics
set grid linetype 1 linewidth 1 linecolor rgb 0x0000ff
set lmargin 6.5
set rmargin 1.5
set tmargin 0.6
set bmargin 1.8
set style fill transparent solid 0.16 noborder
colour(i) = (i - 1) % 8 + 1
turn(i) = (i - 1 + (i - 1) / 8) % 4
of(i, value) = strcol(1) eq sprintf('%d', i) ? value : NaN
plot for [i = 1:lines] csv skip 3 using (of(i, $2)):4:5 with filledcurves linecolor rgb colour(i) notitle, \
  for [i = 1:lines] csv skip 3 using (turn(i) == 0 ? of(i, $2) : NaN):3 with lines linewidth 1.8 dashtype solid linecolor rgb colour(i) notitle, \
  for [i = 1:lines] csv skip 3 using (turn(i) == 1 ? of(i, $2) : NaN):3 with lines linewidth 1.8 dashtype (9, 4) linecolor rgb colour(i) notitle, \
  for [i = 1:lines] csv skip 3 using (turn(i) == 2 ? of(i, $2) : NaN):3 with lines linewidth 1.8 dashtype (3, 3) linecolor rgb colour(i) notitle, \
  for [i = 1:lines] csv skip 3 using (turn(i) == 3 ? of(i, $2) : NaN):3 with lines linewidth 1.8 dashtype (9, 3, 2, 3) linecolor rgb colour(i) notitle, \
  for [i = 1:lines] csv skip 3 using (marked ? of(i, $2) : NaN):3 with points pointtype 7 pointsize 0.35 linecolor rgb colour(i) notitle
