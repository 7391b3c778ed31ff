# alflab figures band: loads under constant sign steps enter the band of C4 and stay. Drawn from band.csv, for one column of
# text.
width = 540
height = 800
load folder.'/style.gp'

sizes = '1e-05 0.0001 0.001'
panels = 'family router'
shown = '"synthetic: 48 tokens, 8 experts, K = 2" "router: 1024 tokens, 64 experts, K = 6"'
top(i) = i == 1 ? 0.955 : i == 2 ? 0.67 : 0.345

set datafile missing NaN
set multiplot
unset key
set lmargin at screen 0.16
set rmargin at screen 0.965
set logscale x
set xrange [1:4e5]
set xtics 1, 10 format '10^{%T}'
do for [i = 1:2] {
  panel = word(panels, i)
  set xrange [*:*]
  set yrange [*:*]
  stats csv skip 1 using (pick(panel, 'band_at_q_1', $4)) name 'band' nooutput
  set tmargin at screen top(i)
  set bmargin at screen top(i) - 0.2
  set xrange [1:4e5]
  set yrange [(i == 1 ? -14 : -110):(i == 1 ? 17 : 350)]
  every_slots = i == 1 ? 10 : 100
  set ytics every_slots
  set label 1 sprintf('%c   %s', 96 + i, word(shown, i)) at graph -0.16, 1.08 left
  set label 2 (i == 2 ? 'updates n' : '') at graph 0.5, -0.31 center
  set label 3 'A_k − L  (slots)' at graph -0.155, 0.5 center rotate
  set label 4 (i == 1 ? 'largest load' : '') at graph 0.03, 0.93 left font ',13' textcolor rgb '#505050'
  set label 5 (i == 1 ? 'smallest load' : '') at graph 0.03, 0.17 left font ',13' textcolor rgb '#505050'
  set label 6 sprintf('L ± (E − 2) = L ± %d', int(band_max)) at graph 0.98, (i == 1 ? 0.73 : 0.47) right font ',13' textcolor rgb '#505050'
  set object 1 rectangle from graph 0, first -band_max to graph 1, first band_max fillcolor rgb '#e4e4e4' fillstyle solid noborder behind
  plot 0 with lines linewidth 1 linecolor rgb '#909090', \
    for [u = 1:3] csv skip 1 using (pick(panel.' max', word(sizes, u), $3)):4 with linespoints linestyle u pointinterval 11, \
    for [u = 1:3] csv skip 1 using (pick(panel.' min', word(sizes, u), $3)):4 with linespoints linestyle u pointinterval 11
}
unset object 1
set label 4 ''
set label 5 ''
set label 6 ''

set tmargin at screen top(3)
set bmargin at screen top(3) - 0.2
set logscale xy
set xrange [6e-6:1.6e-3]
set xtics 1e-6, 10
set yrange [20:6e6]
set ytics 10, 100 format '10^{%T}'
set label 1 'c   inside that band from update n on, and the bound on n' at graph -0.16, 1.08 left
set label 2 'step size u  (affinity)' at graph 0.5, -0.3 center
set label 3 'updates n' at graph -0.155, 0.5 center rotate
set label 4 'bound, router' at first 3e-5, 1.9e6 left font ',13' textcolor rgb '#505050'
set label 5 'bound, synthetic' at first 1.5e-5, 3.4e4 left font ',13' textcolor rgb '#505050'
set label 6 'synthetic' at first 1.1e-4, 3.6e3 left font ',13' textcolor rgb '#505050'
set label 7 'router' at first 2.2e-5, 6e2 left font ',13' textcolor rgb '#505050'
plot csv skip 1 using (pick('router', 'entry_bound', $3)):4 with lines linestyle 5 dashtype (2, 3), \
  csv skip 1 using (pick('family', 'entry_bound', $3)):4 with lines linestyle 5, \
  csv skip 1 using (pick('family', 'entered_at_q_1', $3)):4:5:6 with yerrorlines linewidth 2 linecolor rgb '#000000' dashtype solid pointtype 7 pointsize 0.5, \
  csv skip 1 using (pick('router', 'entered_at_q_1', $3)):4 with linespoints linewidth 2 linecolor rgb '#000000' dashtype (9, 4) pointtype 4 pointsize 0.6
set label 4 ''
set label 5 ''
set label 6 ''
set label 7 ''
names = '10^{−5} 10^{−4} 10^{−3}'
legend_at = 0.03
legend_title = 'a, b: u ='
legend_start = 0.27
legend_font = ',13'
load folder.'/legend.gp'
unset multiplot
