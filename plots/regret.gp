# alflab figures regret: expected regret against the number of batches, for every schedule. Drawn from regret.csv, for two
# columns of text.
width = 1080
height = 720
load folder.'/style.gp'

sizes = '0.25 0.5 1 2 4'
families = 'uniform truncated_normal'

# Intervals and markers at every eighth point.
marked(panel, series, value) = int(column(0)) % 8 == 7 ? pick(panel, series, value) : NaN

place(i) = sprintf("set lmargin at screen %g; set rmargin at screen %g; set tmargin at screen %g; set bmargin at screen %g", 0.075 + (i % 3) * 0.317, 0.075 + (i % 3) * 0.317 + 0.265, i < 3 ? 0.92 : 0.455, i < 3 ? 0.635 : 0.17)
head(i, title, data) = sprintf("set label 1 '%c   %s' at graph -0.2, 1.19 left; set label 2 '%s' at graph -0.2, 1.1 left font ',13' textcolor rgb '#505050'", 97 + i, title, data)
foot(x, y) = sprintf("set label 3 '%s' at graph 0.5, -0.25 center; set label 4 '%s' at graph -0.2, 0.5 center rotate", x, y)
flat = 'uniform: p* = 0 = p^0'
skewed = 'truncated normal: p* ≠ 0 = p^0'

set multiplot
unset key
set xrange [1:1e4]
set logscale x
set format x '10^{%T}'
set xtics 1, 10

eval place(0)
eval head(0, 'ε_n = u/n: like ln N', flat.'; grey: fit of ln N')
eval foot('batches N', 'R_N  (affinity)')
set yrange [0:30]
set ytics 10
panel = 'uniform proportional 1/n'
plot for [i = 1:5] csv skip 1 using (pick(panel.' fit', word(sizes, i), $3)):4 with lines linewidth 5 linecolor rgb '#cccccc', \
  for [i = 1:5] csv skip 1 using (pick(panel, word(sizes, i), $3)):4 with lines linestyle i, \
  for [i = 1:5] csv skip 1 using (marked(panel, word(sizes, i), $3)):5:(0):($6 - $5) with vectors nohead linestyle i dashtype solid linewidth 1, \
  for [i = 1:5] csv skip 1 using (marked(panel, word(sizes, i), $3)):4 with points linestyle i linewidth 1

eval place(1)
eval head(1, '… by the predicted constant', 'per factor of ten in N (affinity); open: predicted')
eval foot('a = uμ', '')
set xrange [0.2:5]
set logscale x 2
set format x '%g'
set xtics ('1/4' 0.25, '1/2' 0.5, '1' 1, '2' 2, '4' 4)
set logscale y 10
set yrange [0.5:100]
set ytics 1, 10
set label 5 'uniform' at 2, 3.2 center font ',14'
set label 6 'truncated normal' at 1.2, 0.75 left font ',14' textcolor rgb '#0072b2'
plot csv skip 1 using (pick('uniform proportional 1/n slopes', 'predicted', $3)):4 with linespoints linestyle 1 linewidth 1 pointtype 6 pointsize 1.3, \
  csv skip 1 using (pick('truncated_normal proportional 1/n slopes', 'predicted', $3)):4 with linespoints linestyle 2 linewidth 1 pointtype 4 pointsize 1.3, \
  for [f = 1:2] csv skip 1 using (pick(word(families, f).' proportional 1/n slopes', 'per decade', $3)):5:(0):($6 - $5) with vectors nohead linestyle f dashtype solid, \
  for [f = 1:2] csv skip 1 using (pick(word(families, f).' proportional 1/n slopes', 'per decade', $3)):4 with points linestyle f pointtype (f == 1 ? 7 : 5)
unset label 5
unset label 6

