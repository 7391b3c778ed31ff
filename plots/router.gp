# alflab figures router: affinities of a router, and the learned shift against the optimal prices. Drawn from router.csv, for
# two columns of text.
width = 1080
height = 780
load folder.'/style.gp'

trained = 'router_sign_step200 router_unbalanced_step160'
shown = '"trained with the sign rule, 1024 tokens" "trained without balancing, 512 tokens"'
layer(t, i) = sprintf('%s@%d', word(trained, t), i - 1)

set datafile missing NaN
set multiplot
unset key
set tmargin at screen 0.95
set bmargin at screen 0.62
set logscale x
set format x '10^{%T}'
set xrange [1e-5:1]
set xtics 1e-5, 10
set yrange [0:0.3]
set ytics 0.1
do for [t = 1:2] {
  set lmargin at screen 0.085 + (t - 1) * 0.485
  set rmargin at screen 0.085 + (t - 1) * 0.485 + 0.41
  set label 1 sprintf('%c   %s', 96 + t, word(shown, t)) at graph 0, 1.06 left
  set label 2 'affinity γ_{ik}' at graph 0.5, -0.2 center
  set label 3 (t == 1 ? 'share of a tenth of a decade' : '') at graph -0.165, 0.5 center rotate
  set label 4 'lines: all' at graph 0.03, 0.9 left font ',13' textcolor rgb '#505050'
  set label 5 'markers: the 6 chosen at p = 0' at graph 0.03, 0.82 left font ',13' textcolor rgb '#505050'
  plot for [i = 1:3] csv skip 1 using (pick('all', layer(t, i), $3)):4 with lines linestyle i, \
    for [i = 1:3] csv skip 1 using (pick('chosen', layer(t, i), $4 > 0 ? $3 : NaN)):4 with points linestyle i linewidth 1
}
set label 4 ''
set label 5 ''

set tmargin at screen 0.475
set bmargin at screen 0.145
unset logscale
set format x '%g'
set lmargin at screen 0.085
set rmargin at screen 0.495
set xrange [-0.1:0.06]
set yrange [-0.1:0.06]
set xtics 0.05
set ytics 0.05
set label 1 'c   learned shift, sign rule, u = 10^{−3}' at graph 0, 1.06 left
set label 2 'optimal price p_k^*, centred  (affinity)' at graph 0.5, -0.2 center
set label 3 'learned shift, centred  (affinity)' at graph -0.165, 0.5 center rotate
plot x with lines linestyle 5, \
  for [i = 1:3] csv skip 1 using (pick('prices', layer(1, i), $3)):4 with points linestyle i linewidth 1

set lmargin at screen 0.57
set rmargin at screen 0.98
set logscale x
set format x '10^{%T}'
set xrange [1e-5:1e-1]
set xtics 1e-8, 10
set yrange [0:1]
set ytics 0.5
set label 1 'd   all 2016 pairs of experts: p_{k′} − p_k' at graph 0, 1.06 left
set label 2 'affinity' at graph 0.5, -0.2 center
set label 3 'cumulative share' at graph -0.12, 0.5 center rotate
set label 4 'width of its interval' at graph 0.02, 0.78 left font ',13' textcolor rgb '#505050'
set label 5 'learned shift outside by' at graph 0.97, 0.1 right font ',13' textcolor rgb '#505050'
plot for [i = 1:3] csv skip 1 using (pick('width', layer(1, i), $3)):4 with lines linestyle i, \
  for [i = 1:3] csv skip 1 using (pick('outside', layer(1, i), $3)):4 with linespoints linestyle i
set label 4 ''
set label 5 ''
names = '"layer 0" "layer 1" "layer 2"'
legend_at = 0.03
legend_title = ''
legend_start = 0.25
load folder.'/legend.gp'
unset multiplot
