# alflab figures drift: dynamic regret a batch where batches change. Drawn from drift.csv, for two columns of text.
width = 1080
height = 680
load folder.'/style.gp'

rules = 'proportional sign'
schedules = 'constant 1/sqrt(n) 1/n'
sources = 'drift stream'
titles = '"turning skew" "router’s stream"'

# Every eighth point of a long curve, every one of a short curve has a marker and its interval.
some(value, f) = f == 1 && int(column(0)) % 8 != 7 ? NaN : value

# Ends of an interval; of a point where there is none.
from(y) = valid(5) ? $5 : y
to(y) = valid(6) ? $6 : y

set multiplot
unset key
do for [f = 1:2] {
  source = word(sources, f)
  set tmargin at screen (f == 1 ? 0.945 : 0.495)
  set bmargin at screen (f == 1 ? 0.945 : 0.495) - 0.31
  stats csv skip 1 using (strcol(1) eq source.' proportional' || strcol(1) eq source.' sign' ? $3 : NaN) name 'n' nooutput
  do for [r = 1:2] {
    panel = source.' '.word(rules, r)
    set lmargin at screen 0.065 + (r - 1) * 0.317
    set rmargin at screen 0.065 + (r - 1) * 0.317 + 0.275
    unset logscale
    set format '%g'
    set xrange [0:n_max]
    set yrange [0:(f == 1 ? 20 : 6)]
    set xtics 0, (f == 1 ? 100 : 5)
    set ytics 0, (f == 1 ? 5 : 2)
    set mxtics 1
    set mytics 1
    set label 1 sprintf('%c   %s, %s rule', 96 + 3 * (f - 1) + r, word(titles, f), word(rules, r)) at graph 0, 1.07 left
    set label 2 'batch n' at graph 0.5, -0.22 center
    set label 3 (r == 1 ? 'D_n(p^n) − OPT_n  (affinity)' : '') at graph -0.16, 0.5 center rotate
    plot for [s = 1:3] csv skip 1 using (pick(panel, word(schedules, s), $3)):4 with lines linestyle s, \
      for [s = 1:3] csv skip 1 using (some(pick(panel, word(schedules, s), $3), f)):(from($4)):(0):(to($4) - from($4)) with vectors nohead linestyle s dashtype solid linewidth 1, \
      for [s = 1:3] csv skip 1 using (some(pick(panel, word(schedules, s), $3), f)):4 with points linestyle s
  }
  set lmargin at screen 0.715
  set rmargin at screen 0.985
  set logscale xy
  set format '10^{%T}'
  set xrange [1e-4:1]
  set yrange [1:100]
  set xtics 1e-4, 10
  set ytics 1, 10
  set mxtics default
  set mytics default
  set label 1 sprintf('%c   mean over the run, by u', 96 + 3 * f) at graph 0, 1.07 left
  set label 2 'u  (affinity; proportional: a slot)' at graph 0.5, -0.22 center font ',14'
  set label 3 ''
  set label 4 'thick: proportional' at graph 0.04, 0.94 left font ',13'
  set label 5 'thin: sign' at graph 0.04, 0.85 left font ',13'
  plot for [s = 1:3] csv skip 1 using (pick(source.' proportional mean', word(schedules, s), $3)):4 with linespoints linestyle s, \
    for [s = 1:3] csv skip 1 using (pick(source.' sign mean', word(schedules, s), $3)):4 with linespoints linestyle s linewidth 0.8, \
    for [s = 1:3] for [r = 1:2] csv skip 1 using (pick(source.' '.word(rules, r).' mean', word(schedules, s), $3)):(from($4)):(0):(to($4) - from($4)) with vectors nohead linestyle s dashtype solid linewidth 1
  unset label 4
  unset label 5
}
names = '"ε_n = u" "ε_n = u/√n" "ε_n = u/n"'
legend_at = 0.045
legend_title = 'a, b, d, e: each at its best u:'
legend_start = 0.32
load folder.'/legend.gp'
unset multiplot