set logscale xy 10
set xrange [1:1e4]
set format '10^{%T}'
set xtics 1, 10
set ytics 1e-2, 10
eval place(2)
eval head(2, 'a < 1: the hypothesis is not met', 'truncated normal, u/n; thin: C9 for a = 1/4, 1')
eval foot('batches N', '')
set yrange [1:1e3]
panel = 'truncated_normal proportional 1/n'
plot for [i = 1:3:2] csv skip 1 using (pick(panel.' bound', word(sizes, i), $3)):4 with lines linestyle i linewidth 1, \
  for [i = 1:5] csv skip 1 using (pick(panel, word(sizes, i), $3)):4 with lines linestyle i, \
  for [i = 1:5] csv skip 1 using (marked(panel, word(sizes, i), $3)):5:(0):($6 - $5) with vectors nohead linestyle i dashtype solid linewidth 1, \
  for [i = 1:5] csv skip 1 using (marked(panel, word(sizes, i), $3)):4 with points linestyle i linewidth 1
unset label 5
unset label 6

titles = '"ε_n = u/√n: like √N" "ε_n = u: like N"'
schedules = '1/sqrt(n) constant'
do for [s = 1:2] {
  eval place(2 + s)
  eval head(2 + s, word(titles, s), flat.'; thin: C9 for a = 1/4, 1, 4')
  eval foot('batches N', s == 1 ? 'R_N  (affinity)' : '')
  set yrange [0.01:1e6]
  set ytics 1e-2, 100
  panel = 'uniform proportional '.word(schedules, s)
  plot for [i = 1:5:2] csv skip 1 using (pick(panel.' bound', word(sizes, i), $3)):4 with lines linestyle i linewidth 1, \
    for [i = 1:5] csv skip 1 using (pick(panel, word(sizes, i), $3)):4 with lines linestyle i, \
    for [i = 1:5] csv skip 1 using (marked(panel, word(sizes, i), $3)):5:(0):($6 - $5) with vectors nohead linestyle i dashtype solid linewidth 1, \
    for [i = 1:5] csv skip 1 using (marked(panel, word(sizes, i), $3)):4 with points linestyle i linewidth 1
}

eval place(5)
eval head(5, 'Sign rule beside proportional steps', skewed.'; a = 1')
eval foot('batches N', '')
set yrange [1:1e4]
set ytics 1, 10
all = '1/n 1/sqrt(n) constant'
set label 5 'black, solid: proportional' at graph 0.04, 0.94 left font ',13'
set label 6 'blue, dashed: sign' at graph 0.04, 0.85 left font ',13' textcolor rgb '#0072b2'
set label 7 'u' at graph 0.99, 0.72 right font ',13'
set label 8 'u/√n' at graph 0.99, 0.27 right font ',13'
set label 9 'u/n' at graph 0.99, 0.09 right font ',13'
plot for [s = 1:3] csv skip 1 using (pick('truncated_normal proportional '.word(all, s), '1', $3)):4 with lines linestyle 1, \
  for [s = 1:3] csv skip 1 using (pick('truncated_normal sign '.word(all, s), '1', $3)):4 with lines linestyle 2, \
  for [s = 1:3] csv skip 1 using (marked('truncated_normal proportional '.word(all, s), '1', $3)):5:(0):($6 - $5) with vectors nohead linestyle 1 dashtype solid linewidth 1, \
  for [s = 1:3] csv skip 1 using (marked('truncated_normal proportional '.word(all, s), '1', $3)):4 with points linestyle 1 linewidth 1, \
  for [s = 1:3] csv skip 1 using (marked('truncated_normal sign '.word(all, s), '1', $3)):5:(0):($6 - $5) with vectors nohead linestyle 2 dashtype solid linewidth 1, \
  for [s = 1:3] csv skip 1 using (marked('truncated_normal sign '.word(all, s), '1', $3)):4 with points linestyle 2 linewidth 1
unset label
names = '1/4 1/2 1 2 4'
legend_at = 0.045
legend_title = 'a = uμ ='
legend_start = 0.2
load folder.'/legend.gp'
unset multiplot
