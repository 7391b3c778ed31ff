# alflab figures cost: the exact optimum and one update against the number of tokens and of experts. Drawn from cost.csv, for
# two columns of text.
width = 1080
height = 900
load folder.'/style.gp'

axis = 'tokens experts'
shown = '"tokens T  (E = 64, K = 6)" "experts E  (T = 4096, K = 6)"'
top(row) = 0.955 - (row - 1) * 0.3

set datafile missing NaN
set multiplot
unset key
set logscale xy
do for [a = 1:2] {
  by = word(axis, a)
  set lmargin at screen 0.09 + (a - 1) * 0.475
  set rmargin at screen 0.09 + (a - 1) * 0.475 + 0.41
  if (a == 1) { set xrange [180:93000]; set xtics (256, 1024, 4096, 16384, 65536) } else { set xrange [6.5:320]; set xtics (8, 16, 32, 64, 128, 256) }
  set label 2 word(shown, a) at graph 0.5, -0.3 center

  set tmargin at screen top(1)
  set bmargin at screen top(1) - 0.195
  set yrange [1e-6:0.3]
  set ytics 1e-6, 100 format '10^{%T}'
  set label 1 sprintf('%c   time, one thread', 96 + a) at graph 0, 1.07 left
  set label 3 (a == 1 ? 'seconds' : '') at graph -0.165, 0.5 center rotate
  plot csv skip 1 using (pick('solve_seconds '.by, '0.001', $3)):4 smooth unique with linespoints linestyle 1, \
    csv skip 1 using (pick('solve_seconds '.by, '0.001', $3)):4:5:6 with yerrorbars linestyle 1 linewidth 1, \
    csv skip 1 using (pick('update_seconds '.by, '0.001', $3)):4 smooth unique with linespoints linestyle 2, \
    csv skip 1 using (pick('update_seconds '.by, '0.001', $3)):4:5:6 with yerrorbars linestyle 2 linewidth 1 dashtype solid, \
    csv skip 1 using (pick('update_seconds '.by, '1e-05', $3)):4 smooth unique with linespoints linestyle 3, \
    csv skip 1 using (pick('update_seconds '.by, '1e-05', $3)):4:5:6 with yerrorbars linestyle 3 linewidth 1 dashtype solid

  set tmargin at screen top(2)
  set bmargin at screen top(2) - 0.195
  set yrange [1.5:160]
  set ytics ('2' 2, '5' 5, '10' 10, '20' 20, '50' 50, '100' 100) format '%g'
  set label 1 sprintf('%c   exact optimum: work', 98 + a) at graph 0, 1.07 left
  set label 3 (a == 1 ? 'quantile rounds + paths' : '') at graph -0.165, 0.5 center rotate
  plot csv skip 1 using (pick('iterations_made '.by, '0.001', $3)):4 smooth unique with linespoints linestyle 1, \
    csv skip 1 using (pick('iterations_made '.by, '0.001', $3)):4:5:6 with yerrorbars linestyle 1 linewidth 1

  set tmargin at screen top(3)
  set bmargin at screen top(3) - 0.195
  set yrange [10:1e5]
  set ytics 1e1, 10 format '10^{%T}'
  set label 1 sprintf('%c   one update: tokens routed anew', 100 + a) at graph 0, 1.07 left
  set label 3 (a == 1 ? 'tokens' : '') at graph -0.165, 0.5 center rotate
  plot (a == 1 ? x : 4096) with lines linestyle 5, \
    csv skip 1 using (pick('routed '.by, '0.001', $3)):4 smooth unique with linespoints linestyle 2, \
    csv skip 1 using (pick('routed '.by, '0.001', $3)):4:5:6 with yerrorbars linestyle 2 linewidth 1 dashtype solid, \
    csv skip 1 using (pick('routed '.by, '1e-05', $3)):4 smooth unique with linespoints linestyle 3, \
    csv skip 1 using (pick('routed '.by, '1e-05', $3)):4:5:6 with yerrorbars linestyle 3 linewidth 1 dashtype solid
}
names = '"exact optimum" "update, u = 10^{−3}" "update, u = 10^{−5}"'
legend_at = 0.03
legend_title = ''
legend_start = 0.15
load folder.'/legend.gp'
unset multiplot
