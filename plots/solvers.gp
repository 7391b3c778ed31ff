# alflab figures solvers: how solvers near the certified optimum at training size. Drawn from solvers.csv. One panel is
# above the other, so that the figure fits a column: in one of 240 points its letters have 7.
width = 540
height = 970
load folder.'/style.gp'

# The solvers are those in the file: exact ones have one point, approximate ones a curve.
approximate = ''
exact = ''
add(list, name) = strstrt(list.' ', ' '.name.' ') ? list : list.' '.name
stats csv skip 1 using (approximate = strcol(1) eq 'bound 4096' ? add(approximate, strcol(2)) : approximate, 0) nooutput
stats csv skip 1 using (exact = strcol(1)[1:5] eq 'exact' ? add(exact, strcol(2)) : exact, 0) nooutput
curves = words(approximate)
a(i) = word(approximate, i)
e(i) = word(exact, i)
stats csv skip 1 using 3 name 'seconds' nooutput

# Below the logarithmic axis lies a strip for gaps of 0: approximate solvers in two rows by turns, so that those that
# take as long do not cover each other, then a row for each exact one, whose name is beside it.
lowest = 1e-10
beyond(gap) = gap > 1e-13 ? gap : 1e-13 # where lines leave the frame
within(gap) = gap > lowest ? gap : lowest
ends = 1.4 * marker # size of the markers
rows = 2 + words(exact)
turn(i) = rows - 0.5 - (i - 1) % 2
row(i) = words(exact) + 0.5 - i

set multiplot
unset key
set lmargin at screen 0.185
set rmargin at screen 0.965
set logscale x
set xrange [10**floor(log10(seconds_min)):10**ceil(log10(seconds_max))] # whole decades, the same for both

do for [panel in "4096 16384"] {
  top = panel eq '4096' ? 0.931 : 0.475
  set tmargin at screen top
  set bmargin at screen top - 0.212
  set border 2
  set logscale y
  set yrange [lowest:1]
  set format '10^{%T}'
  set xtics format ''
  set ytics nomirror out scale 0.6
  title = panel eq '4096' ? 'a   4,096 tokens, 64 experts, K = 6' : 'b   16,384 tokens, 64 experts, K = 8'
  set label 1 title at screen 0.02, top + 0.047 left
  set label 2 'softmax affinities, one thread' at screen 0.02, top + 0.022 left font ',13' textcolor rgb '#505050'
  set label 3 'gap to the optimum / OPT' at screen 0.03, top - 0.106 center rotate
  unset label 4
  plot for [i = 1:curves] csv skip 1 using (pick('bound '.panel, a(i), $3)):(beyond($4)) with lines linestyle i, \
    for [i = 1:curves] csv skip 1 using (pick('routing '.panel, a(i), $3)):($4 > 0 ? within($4) : NaN) \
      with points linestyle i pointsize ends

  set tmargin at screen top - 0.22
  set bmargin at screen top - 0.323
  set border 3
  unset logscale y
  set yrange [0:rows]
  set xtics format '10^{%T}' offset 0, 0.3
  unset ytics
  unset label 1
  unset label 2
  set label 3 '0' at graph -0.028, 0.5 right norotate
  set label 4 'seconds' at graph 0.5, screen top - 0.372 center
  plot for [i = 1:curves] csv skip 1 using (pick('routing '.panel, a(i), $3)):($4 > 0 ? NaN : turn(i)) \
      with points linestyle i pointsize ends, \
    for [i = 1:words(exact)] csv skip 1 using (pick('exact '.panel, e(i), $3)):(row(i)) \
      with points pointtype 9 pointsize ends linecolor rgb '#404040', \
    for [i = 1:words(exact)] csv skip 1 using (pick('exact '.panel, e(i), $3)):(row(i)):(e(i)) \
      with labels left offset 0.9, 0 font ',14'
}

# The legend is a plot of its own: gnuplot's keys differ in their columns from terminal to terminal.
set tmargin at screen 0.084
set bmargin at screen 0.005
set lmargin at screen 0.02
set rmargin at screen 0.98
unset border
unset xtics
unset grid
unset logscale x
unset label 3
unset label 4
half = (curves + 1) / 2
side(i) = i > half ? 0.45 : 0
place(i) = half - (i - 1) % half + 1
set xrange [0:1]
set yrange [0:half + 1.5]
set label 1 'line: best dual bound   marker: final routing   ▲ exact solver' at 0, 0.4 left font ',14'
plot for [i = 1:curves] '+' using (side(i) + 0.12 * $1):(place(i)) with lines linestyle i, \
  for [i = 1:curves] '+' every ::0::0 using (side(i) + 0.06):(place(i)) with points linestyle i pointsize ends, \
  for [i = 1:curves] '+' every ::0::0 using (side(i) + 0.15):(place(i)):(a(i)) with labels left offset 0, -0.05
unset multiplot
