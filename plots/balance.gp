# alflab figures balance: MaxVio at the end against the step size. Drawn from balance.csv, for two columns of text.
width = 1080
height = 640
load folder.'/style.gp'

sources = 'family router'
rules = 'sign proportional'
schedules = 'constant 1/sqrt(n) 1/n'
shown = '"softmax gate" "router"'
least = 0.003

set datafile missing NaN
set multiplot
unset key
set logscale xy
set xrange [5e-7:2e1]
set xtics 1e-6, 10 format '10^{%T}'
set yrange [least:15]
set ytics ('0' least, '0.01' 0.01, '0.1' 0.1, '1' 1, '10' 10)
floor_of(x) = x < least ? least : x
do for [i = 1:2] {
  do for [r = 1:2] {
    panel = word(sources, i).' '.word(rules, r)
    set lmargin at screen 0.085 + (r - 1) * 0.475
    set rmargin at screen 0.085 + (r - 1) * 0.475 + 0.42
    set tmargin at screen (i == 1 ? 0.945 : 0.495)
    set bmargin at screen (i == 1 ? 0.945 : 0.495) - 0.3
    set label 1 sprintf('%c   %s rule;  %s', 96 + 2 * (i - 1) + r, word(rules, r), word(shown, i)) at graph 0, 1.07 left
    set label 2 (r == 1 ? 'u  (affinity)' : 'u  (affinity per slot)') at graph 0.5, -0.26 center
    set label 3 (r == 1 ? 'MaxVio in the end' : '') at graph -0.15, 0.5 center rotate
    if (i == 1) {
      plot for [s = 1:3] csv skip 1 using (pick(panel, word(schedules, s), $3)):(floor_of($4)) with linespoints linestyle s, \
        for [s = 1:3] csv skip 1 using (pick(panel, word(schedules, s), $3)):(floor_of($4)):(floor_of($5)):(floor_of($6)) with yerrorbars linestyle s linewidth 1 dashtype solid
    } else {
      plot for [s = 1:3] csv skip 1 using (pick('each '.word(rules, r), word(schedules, s), $3)):(floor_of($4)) with points linestyle s linewidth 1, \
        for [s = 1:3] csv skip 1 using (pick(panel, word(schedules, s), $3)):(floor_of($4)) with lines linestyle s
    }
  }
}
names = '"ε_n = u" "ε_n = u/√n" "ε_n = u/n"'
legend_at = 0.035
legend_title = ''
legend_start = 0.22
load folder.'/legend.gp'
unset multiplot
