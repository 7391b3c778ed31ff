# alflab figures preference: what tokens gave up when they switched, against what the rule lets them. Drawn from
# preference.csv, for one column of text.
width = 540
height = 560
load folder.'/style.gp'

rules = 'sign proportional'
kinds = '"over to under" "over to balanced" "balanced to under" "over to over" "under to under"'
columns = 'over_to_under over_to_balanced balanced_to_under others'
names = '"over → under" "over → at L" "at L → under" "others"'
kind(i) = i > 3 ? 4 : i # style of a kind

set multiplot
unset key
do for [r = 1:2] {
  rule = word(rules, r)
  unset logscale
  set xrange [*:*]
  set yrange [*:*]
  stats csv skip 1 using (pick('count', 'all '.rule, $4)) name 'count' nooutput
  stats csv skip 1 using (strcol(1) eq rule ? $3 : NaN) name 'bound' nooutput
  set lmargin at screen 0.15 + (r - 1) * 0.47
  set rmargin at screen 0.15 + (r - 1) * 0.47 + 0.355

  set tmargin at screen 0.94
  set bmargin at screen 0.62
  set logscale xy
  set format '10^{%T}'
  set tics 100
  set mxtics 2
  set mytics 2
  set xrange [10**floor(log10(bound_min)):10**ceil(log10(bound_max))]
  set yrange [10**(floor(log10(bound_min)) - 2):10**ceil(log10(bound_max))]
  set label 1 sprintf('%c   %s rule', 96 + r, rule) at graph 0, 1.08 left
  set label 2 'bound δ_{k′} − δ_k  (affinity)' at graph 0.5, -0.27 center
  set label 3 (r == 1 ? 'margin  (affinity)' : '') at graph -0.33, 0.5 center rotate
  plot x with lines linestyle 5, \
    for [i = 1:5] csv skip 1 using (pick(rule, word(kinds, i), $3)):4 with points linestyle kind(i) pointsize 0.4

  set tmargin at screen 0.45
  set bmargin at screen 0.2
  unset logscale
  set format '%g'
  set tics autofreq
  set xtics 0.5
  set yrange [0:*]
  set xrange [0:1]
  set yrange [0:1]
  set ytics 0.5
  set label 1 sprintf('%c   all %d,%03d moves', 98 + r, int(count_sum) / 1000, int(count_sum) % 1000) at graph 0, 1.1 left
  set label 2 'margin / bound' at graph 0.5, -0.32 center
  set label 3 (r == 1 ? 'cumulative share' : '') at graph -0.33, 0.5 center rotate
  plot x with lines linestyle 5, \
    for [i = 1:4] csv skip 1 using (pick('all '.rule, word(columns, i), $3)):4 with linespoints linestyle i pointinterval 8
}
legend_at = 0.04
legend_title = ''
legend_start = 0.03
legend_font = ',13'
load folder.'/legend.gp'
unset multiplot
