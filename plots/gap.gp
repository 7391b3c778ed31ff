# alflab figures gap: how near the Lagrangian gets to the optimum. Drawn from gap.csv, for two columns of text.
width = 1080
height = 700
load folder.'/style.gp'

rules = 'sign proportional'
schedules = 'constant 1/sqrt(n) 1/n'
shown = '"ε_n = u" "ε_n = u/√n" "ε_n = u/n"'
sizes = '0.0001 0.001 0.01 0.1 1 10'
names = '10^{−4} 10^{−3} 10^{−2} 10^{−1} 1 10'

set multiplot
unset key
set logscale xy
set format '10^{%T}'
set xrange [1:*]
set xtics 1, 10
set mytics 2
do for [r = 1:2] {
  do for [s = 1:3] {
    panel = word(rules, r).' '.word(schedules, s)
    set lmargin at screen 0.08 + (s - 1) * 0.312
    set rmargin at screen 0.08 + (s - 1) * 0.312 + 0.272
    set tmargin at screen (r == 1 ? 0.925 : 0.495)
    set bmargin at screen (r == 1 ? 0.925 : 0.495) - 0.3
    set yrange [(r == 1 ? 1e-5 : 1e-6):(r == 1 ? 1e5 : 1e8)]
    set ytics 1e-6, 100 format (s == 1 ? '10^{%T}' : '')
    set label 1 sprintf('%c   %s rule, %s', 96 + 3 * (r - 1) + s, word(rules, r), word(shown, s)) at graph 0, 1.07 left
    set label 2 'updates n' at graph 0.5, -0.235 center
    set label 3 (s == 1 ? 'D(p^n) − OPT  (affinity)' : '') at graph -0.22, 0.5 center rotate
    set label 4 (r == 1 && s == 1 ? 'router without balancing, layer 2: 512 tokens, 64 experts, K = 6' : '') at screen 0.08, 0.977 left font ',14' textcolor rgb '#505050'
    set label 5 (r == 1 && s == 1 ? 'dotted: D(0) − OPT' : '') at graph 0.04, 0.07 left font ',13' textcolor rgb '#505050'
    stats csv skip 1 using (pick(panel, 'first', $4)) name 'first' nooutput
    plot first_max with lines linewidth 1 linecolor rgb '#808080' dashtype (1, 3), \
      for [i = 1:6] csv skip 1 using (pick(panel, word(sizes, i), $3)):4 with linespoints linestyle i pointinterval 9
  }
}
legend_at = 0.03
legend_title = 'u ='
legend_start = 0.2
load folder.'/legend.gp'
unset multiplot
