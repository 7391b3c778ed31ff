# alflab figures cycles: the limit cycles of constant sign steps. Drawn from cycles.csv, for one column of text.
width = 540
height = 820
load folder.'/style.gp'

sources = 'truncated_normal softmax router_sign_step200@1'
panels = 'length width start'
shown = '"a   length of the cycle" "b   width: largest less smallest load in it" "c   the cycle begins"'
units = 'updates "units of L" "updates"'
top(i) = 0.955 - (i - 1) * 0.3

least = 0.003 # 0 is drawn there
floor_of(x) = x < least ? least : x
set datafile missing NaN
set multiplot
unset key
set lmargin at screen 0.16
set rmargin at screen 0.965
set logscale xy
set xrange [7e-5:1.5]
set xtics 1e-4, 10 format '10^{%T}'
do for [i = 1:3] {
  panel = word(panels, i)
  set tmargin at screen top(i)
  set bmargin at screen top(i) - 0.205
  if (i == 1) { set yrange [0.8:40]; set ytics ('1' 1, '2' 2, '4' 4, '8' 8, '16' 16, '32' 32) }
  if (i == 2) { set yrange [0.0024:20]; set ytics ('0' least, '0.01' 0.01, '0.1' 0.1, '1' 1, '10' 10) }
  if (i == 3) { set yrange [1:3e3]; set ytics ('1' 1, '10' 10, '10^2' 100, '10^3' 1000) }
  set label 1 word(shown, i) at graph -0.16, 1.08 left
  set label 2 (i == 3 ? 'step size u  (affinity)' : '') at graph 0.5, -0.29 center
  set label 3 word(units, i) at graph -0.155, 0.5 center rotate
  plot for [s = 1:3] csv skip 1 using (pick(panel, word(sources, s), $3)):(floor_of($4)) with linespoints linestyle s, \
    for [s = 1:2] csv skip 1 using (pick(panel, word(sources, s), $3)):(floor_of($4)):(floor_of($5)):(floor_of($6)) with yerrorbars linestyle s linewidth 1 dashtype solid
}
names = '"synthetic, E = 16" "softmax, E = 64" "router, E = 64"'
legend_at = 0.03
legend_title = ''
legend_start = 0.02
legend_font = ',13'
load folder.'/legend.gp'
unset multiplot
